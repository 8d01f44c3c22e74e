import io
from collections.abc import Callable

from rich.console import Console

from search.progress import SearchProgress

from ..terminal import Screen
from .conftest import HERE, epoch_report
from .test_steering import next_number, run_to_end


def test_log_has_one_calm_line_an_ended_trial(make_steering):
    text = io.StringIO()
    steering = make_steering(num_trials=3)
    with SearchProgress(steering, Console(file=text, width=120)) as progress:
        a, b = next_number(steering), next_number(steering)
        run_to_end(steering, a, 0.25)
        progress.update()
        steering.fail(b, "ValueError: [brackets] are no markup")
        progress.update()
        progress.update()
    assert text.getvalue().splitlines() == [
        "[1/3] t000000 complete log-loss 0.2500  accuracy 0.5000  best epoch 1 of 9  9.0 s",
        "[2/3] t000001 failed   ValueError: [brackets] are no markup",
    ]


def screen_of(steering, happens: Callable[[], None]) -> list[str]:
    """Return what a terminal shows after something has happened, with one space between words."""
    text = io.StringIO()
    with SearchProgress(steering, Console(file=text, width=120, height=30, force_terminal=True, color_system=None)):
        happens()
    screen = Screen(120)
    screen.feed(text.getvalue())
    return [" ".join(line.split()) for line in screen.lines]


def test_terminal_shows_budget_running_trials_and_the_best_below_the_lines_of_ended_ones(make_steering):
    steering = make_steering(num_trials=6)

    def happens() -> None:
        a, b, c, _ = (next_number(steering) for _ in range(4))
        run_to_end(steering, a, 0.25)
        steering.fail(b, "ValueError: no")
        steering.report(c, epoch_report(1, 0.125), worker=HERE, has_predictions=False)
        steering.machines = "machines: 3 of up to 8"
        steering.spending = "spent $1.00 of $5.00, $4.00 left"

    lines = screen_of(steering, happens)
    assert lines[:2] == [
        "[1/6] t000000 complete log-loss 0.2500 accuracy 0.5000 best epoch 1 of 9 9.0 s",
        "[2/6] t000001 failed ValueError: no",
    ]
    shown = "\n".join(lines[2:])
    assert lines[3] == "trials 2 of 6 ━━━━━━━━──────────────── 1 complete 1 failed"
    for words in (
        "1 complete 1 failed",
        "left",
        "money spent $1.00 of $5.00, $4.00 left",
        "machines 3 of up to 8",
        "t000002 1/9 ━───────── 0.1250 0.5000",
        "t000003 0/9 ────────── - -",
        "t000000 1/9 complete 0.2500 0.5000 as the notebook",
    ):
        assert words in shown


def test_drawing_that_raises_costs_the_live_view_alone(make_steering, monkeypatch, capsys):
    def fall(self, width, height):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("search.live.view.StageView.lines", fall)
    steering = make_steering(num_trials=2)
    text = io.StringIO()
    console = Console(file=text, width=120, height=30, force_terminal=True, color_system=None)
    with SearchProgress(steering, console) as progress:
        steering.on_change = progress.update
        for _ in range(2):
            run_to_end(steering, next_number(steering), 0.25)
    screen = Screen(120)
    screen.feed(text.getvalue())
    assert [line.split()[:3] for line in screen.lines if line] == [
        ["[1/2]", "t000000", "complete"],
        ["[2/2]", "t000001", "complete"],
    ]
    told = capsys.readouterr().err
    assert told.startswith("warning: the live view is switched off: ZeroDivisionError: division by zero. ")
    assert told.count("\n") == 1


def test_interrupted_search_says_that_it_stops(make_steering):
    steering = make_steering(num_trials=6)
    assert "stopping" in "\n".join(screen_of(steering, steering.interrupt))


def test_a_terminal_without_a_cursor_to_move_gets_the_lines_of_a_log(make_steering):
    text = io.StringIO()
    console = Console(file=text, width=80, force_terminal=True, _environ={"TERM": "dumb"})
    steering = make_steering(num_trials=2)
    with SearchProgress(steering, console) as progress:
        run_to_end(steering, next_number(steering), 0.25)
        progress.update()
    assert text.getvalue() == "[1/2] t000000 complete log-loss 0.2500  accuracy 0.5000  best epoch 1 of 9  9.0 s\n"


def test_quiet_search_tells_of_failed_trials_alone_and_as_warnings(make_steering, capsys):
    steering = make_steering(num_trials=3)
    with SearchProgress(steering, Console(quiet=True, force_terminal=True)) as progress:
        run_to_end(steering, next_number(steering), 0.25)
        steering.fail(next_number(steering), "ValueError: no")
        progress.update()
    assert capsys.readouterr() == ("", "warning: t000001 failed: ValueError: no\n")


def test_resumed_search_does_not_list_old_trials_again(make_steering):
    steering = make_steering(num_trials=2)
    run_to_end(steering, next_number(steering), 0.25)
    text = io.StringIO()
    with SearchProgress(make_steering(num_trials=2), Console(file=text, width=120)) as progress:
        progress.update()
    assert text.getvalue() == ""


def test_log_has_one_line_for_each_notice_of_a_node(make_steering):
    text = io.StringIO()
    steering = make_steering(num_trials=2)
    with SearchProgress(steering, Console(file=text, width=120)) as progress:
        for node in "ab":
            steering.notices.append(f"node {node}[0] is lost: trials to go on elsewhere: 1")
            progress.update()
            progress.update()
    assert text.getvalue().splitlines() == [
        "node a[0] is lost: trials to go on elsewhere: 1",
        "node b[0] is lost: trials to go on elsewhere: 1",
    ]
