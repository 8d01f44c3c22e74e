import io

from rich.console import Console

from core.progress import epoch_progress
from core.store.records import EpochReport

from ..terminal import Screen

REPORT = EpochReport(
    epoch=2, loss=0.5, train_accuracy=0.8, log_loss=0.04321, accuracy=0.9886, learning_rate=5e-4, seconds=8.23
)


def show(*, is_terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=is_terminal, color_system=None)
    with epoch_progress(console, num_epochs=20, num_holdout=8400) as progress:
        progress.show(REPORT)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_one_line_an_epoch() -> None:
    assert show(is_terminal=False).strip() == (
        "epoch  2/20  loss 0.5000  accuracy 0.9886  errors 96  log-loss 0.04321  rate 5.0e-04  8.2 s"
    )


def test_a_terminal_gets_the_line_of_a_log_and_below_it_a_bar_and_the_best_epoch() -> None:
    screen = Screen(120)
    screen.feed(show(is_terminal=True))
    shown = "\n".join(screen.lines)
    assert "epoch     2/20" in shown
    assert "best      log-loss 0.04321  accuracy 0.9886  errors 96 of 8,400  epoch 2" in shown
    assert "accuracy 0.9886  errors 96  log-loss 0.04321" in shown
