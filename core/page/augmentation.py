"""What augmentation does to real images: draws from the ranges, and each range alone at its ends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from core.html.blocks import prose
from core.html.images import gallery, picture, shrunk, tiles
from core.html.page import Section
from core.page.material import Material
from core.seeds import derive_seed

if TYPE_CHECKING:
    from core.page.augmented import Ends

NUM_IMAGES = 6
NUM_DRAWS = 7


def augmentation_section(material: Material) -> Section:
    """Return the section of augmentation; where there are ranges it loads tensorflow, which draws as in training."""
    title, anchor, config = "Augmentation", "augmentation", material.config.augment
    if config.is_identity:
        body = prose("No augmentation: every train image is seen as it is, in each epoch.")
        return Section(anchor=anchor, title=title, body=body)
    from core.page.augmented import draw_images, images_at_the_ends

    rows = _rows_to_show(material)
    originals = material.images[rows]
    seed = derive_seed(material.record.seed, "page")
    draws = draw_images(config, originals, num_draws=NUM_DRAWS, seed=seed)
    lead = (
        "In each epoch every train image is rotated, zoomed and shifted anew, each amount drawn from its range, with "
        "one bilinear resampling; nothing is ever mirrored. What comes in from outside is the nearest pixel."
    )
    names = [f"row {row}, {material.name(int(material.labels[row]))}" for row in rows.tolist()]
    body = Markup("<h3>As it is (framed), then as an epoch might see it</h3>") + _strips(names, originals, draws)
    ends = images_at_the_ends(config, originals[0])
    body += Markup("<h3>Each range alone: one end, as it is, the other end</h3>") + _ends(ends)
    return Section(anchor=anchor, title=title, lead=lead, body=body)


def _rows_to_show(material: Material) -> np.ndarray:
    """Return the first train row of each class, for the first classes."""
    train = np.flatnonzero(material.is_train)
    _, places = np.unique(material.labels[train], return_index=True)
    return np.asarray(train[places[:NUM_IMAGES]])


def _strips(names: Sequence[str], originals: np.ndarray, draws: np.ndarray) -> Markup:
    """Return each image with its draws."""
    strips = []
    for name, original, drawn in zip(names, originals, draws, strict=True):
        framed = picture(shrunk(original), alt=f"{name}, as it is")
        rest = tiles([shrunk(image) for image in drawn], alt=f"{name}, {len(drawn)} draws")
        strips.append(Markup('<div class="strip"><div class="framed">{}</div>{}</div>').format(framed, rest))
    return Markup("").join(strips)


def _ends(ends: "Sequence[Ends]") -> Markup:
    """Return a tile for each range."""
    shown = []
    for one in ends:
        pictures = Markup("off")
        if one.images is not None:
            small = [shrunk(image) for image in one.images]
            pictures = tiles(small, alt=f"{one.name}: one end, as it is, the other end")
        shown.append(Markup("<div>{}</div>{}").format(one.name, pictures))
    return gallery(shown, label="Each range alone", least_width=220)
