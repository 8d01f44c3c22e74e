"""Looks into a network: its first kernels, and what its convolutions make of a few images. Loads tensorflow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
ACTIVATION = re.compile(r"leaky_relu_(\d+)_(\d+)")
"""What `core.model` calls the activation of a block's convolution."""
KERNELS = re.compile(r"(?:.*_)?kernel")


@dataclass(frozen=True, kw_only=True, eq=False)
class Maps:
    """What one layer gives for a few images."""

    title: str
    """Which layer, in words."""
    is_end_of_block: bool
    """True for the last one of a block; for any of a network without known blocks."""
    values: np.ndarray  # (num_images, height, width, num_channels) float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Taps:
    """What was seen in a network."""

    num_parameters: int
    kernels: np.ndarray | None
    """(height, width, in_channels, num_filters) float32 of the first convolution; None where there is none."""
    kernels_of: str
    """The first convolution's name."""
    maps: tuple[Maps, ...]
    """From the first layer to the last."""


def tap_network(
    model: keras.Model,
    pixels: np.ndarray,  # (num_images, height, width, channels) uint8
) -> Taps:
    """Run a few images through a network and keep what its convolutions give.

    Args:
        model: From pixels 0..255 to softmax; our blocks are known by their layers' names, and are shown after their
            activation, as the next block sees them. Of others, convolutions are shown, those of models within too.
        pixels: Few: all maps are kept.
    """
    layers = list(_layers_of(model))
    first = next((layer for layer in layers if isinstance(layer, CONVOLUTIONS)), None)
    is_ours = any(ACTIVATION.fullmatch(layer.name) for layer in layers)
    maps = tuple(_maps(model, pixels.astype(np.float32), is_ours=is_ours))
    kernels = None if first is None else _kernels_of(first)
    return Taps(
        num_parameters=model.count_params(),
        kernels=kernels,
        kernels_of="" if first is None else first.name,
        maps=maps,
    )


def _layers_of(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield a model's layers, those of models within at their place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_of(layer)
        else:
            yield layer


def _kernels_of(layer: keras.Layer) -> np.ndarray | None:
    """Return a convolution's first weights of four axes, depthwise ones with one filter an input channel."""
    for weight in layer.weights:
        if KERNELS.fullmatch(weight.name) and len(weight.shape) == 4:
            kernels = np.asarray(weight.value, np.float32)
            is_depthwise = "depthwise" in weight.name or isinstance(layer, keras.layers.DepthwiseConv2D)
            return kernels.reshape(*kernels.shape[:2], 1, -1) if is_depthwise else kernels
    return None


def _maps(model: keras.Model, values: np.ndarray, *, is_ours: bool) -> Iterator[Maps]:
    """Yield the wanted layers' outputs in order; models within are fed with what they are fed with in here."""
    wanted = [layer for layer in model.layers if isinstance(layer, keras.Model) or _is_wanted(layer, is_ours)]
    if not wanted:
        return
    tensors = [
        layer._inbound_nodes[-1].input_tensors[0] if isinstance(layer, keras.Model) else layer.output
        for layer in wanted
    ]
    outputs = keras.Model(model.inputs[0], tensors)(values, training=False)
    for layer, output in zip(wanted, outputs if isinstance(outputs, list) else [outputs], strict=True):
        array = np.asarray(keras.ops.cast(output, "float32"))
        if isinstance(layer, keras.Model):
            yield from _maps(layer, array, is_ours=is_ours)
        elif array.ndim == 4:
            yield Maps(title=_title(layer.name, is_ours), is_end_of_block=_ends_block(model, layer), values=array)


def _is_wanted(layer: keras.Layer, is_ours: bool) -> bool:
    """True for what is shown."""
    return ACTIVATION.fullmatch(layer.name) is not None if is_ours else isinstance(layer, CONVOLUTIONS)


def _title(name: str, is_ours: bool) -> str:
    """Return a layer's name in words."""
    match = ACTIVATION.fullmatch(name)
    return f"Block {match[1]}, convolution {match[2]}" if is_ours and match else name


def _ends_block(model: keras.Model, layer: keras.Layer) -> bool:
    """True for a block's last activation."""
    match = ACTIVATION.fullmatch(layer.name)
    return match is None or all(other.name != f"leaky_relu_{match[1]}_{int(match[2]) + 1}" for other in model.layers)
