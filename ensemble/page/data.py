"""The data: how many rows of each class are trained on, held out and, as the vote has it, in the test file."""

import numpy as np

from core.html.blocks import prose
from core.html.class_samples import ANCHOR, TITLE, class_samples_section
from core.html.class_shares import class_shares_section
from core.html.page import Section
from ensemble.page.evidence import Evidence


def shares_section(evidence: Evidence) -> Section:
    """Return the counts of each class."""
    data, result = evidence.data, evidence.result
    parts = [("train", data.labels[data.is_train]), ("holdout", data.labels[data.holdout_rows])]
    if result.num_test:
        parts.append(("test, as voted", result.test_softmax.argmax(axis=1)))
    names = data.class_names.tolist()
    counted = [(name, np.bincount(classes, minlength=len(names))) for name, classes in parts]
    num_left_out = len(data.labels) - int(data.is_train.sum()) - len(data.holdout_rows)
    return class_shares_section(counted, names, num_left_out=num_left_out)


def samples_section(evidence: Evidence) -> Section:
    """Return what each class looks like, or why there are no pictures."""
    if evidence.images is None:
        return Section(anchor=ANCHOR, title=TITLE, body=prose(evidence.no_images))
    data = evidence.data
    return class_samples_section(evidence.images.x_train, data.labels, data.class_names.tolist())
