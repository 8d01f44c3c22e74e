"""One trial in a process of its own: `python -m benchmarks.one_trial DATA NUM_TRAIN`.

It prints the seconds of a warm epoch; who started it knows how long all of it took.
"""

import sys

from benchmarks.device import prepare_device
from core.config import notebook_config
from core.data.load import load_dataset
from core.limits import with_batch_that_fits


def main(data: str, num_train: str) -> None:
    """Train once, as the warm process does it again and again."""
    dataset = load_dataset(data)
    prepare_device()
    from benchmarks.trials import few_rows, run_trial  # tensorflow starts in the line above

    split = few_rows(dataset, int(num_train))
    print(run_trial(with_batch_that_fits(notebook_config(), len(split.train_rows)), dataset, split, seed=0).epoch)


if __name__ == "__main__":
    main(*sys.argv[1:])
