"""A program named kaggle that prints what the real one (2.2.4) prints, and exits as it does."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, SubmitError
from core.store import files
from ensemble.submit import require_competition, submit_to_kaggle

CANARY = "c4n4ry0123456789c4n4ry0123456789"
SUCCESS = "9 submissions remaining today.\nSuccessfully submitted to Digit Recognizer"
PROGRESS = "  0%|          | 0.00/18.0 [00:00<?, ?B/s]\r100%|██████████| 18.0/18.0 [00:00<00:00, 1.36kB/s]\n"
AUTH_HELP = "Authentication required to call the Kaggle API.\n\nFirst, you will need a Kaggle account."
URL = "https://api.kaggle.com/v1/competitions.CompetitionApiService/StartSubmissionUpload"
DOWN = (
    "HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded with url: /v1/x (Caused by "
    "NameResolutionError(\"Failed to resolve 'api.kaggle.com' ([Errno -2] Name or service not known)\"))"
)

Fake = Callable[..., None]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put a `kaggle` on PATH that notes its arguments, its environment and the file, prints, and exits."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)

    def make(stdout: str = "", stderr: str = "", code: int = 0, then: str = "") -> None:
        (folder / "out").write_text(stdout)
        (folder / "err").write_text(stderr)
        script = folder / "kaggle"
        script.write_text(
            f'#!/bin/sh\ncd "{folder}"\nprintf "%s\\n" "$@" > arguments\nenv > environment\n'
            f'cat "${{3#--file=}}" > sent\ncat out\ncat err >&2\n{then}\nexit {code}\n'
        )
        script.chmod(0o755)

    return make


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "ensemble" / "submission.csv"
    path.parent.mkdir()
    path.write_text("ImageId,Label\n1,2\n")
    return path


def refused(csv: Path, competition: str = "digit-recognizer") -> str:
    """Submit, expect a refusal, and return its words; the file is untouched."""
    before = csv.read_bytes()
    with pytest.raises(SubmitError) as caught:
        submit_to_kaggle(str(csv), competition, "softvote: mean of 5")
    assert csv.read_bytes() == before
    words = str(caught.value)
    assert words.startswith(f"{csv} is written")
    assert "\n" not in words
    return words


def test_submit_calls_kaggle_and_returns_what_it_says(fake: Fake, csv: Path, tmp_path: Path) -> None:
    fake(stdout=SUCCESS, stderr=PROGRESS)
    said = submit_to_kaggle(str(csv), "digit-recognizer", "softvote: mean\nof 5, 0.9975")
    assert said == "Successfully submitted to Digit Recognizer. 9 submissions remaining today"
    assert (tmp_path / "bin" / "arguments").read_text().splitlines() == [
        "competitions",
        "submit",
        f"--file={csv}",
        "--message=softvote: mean of 5, 0.9975",
        "digit-recognizer",
    ]
    assert (tmp_path / "bin" / "sent").read_bytes() == csv.read_bytes()


def test_submit_takes_later_versions_lines_and_leaves_warnings_out(fake: Fake, csv: Path) -> None:
    fake(
        stdout="Warning: Looks like you're using an outdated `kaggle` version\nSubmission ref: 41234567\n"
        "Successfully submitted to Digit Recognizer\n"
    )
    said = submit_to_kaggle(str(csv), "digit-recognizer", "m")
    assert said == "Successfully submitted to Digit Recognizer. Submission ref: 41234567"


def test_submit_keeps_a_message_that_begins_like_an_option_and_a_shells_words(
    fake: Fake, csv: Path, tmp_path: Path
) -> None:
    fake(stdout=SUCCESS)
    submit_to_kaggle(str(csv), "digit-recognizer", "-q; touch $HOME/made `id`")
    assert "--message=-q; touch $HOME/made `id`" in (tmp_path / "bin" / "arguments").read_text().splitlines()
    assert not (tmp_path / "made").exists()


def test_submit_copies_a_file_that_lies_elsewhere_under_its_name(fake: Fake, tmp_path: Path) -> None:
    fake(stdout=SUCCESS)
    files.write_bytes("memory://study/ensemble/submission.csv", b"ImageId,Label\n1,7\n")
    submit_to_kaggle("memory://study/ensemble/submission.csv", "digit-recognizer", "m")
    assert (tmp_path / "bin" / "sent").read_bytes() == b"ImageId,Label\n1,7\n"
    path = Path((tmp_path / "bin" / "arguments").read_text().splitlines()[2].removeprefix("--file="))
    assert path.name == "submission.csv"
    assert not path.exists()


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "words"),
    [
        ("", f"403 Client Error: Forbidden for url: {URL}\n", 1, "accepted its rules"),
        (AUTH_HELP, "", 1, "kaggle auth login"),
        ("", PROGRESS + "Your team has used its submission limit for today\n", 1, "after midnight UTC"),
        (
            "",
            f"Traceback (most recent call last):\n  line 1\nrequests.exceptions.ConnectionError: {DOWN}",
            1,
            "reached",
        ),
        ("Could not submit to competition", PROGRESS, 0, "the upload failed"),
        ("", "", 1, "Kaggle said: nothing"),
    ],
)
def test_submit_says_in_plain_words_what_is_wrong(
    fake: Fake, csv: Path, stdout: str, stderr: str, code: int, words: str
) -> None:
    fake(stdout=stdout, stderr=stderr, code=code)
    said = refused(csv)
    assert words in said
    assert "is written but not submitted" in said
    assert "Traceback" not in said
    assert "%|" not in said


def test_submit_names_the_competitions_pages(fake: Fake, csv: Path) -> None:
    fake(stderr="Permission 'competitions.participate' was denied", code=1)
    assert "https://www.kaggle.com/competitions/digit-recogniser/rules" in refused(csv, "digit-recogniser")


def test_submit_does_not_take_a_files_name_for_an_answer(fake: Fake, tmp_path: Path) -> None:
    csv = tmp_path / "daily limit of 403 - forbidden submissions" / "submission.csv"
    files.write_bytes(str(csv), b"1,2")
    fake(stdout=f"Upload of {csv} expired. Please try again.\nCould not submit to competition")
    assert "the upload failed" in refused(csv)


def test_submit_does_not_believe_a_program_that_says_nothing_of_success(fake: Fake, csv: Path) -> None:
    fake(stdout="all is well")
    said = refused(csv)
    assert "did not say 'successfully submitted'; it said: all is well" in said
    assert "digit-recognizer/submissions before you submit again" in said


def test_submit_stops_a_program_that_takes_too_long(fake: Fake, csv: Path) -> None:
    fake(stdout=f"key {CANARY}", then="exec sleep 60")
    with pytest.raises(SubmitError, match=r"did not end within 0\.3 s\. Look at .*/submissions before") as caught:
        submit_to_kaggle(str(csv), "digit-recognizer", "m", timeout_seconds=0.3)
    assert csv.exists()
    assert caught.value.__cause__ is None


def test_submit_without_the_program_says_how_to_install_it(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(csv.parent))
    monkeypatch.setattr(sys, "executable", str(csv.parent / "python"))
    assert "needs Kaggle's program 'kaggle', which is not installed. Install it (uv sync --extra kaggle" in refused(csv)


def test_submit_finds_the_program_beside_this_python(
    fake: Fake, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(stdout=SUCCESS)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert submit_to_kaggle(str(csv), "digit-recognizer", "m").startswith("Successfully")


def test_submit_says_that_a_program_cannot_be_started(fake: Fake, csv: Path, tmp_path: Path) -> None:
    fake()
    (tmp_path / "bin" / "kaggle").write_text("#!/no/such/python\n")
    assert "cannot be started: No such file" in refused(csv)


def test_submit_refuses_a_file_that_is_not_there(fake: Fake, tmp_path: Path) -> None:
    fake(stdout=SUCCESS)
    with pytest.raises(SubmitError, match=r"there is no such file\. Vote again"):
        submit_to_kaggle(str(tmp_path / "none.csv"), "digit-recognizer", "m")
    assert not (tmp_path / "bin" / "arguments").exists()


@pytest.mark.parametrize(
    "name", ["", "-q", "https://www.kaggle.com/competitions/titanic", "a b", "a\nb", "../x", "a;b"]
)
def test_require_competition_refuses_what_is_no_name(name: str) -> None:
    with pytest.raises(ConfigError, match=r"--submit must be a competition's name as in its address .*, got "):
        require_competition(name)


@pytest.mark.parametrize("name", ["digit-recognizer", "GiveMeSomeCredit", "playground-series-s3e26", "3d_x"])
def test_require_competition_takes_names(name: str) -> None:
    require_competition(name)


@pytest.mark.parametrize("code", [0, 1])
def test_submit_shows_no_credentials(fake: Fake, csv: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setenv("KAGGLE_KEY", CANARY)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token-" + CANARY)
    fake(stdout=f"Successfully submitted {CANARY} token-{CANARY}\n", stderr=f"x {'y' * 280} {CANARY}\n", code=code)
    if code == 0:
        said = submit_to_kaggle(str(csv), "digit-recognizer", "m")
        assert said == "Successfully submitted *** ***"
    else:
        said = refused(csv)
        assert said.endswith("yyy ***")
    assert CANARY[:8] not in said


def test_submit_shows_no_key_of_kaggle_json(fake: Fake, csv: Path, tmp_path: Path) -> None:
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text(f'{{"username": "someone", "key": "{CANARY}"}}')
    fake(stderr=f"bad key {CANARY} of someone\n", code=1)
    assert refused(csv).endswith("Kaggle said: bad key *** of someone")


def test_submit_shows_little_of_what_it_says_in_plain_words(fake: Fake, csv: Path) -> None:
    fake(stderr=DOWN + "x" * 500, code=1)
    assert len(refused(csv).partition("Kaggle said: ")[2]) == 100
    fake(stderr="y" * 500, code=1)
    assert len(refused(csv).partition("Kaggle said: ")[2]) == 300


def test_submit_does_not_let_the_program_print_its_requests(
    fake: Fake, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBOSE", "1")
    monkeypatch.setenv("VERBOSE_OUTPUT", "true")
    monkeypatch.setenv("KAGGLE_KEY", CANARY)
    fake(stdout=SUCCESS)
    submit_to_kaggle(str(csv), "digit-recognizer", "m")
    environment = (tmp_path / "bin" / "environment").read_text()
    assert "VERBOSE" not in environment
    assert f"KAGGLE_KEY={CANARY}" in environment


def test_submit_drops_what_a_terminal_would_obey(fake: Fake, csv: Path) -> None:
    fake(stdout="Successfully submitted to \x1b[31mDigit\x07 Recognizer\n")
    assert submit_to_kaggle(str(csv), "digit-recognizer", "m") == "Successfully submitted to [31mDigit Recognizer"
