"""Seeds for everything random in a training, each from its purpose, so that any epoch can be drawn again alone."""

import numpy as np


def derive_seed(seed: int, purpose: str, *numbers: int) -> int:
    """Return a seed in [0, 2**31) that depends on all arguments and on nothing else.

    Args:
        seed: The training's seed, 0 or more.
        purpose: What the random numbers are for ("order", "dropout"); purposes do not share streams.
        numbers: Epoch, layer and the like, each 0 or more.
    """
    state = np.random.SeedSequence([seed, *purpose.encode(), *numbers]).generate_state(1)
    return int(state[0]) >> 1
