"""`python -m search.page STUDY`: make search.html anew, while the search runs or later."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from core.cli import run_command
from core.store.study import StudyFolder

DESCRIPTION = "Write search.html into a study's folder: how its search went, from the trial records that lie there."


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """Settings of the page."""

    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDY_DIR")]
    """The study's folder (or its fsspec URL), such as runs/first."""


def main(settings: PageSettings) -> None:
    """Write the page and the study's index."""
    from search.page.page import write_search_page

    folder = StudyFolder(settings.study)
    folder.require_exists()
    print(f"wrote {write_search_page(folder)}")


if __name__ == "__main__":
    run_command(PageSettings, main, prog="python -m search.page", description=DESCRIPTION)
