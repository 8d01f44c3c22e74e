import re

import numpy as np
import plotly.graph_objects as go
import pytest

from core.html.blocks import bars, choice, facts, fold, prose, row, table
from core.html.figure import BLUE, COLOURS, INK, figure
from core.html.images import data_uri, gallery, picture, sheet, tiles
from core.html.page import TEMPLATES, Section, render_page

HOSTILE = '</script><script>alert("1")</script>&<!--'


def page(body, **changes):
    section = Section(anchor="one", title="One", body=body)
    return render_page(**{"title": "A study", "lead": "It went well.", "sections": [section], **changes}).decode()


def test_whatever_a_study_says_is_text(tmp_path):
    hostile = page(
        row(
            prose(HOSTILE),
            table([HOSTILE], [[HOSTILE]], caption=HOSTILE, notes=[HOSTILE]),
            facts([(HOSTILE, HOSTILE)]),
            bars([(HOSTILE, 0.5, "right")], label=HOSTILE),
            fold(HOSTILE, prose(HOSTILE)),
            choice([(HOSTILE, prose(HOSTILE)), ("two", prose("2"))], label=HOSTILE, anchor="one-of"),
            tiles([np.zeros((8, 8), np.uint8)], alt=HOSTILE),
            gallery([picture(np.zeros((8, 8), np.uint8), alt=HOSTILE)], label=HOSTILE),
        ),
        title=HOSTILE,
        lead=HOSTILE,
        made_from=[HOSTILE],
        links=[("search.html", HOSTILE)],
    )
    assert "alert(" in hostile
    assert "<script>alert" not in hostile
    assert hostile.count("<script") == 2, "the page's own two"


def test_figure_cannot_end_its_script_and_plotly_is_there_once():
    plots = [figure(go.Figure(go.Scatter(x=[HOSTILE], y=[1])), alt=HOSTILE, caption=HOSTILE) for _ in range(2)]
    text = page(row(*plots))
    assert "<script>alert" not in text
    assert text.count("plotly.js v") == 1
    assert len(text) < 8_000_000
    assert "plotly.js v" not in page(prose("no figure"))


def test_page_names_no_host_to_fetch_from():
    text = page(prose("no figure"))
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert "default-src 'none'" in text


def test_note_stands_below_its_row_across_all_columns():
    text = table(["a", "b"], [["1", "2"], ["3", "4"]], caption="rows", notes=["long", ""])
    assert [*re.findall(r"<tr[ >].*?</tr>", text)][1:] == [
        '<tr><th scope="row">1</th><td>2</td></tr>',
        '<tr class="note"><td colspan="2"><div>long</div></td></tr>',
        '<tr><th scope="row">3</th><td>4</td></tr>',
    ]
    with pytest.raises(ValueError, match="zip"):
        table(["a"], [["1"], ["2"]], caption="rows", notes=["one"])


def test_figures_need_no_webgl():
    with pytest.raises(ValueError, match="drawn as SVG, got parcoords"):
        figure(go.Figure(go.Parcoords()), alt="lines")


def test_figure_without_a_number_has_a_gap_there():
    text = page(figure(go.Figure(go.Scatter(x=[1.0], y=[float("nan")])), alt="a gap"))
    assert "NaN" not in re.findall(r'<script type="application/json">(.*?)</script>', text)[0]


def test_each_colour_has_a_twin_on_a_dark_page():
    script = (TEMPLATES / "script.js").read_text()
    assert BLUE in COLOURS
    assert [colour for colour in (*COLOURS, INK) if f'"{colour}":' not in script] == []


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 6, 3), (8, 8, 4), (8, 8, 7)])
def test_any_image_becomes_a_png(shape):
    assert data_uri(np.full(shape, 200, np.uint8)).startswith("data:image/png;base64,iVBOR")


def test_sheet_sets_images_in_rows():
    images = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (10, 20, 30)])
    whole = sheet(images, columns=2)
    assert whole.shape == (5, 7, 1)
    assert [whole[0, 0, 0], whole[0, 4, 0], whole[3, 0, 0], whole[0, 3, 0]] == [10, 20, 30, 128]
