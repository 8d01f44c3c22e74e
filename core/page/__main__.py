"""`python -m core.page STUDY_DIR [--trial t000005]`: make model.html anew."""

from core.cli import run_command
from core.device import prepare_tensorflow
from core.page.settings import PageSettings, trial_to_show
from core.store import files
from core.store.study import StudyFolder


def main(settings: PageSettings) -> None:
    """Write the page and say where it is."""
    trial_id = trial_to_show(settings)
    prepare_tensorflow(num_threads=None, use_gpu=False)
    from core.page.write import write_model_page

    folder = StudyFolder(settings.study.rstrip("/"))
    print(f"wrote {write_model_page(folder, trial_id)}{_whose(folder, trial_id, is_named=settings.trial is not None)}")


def _whose(folder: StudyFolder, trial_id: str, *, is_named: bool) -> str:
    """Return which trial of a search the page shows, and why; nothing where there is but one."""
    if len(folder.trial_ids()) == 1:
        return ""
    if is_named:
        return f" of {trial_id}"
    has_model = files.exists(folder.trial(trial_id).model)
    why = "the best that kept its model" if has_model else "the best; none kept its model"
    return f" of {trial_id}, {why} (--trial shows another)"


if __name__ == "__main__":
    run_command(
        PageSettings,
        main,
        prog="python -m core.page",
        description="Make model.html in a study's folder: one training's curves, confusions, errors, filters and "
        "activations, from what the folder keeps.",
    )
