"""`python -m core.page STUDY_DIR [--trial t000005]`: make model.html anew."""

from core.cli import run_command
from core.device import prepare_tensorflow
from core.page.settings import PageSettings, trial_to_show
from core.store.study import StudyFolder


def main(settings: PageSettings) -> None:
    """Write the page and say where it is."""
    trial_id = trial_to_show(settings)
    prepare_tensorflow(num_threads=None, use_gpu=False)
    from core.page.write import write_model_page

    print(f"wrote {write_model_page(StudyFolder(settings.study.rstrip('/')), trial_id)}")


if __name__ == "__main__":
    run_command(
        PageSettings,
        main,
        prog="python -m core.page",
        description="Make model.html in a study's folder: one training's curves, confusions, errors, filters and "
        "activations, from what the folder keeps.",
    )
