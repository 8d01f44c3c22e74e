"""Stratified folds: each train row is scored once, by a model that was not trained on it."""

import numpy as np

from core.data.dataset import Dataset
from core.data.split import Split, make_split, require_images_of_each_class
from core.data.twins import first_identical_rows


def fold_splits(dataset: Dataset, num_folds: int, seed: int) -> tuple[Split, ...]:
    """Return one split a fold: the fold's rows are its holdout, all others its train rows.

    Folds are stratified by class over the different images; identical images share a fold, so that none is
    trained on in one place and scored in another.

    Args:
        dataset: Its train rows are split.
        num_folds: 2 or more.
        seed: Draws the folds.

    Raises:
        DataError: a class has fewer different images than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold  # 1 s and 90 MB that a worker with its Split need not pay

    images = first_identical_rows(dataset.x_train)
    representatives = np.unique(images)
    strata = dataset.labels[representatives]
    advice = "Ask for fewer folds, add rows or remove the class"
    require_images_of_each_class(dataset, strata, num_folds, f"--folds {num_folds}", advice)
    folds = StratifiedKFold(n_splits=num_folds, shuffle=True, random_state=seed).split(representatives, strata)
    return tuple(_split_of(dataset, np.isin(images, representatives[drawn]), num_folds) for _, drawn in folds)


def whole_split(dataset: Dataset, watched: Split) -> Split:
    """Return the split of a training on every row.

    Args:
        dataset: Its train rows are all trained on.
        watched: The rows of its holdout are scored while training goes on, so that a training that fails is
            seen; they are trained on too, so that such a score means nothing else.
    """
    is_watched = np.zeros(len(dataset.labels), dtype=bool)
    is_watched[watched.holdout_rows] = True
    return make_split(dataset, np.ones(len(dataset.labels), dtype=bool), is_watched, "all rows")


def _split_of(
    dataset: Dataset,
    is_fold: np.ndarray,  # (num_rows,) bool
    num_folds: int,
) -> Split:
    """Return the split whose holdout is the fold."""
    return make_split(dataset, ~is_fold, is_fold, f"fold of {num_folds}")
