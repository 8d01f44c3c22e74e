"""`python -m ensemble STUDY_DIR [STUDY_DIR ...]`: let the best members of a study, or of several, vote."""

from core.cli import run_command
from core.errors import SubmitError
from ensemble.export import distil_result, export_result
from ensemble.report import print_vote, vote_in_short
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from ensemble.submit import submit_to_kaggle


def main(settings: EnsembleSettings) -> None:
    """Vote and show it; then, where that is asked for, write the vote as one model and hand the submission in.

    Or serve the last vote's page to draw on, and nothing else.
    """
    if settings.serve:
        from ensemble.serve.run import serve_vote  # a web server, which a vote does not need

        serve_vote(settings)
        return
    from ensemble.page.write import with_page  # plotly, PIL: --help and a mistake are answered without them

    result = with_page(vote_study(settings))
    print_vote(result, in_short=settings.quiet)
    if settings.export is not None:
        print(f"wrote {export_result(result, settings.export)}")
    if settings.distil and settings.export is not None:
        print(distil_result(result, settings.export, quiet=settings.quiet))
    if settings.submit is not None:
        print(_submit(result, settings.submit))


def _submit(result: VoteResult, competition: str) -> str:
    """Hand the submission to Kaggle and return what it said."""
    if result.submission_csv is None:
        raise SubmitError("--submit needs a submission, and the data set has no test rows. Search with its test.csv")
    kind = "nested out-of-fold" if result.rows.kind == "out-of-fold" else "nested holdout"
    is_scored = result.estimate is not None and not result.refit
    score = f", {kind} accuracy {result.estimate.parts[-1].vote.accuracy:.5f}" if is_scored and result.estimate else ""
    return submit_to_kaggle(result.submission_csv, competition, f"softvote: {vote_in_short(result)}{score}")


if __name__ == "__main__":
    run_command(
        EnsembleSettings,
        main,
        prog="python -m ensemble",
        description="Let the best members of a study, or of several studies of the same data and holdout, vote and "
        "write submission.csv, in seconds, from the predictions that the studies keep; say honestly how good the vote "
        "is.",
    )
