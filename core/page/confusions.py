"""What the model takes for what."""

from core.html.confusion_matrix import confusions_body
from core.html.page import Section
from core.page.material import Material


def confusions_section(material: Material) -> Section:
    """Return the section of the confusion matrix."""
    body = confusions_body(material.true, material.predicted, material.class_names.tolist(), who="the model")
    lead = f"On the {len(material.rows):,} holdout rows, at the best epoch, which they chose: optimistic."
    if len(material.record.epochs) == 1:
        lead = f"On the {len(material.rows):,} holdout rows."
    return Section(anchor="confusions", title="What it confuses", lead=lead, body=body)
