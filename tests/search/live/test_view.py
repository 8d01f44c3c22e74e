import itertools
import time

import pytest

from core.live import Line
from search.live.budget import BudgetLines
from search.live.standing import Standing
from search.live.view import StageView
from search.live.vote_so_far import VoteScore, VoteSoFar

from ..conftest import default_space
from ..test_steering import next_number, run_to_end


@pytest.fixture
def watched(make_steering):
    """Return a search of which 7 trials have ended and 20 run."""
    steering = make_steering(num_trials=40, space=default_space)
    for n in range(7):
        run_to_end(steering, next_number(steering), 0.5 / (n + 1))
    for _ in range(20):
        next_number(steering)
    return steering


def view_of(steering, *, is_ascii: bool = False) -> StageView:
    vote = VoteSoFar(steering.ledger.folder)
    vote.score = VoteScore(num_members=3, num_errors=31, num_rows=8400, log_loss=0.0143)
    budget = BudgetLines(steering, "trials", time.time(), is_ascii=is_ascii)
    return StageView(budget, Standing(steering, "trials"), vote, is_ascii=is_ascii)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_view_fits_into_any_terminal_of_40_columns_and_begins_with_the_trials(watched):
    watched.spending, watched.machines = "spent $1.00 of $5.00, $4.00 left", "machines: 3 of up to 8"
    view = view_of(watched)
    for width, height in itertools.product([40, 60, 80, 100, 200], [1, 2, 3, 5, 8, 12, 24, 50]):
        lines = texts(view.lines(width, height))
        assert len(lines) <= max(height - 1, 1)
        assert max(len(line) for line in lines) <= width
        assert next(line for line in lines if line).split()[:4] == ["trials", "7", "of", "40"]


def test_view_of_a_usual_terminal_has_the_best_five_and_says_how_many_more_run(watched):
    lines = texts(view_of(watched).lines(80, 24))
    best = lines.index(next(line for line in lines if line.startswith("best ")))
    assert [line.split()[0] for line in lines[best + 1 : best + 6]] == [f"t00000{n}" for n in (6, 5, 4, 3, 2)]
    assert "and 12 more" in lines
    assert lines[-1] == "vote now  31 errors of 8,400  log-loss 0.0143  mean of the best 3  (optimistic)"


def test_view_of_a_narrow_terminal_keeps_scores_and_says_that_the_vote_flatters(watched):
    lines = texts(view_of(watched).lines(40, 24))
    assert ["t000006", "1/9", "0.0714", "0.5000"] in [line.split() for line in lines]
    assert lines[-1] == "vote 31 errors of 8,400  (optimistic)"


def test_view_has_plain_letters_alone_where_the_terminal_knows_no_others(watched):
    assert "".join(texts(view_of(watched, is_ascii=True).lines(100, 30))).isascii()


def test_view_gives_a_reason_where_the_vote_is_not_reckoned(watched):
    view = view_of(watched)
    assert view._vote is not None
    view._vote.why_not = "not reckoned on an object store"
    assert texts(view.lines(80, 24))[-1] == "vote now  not reckoned on an object store"
