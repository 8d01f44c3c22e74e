"""Which classes the vote takes for which."""

from core.html.confusion_matrix import confusions_body
from core.html.page import Section
from ensemble.page.evidence import Evidence


def confusions_section(evidence: Evidence) -> Section:
    """Return the section of the confusion matrix."""
    body = confusions_body(evidence.labels, evidence.said, evidence.data.class_names.tolist(), who="the vote")
    lead = f"On the {len(evidence.labels):,} {evidence.rows_in_words}, by the vote that they chose: optimistic."
    return Section(anchor="confusions", title="What it confuses", body=body, lead=lead)
