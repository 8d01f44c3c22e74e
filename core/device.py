"""TensorFlow set up for the share of the machine that this process was given."""

import contextlib
import os
import sys
from types import ModuleType

from core.quiet import stderr_held_back


def prepare_tensorflow(*, num_threads: int | None, use_gpu: bool) -> None:
    """Load tensorflow quietly and keep it to its share. Call it before anything else uses tensorflow.

    A second call changes nothing: threads and devices are fixed once tensorflow has started.

    Args:
        num_threads: Threads of one operation; None takes all CPUs that this process may use.
        use_gpu: False hides every GPU; True takes a GPU's memory as it is needed, so that several
            processes can share one.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not use_gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    tf = _import_quietly()
    # each raises once tensorflow has started, when there is nothing left to set
    with contextlib.suppress(RuntimeError):
        if num_threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(num_threads)
            # the graph is one chain: a second inter-op thread measured no faster, and would exceed the share
            tf.config.threading.set_inter_op_parallelism_threads(1)
    with contextlib.suppress(RuntimeError):
        if use_gpu:
            for gpu in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(gpu, True)
        else:
            tf.config.set_visible_devices([], "GPU")


def _import_quietly() -> ModuleType:
    """Import tensorflow without the lines that it writes whatever its log level is."""
    if "tensorflow" not in sys.modules:
        with stderr_held_back():
            import tensorflow
    import tensorflow

    return tensorflow
