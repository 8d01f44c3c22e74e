"""Notes each epoch that any process of a command begins and ends, where SOFTVOTE_EPOCH_LOG names a file for it.

Python imports this by its name in every process that has this folder in PYTHONPATH, Ray's workers too.
"""

import functools
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time
from types import ModuleType
from typing import Any

WATCHED = "core.train"


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the trainer's module be loaded as ever, and wraps its epoch."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> Any:
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_watch(module: ModuleType) -> None:
                load(module)
                _watch(module)

            spec.loader.exec_module = load_and_watch  # type: ignore[method-assign]
        return spec


def _watch(module: ModuleType) -> None:
    """Note the beginning and the end of each epoch of the module's trainer."""
    run_epoch = module.Trainer.run_epoch

    @functools.wraps(run_epoch)
    def noted(trainer: Any) -> Any:
        epoch = len(trainer.epochs) + 1
        _note(trainer._seed, epoch, "begun")
        report = run_epoch(trainer)
        _note(trainer._seed, epoch, "ended")
        return report

    module.Trainer.run_epoch = noted


def _note(seed: int, epoch: int, event: str) -> None:
    """Append a line, in one write."""
    line = json.dumps({"seed": seed, "epoch": epoch, "event": event, "process": os.getpid(), "time": time.time()})
    with open(os.environ["SOFTVOTE_EPOCH_LOG"], "ab", buffering=0) as file:  # noqa: PTH123
        file.write(line.encode() + b"\n")


if "SOFTVOTE_EPOCH_LOG" in os.environ:
    sys.meta_path.insert(0, _Finder())
