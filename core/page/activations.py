"""What each block makes of an image: feature maps as pictures, for an image that the reader chooses."""

from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from core.html.blocks import choice, prose
from core.html.images import picture, shrunk, tiles
from core.html.page import Section
from core.html.softmax import COLOURS_IN_WORDS
from core.page.material import Material
from core.page.misclassified import bars_of

if TYPE_CHECKING:
    from core.page.taps import Maps

MOST_CHANNELS = 16
MOST_LAYERS = 8
MOST_IMAGES = 21
MOST_PICTURES = 1100
"""Of all maps together: about 1 kB each in the page."""
MAP_SIDE = 28
"""Pixels of a map's longer side that is shown."""


def chosen_places(material: Material) -> list[tuple[int, str]]:
    """Return holdout rows to look at, as places among them, with what they are: one a class, and the surest error."""
    true = material.true
    labels, places = np.unique(true, return_index=True)
    chosen = [
        (int(place), f"{material.name(int(label))} (row {material.rows[place]})")
        for label, place in zip(labels[: MOST_IMAGES - 1], places, strict=False)
    ]
    wrong = material.wrong_surest_first()
    if len(wrong):
        place = int(wrong[0])
        said = material.name(int(material.predicted[place]))
        words = f"surest error: {material.name(int(true[place]))} taken for {said} (row {material.rows[place]})"
        chosen.append((place, words))
    return chosen


def activations_section(
    material: Material,
    chosen: list[tuple[int, str]],
    maps: "tuple[Maps, ...]",
    why_not: str | None,
) -> Section:
    """Return the section of activations.

    Args:
        material: of the training.
        chosen: of `chosen_places`.
        maps: of these images, in this order.
        why_not: what there is to say instead; None where there are maps.
    """
    title, anchor = "What the network sees", "activations"
    if why_not is not None:
        return Section(anchor=anchor, title=title, body=prose(why_not))
    shown = _bounded(maps)
    chosen = chosen[: max(2, MOST_PICTURES // (len(shown) * MOST_CHANNELS))]
    options = [(words, _panel(material, number, place, words, shown)) for number, (place, words) in enumerate(chosen)]
    body = choice(options, label="Image", anchor="activation")
    return Section(anchor=anchor, title=title, lead=_lead(material, maps, shown, len(chosen)), body=body)


def _bounded(maps: "tuple[Maps, ...]") -> "list[Maps]":
    """Return all layers, or the last of each block, or the first of very many."""
    shown = list(maps) if len(maps) <= MOST_LAYERS else [layer for layer in maps if layer.is_end_of_block]
    return shown[:MOST_LAYERS]


def _lead(material: Material, maps: "tuple[Maps, ...]", shown: "list[Maps]", num_images: int) -> str:
    """Return how the pictures are to be read and what they leave out."""
    what = "convolutions' outputs, in order" if material.config.builder else "each convolution after its activation"
    left_out = f" {len(shown)} of its {len(maps)} layers are shown." if len(shown) < len(maps) else ""
    of_classes = "the first holdout row of each class"
    if num_images - 1 < len(np.unique(material.true)):
        of_classes = "the first holdout rows of some of the classes"
    return (
        f"Feature maps of one image, {what}: the first {MOST_CHANNELS} channels of each at most. Every map has its own "
        "scale, from its least value (black) to its greatest (white), so that brightness compares places within a map "
        f"and not two maps.{left_out} To choose from: {of_classes}, and the error that the model was surest of. In its "
        f"softmax's bars {COLOURS_IN_WORDS}."
    )


def _panel(material: Material, number: int, place: int, words: str, shown: "list[Maps]") -> Markup:
    """Return one image with its softmax and its maps."""
    image = picture(shrunk(material.image(place)), alt=words, least_side=112)
    head = Markup('<div class="row narrow"><div>{}</div><div>{}</div></div>').format(image, bars_of(material, place))
    return head + Markup("").join(_layer(layer, layer.values[number]) for layer in shown)


def _layer(layer: "Maps", values: np.ndarray) -> Markup:
    """Return one layer's maps, (height, width, num_channels), under its name."""
    height, width, num_channels = values.shape
    num = min(num_channels, MOST_CHANNELS)
    size = f"{height}x{width}, {num_channels} channels" + (f", {num} shown" if num < num_channels else "")
    first = values[:, :, :num]
    flat = sum(bool(np.ptp(first[:, :, channel]) == 0) for channel in range(num))
    alt = (
        f"{layer.title}: maps of {num} channels, values from {first.min():.3g} to {first.max():.3g}"
        + (f", {flat} without any contrast" if flat else "")
    )  # fmt: skip
    pictures = [normalised(shrunk(first[:, :, channel], MAP_SIDE)) for channel in range(num)]
    if height * width == 1:  # a pixel has no contrast of its own: these are compared with each other
        pictures = list(normalised(first.reshape(1, num)).reshape(num, 1, 1))
        size += "; one number a channel, brightness compares channels"
    return Markup("<h3>{} <small>{}</small></h3>{}").format(layer.title, size, tiles(pictures, alt=alt))


def normalised(
    values: np.ndarray,  # (height, width) float
) -> np.ndarray:
    """Return a picture, (height, width) uint8, from the least value, 0, to the greatest, 255; all 0 if flat."""
    finite = np.nan_to_num(values.astype(np.float64))
    least, span = finite.min(), np.ptp(finite)
    return np.asarray(np.round(255 * (finite - least) / span if span > 0 else 0 * finite), np.uint8)
