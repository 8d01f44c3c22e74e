"""What most test files make: configurations of small networks. Loads no tensorflow."""

from typing import Any

from core.config import ModelConfig


def make_model_config(*filters: int, num_convs: int = 1, kernel_size: int = 3, **fields: Any) -> ModelConfig:
    """Return a configuration whose blocks are alike but for their filters."""
    num_blocks = len(filters)
    blocks = {"convs_per_block": (num_convs,) * num_blocks, "kernel_sizes": (kernel_size,) * num_blocks}
    return ModelConfig(**({"filters": filters} | blocks | fields))
