"""Fails unless the main job on the embedded digits left what the README promises: `check_main_job.py STUDY`."""

import argparse
import csv
import json
import re
from pathlib import Path

MIN_ACCURACY = 0.98
MIN_TRIALS = 8
TEST_LINE = re.compile(r"test accuracy ([01]\.\d+) \((\d+) rows set aside\)")
PAGES = ("search.html", "ensemble/report.html")
MOST_PAGE_BYTES = 8_000_000
NUM_TEST = 360
"""A fifth of the 1,797 digits, give or take the one that stratified rounding moves."""


def main() -> None:
    """Check the study's folder and, with --log, what the search printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--log", type=Path, help="what the search printed")
    parser.add_argument("--members", type=int, help="members that the vote must have; left out: one or more")
    arguments = parser.parse_args()
    if arguments.log is not None:
        check_log(arguments.log.read_text())
    check_trials(arguments.study)
    check_vote(arguments.study / "ensemble", arguments.members)
    check_pages(arguments.study)
    print(f"checked: {arguments.study}")


def check_log(text: str) -> None:
    """Fail unless the true test accuracy is printed and high enough."""
    lines = TEST_LINE.findall(text)
    expect(len(lines) == 1, f"one line like `test accuracy 0.9xxx (n rows set aside)`, got {len(lines)}")
    accuracy, num_rows = float(lines[0][0]), int(lines[0][1])
    expect(abs(num_rows - NUM_TEST) <= 1, f"{NUM_TEST} rows set aside, got {num_rows}")
    expect(MIN_ACCURACY <= accuracy <= 1, f"a test accuracy of {MIN_ACCURACY} or more, got {accuracy}")


def check_trials(study: Path) -> None:
    """Fail unless enough trials have ended, some of them pruned, each with its predictions and its line."""
    records = [json.loads(path.read_text()) for path in sorted(study.glob("trials/*/trial.json"))]
    states = [record["state"] for record in records]
    expect(len(states) >= MIN_TRIALS, f"{MIN_TRIALS} trials or more, got {len(states)}")
    expect({"complete", "pruned"} <= set(states) <= {"complete", "pruned"}, f"complete and pruned trials, got {states}")
    for record in records:
        expect((study / "trials" / record["trial_id"] / "predictions.npz").is_file(), f"predictions of {record}")
    with (study / "leaderboard.csv").open(newline="") as file:
        expect(len(list(csv.DictReader(file))) == len(records), "one line of leaderboard.csv for each trial")


def check_vote(folder: Path, num_members: int | None) -> None:
    """Fail unless the submission has one digit for each test row, numbered from 1, and the vote its members."""
    with (folder / "submission.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    expect(header == ["ImageId", "Label"], f"the header ImageId,Label, got {header}")
    expect(abs(len(rows) - NUM_TEST) <= 1, f"{NUM_TEST} rows in submission.csv, got {len(rows)}")
    expect([row[0] for row in rows] == [str(n + 1) for n in range(len(rows))], "ids 1, 2, 3, ... in submission.csv")
    expect({row[1] for row in rows} == set("0123456789"), "all ten digits, and nothing else, in submission.csv")
    with (folder / "members.csv").open(newline="") as file:
        found = len(list(csv.DictReader(file)))
    is_found = found >= 1 if num_members is None else found == num_members
    expect(is_found, f"{num_members or 'some'} members of the vote, got {found}")


def check_pages(study: Path) -> None:
    """Fail unless each page is there, whole, in itself, and linked by the index."""
    index = (study / "index.html").read_text()
    for name in PAGES:
        text = (study / name).read_text()
        expect(f'href="{name}"' in index, f"a link to {name} in index.html")
        expect(text.endswith("</html>\n") or text.endswith("</html>"), f"{name} whole")
        expect(len(text.encode()) < MOST_PAGE_BYTES, f"{name} below {MOST_PAGE_BYTES} bytes, got {len(text.encode())}")


def expect(holds: bool, what: str) -> None:
    """Exit with one line unless `holds`."""
    if not holds:
        raise SystemExit(f"main job: expected {what}")


if __name__ == "__main__":
    main()
