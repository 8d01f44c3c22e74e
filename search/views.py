"""What a study is watched by: its journal (optuna-dashboard), its trials' curves (TensorBoard). Nothing reads them."""

import contextlib
from collections.abc import Iterator

from core.curves import Curves
from core.store.study import StudyFolder
from search.journal import keep_journal
from search.ledger import Ledger


@contextlib.contextmanager
def keep_views(folder: StudyFolder, name: str, ledger: Ledger) -> Iterator[None]:
    """Bring a study's views up to the ledger's records, and let them follow while the block runs.

    Args:
        folder: the study's.
        name: of the study, for readers.
        ledger: its records, loaded; it gets followers.
    """
    with keep_journal(folder, name, ledger), keep_curves(ledger):
        yield


@contextlib.contextmanager
def keep_curves(ledger: Ledger) -> Iterator[None]:
    """Bring the curves of a ledger's trials up to their records, the best trials first, and let them follow."""
    curves = Curves(ledger.folder)
    curves.bring_up([*ledger.ranked, *ledger.failed])
    ledger.followers["curves.tfevents"] = curves.follow
    try:
        yield
    finally:
        ledger.followers.pop("curves.tfevents", None)
