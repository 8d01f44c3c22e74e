"""Ray Tune's side of the seam: a searcher that asks the steering for trials; `search.scheduler` asks it to go on.

Ray's OptunaSearch and ASHA each keep half of the truth (a stopped trial is told COMPLETE, a NaN one stays RUNNING,
rungs are lost on restart); these two keep none and pass everything on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.exceptions import RayError
from ray.tune import Stopper
from ray.tune.search import Searcher

from core.data.dataset import Dataset
from core.data.split import Split
from core.store import files
from core.store.study import StudyFolder
from search.callbacks import HandOver, LivesInDriver, Redraw
from search.cluster.capacity import Resources
from search.cluster.demand import asking, wait_for_machines
from search.cluster.placement import placement
from search.cluster.start import cluster_lost
from search.scheduler import SteeringScheduler, last_line
from search.trainable import TrialTrainable, WorkerSettings
from search.watch import Watch

if TYPE_CHECKING:
    from ray.tune.experiment import Trial


class SteeringSearcher(LivesInDriver, Searcher):
    """Hands the steering's next trial to Tune as soon as a worker is free, never ahead of it."""

    def __init__(
        self,
        steering: Watch,
        folder: StudyFolder,
        plan: Resources,
        hand_over: HandOver | None = None,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        """Remember the steering, the study's folder and how many trials may run at once, and where.

        `on_wait` is called while there is nothing to run on: without a trial, Tune's loop does nothing but ask here.
        """
        super().__init__()
        self._steering = steering
        self._folder = folder
        self._plan = plan
        self._hand_over = hand_over or HandOver()
        self._on_wait = on_wait

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the next trial's config, None while all workers are busy, FINISHED when nothing is left."""
        try:
            if self._has_to_wait():
                return None
            assignment = self._steering.next_trial()
        except Exception as error:
            self._steering.abort(error)  # raised here, Tune would wrap it into a text
            assignment = None
        if assignment is None:
            # FINISHED is for good, and the node of what runs may be lost: then it is asked for again
            return None if self._steering.running else Searcher.FINISHED
        self._hand_over.begin()
        record = assignment.record
        return {
            "trial": {
                "number": record.number,
                "trial_id": record.trial_id,
                "folder": files.absolute(self._folder.trial(record.trial_id).url),  # Ray moves its workers elsewhere
                "config": record.config,
                "seed": record.seed,
                "num_recorded_epochs": assignment.num_recorded_epochs,
                "first_silence_seconds": assignment.silence_seconds,
                "split": assignment.split,
                "is_scored": assignment.is_scored,
                "shunned_nodes": self._plan.shunned_nodes(),
                "attempt": assignment.attempt,
                "early_deadline": self._steering.early_deadline,
            }
        }

    def num_wanted(self) -> int:
        """Return how many further trials could begin now, were there workers that are free."""
        steering = self._steering
        if steering.stop_reason is not None or steering.is_time_up:
            return 0
        num_idle = max(self._plan.num_at_once() - len(steering.running), 0)
        return num_idle if steering.num_left is None else min(num_idle, steering.num_left)

    def _has_to_wait(self) -> bool:
        """True while no worker is free; without any worker, until one comes or the search is to end."""
        num_at_once = self._plan.num_at_once()
        if num_at_once == 0:
            self._on_wait()
            return self._steering.stop_reason is None and not self._steering.is_time_up
        # a suggestion made ahead would be made without the results of the trials that still run
        return len(self._steering.running) >= num_at_once or self._hand_over.is_under_way

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: the scheduler has told the steering."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the scheduler has told the steering."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing: the trial records are the truth."""


class SteeringStopper(LivesInDriver, Stopper):
    """Ends Tune's loop once the steering has a reason to."""

    def __init__(self, steering: Watch, capacity: Callable[[], int]) -> None:
        """Remember the steering, and what tells how many trials may run at once."""
        self._steering = steering
        self._capacity = capacity

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Return False: single trials are the scheduler's."""
        return False

    def stop_all(self) -> bool:
        """Return True after Ctrl-C, where all first trials failed, and long after the time budget's end.

        After it at once, where no node is left to run on: what waits for one is left as it is on disk.
        """
        is_stranded = self._steering.is_time_up and self._capacity() == 0
        return self._steering.stop_reason is not None or self._steering.is_overtime or is_stranded


def run_tune(
    steering: Watch,
    folder: StudyFolder,
    plan: Resources,
    worker: WorkerSettings,
    dataset: Dataset,
    splits: tuple[Split, ...],
    scratch: str,
    redraw: Callable[[], None],
    trainable: type[TrialTrainable] = TrialTrainable,
) -> None:
    """Run Tune's loop until the steering has nothing left to start and all that runs has ended.

    Args:
        steering: decides.
        folder: where the trials have their folders.
        plan: what a trial takes of the cluster.
        worker: what all trials have in common.
        dataset: all rows; put once into the object store, read from there by every trial without a copy.
        splits: what the stage trains and scores on; an assignment names one.
        scratch: folder for Tune's own files, which nobody reads.
        redraw: called a few times a second.
        trainable: what trains; another one for benchmarks and tests of the loop itself.

    Raises:
        StudyError, StoredFileError: the study's folder could not be written or read on the way.
        ClusterError: the cluster is gone.
    """
    with_data = tune.with_parameters(trainable, dataset=dataset, splits=splits, worker=worker)
    with asking(plan, steering) as ask:

        def on_step() -> None:
            ask()
            redraw()

        wait_for_machines(plan, steering, on_step)
        if plan.num_at_once() > 0:
            _fit(_tuner(steering, folder, plan, with_data, scratch, on_step))
    if steering.error is not None:
        raise steering.error


def _tuner(
    steering: Watch, folder: StudyFolder, plan: Resources, trainable: Any, scratch: str, on_step: Callable[[], None]
) -> tune.Tuner:
    """Return Tune's loop over what the steering hands out; `on_step` is called with each of its steps."""
    hand_over = HandOver(steering.has_begun)
    searcher = SteeringSearcher(steering, folder, plan, hand_over, on_step)
    return tune.Tuner(
        tune.with_resources(trainable, placement(plan)),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=SteeringScheduler(steering, scratch, searcher.num_wanted),
            num_samples=-1,
            reuse_actors=True,
            trial_name_creator=_name_of,
            trial_dirname_creator=_name_of,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=f"{scratch}/tune",
            verbose=0,
            stop=SteeringStopper(steering, plan.num_at_once),
            callbacks=[hand_over, Redraw(on_step)],
            failure_config=tune.FailureConfig(max_failures=0),
            # checkpoints are core.trial's, in the study's folder
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
        ),
    )


def _fit(tuner: tune.Tuner) -> None:
    """Run Tune's loop; single trials' failures are no exceptions of it."""
    try:
        tuner.fit()
    except (RayError, tune.TuneError) as error:
        raise cluster_lost(last_line(str(error))) from error


def _name_of(trial: "Trial") -> str:
    """Return the name that Tune gives a trial's scratch folder."""
    return str(trial.config["trial"]["trial_id"])
