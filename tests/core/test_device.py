import subprocess
import sys

import pytest

from core.device import prepare_tensorflow

CHILD = """
from core.device import prepare_tensorflow
prepare_tensorflow(num_threads=1, use_gpu=False)
prepare_tensorflow(num_threads=1, use_gpu=False)
import tensorflow as tf
tf.zeros(1)
threads = tf.config.threading
print(threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads())
print(tf.config.get_visible_devices("GPU"))
prepare_tensorflow(num_threads=2, use_gpu=True)
"""


def test_prepare_tensorflow_is_quiet_and_keeps_to_its_threads() -> None:
    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert child.stdout.split("\n")[:2] == ["1 1", "[]"]
    assert child.stderr == ""


def test_prepare_tensorflow_after_tensorflow_has_started_does_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    tf.zeros(1)
    prepare_tensorflow(num_threads=7, use_gpu=False)
    prepare_tensorflow(num_threads=None, use_gpu=True)
