"""What each class looks like: the mean of its labelled images, and some of them."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from core.html.images import gallery, picture, sheet, shrunk
from core.html.page import Section
from core.html.words import counted, names_in_short

ANCHOR, TITLE = "samples", "What the classes look like"
MOST_CLASSES = 50
MOST_SAMPLES = 12
"""Of a class."""
ALL_SAMPLES = 120
"""Of all classes together."""
MOST_SIDE = 32
"""Pixels of a sample, which is shown small."""
COLUMNS = 4
SAMPLE_SIDE = 37
"""CSS pixels of a sample at least."""


def class_samples_section(
    images: np.ndarray,  # (num_rows, height, width, channels) uint8
    labels: np.ndarray,  # (num_rows,) int class indices
    class_names: Sequence[str],
) -> Section:
    """Return mean image and samples of each class, of all labelled rows, whether trained on or held out."""
    names = names_in_short(class_names)
    num_shown = min(len(names), MOST_CLASSES)
    most = min(MOST_SAMPLES, max(2, ALL_SAMPLES // len(names)))
    tiles = [_tile(images, np.flatnonzero(labels == place), names[place], most) for place in range(num_shown)]
    num_more = len(names) - num_shown
    lead = (
        "Of each class the mean of all its labelled images, then some of them, evenly spaced over the file: what lies "
        "there wrongly labelled or damaged is best seen here."
        + (f" The first {num_shown} classes; {num_more:,} more are not shown." if num_more else "")
    )
    return Section(anchor=ANCHOR, title=TITLE, body=gallery(tiles, label="classes", least_width=170), lead=lead)


def mean_image(
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    rows: np.ndarray,  # (num_rows,) int, at least one
) -> np.ndarray:
    """Return the mean of some images, (height, width, channels) uint8."""
    return np.asarray((images[rows].sum(axis=0, dtype=np.uint64) / len(rows)).round().astype(np.uint8))


def spaced(
    rows: np.ndarray,  # (num_rows,) int
    most: int,
) -> np.ndarray:
    """Return at most so many of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def _tile(images: np.ndarray, rows: np.ndarray, name: str, most: int) -> Markup:
    """Return a class's mean and samples."""
    words = Markup("<p><b>{}</b><br>{}</p>").format(f"class {name}", counted(len(rows), "labelled row"))
    if len(rows) == 0:
        return words
    num = min(most, len(rows))
    num -= num % COLUMNS if num > COLUMNS else 0  # no half row, the rest of which would be grey
    samples = np.stack([shrunk(images[row], MOST_SIDE) for row in spaced(rows, num)])
    mean = picture(
        shrunk(mean_image(images, rows), MOST_SIDE), alt=f"mean image of class {name}, {len(rows):,} labelled rows"
    )
    columns = min(COLUMNS, len(samples))
    shown = picture(
        sheet(samples, columns=columns), alt=f"{len(samples)} images of {name}", least_side=SAMPLE_SIDE * columns
    )
    return words + mean + shown
