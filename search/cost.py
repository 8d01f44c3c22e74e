"""What a model's forward pass costs, by counting; training costs about three times that."""

from core.config import ModelConfig


def forward_mflops(model: ModelConfig, image_shape: tuple[int, int, int]) -> float:
    """Return the millions of multiplications and additions that one image takes.

    Args:
        model: its convolutions and hidden dense layers count; pooling, activations and logits do not.
        image_shape: height, width, channels in pixels.

    Returns:
        Such as 38.2 for the notebook's at 28x28x1.
    """
    height, width, num_inputs = image_shape
    num_products = 0
    for filters, num_convs, side in zip(model.filters, model.convs_per_block, model.kernel_sizes, strict=True):
        num_products += height * width * side**2 * filters * (num_inputs + (num_convs - 1) * filters)
        height, width, num_inputs = height // model.pool_size, width // model.pool_size, filters
    num_inputs *= height * width
    for units in model.dense_units:
        num_products += num_inputs * units
        num_inputs = units
    return 2 * num_products / 1e6
