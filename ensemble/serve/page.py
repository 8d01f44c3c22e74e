"""The page to draw on and the files that it asks for: the look of all pages, a template of its own."""

from pathlib import Path

import jinja2

from core.html.page import TEMPLATES as SHARED
from ensemble.serve.framing import Framing
from ensemble.serve.last_vote import LastVote
from ensemble.serve.strokes import WHOLE_PEN

TEMPLATES = Path(__file__).parent / "templates"
MOST_BARS, FEW_BARS = 12, 5
"""Classes up to which all have a bar; how many have one where there are more."""


def page_files(vote: LastVote, framing: Framing, pen: float) -> dict[str, tuple[str, bytes]]:
    """Return content type and content of the page and of what it asks for, by path."""
    style = (SHARED / "style.css").read_text() + (TEMPLATES / "draw.css").read_text()
    return {
        "/": ("text/html", _page(vote, framing, pen)),
        "/style.css": ("text/css", style.encode()),
        "/theme.js": ("text/javascript", (SHARED / "theme.js").read_bytes()),
        "/draw.js": ("text/javascript", (TEMPLATES / "draw.js").read_bytes()),
    }


def how_it_is_placed(framing: Framing) -> str:
    """Return in a few sentences how a drawing becomes an image like those of the data set."""
    height, width, _ = framing.shape
    if not framing.is_plain:
        return (
            f"The images of this study fill their frame, so that nothing is cut out or centred: the middle of a "
            f"picture is resized to {height} x {width} pixels. A drawing is the whole sheet, dark on white; pictures "
            "are what these models know."
        )
    aspect = (
        f"The proportions move halfway to a width of {framing.steady_width:.3g}, which hardly varies there. "
        if framing.steady_width is not None
        else "The proportions stay. "
    )
    return (
        f"What you draw is placed as this study's images are, measured on {framing.num_measured:,} of them (medians): "
        f"it is scaled until its {framing.held} is {framing.size:.3g} of {height} x {width} pixels, strokes "
        f"{framing.boldness:.2g} pixels bold. {aspect}{_centred(framing)} Each pixel is the share of it that ink "
        "covers. Large or small, anywhere on the sheet, dark on light or light on dark makes no difference."
    )


def how_sure_it_is(vote: LastVote) -> str:
    """Return what the vote's probabilities are."""
    how = "log-probabilities" if vote.of_logits else "probabilities"
    if vote.temperature is None:
        return f"The vote is the weighted mean of its members' {how}, not calibrated."
    return (
        f"The vote is the weighted mean of its members' {how}, calibrated by the temperature {vote.temperature:.3g} "
        "that was fitted on the study's rows; each member's own bars are not. A drawing is not from the data set: the "
        "models may be surer of it than they should be."
    )


def _centred(framing: Framing) -> str:
    """Return what is put where."""
    what = ["its centre of mass" if by_mass else "the middle of its box" for by_mass in framing.by_mass]
    down, across = (f"{place:.3g}" for place in framing.centre)
    if what[0] == what[1]:
        return f"Then {what[0]} is put {down} pixels from the top and {across} from the left."
    return f"Then {what[0]} is put {down} pixels from the top, {what[1]} {across} from the left."


def _page(vote: LastVote, framing: Framing, pen: float) -> bytes:
    """Return the page as HTML."""
    names = [str(name) for name in vote.study.data.class_names]
    facts = {
        "classes": names,
        "members": [voter.name for voter in vote.voters],
        "bars": len(names) if len(names) <= MOST_BARS else FEW_BARS,
        "pen": WHOLE_PEN if not framing.is_plain else min(max(pen / max(framing.shape[:2]), 0.03), 0.12),
        "shape": framing.shape[:2],
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    text = environment.get_template("draw.html").render(
        name=vote.study.manifest.name,
        data=vote.study.manifest.data.get("name"),
        voters=vote.voters,
        missing=vote.missing,
        num_models=vote.num_models,
        facts=facts,
        placed=how_it_is_placed(framing),
        sure=how_sure_it_is(vote),
        is_plain=framing.is_plain,
    )
    return text.encode()
