import io

from rich.console import Console

from search.progress import SearchProgress

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


def test_terminal_shows_running_failed_best_and_time_left(make_steering):
    text = io.StringIO()
    steering = make_steering(num_trials=4)
    with SearchProgress(steering, Console(file=text, width=120, force_terminal=True)) as progress:
        a, b, _ = (next_number(steering) for _ in range(3))
        run_to_end(steering, a, 0.25)
        steering.fail(b, "no")
        steering.machines = "machines: 3 of up to 8"
        progress.update()
    shown = text.getvalue()
    for words in ("2/4 trials", "1 running", "1 failed", "best 0.2500 (0.5000)", "machines: 3 of up to 8", "left"):
        assert words in shown


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
