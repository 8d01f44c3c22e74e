"""model.html: one training and its model, in sentences, figures and pictures."""
