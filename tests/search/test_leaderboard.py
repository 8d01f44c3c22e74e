import csv

from core.store.study import StudyFolder
from search.leaderboard import write_leaderboard

from .conftest import HERE, epoch_report
from .test_steering import next_number, run_to_end


def test_leaderboard_lists_best_first_and_failed_last(make_steering, tmp_path):
    steering = make_steering()
    a, b, c = (next_number(steering) for _ in range(3))
    run_to_end(steering, a, 0.5)
    steering.fail(b, "no, a comma")
    steering.report(c, epoch_report(1, 0.25), worker=HERE, has_predictions=True)
    run_to_end(steering, c, 0.3, start=2)
    write_leaderboard(StudyFolder(str(tmp_path)), steering.ledger.ranked, steering.ledger.unranked)
    rows = list(csv.DictReader((tmp_path / "leaderboard.csv").open()))
    assert [(row["rank"], row["trial"], row["state"]) for row in rows] == [
        ("1", "t000002", "complete"),
        ("2", "t000000", "complete"),
        ("", "t000001", "failed"),
    ]
    assert rows[0]["log_loss"] == "0.250000"
    assert rows[0]["best_epoch"] == "1"
    assert float(rows[1]["learning_rate"]) == 1e-3
    assert rows[2]["error"] == "no, a comma"
