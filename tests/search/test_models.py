from pathlib import Path

from search.models import ModelShelf

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
