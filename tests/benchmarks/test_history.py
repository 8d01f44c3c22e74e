from pathlib import Path

from benchmarks.history import EPOCHS, Rungs, made_up_domain, made_up_records, write_study
from benchmarks.one_study import last_epoch
from core.store.study import StudyFolder
from search.ledger import Ledger
from search.study import TrialStudy, rung_epochs


def test_made_up_trials_end_as_ours_do() -> None:
    records = made_up_records(120)
    states = [record.state for record in records]
    assert states.count("failed") == 2
    assert states.count("pruned") > states.count("complete") > 0
    for record in records:
        assert len(record.epochs) in (*rung_epochs(EPOCHS), EPOCHS)
        if record.state == "complete":
            assert len(record.epochs) == EPOCHS


def test_made_up_ends_are_those_of_our_pruner() -> None:
    study, ends = TrialStudy(made_up_domain().suggest, seed=0, epochs=EPOCHS), []
    records = made_up_records(40)
    for record in records:
        number, _ = study.ask()
        for epoch in record.epochs:
            study.report(number, epoch.epoch, epoch.log_loss)
            is_pruned = study.should_prune(number)
            assert is_pruned == (epoch is record.epochs[-1] and epoch.epoch < EPOCHS)
        ends.append(study.sampler_memory(number)["system_attrs"])
    rungs = [{name: value for name, value in end.items() if name.startswith("completed_rung_")} for end in ends]
    assert rungs == [record.system_attrs for record in records]


def test_a_rung_lets_the_best_quarter_pass_and_the_first_ones_if_they_are_the_best() -> None:
    rungs, epoch = Rungs(), rung_epochs(EPOCHS)[0]
    stopped = [rungs.stops(epoch, value) for value in (0.5, 0.6, 0.4, 0.45, 0.3, 0.35, 0.7, 0.35)]
    assert stopped == [False, True, False, True, False, True, True, False]
    assert not rungs.stops(epoch + 1, 9.0)


def test_a_made_up_study_is_read_like_any_other(tmp_path: Path) -> None:
    records = made_up_records(20)
    write_study(StudyFolder(str(tmp_path)), records)
    ledger = Ledger(StudyFolder(str(tmp_path)), generation=2)
    ledger.load()
    assert ledger.damaged == []
    assert ledger.records == records


def test_the_stock_searchers_trials_end_at_the_rungs_or_at_the_end() -> None:
    first, second, third = rung_epochs(EPOCHS)
    ends = [last_epoch(number) for number in (1, 2, 4, 8, 16, 32, 64, 128)]
    assert ends == [first, first, second, second, third, third, EPOCHS, EPOCHS]
