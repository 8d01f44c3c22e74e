"""`python -m core`: train one model."""

from core.cli import run_command
from core.run import CoreSettings, train_study


def main(settings: CoreSettings) -> None:
    """Train and show it."""
    train_study(settings)


if __name__ == "__main__":
    run_command(
        CoreSettings,
        main,
        prog="python -m core",
        description="Train one model without Ray (the notebook's baseline) and write a study's folder of one trial, "
        "which python -m ensemble accepts. The same command with the same --study goes on where it was stopped.",
    )
