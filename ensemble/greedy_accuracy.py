"""Greedy rounds on accuracy: the picks of the plain loop over candidates, on the few rows that any of them can decide.

A row on which all candidates name the same class is settled for good, whoever votes. Of the others, most soon have so
large a lead, or so large a gap, that no single candidate turns them this round: they count as they are. Only what is
left is added up, for all candidates at once.
"""

import numpy as np

MARGIN = 1e-6
"""Sums closer than this are compared as they are; float64 is far from being wrong by as much."""
BLOCK_NUMBERS = 1 << 19
"""Numbers summed at a time, 4 MB in float64: what a core keeps at hand."""


class AccuracyLibrary:
    """The rows that are not settled, and the right ones among those that are."""

    def __init__(
        self,
        softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
        labels: np.ndarray,  # (num_rows,) int
    ) -> None:
        """Copy the rows on which the candidates name different classes."""
        named = softmax[0].argmax(axis=1)
        is_open = np.zeros(len(labels), bool)
        for votes in softmax[1:]:
            is_open |= votes.argmax(axis=1) != named
        self.num_rows = len(labels)
        self.num_settled_right = int((named == labels)[~is_open].sum())
        self.labels = labels[is_open].astype(np.intp)
        # rows first, so that a round's few rows are a few long copies; candidates last, so that sums run over them
        self.softmax = np.ascontiguousarray(softmax[:, is_open].transpose(1, 2, 0))  # (num_open, num_classes, M)

    def votes(self, candidates: np.ndarray) -> "AccuracyVotes":
        """Return an empty vote whose `best_next` is one of `candidates`, ascending."""
        return AccuracyVotes(self, candidates)


class AccuracyVotes:
    """A vote that grows by one candidate at a time, scored by accuracy."""

    def __init__(self, library: AccuracyLibrary, candidates: np.ndarray) -> None:
        """Start empty; the candidates' columns are copied where they are not all."""
        self._library = library
        self._candidates = candidates
        is_all = len(candidates) == library.softmax.shape[2]
        self._among = library.softmax if is_all else library.softmax.take(candidates, axis=2)
        self._most_for, self._most_against = _most_that_one_changes(self._among, library.labels)
        self._total: np.ndarray = np.zeros(library.softmax.shape[:2])  # (num_open, num_classes)

    def add(self, candidate: int) -> None:
        """Give a candidate one more vote."""
        self._total += self._library.softmax[:, :, candidate]

    def score(self) -> float:
        """Return the accuracy of the present vote, which must not be empty."""
        return self._accuracy(int((self._total.argmax(axis=1) == self._library.labels).sum()))

    def best_next(self) -> tuple[int, float]:
        """Return the candidate with which the vote is most accurate (ties: the earlier one), and that accuracy."""
        leads = _lead_of_true(self._total, self._library.labels)  # (num_open, num_classes)
        is_right = (leads - self._most_against > MARGIN).all(axis=1)
        is_wrong = (leads + self._most_for < -MARGIN).any(axis=1)
        num_right = np.full(len(self._candidates), int(is_right.sum()))
        undecided = np.flatnonzero(~(is_right | is_wrong))
        num_classes = self._total.shape[1]
        size = max(1, BLOCK_NUMBERS // max(1, len(self._candidates) * num_classes))
        for first in range(0, len(undecided), size):
            num_right += self._num_right(undecided[first : first + size])
        best = int(num_right.argmax())
        return int(self._candidates[best]), self._accuracy(int(num_right[best]))

    def _num_right(self, rows: np.ndarray) -> np.ndarray:
        """Return how many of some open rows the vote gets right with each candidate, (num_among,) int."""
        sums = self._among[rows] + self._total[rows][..., np.newaxis]  # (num, num_classes, num_among) float64
        labels = self._library.labels[rows]
        each = np.arange(len(rows))
        of_true = sums[each, labels]
        sums[each, labels] = -np.inf
        others = sums.max(axis=1)
        is_right = of_true > others
        row, candidate = np.nonzero(of_true == others)
        # a tie is the lowest class's, as argmax has it
        is_right[row, candidate] = labels[row] < sums[row, :, candidate].argmax(axis=1)
        return np.asarray(is_right.sum(axis=0))

    def _accuracy(self, num_right_of_open: int) -> float:
        """Return the accuracy over all rows, by the arithmetic of `core.metrics.accuracy`."""
        num_rows = self._library.num_rows
        return 1.0 - (num_rows - self._library.num_settled_right - num_right_of_open) / num_rows


def _lead_of_true(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return by how much the true class leads each class, (num_rows, num_classes); itself by infinity."""
    each = np.arange(len(labels))
    leads = scores[each, labels][:, np.newaxis] - scores
    leads[each, labels] = np.inf
    return leads


def _most_that_one_changes(among: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the most that one candidate adds to the true class's lead over each class, and takes from it."""
    of_true = among[np.arange(len(labels)), labels][:, np.newaxis, :]
    most_for = np.zeros(among.shape[:2])
    most_against = np.zeros(among.shape[:2])
    for number in range(among.shape[1]):  # a class at a time: a difference of all would double the memory
        leads = of_true[:, 0, :] - among[:, number, :]
        most_for[:, number] = leads.max(axis=1)
        most_against[:, number] = -leads.min(axis=1)
    return most_for, most_against
