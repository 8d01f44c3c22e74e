"""The page at the end of a search, which it may cost nothing: whatever goes wrong with it is one warning line."""

import sys
from collections.abc import Callable

from core.store import files
from core.store.study import StudyFolder


def write_without_harm(folder: StudyFolder, say: Callable[[str], None]) -> None:
    """Write search.html and index.html.

    Args:
        folder: the study's; where it has no study yet, nothing happens.
        say: prints a line.
    """
    try:
        if files.exists(folder.manifest):
            from search.page.page import write_search_page  # plotly is loaded for it alone

            say(f"wrote {write_search_page(folder)}")
    except Exception as error:  # a page is a view of what is kept
        told = " ".join(str(error).split()) or type(error).__name__
        print(f"warning: {folder.search_page} is not written: {told}. All else of the study is kept", file=sys.stderr)
