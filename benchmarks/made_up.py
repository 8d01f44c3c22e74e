"""Reports of epochs that nobody trained."""

from core.store.records import EpochReport


def made_up_report(epoch: int, log_loss: float, seconds: float = 1.0) -> EpochReport:
    """Return an epoch's report of which only the log-loss and the time matter."""
    return EpochReport(
        epoch=epoch,
        loss=log_loss,
        train_accuracy=0.5,
        log_loss=log_loss,
        accuracy=0.5,
        learning_rate=1e-3,
        seconds=seconds,
    )
