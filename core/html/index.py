"""index.html: what a study's folder has for people to look at."""

import time

from markupsafe import Markup

from core.html.links import pages_of, relink
from core.html.page import Section, render_page
from core.store import files
from core.store.manifest import Manifest, read_manifest
from core.store.study import StudyFolder


def write_index(folder: StudyFolder) -> None:
    """Write the page that links the study's other pages and tables, those that are there, and links between these.

    Raises:
        StudyError: it cannot be written.
        StoredFileError: study.json is torn.
    """
    pages = [(page.url, page.words, page.about) for page in pages_of(folder)]
    tables = [
        (folder.leaderboard, "leaderboard.csv", "every trial, best first"),
        (files.join(folder.ensemble, "members.csv"), "members.csv", "who votes, and why"),
        (files.join(folder.ensemble, "submission.csv"), "submission.csv", "the classes of the test rows"),
    ]
    manifest = read_manifest(folder.manifest)
    sections = [
        Section(anchor=anchor, title=title, body=_items(folder, entries))
        for anchor, title, entries in (
            ("pages", "Pages", pages),
            ("tables", "Tables", [entry for entry in tables if files.exists(entry[0])]),
        )
        if entries
    ]
    content = render_page(title=manifest.name, lead=_lead(manifest), sections=sections, made_from=made_from(manifest))
    files.write_bytes(folder.index_page, content)
    relink(folder)


def made_when(of: str, again: str) -> str:
    """Return the line of a page's foot that says when it was made, of what, and the command that makes it anew."""
    return f"Made on {now_in_words()} from {of}; `{again}` makes it anew."


def now_in_words() -> str:
    """Return the local date and minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime())


def made_from(manifest: Manifest) -> tuple[str, ...]:
    """Return the lines of a page's foot: data, split, versions, machine."""
    data, split = manifest.data, manifest.split
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    machine = ", ".join(f"{name} {value}" for name, value in manifest.machine.items() if value not in (None, ""))
    return (
        f"Data {data.get('name')}, split {split.get('method')} of seed {split.get('seed', manifest.seed)}, "
        f"revision {manifest.revision or 'unknown'}.",
        f"Versions: {versions}. Machine: {machine}.",
    )


def _lead(manifest: Manifest) -> str:
    """Return what the study is, in a sentence."""
    data = manifest.data
    try:
        shape = "x".join(str(side) for side in data["image_shape"])
        images = f"{data['num_train']:,} train and {data['num_test']:,} test images of {shape}"
        counts = f": {images}, {data['num_classes']} classes"
    except (KeyError, TypeError, ValueError):  # one that an older or another program wrote
        counts = ""
    return f"A study of {data.get('name')}{counts}."


def _items(folder: StudyFolder, entries: list[tuple[str, str, str]]) -> Markup:
    """Return a list of links with what stands behind each."""
    items = [
        Markup('<li><a href="{}">{}</a>: {}</li>').format(url.removeprefix(folder.url).lstrip("/"), name, what)
        for url, name, what in entries
    ]
    return Markup("<ul>{}</ul>").format(Markup("").join(items))
