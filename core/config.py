"""The configuration of one training: frozen dataclasses, validated once, written to JSON and read back.

A `Config` holds every number that decides what is trained; the data, the split and the seed stand beside it.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints

from core.errors import ConfigError
from core.own_function import is_function_name

Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["plateau", "cosine"]
BatchNorm = Literal["none", "block", "conv"]
Knob = bool | int | float | str
VIEW_COUNTS = (1, 5, 9)
"""What `Config.views` may be; `core.views` has them."""


def require(holds: bool, name: str, rule: str, got: object) -> None:
    """Raise ConfigError unless `holds`: `name` must be `rule`, got `got`."""
    if not holds:
        raise ConfigError(f"{name} must be {rule}, got {got}")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A CNN of blocks (convolutions, pooling, dropout) and dense layers; the defaults are the notebook's."""

    filters: tuple[int, ...] = (32, 64)
    """Filters of each block's convolutions, one number a block, each >= 1."""
    convs_per_block: tuple[int, ...] = (2, 2)
    """Convolutions in each block, one number a block, each >= 1."""
    kernel_sizes: tuple[int, ...] = (3, 3)
    """Side of each block's square kernels in pixels, one number a block, odd, 1 to 11."""
    batch_norm: BatchNorm = "none"
    """none: convolutions have biases instead; block: one batch normalisation a block, after its pooling; conv: one
    after each convolution, a block's last after its pooling."""
    leaky_relu_slope: float = 0.3
    """Slope of the convolutions' LeakyReLU for negative inputs, in [0, 1); 0 is ReLU."""
    pool_size: int = 2
    """Side and stride of the max-pooling that ends a block, in pixels, >= 2."""
    block_dropout: float = 0.25
    """Share of activations dropped after each block, in [0, 1)."""
    dense_units: tuple[int, ...] = (256, 32)
    """Units of the hidden dense layers (ReLU), in order; may be empty."""
    dense_dropout: float = 0.0
    """Share of activations dropped after each hidden dense layer, in [0, 1). The notebook has none."""

    def __post_init__(self) -> None:
        require(len(self.filters) >= 1, "model.filters", "one number or more", self.filters)
        for name in ("filters", "convs_per_block", "kernel_sizes", "dense_units"):
            numbers = getattr(self, name)
            require(all(type(n) is int for n in numbers), f"model.{name}", "whole numbers", numbers)
            require(all(n >= 1 for n in numbers), f"model.{name}", "1 or more each", numbers)
        for name in ("convs_per_block", "kernel_sizes"):
            numbers = getattr(self, name)
            rule = f"one number a block ({len(self.filters)} for filters {self.filters})"
            require(len(numbers) == len(self.filters), f"model.{name}", rule, numbers)
        are_odd = all(side % 2 == 1 and side <= 11 for side in self.kernel_sizes)
        require(are_odd, "model.kernel_sizes", "odd numbers from 1 to 11", self.kernel_sizes)
        require(self.batch_norm in get_args(BatchNorm), "model.batch_norm", "none, block or conv", self.batch_norm)
        require(0 <= self.leaky_relu_slope < 1, "model.leaky_relu_slope", "in [0, 1)", self.leaky_relu_slope)
        require(self.pool_size >= 2, "model.pool_size", "2 or more", self.pool_size)
        require(0 <= self.block_dropout < 1, "model.block_dropout", "in [0, 1)", self.block_dropout)
        require(0 <= self.dense_dropout < 1, "model.dense_dropout", "in [0, 1)", self.dense_dropout)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How the weights are found; the defaults are the notebook's."""

    epochs: int = 20
    """Passes over the train rows, >= 1."""
    batch_size: int = 256
    """Images a step, >= 1; the last step of an epoch takes what is left."""
    learning_rate: float = 1e-3
    """Adam's learning rate at the start (plateau) or at its peak (cosine), > 0."""
    schedule: Schedule = "plateau"
    """plateau: cut when the holdout accuracy stalls (the notebook's); cosine: warm-up, then half a cosine to 0."""
    plateau_patience_epochs: int = 2
    """Epochs without a better holdout accuracy before a cut, >= 1."""
    plateau_factor: float = 0.5
    """What a cut multiplies the learning rate by, in (0, 1)."""
    min_learning_rate: float = 1e-5
    """Floor of the plateau's cuts, >= 0."""
    warmup_fraction: float = 0.1
    """Share of all steps over which the cosine schedule's rate climbs linearly, in [0, 1)."""
    label_smoothing: float = 0.0
    """Probability mass moved from the true class to all classes alike, in [0, 1). Metrics are never smoothed."""
    ema_decay: float = 0.0
    """Scoring and predicting use averaged weights, of which each step replaces 1 - this share; in [0, 1), 0 is off."""

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "train.epochs", "1 or more", self.epochs)
        require(self.batch_size >= 1, "train.batch_size", "1 or more", self.batch_size)
        is_rate = math.isfinite(self.learning_rate) and self.learning_rate > 0
        require(is_rate, "train.learning_rate", "a number above 0", self.learning_rate)
        require(self.schedule in ("plateau", "cosine"), "train.schedule", "plateau or cosine", self.schedule)
        patience = self.plateau_patience_epochs
        require(patience >= 1, "train.plateau_patience_epochs", "1 or more", patience)
        require(0 < self.plateau_factor < 1, "train.plateau_factor", "in (0, 1)", self.plateau_factor)
        require(self.min_learning_rate >= 0, "train.min_learning_rate", "0 or more", self.min_learning_rate)
        require(0 <= self.warmup_fraction < 1, "train.warmup_fraction", "in [0, 1)", self.warmup_fraction)
        require(0 <= self.label_smoothing < 1, "train.label_smoothing", "in [0, 1)", self.label_smoothing)
        require(0 <= self.ema_decay < 1, "train.ema_decay", "in [0, 1)", self.ema_decay)


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Ranges of the random affine that each train image goes through each epoch; the defaults are the notebook's.

    There is no flip: a mirrored 2 or 7 is no digit that anyone writes, and in many image sets (text, left and
    right shoes, X-rays) a mirror changes what is shown.
    """

    rotation_degrees: float = 10.0
    """The angle is drawn from [-this, this], 0 to 180 degrees."""
    zoom: float = 0.1
    """Height and width are scaled apart, each factor from [1 - this, 1 + this]; in [0, 1)."""
    width_shift: float = 0.1
    """Horizontal shift as a share of the width, from [-this, this]; in [0, 1)."""
    height_shift: float = 0.1
    """Vertical shift as a share of the height, from [-this, this]; in [0, 1)."""

    def __post_init__(self) -> None:
        degrees = self.rotation_degrees
        require(0 <= degrees <= 180, "augment.rotation_degrees", "in 0..180", degrees)
        for name in ("zoom", "width_shift", "height_shift"):
            value = getattr(self, name)
            require(0 <= value < 1, f"augment.{name}", "in [0, 1)", value)

    @property
    def is_identity(self) -> bool:
        """True where no image would change, so that the resampling can be left out."""
        return self == NO_AUGMENT


NO_AUGMENT = AugmentConfig(rotation_degrees=0.0, zoom=0.0, width_shift=0.0, height_shift=0.0)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that decides what one trial trains, but for data, split and seed."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    precision: Precision = "auto"
    """Arithmetic of the layers; auto takes bfloat16 where this machine computes it faster than float32."""
    views: int = 1
    """Softmax is the mean over so many views of an image: itself, 4 shifts (5), and 4 rotations (9)."""
    builder: str | None = None
    """`package.module:function` that makes one's own model (see `core.builder`); None is the CNN of `model`."""
    extra: Mapping[str, Knob] = field(default_factory=dict, hash=False)  # no hash: a dict has none
    """Knobs of one's own that such a function reads: numbers, texts, and yes or no, by names as Python's."""

    def __post_init__(self) -> None:
        require(type(self.views) is int and self.views in VIEW_COUNTS, "views", "1, 5 or 9", self.views)
        is_builder = self.builder is None or is_function_name(self.builder)
        require(is_builder, "builder", "None or package.module:function", repr(self.builder))
        require(isinstance(self.extra, dict), "extra", "a dict of named values", repr(self.extra))
        for name, value in self.extra.items():
            is_name = isinstance(name, str) and name.isidentifier()
            require(is_name, "a name in extra", "made of letters, digits and underscores", repr(name))
            is_value = type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))
            require(is_value, f"extra[{name!r}]", "a finite number, a text, True or False", repr(value))
        object.__setattr__(self, "extra", dict(self.extra))  # whoever made it keeps no hand in it

    def to_json(self) -> dict[str, Any]:
        """Return the nested dict that `from_json` reads back."""
        return dict(json.loads(json.dumps(dataclasses.asdict(self))))  # tuples become lists, as on disk

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Config":
        """Build a Config from `to_json`'s dict.

        Raises:
            ConfigError: an unknown field, or a value out of its range.
        """
        return _from_dict(cls, raw, "config")


def notebook_config() -> Config:
    """Return the configuration of the notebook that this project grew from (see README, results)."""
    return Config()


def _from_dict(cls: type, raw: dict[str, Any], where: str) -> Any:
    """Build dataclass `cls` from `raw`, lists as tuples, nested dataclasses from nested dicts."""
    if not isinstance(raw, dict):
        raise ConfigError(f"{where} must be an object of named fields, got {type(raw).__name__}")
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(raw) - known)
    require(not unknown, where, f"made of the fields {', '.join(sorted(known))}", ", ".join(unknown))
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if dataclasses.is_dataclass(hints[name]):
            value = _from_dict(hints[name], value, f"{where}.{name}")
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    try:
        return cls(**values)
    except TypeError as error:  # a number where a list belongs, a text where a number does
        raise ConfigError(f"{where} must hold values of its fields' types: {error}") from error
