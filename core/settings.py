"""What the commands that train share: one dataclass, whose fields are the options of the same names."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import tyro

from core.config import VIEW_COUNTS, Precision, notebook_config, require
from core.errors import ConfigError
from core.known import KNOWN_CONFIGS
from core.own_function import is_function_name, load_function

STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
IMAGE_SHAPE = re.compile(r"(\d+)x(\d+)(?:x(\d+))?")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Settings of every command that trains."""

    # tyro keeps a help text's line breaks, so that each line below ends with a sentence
    data: Annotated[str | None, tyro.conf.arg(metavar="PATH|URL", help_behavior_hint="")] = None
    """Kaggle's zip, a folder with train.csv (test.csv, sample_submission.csv), or .npz (x_train, y_train, x_test).
    A path or a URL such as s3://bucket/data.zip (extra s3) or gs://bucket/data.zip (extra gs).
    Left out: scikit-learn's own 8x8 digits, a fifth of them set aside as test rows."""
    study: Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="")] = None
    """Name of the study's folder below --runs; an existing study goes on.
    Left out: a new name from date and time."""
    runs: Annotated[str, tyro.conf.arg(metavar="FOLDER|URL")] = "runs"
    """Folder in which studies live, or a URL such as s3://bucket/runs (extra s3) or gs://bucket/runs (extra gs)."""
    seed: int = 0
    """Seed of the split, of each training and of a search's sampler; 0 or more."""
    holdout_seed: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Seed of the split alone, so that searches of different --seed hold out the same rows and can vote together.
    Left out: --seed."""
    epochs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Passes over the train rows in one training; 1 or more.
    Left out: those of --model (the notebook's: 20), or 60 with fewer than 10,000 train rows."""
    holdout: Annotated[str, tyro.conf.arg(metavar="SHARE|tail")] = "0.2"
    """Share of the train rows held out for scoring, by class, drawn by --holdout-seed; or tail: the last 20 %."""
    image_shape: Annotated[str | None, tyro.conf.arg(metavar="HxW[xC]", help_behavior_hint="")] = None
    """Height, width and channels in pixels, such as 28x28x1.
    Left out: square, one channel (an .npz knows its own)."""
    model: Annotated[str, tyro.conf.arg(metavar="NAME|MODULE:FUNCTION")] = "notebook"
    """Configuration to start from: notebook, fast (fewest errors in 2.5 minutes on two cores) or strong (in 6).
    Or package.module:function, your own: from configuration, input shape and classes to a Keras model."""
    views: int = 1
    """Views of an image over which its prediction is averaged: 1, 5 (shifts of a pixel) or 9 (and rotations).
    The saved model is of one view."""
    precision: Precision = "auto"
    """Arithmetic of the layers; auto takes bfloat16 where this machine computes it faster than float32."""
    augment: bool = True
    """Rotate, zoom and shift train images at random, anew each epoch."""
    quiet: bool = False
    """Print warnings, the result in a line or two and what was written, nothing else."""

    def __post_init__(self) -> None:
        require(self.seed >= 0, "--seed", "0 or more", self.seed)
        require(self.seed < 2**31, "--seed", "below 2147483648", self.seed)
        is_seed = self.holdout_seed is None or 0 <= self.holdout_seed < 2**31
        require(is_seed, "--holdout-seed", "0 or more and below 2147483648", self.holdout_seed)
        require(self.epochs is None or self.epochs >= 1, "--epochs", "1 or more", self.epochs)
        is_model = self.model in KNOWN_CONFIGS or is_function_name(self.model)
        require(is_model, "--model", "notebook, fast, strong or your own package.module:function", self.model)
        require(self.views in VIEW_COUNTS, "--views", "1, 5 or 9", self.views)
        is_name = self.study is None or STUDY_NAME.fullmatch(self.study) is not None
        rule = "letters, digits, dot, dash and underscore (100 at most, a letter or digit first)"
        require(is_name, "--study", rule, repr(self.study))
        parse_holdout(self.holdout)
        parse_image_shape(self.image_shape)

    @property
    def split_seed(self) -> int:
        """The seed that draws the holdout."""
        return self.seed if self.holdout_seed is None else self.holdout_seed

    @property
    def builder(self) -> str | None:
        """The name of one's own model; None where a known configuration is named."""
        return None if self.model in KNOWN_CONFIGS else self.model

    def require_own_functions(self) -> None:
        """Import what the settings name of one's own code.

        Raises:
            ConfigError: it cannot be imported or is no function.
        """
        if self.builder is not None:
            load_function(self.builder, "--model")


def parse_holdout(text: str) -> float | None:
    """Return the holdout's share of the rows, or None for the tail split.

    Raises:
        ConfigError: neither `tail` nor a number between 0 and 1.
    """
    if text == "tail":
        return None
    try:
        share = float(text)
    except ValueError:
        raise ConfigError(f"--holdout must be tail or a share such as 0.2, got {text!r}") from None
    require(0 < share < 1, "--holdout", "tail or a share above 0 and below 1, such as 0.2", text)
    return share


def parse_image_shape(text: str | None) -> tuple[int, int, int] | None:
    """Return (height, width, channels) in pixels, or None where the shape is left to the data.

    Raises:
        ConfigError: not of the form 28x28 or 28x28x1, or a side of 0.
    """
    if text is None:
        return None
    match = IMAGE_SHAPE.fullmatch(text)
    if match is None:
        raise ConfigError(f"--image-shape must be height x width [x channels] such as 28x28x1, got {text!r}")
    height, width, channels = (int(part or 1) for part in match.groups())
    require(min(height, width, channels) >= 1, "--image-shape", "1 or more on each side", repr(text))
    return height, width, channels


def default_epochs(model: str, num_train_rows: int) -> int:
    """Return the epochs of a training that was told none: the model's own, or 60 for few rows."""
    return KNOWN_CONFIGS.get(model, notebook_config()).train.epochs if num_train_rows >= 10_000 else 60


def new_study_name() -> str:
    """Return a name from today's date and time to the second, local time."""
    return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
