"""What is said of the machines that a search has counted."""

from pathlib import Path

import pytest

from search.money.metered import metered
from search.money.spent import cost_file


def test_metered_says_first_what_counts_and_last_what_was_spent(make_money):
    money = make_money(2.0, earlier=0.25, begins=False)
    said: list[str] = []
    with metered(money.cap, said.append):
        money.clock.now += 360
    first, spent, head = said
    assert first.startswith("counting 1 head.small on-demand, 1 gpu.large spot: $3.96 an hour")
    assert spent.startswith("spent $1.36 of $2.00: 1 gpu.large spot 0.10 h $0.36, 1 head.small on-demand 0.10 h $0.036")
    assert spent.endswith("earlier starts $0.25")
    assert head.startswith("the head goes on costing $0.36 an hour until `ray down`")


def test_metered_leaves_what_ended_the_search_as_it_is_where_the_cost_cannot_be_written(make_money, capsys):
    money = make_money(2.0, begins=False)
    Path(cost_file(money.cap.folder)).mkdir()
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), metered(money.cap, said.append):
        raise KeyboardInterrupt
    warning = capsys.readouterr().err
    assert warning.startswith("warning: what this start has cost is not written down, and does not count in the next: ")
    assert "cost.json" in warning
    assert warning.count("\n") == 1
    assert said[1].startswith("spent $")


def test_metered_without_a_cap_says_and_counts_nothing():
    said: list[str] = []
    with metered(None, said.append):
        pass
    assert said == []
