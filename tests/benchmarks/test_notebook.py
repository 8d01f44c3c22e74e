import keras
import numpy as np

from benchmarks.notebook import notebook_cnn
from core.config import notebook_config
from core.model import build_model, initial_weights


def test_baseline_is_the_same_function_as_ours() -> None:
    baseline = notebook_cnn((12, 8, 1), 7)
    ours = build_model(notebook_config().model, image_shape=(12, 8, 1), num_classes=7, precision="float32")
    ours.set_weights(initial_weights(ours, 0))
    baseline.set_weights(ours.get_weights())
    images = np.random.default_rng(0).random((5, 12, 8, 1), dtype=np.float32)
    softmax = keras.ops.softmax(ours(images, training=False))
    np.testing.assert_allclose(baseline(images, training=False), softmax, atol=1e-6)


def test_baseline_has_the_notebooks_order_and_arithmetic() -> None:
    layers = notebook_cnn((28, 28, 1), 10).layers
    block = ["Conv2D", "LeakyReLU", "Conv2D", "LeakyReLU", "MaxPooling2D", "Dropout"]
    assert [type(layer).__name__ for layer in layers] == [*block, *block, "Flatten", "Dense", "Dense", "Dense"]
    assert {layer.compute_dtype for layer in layers} == {"float32"}
