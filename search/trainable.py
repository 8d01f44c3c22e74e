"""The adapter between Ray Tune's class trainable and one trial of core. Imports tensorflow on its first step only."""

import dataclasses
import platform
import traceback
from typing import Any

import ray
from ray import tune

from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.errors import SoftvoteError
from core.store.study import TrialFolder
from search.silence import LEAST_SECONDS, ended_when_silent, silence_limit, silence_trace


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What all trials of one start have in common."""

    num_threads: int
    use_gpu: bool
    generation: int
    ending_epochs: tuple[int, ...]
    deadline: float | None
    """Seconds since 1970, as far as it stays; an assignment's own may be earlier."""
    keeps_models: bool
    scratch: str
    """Folder on the driver's machine, for the stacks of a worker that fell silent."""
    keeps_last: bool = False
    """Whether trials predict after their last epoch, whatever their holdout said of others."""
    more_views: int = 1
    """Views of an image for a second predictions file; 1 for none."""
    builder: str | None = None
    """The own model that the settings name; no other one is imported."""
    least_silence_seconds: float = LEAST_SECONDS
    """Silence of a trial that is borne however short its epochs are."""


class TrialTrainable(tune.Trainable):
    """Trains one epoch a step; the actor lives on for the next trial, and so does its tensorflow.

    An error of the training is returned, not raised: a raised one would kill the warm process.
    """

    _node_id = ""

    def setup(
        self, config: dict[str, Any], *, dataset: Dataset, splits: tuple[Split, ...], worker: WorkerSettings
    ) -> None:
        """Keep what all trials share; arrays are read-only views of Ray's object store."""
        self._dataset, self._splits, self._worker = dataset, splits, worker
        self._node_id = ray.get_runtime_context().get_node_id()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self._assignment = new_config["trial"]
        self._run: Any = None
        self._seconds: list[float] = []
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch and return its report, or the error that ended the trial."""
        try:
            trace = silence_trace(self._worker.scratch, self._assignment["trial_id"])
            with ended_when_silent(self._silence_limit(), trace):
                return self._train_epoch()
        except SoftvoteError as error:
            return self._failure(str(error), traceback.format_exc())
        except Exception as error:
            return self._failure(f"{type(error).__name__}: {error}", traceback.format_exc())

    def _train_epoch(self) -> dict[str, Any]:
        """Train one epoch, the first one with the start of tensorflow and the model's tracing."""
        if self._run is None:
            self._run = self._start()
        epoch, has_predictions = self._run.next_epoch()
        self._seconds.append(epoch.seconds)
        return {
            "number": self._assignment["number"],
            "epoch": dataclasses.asdict(epoch),
            "has_predictions": has_predictions,
            "precision": self._run.trainer.precision,
            **self._whereabouts(),
        }

    def _silence_limit(self) -> float:
        """Return the seconds after which this step would be given up."""
        if not self._seconds:
            return float(self._assignment["first_silence_seconds"])
        return silence_limit(self._seconds, None, least=self._worker.least_silence_seconds)

    def _start(self) -> Any:
        """Build the trial's run in this process."""
        from core.device import prepare_tensorflow

        worker, assignment = self._worker, self._assignment
        prepare_tensorflow(num_threads=worker.num_threads, use_gpu=worker.use_gpu)
        from core.trial import TrialJob, TrialRun

        job = TrialJob(
            trial_id=assignment["trial_id"],
            folder=TrialFolder(assignment["folder"]),
            config=Config.from_json(assignment["config"]),
            seed=assignment["seed"],
            generation=worker.generation,
            attempt=assignment["attempt"],
            num_recorded_epochs=assignment["num_recorded_epochs"],
            ending_epochs=worker.ending_epochs,
            deadline=earlier_of(worker.deadline, assignment["early_deadline"]),
            keeps_model=worker.keeps_models,
            keeps_last=worker.keeps_last,
            more_views=worker.more_views,
            is_scored=assignment["is_scored"],
            builder=worker.builder,
        )
        return TrialRun(job, self._dataset, self._splits[assignment["split"]])

    def _failure(self, line: str, trace: str) -> dict[str, Any]:
        """Return the result that tells the driver that this trial failed."""
        self._run = None
        return {"number": self._assignment["number"], "error": line, "traceback": trace, **self._whereabouts()}

    def _whereabouts(self) -> dict[str, str]:
        """Return where this worker is: the machine as the record calls it, the node as Ray does."""
        return {"node": platform.node(), "node_id": self._node_id}


def earlier_of(first: float | None, second: float | None) -> float | None:
    """Return the earlier of two deadlines, either of which may be none."""
    return min((deadline for deadline in (first, second) if deadline is not None), default=None)
