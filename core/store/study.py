"""Where everything lies in a study's folder; the names are part of the format."""

from dataclasses import dataclass

from core.errors import StudyError
from core.store import files


@dataclass(frozen=True)
class StudyFolder:
    """A study's folder at a path or an fsspec URL."""

    url: str

    @property
    def manifest(self) -> str:
        """study.json."""
        return files.join(self.url, "study.json")

    @property
    def data(self) -> str:
        """data.npz: labels, holdout rows, class names, test ids."""
        return files.join(self.url, "data.npz")

    @property
    def images(self) -> str:
        """images.npz: all train and test images, uint8."""
        return files.join(self.url, "images.npz")

    @property
    def trials(self) -> str:
        """trials/: one folder a trial."""
        return files.join(self.url, "trials")

    @property
    def journal(self) -> str:
        """study.journal: the study for optuna-dashboard, a view."""
        return files.join(self.url, "study.journal")

    @property
    def leaderboard(self) -> str:
        """leaderboard.csv."""
        return files.join(self.url, "leaderboard.csv")

    @property
    def ensemble(self) -> str:
        """ensemble/: the vote's outputs."""
        return files.join(self.url, "ensemble")

    @property
    def index_page(self) -> str:
        """index.html: links to the study's pages."""
        return files.join(self.url, "index.html")

    @property
    def search_page(self) -> str:
        """search.html: how the search went."""
        return files.join(self.url, "search.html")

    @property
    def model_page(self) -> str:
        """model.html: one training and its model, in pictures."""
        return files.join(self.url, "model.html")

    @property
    def vote_page(self) -> str:
        """ensemble/report.html: the vote in pictures."""
        return files.join(self.ensemble, "report.html")

    @property
    def committee(self) -> str:
        """committee/: the best configurations, trained again over folds; see `core.store.committee`."""
        return files.join(self.url, "committee")

    @property
    def above_trials(self) -> str:
        """The folder below which all trials' folders lie."""
        return self.trials

    def trial(self, trial_id: str) -> "TrialFolder":
        """Return the folder of one trial."""
        return TrialFolder(files.join(self.trials, trial_id))

    def number_of(self, trial_id: str) -> int:
        """Return the number of a trial id, -1 where it is none of ours."""
        return number_of(trial_id)

    def trial_ids(self) -> list[str]:
        """Return the ids of all trial folders, sorted."""
        return files.list_folders(self.trials)

    def require_exists(self) -> None:
        """Raise StudyError unless the folder holds a study."""
        if not files.exists(self.manifest):
            got = "it has no study.json" if files.exists(self.url) else "there is no such folder"
            raise StudyError(
                f"{self.url} must be a study's folder, and is none: {got}. "
                "Name a folder that `python -m search` or `python -m core` made, such as runs/first"
            )


@dataclass(frozen=True)
class TrialFolder:
    """One trial's folder."""

    url: str

    @property
    def record(self) -> str:
        """trial.json."""
        return files.join(self.url, "trial.json")

    @property
    def predictions(self) -> str:
        """predictions.npz."""
        return files.join(self.url, "predictions.npz")

    def predictions_of(self, num_views: int) -> str:
        """Return the URL of the predictions over further views of an image, such as predictions-views9.npz."""
        return files.join(self.url, f"predictions-views{num_views}.npz")

    @property
    def model(self) -> str:
        """model.keras."""
        return files.join(self.url, "model.keras")

    @property
    def error(self) -> str:
        """error.txt: a failed trial's traceback."""
        return files.join(self.url, "error.txt")

    @property
    def curves(self) -> str:
        """curves.tfevents: what TensorBoard shows of the trial, a view."""
        return files.join(self.url, "curves.tfevents")

    @property
    def checkpoints(self) -> str:
        """checkpoint/: what the trial needs to go on, by generation and attempt."""
        return files.join(self.url, "checkpoint")

    def checkpoint(self, generation: int, attempt: int = 0) -> str:
        """checkpoint/<generation>/state.npz; of the attempt after a lost node checkpoint/<generation>.1, then .2."""
        name = f"{generation}.{attempt}" if attempt else str(generation)
        return files.join(self.checkpoints, name, "state.npz")


def number_of(trial_id: str) -> int:
    """Return the number of a trial id, -1 where it is none of ours."""
    digits = trial_id.removeprefix("t")
    return int(digits) if digits.isdecimal() and digits.isascii() and trial_id == trial_id_of(int(digits)) else -1


def trial_id_of(number: int) -> str:
    """Return the id of trial `number`, which sorts as the number does up to a million trials."""
    return f"t{number:06d}"
