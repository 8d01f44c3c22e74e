"""Write report.html beside ensemble.json: from a vote and its study's folder, without archive or models."""

import dataclasses
from collections.abc import Callable

from core.errors import SoftvoteError, StoredFileError
from core.html.index import made_from, now_in_words, write_index
from core.html.links import links_from
from core.html.page import Section, render_page
from core.store import files
from core.store.dataset import DataSummary, Images, read_images
from core.store.manifest import Manifest, read_manifest
from core.store.study import StudyFolder
from ensemble.names import place_of
from ensemble.page.agreement import agreement_section
from ensemble.page.confusions import confusions_section
from ensemble.page.data import samples_section, shares_section
from ensemble.page.disputed import disputed_section
from ensemble.page.evidence import Evidence
from ensemble.page.growth import growth_section
from ensemble.page.members import members_section
from ensemble.page.mistakes import mistakes_section
from ensemble.page.reliability import reliability_section
from ensemble.page.scores import result_in_words, scores_section
from ensemble.result import VoteResult
from ensemble.studies import read_study_data

SECTIONS: tuple[Callable[[Evidence], Section], ...] = (
    scores_section,
    members_section,
    growth_section,
    mistakes_section,
    confusions_section,
    disputed_section,
    agreement_section,
    reliability_section,
    shares_section,
    samples_section,
)


def with_page(result: VoteResult) -> VoteResult:
    """Write a vote's page, and the study's index where the vote is its own; return the vote with the page's URL.

    Whatever goes wrong costs the page alone: the vote comes back with a warning.
    """
    folder = StudyFolder(result.study)
    url = result.page_url
    try:
        is_own = place_of(url) == place_of(folder.vote_page)
        files.write_bytes(url, render_report(result, is_own=is_own))
        if is_own:
            write_index(folder)
    except Exception as error:  # hours of search have ended in this vote, and its files are written
        kind = "" if isinstance(error, SoftvoteError) else f"{type(error).__name__}: "
        warning = f"{url} is not written, all else is: {kind}{error}"
        return dataclasses.replace(result, warnings=(*result.warnings, warning))
    return dataclasses.replace(result, report_html=url)


def render_report(result: VoteResult, *, is_own: bool = True) -> bytes:
    """Return the page.

    Args:
        result: a vote.
        is_own: whether the page will lie in the study's own ensemble/, where links to its other pages hold.

    Raises:
        StoredFileError: study.json or data.npz is torn or missing.
    """
    folder = StudyFolder(result.study)
    manifest, data = read_manifest(folder.manifest), read_study_data(folder)
    images, complaint = _images(folder.images, data)
    evidence = Evidence(result=result, data=data, images=images, no_images=complaint)
    sections = [make(evidence) for make in SECTIONS]
    names = " + ".join(study.name for study in result.studies) or manifest.name
    lead = result_in_words(result) + (f" {complaint}" if complaint else "")
    links = links_from(folder, folder.vote_page) if is_own else []
    return render_page(
        title=f"{names}: the vote", lead=lead, sections=sections, links=links, made_from=_made_from(result, manifest)
    )


def _images(url: str, data: DataSummary) -> tuple[Images | None, str]:
    """Return the study's images, or why there are none; the rest of the page does without."""
    try:
        return read_images(url, data), ""
    except FileNotFoundError:
        return None, f"No pictures: {url} is missing. Start the same search again to rewrite it."
    except StoredFileError as error:
        return None, f"No pictures: {error}."


def _made_from(result: VoteResult, manifest: Manifest) -> tuple[str, ...]:
    """Return the lines of the foot: all studies, and what they are of."""
    folders = [f"{study.name}: {study.url}" for study in result.studies] or [result.study]
    made = f"Made on {now_in_words()} from {', '.join(folders)}; the same numbers are in ensemble.json."
    return (made, *made_from(manifest))
