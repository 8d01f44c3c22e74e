"""`python -m ensemble STUDY_DIR`: let the best trials of a study vote."""

from core.cli import run_command
from ensemble.report import print_vote
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings


def main(settings: EnsembleSettings) -> None:
    """Vote and show it; then, where that is asked for, write it as one model, and hand the submission to Kaggle."""
    data_less_submission = settings.submit is not None
    result = vote_study(settings)
    print_vote(result)
    if settings.export is not None:
        print(f"wrote {export_vote(result, settings.export)}")
    if settings.submit is not None:
        print(submit_vote(result, settings.submit))


if __name__ == "__main__":
    run_command(
        EnsembleSettings,
        main,
        prog="python -m ensemble",
        description="Let the best trials of a study vote (soft voting) and write submission.csv, in seconds, from the "
        "predictions that the study keeps.",
    )
