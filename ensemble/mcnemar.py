"""McNemar's test: whether two classifiers that saw the same rows err equally often."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """The rows on which exactly one of two is wrong, and what they say."""

    num_only_first_wrong: int
    num_only_second_wrong: int
    p_value: float
    """Chance of a split at least as uneven, either way, between two that err equally often; in (0, 1]."""


def mcnemar(
    is_first_wrong: np.ndarray,  # (num_rows,) bool
    is_second_wrong: np.ndarray,  # (num_rows,) bool
) -> McNemar:
    """Test two classifiers on the same rows; exact (binomial), not by the chi-square approximation.

    Rows on which both are right or both are wrong say nothing of the difference and do not count.

    Source: McNemar, Note on the sampling error of the difference between correlated proportions (1947).
    """
    first = int((is_first_wrong & ~is_second_wrong).sum())
    second = int((~is_first_wrong & is_second_wrong).sum())
    return McNemar(
        num_only_first_wrong=first,
        num_only_second_wrong=second,
        p_value=fair_coin_p_value(min(first, second), first + second),
    )


def fair_coin_p_value(num_fewer: int, num_tosses: int) -> float:
    """Return how probable at most `num_fewer` heads or at most as few tails are in tosses of a fair coin.

    In whole numbers, which neither round nor run out of range.
    """
    ways, total = 1, 0
    for heads in range(num_fewer + 1):
        total += ways
        ways = ways * (num_tosses - heads) // (heads + 1)
    return float(min(1.0, 2 * total / 2**num_tosses)) if 2 * num_fewer < num_tosses else 1.0
