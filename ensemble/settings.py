"""What `python -m ensemble` can be told: one dataclass, whose fields are the options of the same names."""

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from core.config import require
from core.store import files
from core.store.study import StudyFolder

Method = Literal["mean"]


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings:
    """Settings of one vote."""

    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDY_DIR")]
    """The study's folder (or its fsspec URL), such as runs/first."""
    top_k: int = 5
    """Trials that vote: those of least holdout log-loss; 1 or more. Where there are fewer, all of them."""
    method: Method = "mean"
    """How votes are combined; mean: the mean of the members' softmax (soft voting)."""
    out: Annotated[str | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="")] = None
    """Folder (or URL) for submission.csv, members.csv and ensemble.json. Left out: ensemble/ in the study's folder."""
    add_member: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE.npz")] = ()
    """Someone else's softmax, which votes beside the top k; core/store/predictions.py describes the format."""

    def __post_init__(self) -> None:
        require(self.study != "", "STUDY_DIR", "a study's folder", "nothing")
        require(self.top_k >= 1, "--top-k", "1 or more", self.top_k)
        require(self.method == "mean", "--method", "mean", self.method)
        require(self.out != "", "--out", "a folder", "nothing")
        places = [files.absolute(url) for url in self.add_member]
        twice = sorted({place for place in places if places.count(place) > 1})
        require(not twice, "--add-member", "given once for each file", f"twice {', '.join(twice)}")

    @property
    def out_url(self) -> str:
        """Where the outputs go."""
        return StudyFolder(self.study).ensemble if self.out is None else self.out
