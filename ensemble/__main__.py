"""`python -m ensemble STUDY_DIR`: let the best trials of a study vote."""

from core.cli import run_command
from ensemble.report import print_vote
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings


def main(settings: EnsembleSettings) -> None:
    """Vote and show it."""
    print_vote(vote_study(settings))


if __name__ == "__main__":
    run_command(
        EnsembleSettings,
        main,
        prog="python -m ensemble",
        description="Let the best trials of a study vote (soft voting) and write submission.csv, in seconds, from the "
        "predictions that the study keeps.",
    )
