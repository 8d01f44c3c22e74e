"""Who leads: the best trials of a search, or a committee's configurations by the mean of their folds."""

from collections import Counter, defaultdict
from statistics import fmean

from core.store.records import TrialRecord
from ensemble.describe import config_in_short
from search.committee.steering import CommitteeSteering
from search.live.table import Row, ended_row, running_row
from search.watch import Watch

NUM_BEST = 5


class Standing:
    """Rows of the live view's two tables."""

    def __init__(self, watch: Watch, unit: str) -> None:
        """Watch a stage, whose trials are called `unit`."""
        self._watch = watch
        self._unit = unit
        self._configs: dict[int, str] = {}
        """In short, of trials that were shown: hundreds of words each, put together once."""
        self._num_planned: Counter[str] = Counter()
        if isinstance(watch, CommitteeSteering):
            self._num_planned.update(_configuration(training.trial_id) for training in watch.trainings)

    @property
    def title(self) -> str:
        """What the table of the best is called."""
        return "best" if self._unit == "trials" else "mean"

    @property
    def counted(self) -> str:
        """What stands above its second column."""
        return "epoch" if self._unit == "trials" else "folds"

    def running(self) -> list[Row]:
        """Return the running trials by number."""
        records = (self._watch.ledger[number] for number in sorted(self._watch.running))
        return [running_row(one, self._config(one), is_scored=self._unit != "refits") for one in records]

    def best(self) -> list[Row]:
        """Return the best five; trainings on all rows have no score, and so no best."""
        if self._unit == "trials":
            return [ended_row(record, self._config(record)) for record in self._watch.ledger.ranked[:NUM_BEST]]
        return self._configurations()[:NUM_BEST] if self._unit == "trainings" else []

    def _configurations(self) -> list[Row]:
        """Return a committee's configurations, least mean log-loss of their ended trainings first."""
        groups: dict[str, list[TrialRecord]] = defaultdict(list)
        for record in self._watch.ledger.ranked:
            groups[_configuration(record.trial_id)].append(record)
        rows = [
            Row(
                name=name,
                epoch=f"{len(records)}/{self._num_planned[name] or '?'}",
                # a committee's training predicts after its last epoch
                log_loss=fmean(record.epochs[-1].log_loss for record in records),
                accuracy=fmean(record.epochs[-1].accuracy for record in records),
                config=self._config(records[0]),
            )
            for name, records in groups.items()
        ]
        return sorted(rows, key=lambda row: (row.log_loss, row.name))

    def _config(self, record: TrialRecord) -> str:
        """Return a configuration in short."""
        if record.number not in self._configs:
            self._configs[record.number] = config_in_short(record.config)
        return self._configs[record.number]


def _configuration(training_id: str) -> str:
    """Return the trial from which a committee's training has its configuration."""
    return training_id.partition("-")[0]
