"""Softmax of members as one meets them: 99 % right, confident, wrong on the same rows, some better than others."""

import numpy as np


def made_up_votes(
    num_members: int, num_rows: int, num_classes: int = 10, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax (num_members, num_rows, num_classes) float32 and labels (num_rows,).

    Rows have logits that all members share, the true class's above the others by a gamma variate; each member adds
    noise of its own, whose size varies from member to member by a factor of e^0.3. Errors of two members correlate by
    0.45, and three probabilities in five of the true class are above 0.9999.
    """
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, num_classes, num_rows)
    shared = shared_logits(labels, num_classes, generator)
    noise = np.exp(generator.normal(0, 0.3, num_members))
    softmax = np.empty((num_members, num_rows, num_classes), np.float32)
    for number in range(num_members):
        softmax[number] = noisy_softmax(shared, noise[number], generator)
    return softmax, labels


def shared_logits(labels: np.ndarray, num_classes: int, generator: np.random.Generator) -> np.ndarray:
    """Return what all members make of rows (num_rows,) of these classes: (num_rows, num_classes) float32."""
    shared = generator.normal(0, 1.3, (len(labels), num_classes)).astype(np.float32)
    shared[np.arange(len(labels)), labels] += generator.gamma(5, 3, len(labels))
    return shared


def noisy_softmax(shared: np.ndarray, noise: float, generator: np.random.Generator) -> np.ndarray:
    """Return one member's softmax, shaped as the logits `shared`; its noise has a standard deviation of `noise`."""
    own = generator.standard_normal(shared.shape, np.float32)
    logits = shared + own * np.float32(noise)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
