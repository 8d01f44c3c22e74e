"""search.html as a whole: which sections there are, in which order, and where it is written."""

from core.cli import program_words
from core.html.index import made_from, made_when, write_index
from core.html.links import links_from
from core.html.page import render_page
from core.store import files
from core.store.study import StudyFolder
from search.page.best import best_section
from search.page.committee import committee_section
from search.page.curves import curves_section
from search.page.failures import failures_section
from search.page.importances import importance_section
from search.page.lanes import stretches_of, time_spent
from search.page.parallel import parallel_section
from search.page.records import SearchRecords, read_search
from search.page.slices import slices_section
from search.page.summary import lead, summary_section
from search.page.timeline import time_section
from search.page.top import top_section


def write_search_page(folder: StudyFolder) -> str:
    """Write search.html, and the study's index.html that links it; return its URL.

    Args:
        folder: of a study, local or on an object store; nothing in it but records is read, while a search may run.

    Raises:
        FileNotFoundError, StoredFileError: study.json is missing or torn.
        StudyError: the folder cannot be read or written.
    """
    files.write_bytes(folder.search_page, render_search(read_search(folder)))
    write_index(folder)
    return folder.search_page


def render_search(found: SearchRecords) -> bytes:
    """Return the page of what the records say, the same bytes of the same records but for the date in its foot."""
    of_search = stretches_of(found.trials)
    spent = time_spent(of_search)
    importance, important = importance_section(found)
    sections = [
        summary_section(found, spent),
        best_section(found),
        top_section(found),
        curves_section(found),
        importance if found.manifest.command == "search" else None,
        parallel_section(found, important),
        slices_section(found),
        time_section(found, of_search, stretches_of(found.committee), spent),
        committee_section(found),
        failures_section(found),
    ]
    return render_page(
        title=f"{found.manifest.name}: how the search went",
        lead=lead(found, spent),
        sections=[section for section in sections if section is not None],
        links=links_from(found.folder, found.folder.search_page),
        made_from=(_made(found), *made_from(found.manifest)),
    )


def _made(found: SearchRecords) -> str:
    """Return what the page was made from, and when."""
    num = len(found.trials) + len(found.committee)
    return made_when(f"{num:,} records", f"{program_words('search.page')} {found.folder.url}")
