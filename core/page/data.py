"""The data: how many rows of each class are trained on and held out, and what they look like."""

import numpy as np

from core.html.class_samples import class_samples_section
from core.html.class_shares import class_shares_section
from core.html.page import Section
from core.page.material import Material


def data_sections(material: Material) -> list[Section]:
    """Return the sections of the data."""
    names = material.class_names.tolist()
    train, holdout = (
        np.bincount(labels, minlength=len(names)) for labels in (material.labels[material.is_train], material.true)
    )
    num_left_out = len(material.labels) - int(material.is_train.sum()) - len(material.rows)
    shares = class_shares_section([("train", train), ("holdout", holdout)], names, num_left_out=num_left_out)
    return [shares, class_samples_section(material.images, material.labels, names)]
