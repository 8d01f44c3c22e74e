"""TensorFlow as `python -m core` sets it up, and the line that says on what it computes."""

from core.device import prepare_tensorflow
from core.store.manifest import this_machine


def prepare_device() -> str:
    """Start TensorFlow for a benchmark; return what ours and the baseline alike compute on."""
    prepare_tensorflow(num_threads=None, use_gpu=True)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"computes on one GPU: {details.get('device_name', 'unknown')}"
    return f"computes on the CPU with {this_machine()['cores']} threads (TensorFlow's own choice, in ours and baseline)"
