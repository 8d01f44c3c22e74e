"""data: from an archive, a folder, an .npz or scikit-learn's digits to uint8 images, labels and a split."""
