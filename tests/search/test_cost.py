import pytest

from core.config import ModelConfig
from search.cost import forward_mflops


def test_forward_mflops_of_the_notebook_are_those_that_were_counted():
    # the measurements of the time a step takes were made of 38.2 MFLOP an image
    assert forward_mflops(ModelConfig(), (28, 28, 1)) == pytest.approx(38.2, abs=0.05)


def test_forward_mflops_count_each_conv_and_dense_layer():
    model = ModelConfig(filters=(2, 4), convs_per_block=(1, 2), kernel_sizes=(5, 3), dense_units=(10, 5))
    convs = 9 * 7 * 25 * 3 * 2 + 4 * 3 * 9 * (2 * 4 + 4 * 4)  # 9x7 pixels of 3 channels, then 4x3 of 2 filters
    dense = 2 * 1 * 4 * 10 + 10 * 5
    assert forward_mflops(model, (9, 7, 3)) == pytest.approx(2 * (convs + dense) / 1e6)


def test_forward_mflops_without_dense_layers_are_the_convs_alone():
    model = ModelConfig(filters=(4,), convs_per_block=(1,), kernel_sizes=(1,), dense_units=())
    assert forward_mflops(model, (2, 2, 1)) == pytest.approx(2 * 16 / 1e6)
