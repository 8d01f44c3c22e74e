import pytest

from search.page.kinds import CUT, PRUNED, by_kind, counts_in_words, kind_of
from search.page.thin import drawn_of
from search.standings import merit_of

from .making import make_search


def test_few_trials_are_all_drawn():
    records = make_search(20)
    drawn = drawn_of(records, 20)
    assert (drawn.records, drawn.words, drawn.note) == (records, "", "")


@pytest.mark.parametrize("most", [20, 57])
def test_many_are_thinned_to_the_best_and_others_the_same_each_time(most):
    records = make_search(300)
    drawn = drawn_of(records, most)
    numbers = [record.number for record in drawn.records]
    assert len(numbers) == len(set(numbers)) == most
    assert numbers == sorted(numbers)
    best = sorted((record for record in records if record.state in ("complete", "pruned")), key=merit_of)
    assert {record.number for record in best[: most // 4]} <= set(numbers)
    assert drawn_of(records, most) == drawn
    assert f"{most} of 300 trials" in drawn.note


def test_what_the_budget_cut_was_not_pruned():
    assert [kind_of(record) for record in make_search(3)[1:]] == [PRUNED, CUT]
    assert counts_in_words(make_search(6)) == "2 complete, 1 pruned, 1 cut by the budget, 1 failed, 1 running"
    assert sum(len(records) for _, records in by_kind(make_search(23))) == 23
