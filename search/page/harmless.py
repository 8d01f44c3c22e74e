"""The page at the end of a search, which it may cost nothing: whatever goes wrong with it is one warning line."""

from core.harmless import in_a_line, warn
from core.store import files
from core.store.study import StudyFolder


def write_without_harm(folder: StudyFolder) -> list[str]:
    """Write search.html and index.html.

    Args:
        folder: the study's; where it has no study yet, nothing happens.

    Returns:
        The line that names them, none where they are not written.
    """
    try:
        if not files.exists(folder.manifest):
            return []
        from search.page.page import write_search_page  # plotly is loaded for it alone

        return [f"wrote {write_search_page(folder)} and {folder.index_page}"]
    except Exception as error:  # a page is a view of what is kept
        warn(f"{folder.search_page} is not written: {in_a_line(error)}. All else of the study is kept")
        return []
