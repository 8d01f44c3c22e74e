import dataclasses
import re

import pytest
from optuna.distributions import IntDistribution

from core.store import files
from core.store.committee import CommitteeFolder, training_id_of, training_number
from core.store.records import write_record
from search.page import importance
from search.page.page import render_search
from search.page.records import read_search

from .making import drawn_params, folder_at, make_record, make_search, write_search

HOSTILE = '</script><script>alert("1")</script>&<!--'
SECTIONS_OF_KNOBS = {"parallel", "slices"}


@pytest.fixture(autouse=True)
def few_shuffles(monkeypatch):
    """Importance takes most of a page's time, and is tested by itself."""
    monkeypatch.setattr(importance, "NUM_SHUFFLES", 1)


def page_of(path, records, **changes):
    return render_search(read_search(write_search(folder_at(path), records, **changes))).decode()


def anchors_of(page):
    return set(re.findall(r'<section id="([a-z]+)"', page))


def lead_of(page):
    return re.findall(r'<p class="lead">(.*?)</p>', page)[0]


def test_lead_says_the_best_trial_what_it_is_scored_on_and_that_it_is_optimistic(tmp_path):
    page = page_of(tmp_path, [make_record(0, (0.3, 0.2)), make_record(1, (0.5, 0.1, 0.15)), *make_search(5)[3:]])
    assert lead_of(page) == (
        "The best of 4 trials (2 complete, 1 failed, 1 running) in 6.0 s is t000001: log-loss 0.1000 and accuracy "
        "0.5000 on 20 holdout rows. That is optimistic, since those rows chose it and its epoch (2 of 3)."
    )
    assert page.count("plotly.js v") == 1


def test_study_with_every_kind_of_trial_has_every_section(tmp_path):
    page = page_of(tmp_path, make_search(100))
    assert anchors_of(page) == {
        "facts", "best", "top", "curves", "importance", "time", "failures", *SECTIONS_OF_KNOBS,
    }  # fmt: skip
    assert "The 20 pruned trials took 50 s for 50 of 200 epochs" in page
    assert "20 trials ended because the time or cost budget did" in page
    assert "not computed" not in section_of(page, "importance")


def test_one_trial_makes_a_page(tmp_path):
    page = page_of(tmp_path, [make_record(0)], command="core")
    assert anchors_of(page) == {"facts", "best", "top", "curves", "time"}
    page = page_of(tmp_path, [make_record(0, **drawn_params(0))])
    assert anchors_of(page) >= SECTIONS_OF_KNOBS
    assert "complete trials, by their best log-loss: not computed, it takes 10" in page


def test_study_without_trials_makes_a_page(tmp_path):
    page = page_of(tmp_path, [])
    assert lead_of(page) == "No trial has a score yet: 0 trials (none) in 0.0 s."


def test_failed_trials_have_their_reasons_and_no_score(tmp_path):
    records = [
        make_record(number, (), state="failed", error="TrainingError: loss is NaN", node="") for number in range(3)
    ]
    folder = write_search(folder_at(tmp_path), records)
    files.write_bytes(folder.trial("t000001").error, b"Traceback")
    page = render_search(read_search(folder)).decode()
    assert lead_of(page).startswith("No trial has a score yet: 3 trials (3 failed)")
    assert "3 times: TrainingError: loss is NaN" in page
    assert re.findall(r'href="(trials/.*?)"', page) == ["trials/t000001/error.txt"]
    assert anchors_of(page) == {"facts", "best", "curves", "importance", "time", "failures"}


def test_search_without_pruning_speaks_of_none(tmp_path):
    page = page_of(tmp_path, make_search(12, num_kinds=1))
    assert "pruned trials took" not in page
    assert "Pruning ended" not in page


def test_knobs_and_extra_of_ones_own_are_drawn(tmp_path):
    config = make_record(0).config | {"builder": "mine:build", "extra": {"depth": 3, "head": "flat"}}
    page = page_of(tmp_path, [make_record(number, config=config, **drawn_params(number)) for number in range(12)])
    assert "<strong>head</strong>" in page
    assert "Knobs of the study&#39;s own" in page
    assert "builder=mine:build depth=3 head=flat" in page


def test_knobs_that_cannot_vary_have_no_lines(tmp_path):
    memory = drawn_params(0, {"depth": IntDistribution(3, 3)})
    page = page_of(tmp_path, [make_record(number, **memory) for number in range(12)])
    assert anchors_of(page) & SECTIONS_OF_KNOBS == {"slices"}
    assert "not computed, no knob varies" in section_of(page, "importance")


def test_what_a_study_says_is_text(tmp_path):
    records = [
        make_record(0, user_attrs={"origin": HOSTILE}, node=HOSTILE, config={HOSTILE: HOSTILE}),
        make_record(1, state="failed", error=HOSTILE, node=HOSTILE),
        make_record(2, params={HOSTILE: 1}, distributions=_hostile_distribution()),
    ]
    page = page_of(tmp_path, records, name=HOSTILE)
    assert "alert(" in page
    assert "<script>alert" not in page


def test_torn_records_are_named_on_the_page(tmp_path):
    folder = write_search(folder_at(tmp_path), make_search(3))
    files.write_bytes(folder.trial("t000001").record, b"{")
    page = render_search(read_search(folder)).decode()
    assert "Left out of this page, since 1 record cannot be read" in page
    assert '<th scope="row">t000001</th>' in page


def test_committee_has_a_section_and_a_place_in_time_and_is_no_trial(tmp_path):
    folder = write_search(folder_at(tmp_path), make_search(12, num_kinds=2))
    alone = render_search(read_search(folder)).decode()
    for fold, loss in enumerate((0.1, 0.3)):
        training_id = training_id_of("t000000", fold, 0)
        training = make_record(0, (0.9, loss), started=1_700_000_050.0 + fold, ended=1_700_000_060.0)
        training = dataclasses.replace(training, trial_id=training_id, number=training_number("t000000", fold, 0))
        write_record(CommitteeFolder(folder.url).trial(training_id).record, training)
    page = render_search(read_search(folder)).decode()
    assert anchors_of(page) - anchors_of(alone) == {"committee"}
    assert '<td class="number">0.2000</td><td class="number">0.1000 to 0.3000</td>' in page
    assert lead_of(page) == lead_of(alone)
    for anchor in ("importance", "slices", "parallel", "best"):
        assert section_of(page, anchor) == section_of(alone, anchor)
    assert "2 committee" in section_of(page, "time")


def test_many_trials_are_thinned_and_counted_over_time(tmp_path):
    page = page_of(tmp_path, make_search(450))
    assert "Drawn are 200 of 450 trials" in section_of(page, "curves")
    assert "Drawn are 150 of 270 trials" in section_of(page, "parallel")
    assert "450 trials are too many to draw each" in section_of(page, "time")
    assert len(page) < 8_000_000


def section_of(page, anchor):
    return page.split(f'<section id="{anchor}"')[1].split("</section>")[0]


def _hostile_distribution():
    return {HOSTILE: '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 3}}'}
