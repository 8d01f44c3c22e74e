"""One's own model: made by a function of one's own, checked, and copied for use elsewhere.

The function is called as `function(config, input_shape, num_classes)` and returns a Keras model from images (n, height,
width, channels) in [0, 1] to logits (n, num_classes). Weights and whatever else it draws come from the training's seed.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from core.config import Config
from core.errors import ConfigError
from core.model import from_pixels_to_softmax
from core.own_function import call_own, load_function

SOFTMAX_LIKE = ("softmax", "sigmoid", "hard_sigmoid")


def build_own_model(
    config: Config, *, image_shape: tuple[int, int, int], num_classes: int, precision: str, seed: int
) -> keras.Model:
    """Build the model that `config.builder` makes, with the weights that a training starts from.

    Args:
        config: Its builder is imported and called with it.
        image_shape: Height, width, channels in pixels.
        num_classes: Logits an image gets.
        precision: "float32" or "bfloat16": of all layers that do not name a dtype of their own.
        seed: Of Python's, numpy's and Keras's random numbers while the function runs; in [0, 2**31).

    Returns:
        A model of float32 logits.

    Raises:
        ConfigError: the function raised an exception, or what it returned is no such model.
    """
    assert config.builder is not None, "ours are core.model's"
    what = f"--model {config.builder}"
    function = load_function(config.builder, "--model")
    with _dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32"):
        keras.utils.set_random_seed(seed)
        model = call_own(function, config, image_shape, num_classes, what=what)
        if isinstance(model, keras.Sequential) and not model.built:
            call_own(model.build, (None, *image_shape), what=what)
    _check(model, image_shape, num_classes, what)
    logits = model.outputs[0]
    if logits.dtype != "float32":
        logits = keras.layers.Activation("linear", dtype="float32", name="logits_in_float32")(logits)
    return keras.Model(model.inputs[0], logits, name=model.name)  # also where they stood in lists


def own_as_deployable(model: keras.Model) -> keras.Model:
    """Return a copy that takes pixels 0..255 and gives softmax; its layers are the model's, which it has as one.

    Args:
        model: What `build_own_model` returned; later changes of its weights do not reach the copy.
    """
    return from_pixels_to_softmax(model, lambda images: keras.models.clone_model(model)(images))


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Make layers of this dtype policy while the block runs."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check(model: Any, image_shape: tuple[int, int, int], num_classes: int, what: str) -> None:
    """Raise ConfigError unless a builder returned what can be trained and voted with."""

    def require(holds: bool, rule: str, got: object) -> None:
        if not holds:
            raise ConfigError(f"{what} must return {rule}, got {got}")

    require(isinstance(model, keras.Model), "a Keras model", type(model).__name__)
    has_graph = len(getattr(model, "inputs", None) or ()) == len(getattr(model, "outputs", None) or ()) == 1
    rule = "a functional or a Sequential model of one input and one output (keras.Model(inputs, outputs))"
    require(has_graph, rule, f"{type(model).__name__} {model.name!r}")
    images, logits = model.inputs[0], model.outputs[0]
    takes, gives = (None, *image_shape), (None, num_classes)
    require(tuple(images.shape) == takes, f"a model of images {takes}", tuple(images.shape))
    is_float = images.dtype.startswith(("float", "bfloat"))
    require(is_float, "a model of images in [0, 1], numbers with a fraction", images.dtype)
    require(tuple(logits.shape) == gives, f"a model of one logit a class, {gives}", tuple(logits.shape))
    activation = _softmax_like(model)
    require(activation is None, "logits (no activation last: the softmax is taken of what it returns)", activation)
    dtypes = {weight.dtype for weight in model.trainable_weights}
    require(dtypes == {"float32"}, "a model of float32 trainable weights", ", ".join(sorted(dtypes)) or "none")


def _softmax_like(model: keras.Model) -> str | None:
    """Return the activation of a last layer that gives probabilities, if it does; what changes nothing is passed."""
    operation, _, node_index = model.outputs[0]._keras_history
    while isinstance(operation, keras.layers.Activation | keras.layers.Identity) and _activation_of(operation) == "":
        operation, _, node_index = operation._inbound_nodes[node_index].input_tensors[0]._keras_history
    if isinstance(operation, keras.Model):
        return _softmax_like(operation) if getattr(operation, "outputs", None) else None
    name = _activation_of(operation)
    return f"{name} ({operation.name})" if name in SOFTMAX_LIKE else None


def _activation_of(operation: Any) -> str:
    """Return the name of a layer's or an operation's activation; nothing for none and for a linear one."""
    operations = {"Softmax": "softmax", "Sigmoid": "sigmoid", "HardSigmoid": "hard_sigmoid"}  # a layer's, keras.ops'
    activation = getattr(operation, "activation", None)
    name = getattr(activation, "__name__", None) or operations.get(type(operation).__name__, "")
    return "" if name == "linear" else str(name)
