"""What `python -m ensemble` can be told: one dataclass, whose fields are the options of the same names."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args

import tyro

from core.config import require
from core.store import files
from core.store.study import StudyFolder
from ensemble.names import place_of, shared_folder
from ensemble.submit import require_competition

Method = Literal["auto", "mean", "logits", "greedy", "weighted"]
Among = Literal["auto", "trials", "committee"]
METHODS: tuple[Method, ...] = get_args(Method)
WITH_TOP_K = ("auto", "mean", "logits")
"""Methods that --top-k goes with."""
WITH_SERVE = ("study", "other_studies", "out", "serve", "host", "port")
"""Fields that --serve goes with."""


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings:
    """Settings of one vote."""

    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDY_DIR")]
    """The study's folder (or its fsspec URL), such as runs/first."""
    other_studies: Annotated[
        tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[STUDY_DIR ...]", help_behavior_hint="")
    ] = ()
    """Further studies of the same data and the same holdout rows, in any order: all vote together as if they were one.
    Members are then named by study and trial, first/t000012; each study lies where it lies."""
    method: Method = "auto"
    """How members are chosen and combined.
    Mean: softmax averaged over the best few, the most within one standard error of the best count.
    Logits: log-probabilities averaged instead. Greedy: members added one by one, each as often as it helps (Caruana).
    Weighted: weights of least log-loss.
    Auto: mean, unless another is better by more than one standard error on rows that did not choose."""
    top_k: Annotated[int | None, tyro.conf.arg(metavar="K", help_behavior_hint="")] = None
    """Average the K of least log-loss; 1 or more. Where there are fewer, all of them. Left out: the method chooses."""
    among: Among = "auto"
    """Who may vote: the search's trials (scored on its holdout) or the committee (scored out-of-fold).
    Auto: the committee, once two of its configurations are whole.
    With several studies: their committees; one that has none then stays outside, and is named."""
    refit: bool = False
    """Predict the test rows by the committee's trainings on every row; the scores shown stay those of its folds."""
    seed: int = 0
    """Of the parts into which rows are dealt, and of greedy selection's bags; 0 or more."""
    num_repeats: int = 3
    """How often the rows are dealt into five parts for the honest estimate; 1 or more."""
    out: Annotated[str | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="")] = None
    """Folder (or URL) for submission.csv, members.csv, ensemble.json and report.html.
    Left out: ensemble/ in the study's folder.
    With several studies: ensemble-first+second/ (their names) in the first one's folder."""
    submit: Annotated[str | None, tyro.conf.arg(metavar="COMPETITION", help_behavior_hint="")] = None
    """Hand submission.csv to Kaggle's own program for this competition (its name in the address, digit-recognizer).
    Needs the extra kaggle and a token that Kaggle's program finds; nothing of it is stored or shown."""
    export: Annotated[str | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="")] = None
    """Write the vote as one Keras model, vote.keras, into this folder (or URL): pixels 0..255 in, softmax out.
    Stock layers only, members, folds, weights, temperature and views inside."""
    distil: bool = False
    """With --export: train one network on the vote's softmax, student.keras; say what it keeps and how fast it is."""
    serve: bool = False
    """Draw to the members of the last vote: opens a page in the browser of this machine (needs kept models; no new
    vote, nothing is written). Of the options above it goes with --out, which says where that vote lies."""
    host: str = "127.0.0.1"
    """With --serve: the address to listen on. Other than 127.0.0.1 lets others draw too: there is no password."""
    port: int = 8000
    """With --serve: the port to listen on; 0 takes a free one."""
    add_member: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE.npz")] = ()
    """Someone else's softmax: votes beside the K of --top-k, or competes where the method chooses.
    Its format is in core/store/predictions.py."""
    quiet: bool = False
    """Print warnings, the result in a line or two and what was written, nothing else."""

    def __post_init__(self) -> None:
        require(all(self.studies), "STUDY_DIR", "a study's folder", "nothing")
        _require_once("STUDY_DIR", "study", self.studies, place_of)
        require(self.top_k is None or self.top_k >= 1, "--top-k", "1 or more", self.top_k)
        require(self.method in METHODS, "--method", "auto, mean, logits, greedy or weighted", self.method)
        is_alone = self.top_k is None or self.method in WITH_TOP_K
        require(is_alone, "--top-k", "used with --method mean or logits (others choose for themselves)", self.method)
        require(self.seed >= 0, "--seed", "0 or more", self.seed)
        require(self.num_repeats >= 1, "--num-repeats", "1 or more", self.num_repeats)
        is_of_committee = not self.refit or self.among != "trials"
        require(is_of_committee, "--refit", "used with the committee (trials have none)", "--among trials")
        require(self.out != "", "--out", "a folder", "nothing")
        require(not self.distil or self.export is not None, "--distil", "used with --export FOLDER", "alone")
        require(self.export != "", "--export", "a folder", "nothing")
        require(0 <= self.port <= 65535, "--port", "0 to 65535", self.port)
        require(self.host != "", "--host", "an address of this machine", "nothing")
        if self.serve:
            others = [each for each in fields(self) if each.name not in WITH_SERVE]
            changed = [
                "--" + each.name.replace("_", "-") for each in others if getattr(self, each.name) != each.default
            ]
            require(not changed, "--serve", "used alone (it shows the last vote: vote first)", " ".join(changed))
        if self.submit is not None:
            require_competition(self.submit)
        _require_once("--add-member", "file", self.add_member, files.absolute)

    @property
    def studies(self) -> tuple[str, ...]:
        """All studies, as they were given."""
        return (self.study, *self.other_studies)

    @property
    def out_url(self) -> str:
        """Where the outputs go."""
        if self.out is not None:
            return self.out
        if self.other_studies:  # never where the first study's own vote lies
            return files.join(self.study, shared_folder(self.studies))
        return StudyFolder(self.study).ensemble


def _require_once(option: str, what: str, urls: tuple[str, ...], place: Callable[[str], str]) -> None:
    """Raise ConfigError where two of the URLs are of one place."""
    places = [place(url) for url in urls] if len(urls) > 1 else []
    twice = sorted({one for one in places if places.count(one) > 1})
    require(not twice, option, f"given once for each {what}", f"twice {', '.join(twice)}")
