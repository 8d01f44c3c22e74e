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

TRAIN = """
import time
import numpy as np
from core.device import prepare_tensorflow
prepare_tensorflow(num_threads=1, use_gpu=False)
from core.config import notebook_config
from core.data.dataset import assemble_dataset
from core.data.split import Split
from core.train import Trainer
images = np.random.default_rng(0).integers(0, 256, (640, 28, 28, 1), dtype=np.uint8)
labels = [str(row % 3) for row in range(640)]
dataset = assemble_dataset(name="noise", x_train=images, raw_labels=labels, x_test=images[:9])
split = Split(train_rows=np.arange(512), holdout_rows=np.arange(512, 640), method="x", fingerprint="x", num_left_out=0)
trainer = Trainer(notebook_config(), dataset, split, seed=0)
trainer.run_epoch()
cpu, wall = time.process_time(), time.perf_counter()
for _ in range(5):
    trainer.run_epoch()
print((time.process_time() - cpu) / (time.perf_counter() - wall))
"""


@pytest.mark.slow  # a process of its own that imports tensorflow
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


@pytest.mark.slow  # and this one
def test_a_training_on_one_thread_takes_one_core() -> None:
    child = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True)
    # 1.0 to 1.02 measured, about 1.9 with two threads; another process beside it can only lower the share
    assert float(child.stdout) < 1.3
