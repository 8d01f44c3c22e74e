"""Which arithmetic a training uses: bfloat16 where the hardware computes it faster than float32.

Source: the notebook's CNN, batch 256, TensorFlow 2.21, two cores. AMD EPYC (Zen 5, avx512_bf16): 120 ms a step in
float32, 61 in bfloat16; the same machine kept from its bfloat16 instructions: 241 (oneDNN emulates them with plain
AVX-512) and 2450 (no oneDNN, as without AVX-512). Intel with amx_bf16: 156 and 72.
"""

import os
import sys
from pathlib import Path
from typing import Literal

from core.config import Precision

CPU_FLAGS_THAT_PAY = frozenset({"amx_bf16", "avx512_bf16"})
GPU_CAPABILITY_THAT_PAYS = (8, 0)
"""Compute capability of NVIDIA's Ampere, the first with bfloat16 tensor cores."""
CPUINFO = Path("/proc/cpuinfo")
GPU_NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""One of these is there wherever NVIDIA's driver is (the second under Windows' Linux)."""


def resolve_precision(precision: Precision) -> Literal["float32", "bfloat16"]:
    """Return the arithmetic to train in: what was asked for, or for auto what is faster on this hardware."""
    if precision != "auto":
        return precision
    return "bfloat16" if _pays_here() else "float32"


def slowness_note(precision: Precision) -> str | None:
    """Return one line to show where the precision asked for is slower than float32 here; None where it is not."""
    if precision != "bfloat16" or _pays_here():
        return None
    capability = _gpu_capability()
    if capability is not None:
        where, expect = f"this GPU (compute capability {capability[0]}.{capability[1]})", "slower than float32"
    elif "avx512f" in _cpu_flags():
        where, expect = "this CPU", "about 2 times as long a step as in float32"
    else:
        where, expect = "this CPU", "about 20 times as long a step as in float32"
    return f"bfloat16 was asked for, but {where} has no instructions for it: expect {expect}"


def _pays_here() -> bool:
    """True where bfloat16 is the faster arithmetic on the device that would train."""
    capability = _gpu_capability()
    if capability is not None:
        return capability >= GPU_CAPABILITY_THAT_PAYS
    return bool(CPU_FLAGS_THAT_PAY & _cpu_flags())


def _gpu_capability() -> tuple[int, int] | None:
    """Return the compute capability of the GPU that this process may use; None where it has none."""
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    has_driver = any(node.exists() for node in GPU_NODES)
    if "tensorflow" not in sys.modules and (is_hidden or not has_driver):
        return None  # known without the seconds that loading tensorflow takes
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return None
    return tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))


def _cpu_flags() -> frozenset[str]:
    """Return the CPU's feature flags as Linux names them; none where it does not say."""
    try:
        lines = CPUINFO.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())
