"""What every section of the page is made from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from core.html.words import LONGEST_IN_A_LINE, name_in_short, names_in_short
from core.store.dataset import DataSummary, Images
from ensemble.result import VoteResult


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A vote with its study's data and, where they could be read, images."""

    result: VoteResult
    data: DataSummary
    images: Images | None = field(repr=False)
    no_images: str = ""
    """Why there are no pictures, a sentence; empty where there are."""

    @cached_property
    def classes(self) -> list[str]:
        """The classes' names, as short as a label may be."""
        return names_in_short(self.data.class_names.tolist())

    @cached_property
    def classes_in_tiles(self) -> list[str]:
        """The same beside a bar, where there is less room."""
        return names_in_short(self.data.class_names.tolist(), longest=LONGEST_IN_A_LINE)

    @cached_property
    def voters(self) -> list[str]:
        """The voters' names, as short as a label may be."""
        return [name_in_short(member.member_id, from_its_end=True) for member in self.result.voters]

    @cached_property
    def voters_in_tiles(self) -> list[str]:
        """The same without their views: of one training's two predictions one votes at most."""
        return [name_in_short(one.trial_id or one.member_id, from_its_end=True) for one in self.result.voters]

    @property
    def labels(self) -> np.ndarray:
        """Classes of the scored rows, (num_rows,) int."""
        return self.result.rows.labels

    @cached_property
    def said(self) -> np.ndarray:
        """What the vote says of the scored rows, (num_rows,) class indices."""
        return np.asarray(self.result.softmax.argmax(axis=1))

    @cached_property
    def wrong(self) -> np.ndarray:
        """Places among the scored rows where the vote is wrong, ascending."""
        return np.flatnonzero(self.said != self.labels)

    @property
    def rows_in_words(self) -> str:
        """What the scored rows are called."""
        return "holdout rows" if self.result.rows.kind == "holdout" else "out-of-fold rows"
