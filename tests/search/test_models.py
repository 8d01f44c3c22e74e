from pathlib import Path

import numpy as np
import pytest

from core.store.records import TrialRecord, TrialState
from core.store.study import StudyFolder, trial_id_of
from search.models import ModelShelf
from search.standings import Standings

from .conftest import epoch_report
from .test_steering import next_number, run_to_end


def test_shelf_keeps_the_best_and_drops_others_and_failed(make_steering):
    steering = make_steering()
    a, b, c = (next_number(steering) for _ in range(3))
    folder = steering.ledger.folder
    models = {n: Path(folder.trial(steering.ledger[n].trial_id).model) for n in (a, b, c)}
    for path in models.values():
        path.write_bytes(b"model")
    run_to_end(steering, a, 0.5)
    run_to_end(steering, b, 0.2)
    steering.fail(c, "no")
    ModelShelf(folder, 1).keep_best(steering.ledger)
    assert {n for n, path in models.items() if path.exists()} == {b}


def test_shelf_drops_the_model_that_a_later_and_better_one_displaces(make_steering):
    steering = make_steering()
    a, b = (next_number(steering) for _ in range(2))
    folder = steering.ledger.folder
    paths = [Path(folder.trial(steering.ledger[number].trial_id).model) for number in (a, b)]
    shelf = ModelShelf(folder, 1)
    for number, log_loss, left in ((a, 0.5, [True, False]), (b, 0.2, [False, True])):
        paths[number].write_bytes(b"model")
        run_to_end(steering, number, log_loss)
        for _ in range(2):
            shelf.keep_best(steering.ledger)
        assert [path.exists() for path in paths] == left


@pytest.mark.parametrize("size", [0, 1, 3])
def test_shelf_holds_the_best_of_all_that_ended_whenever_it_is_asked(tmp_path, size):
    random, folder, standings = np.random.default_rng(size), StudyFolder(str(tmp_path)), Standings()
    shelf = ModelShelf(folder, size)
    for number in random.permutation(40).tolist():
        trial_id = trial_id_of(number)
        report = epoch_report(1, float(random.integers(1, 12)) / 8)
        state: TrialState = "failed" if number % 5 == 0 else "pruned" if number % 2 else "complete"
        if number % 7:  # the others' models are gone already
            Path(folder.trial(trial_id).url).mkdir(parents=True)
            Path(folder.trial(trial_id).model).write_bytes(b"model")
        standings.enter(TrialRecord(number=number, trial_id=trial_id, config={}, seed=0, state=state, epochs=(report,)))
        if random.random() < 0.3 or standings.num_ended == 40:
            shelf.keep_best(standings)
            kept = {path.parent.name for path in tmp_path.glob("trials/*/model.keras")}
            assert kept == {r.trial_id for r in standings.ranked[:size] if r.number % 7}
