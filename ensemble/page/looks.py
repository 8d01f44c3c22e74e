"""What each class looks like: the mean of its train images, and some of them."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import prose
from core.html.images import gallery, picture, sheet, shrunk
from core.html.page import Section
from core.html.words import counted
from ensemble.page.evidence import Evidence

MOST_CLASSES = 100
MOST_SAMPLES = 12
"""Of a class."""
ALL_SAMPLES = 240
"""Of all classes together."""
COLUMNS = 4
SAMPLE_SIDE = 37
"""CSS pixels of a sample at least."""
ANCHOR, TITLE = "looks", "What the classes look like"


def looks_section(evidence: Evidence) -> Section:
    """Return mean image and samples of each class, from the train file."""
    if evidence.images is None:
        return Section(anchor=ANCHOR, title=TITLE, body=prose(evidence.no_images))
    num_shown = min(len(evidence.classes), MOST_CLASSES)
    tiles = [_tile(evidence, place) for place in range(num_shown)]
    num_more = len(evidence.classes) - num_shown
    lead = (
        "Of each class the mean of all its train images, then some of them, evenly spaced over the file: what lies "
        "there wrongly labelled or damaged is best seen here."
        + (f" The first {num_shown} classes; {num_more} more are not shown." if num_more else "")
    )
    return Section(anchor=ANCHOR, title=TITLE, body=gallery(tiles, label="classes", least_width=170), lead=lead)


def mean_image(
    images: np.ndarray,  # (num_train, height, width, channels) uint8
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


def _tile(evidence: Evidence, place: int) -> Markup:
    """Return a class's mean and samples."""
    assert evidence.images is not None
    images, name = evidence.images.x_train, evidence.classes[place]
    rows = np.flatnonzero(evidence.data.labels == place)
    words = Markup("<p><b>{}</b><br>{}</p>").format(f"class {name}", counted(len(rows), "train row"))
    if len(rows) == 0:
        return words
    most = min(MOST_SAMPLES, max(2, ALL_SAMPLES // len(evidence.classes)))
    samples = np.stack([shrunk(images[row]) for row in spaced(rows, most)])
    mean = picture(shrunk(mean_image(images, rows)), alt=f"mean image of class {name}, {len(rows):,} rows")
    columns = min(COLUMNS, len(samples))
    shown = picture(
        sheet(samples, columns=columns), alt=f"{len(samples)} images of {name}", least_side=SAMPLE_SIDE * columns
    )
    return words + mean + shown
