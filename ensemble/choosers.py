"""The methods that choose who votes, by the name that --method has for them."""

from ensemble.choice import Chooser
from ensemble.greedy import choose_greedy
from ensemble.mean import choose_logits, choose_mean
from ensemble.weighted import choose_weighted

METHODS: dict[str, Chooser] = {
    "mean": choose_mean,
    "logits": choose_logits,
    "greedy": choose_greedy,
    "weighted": choose_weighted,
}
"""Simplest first. `mean` and `logits` find their number of members; `ensemble.mean.mean_of_top` is told it."""
