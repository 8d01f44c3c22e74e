"""The stock pieces as their documentation joins them: `python -m benchmarks.stock_search SETTINGS`.

OptunaSearch (its study in memory, the default), ASHAScheduler, and `Tuner.restore` where there is something to
restore. The trainable only waits, writes a checkpoint each epoch as the documentation has it, and keeps a log of the
epochs that it trained, from which `benchmarks.stock_kills` counts.
"""

import json
import math
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

NAME = "stock"


class TellEnds(tune.Callback):
    """Prints a line for each trial that has ended."""

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Print it."""
        print(f"[ended] {trial.config['x']!r}", flush=True)


def main(settings: dict[str, Any]) -> None:
    """Run or restore the search, and print what there is in the end as JSON."""
    print("starting Ray", flush=True)
    ray.init(address="local", num_cpus=settings["num_workers"], include_dashboard=False, log_to_driver=False)
    print("Ray is there", flush=True)
    trainable = tune.with_parameters(tune.with_resources(train, {"cpu": 1}), settings=settings)
    path = str(Path(settings["folder"]) / NAME)
    if tune.Tuner.can_restore(path):
        print("restoring", flush=True)
        tuner = tune.Tuner.restore(path, trainable=trainable, resume_unfinished=True)
    else:
        tuner = new_tuner(trainable, settings)
    results = tuner.fit()
    searcher = OptunaSearch()
    searcher.restore_from_dir(results.experiment_path)
    states = Counter(trial.state.name for trial in searcher._ot_study.get_trials())
    configs = [(result.config or {}).get("x") for result in results]
    print(json.dumps({"configs": configs, "num_errors": results.num_errors, "study": states}), flush=True)


def new_tuner(trainable: Any, settings: dict[str, Any]) -> tune.Tuner:
    """Return the search as it is begun."""
    return tune.Tuner(
        trainable,
        param_space={"x": tune.uniform(0, 1), "learning_rate": tune.loguniform(1e-4, 1e-1)},
        tune_config=tune.TuneConfig(
            metric="log_loss",
            mode="min",
            search_alg=OptunaSearch(seed=settings["seed"]),
            scheduler=ASHAScheduler(max_t=settings["num_epochs"], grace_period=1, reduction_factor=3),
            num_samples=settings["num_trials"],
            max_concurrent_trials=settings["num_workers"],
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name=NAME, storage_path=settings["folder"], verbose=0, callbacks=[TellEnds()]),
    )


def train(config: dict[str, Any], settings: dict[str, Any]) -> None:
    """Wait through the epochs that are left, a checkpoint after each."""
    done = 0
    checkpoint = tune.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            done = json.loads((Path(folder) / "state.json").read_text())["epoch"]
    for epoch in range(done + 1, settings["num_epochs"] + 1):
        time.sleep(settings["epoch_seconds"])
        with Path(settings["log"]).open("a") as log:
            log.write(json.dumps({"x": config["x"], "epoch": epoch, "time": time.time()}) + "\n")
        distance = abs(config["x"] - 0.3) + abs(math.log10(config["learning_rate"]) + 2.5) / 4
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state.json").write_text(json.dumps({"epoch": epoch}))
            report = {"log_loss": distance + 1 / epoch, "epoch": epoch}
            tune.report(report, checkpoint=tune.Checkpoint.from_directory(folder))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
