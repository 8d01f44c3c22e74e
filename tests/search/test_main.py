"""`python -m search` told what cannot be: one line, exit code 2, nothing written; and Ctrl-C before it has begun."""

import signal

import pytest

from .commands import OPTIONS, run_search, stop_after_line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trials", "0"], "--trials must be 1 or more, got 0"),
        (["--top-k", "0"], "--top-k must be 1 or more, got 0"),
        (["--trails", "3"], "Unrecognized options: --trails"),
        (["--time-budget", "soon"], "--time-budget must be hours, minutes and seconds"),
        (["--data", "no/such.zip"], "--data no/such.zip: there is no such file or folder"),
        (["--address", "ray://127.0.0.1:1"], "Ray's client, ray://, cannot run a search"),
        (["--cpus-per-trial", "4096"], "a trial must fit on one machine of the cluster"),
        (["--address", "127.0.0.1:1"], "--address must be a Ray cluster that answers, got '127.0.0.1:1'"),
        pytest.param(
            ["--address", "auto"],
            "--address must be a Ray cluster that answers and knows this client, got 'auto'",
            marks=pytest.mark.slow,  # Ray looks for one for 20 s
        ),
    ],
)
def test_search_refuses_bad_input_in_one_line(tmp_path, options, words):
    refused = run_search(tmp_path / "runs", "bad", *options)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_search_refuses_a_folder_that_is_no_study(tmp_path):
    thesis = tmp_path / "runs/mine/thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("all of it")
    refused = run_search(tmp_path / "runs", "mine", *OPTIONS)
    assert refused.returncode == 2
    assert "must be a new name or a study's folder (one with study.json), and is neither" in refused.stderr
    assert [path.name for path in thesis.parent.iterdir()] == ["thesis.txt"]


def test_ctrl_c_before_the_cluster_is_up_says_how_to_go_on(tmp_path):
    code, printed = stop_after_line(tmp_path / "runs", "early", r"^holdout 0.2", signal.SIGINT)
    assert code == 130, printed
    assert "Go on with: " in printed.splitlines()[-1]
    assert "Traceback" not in printed


def test_search_without_loopback_says_so_in_one_line(without_network, tmp_path):
    if not without_network:
        pytest.skip("unshare -n is not allowed here")
    refused = run_search(tmp_path / "runs", "bad", *OPTIONS, prefix=("unshare", "-n"))
    assert refused.returncode == 2
    assert "loopback interface must be up" in refused.stderr
    assert not list(tmp_path.iterdir())
