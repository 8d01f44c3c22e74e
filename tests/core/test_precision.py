from pathlib import Path

import pytest

from core import precision
from core.precision import resolve_precision, slowness_note


@pytest.fixture
def set_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Give the machine a CPU of these flags and no GPU."""

    def set_flags(flags: str) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text(f"processor : 0\nmodel name : some\nflags\t\t: fpu {flags}\n\nprocessor : 1\n")
        monkeypatch.setattr(precision, "CPUINFO", cpuinfo)
        monkeypatch.setattr(precision, "_gpu_capability", lambda: None)

    return set_flags


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_auto_takes_bfloat16_on_a_cpu_with_its_instructions(set_cpu, flag: str) -> None:
    set_cpu(f"avx512f {flag} avx512_vnni")
    assert resolve_precision("auto") == "bfloat16"
    assert slowness_note("bfloat16") is None


def test_auto_takes_float32_on_a_cpu_without(set_cpu) -> None:
    set_cpu("avx2 avx512f avx512bw")
    assert resolve_precision("auto") == "float32"


def test_auto_takes_float32_where_the_cpu_does_not_say(
    set_cpu, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_cpu("amx_bf16")
    monkeypatch.setattr(precision, "CPUINFO", tmp_path / "missing")
    assert resolve_precision("auto") == "float32"


def test_what_was_asked_for_is_taken_on_any_hardware(set_cpu) -> None:
    set_cpu("amx_bf16")
    assert resolve_precision("float32") == "float32"
    set_cpu("avx2")
    assert resolve_precision("bfloat16") == "bfloat16"


@pytest.mark.parametrize(("flags", "times"), [("avx2 avx512f", "about 2 times"), ("avx2", "about 20 times")])
def test_bfloat16_without_its_instructions_says_how_slow(set_cpu, flags: str, times: str) -> None:
    set_cpu(flags)
    note = slowness_note("bfloat16")
    assert note is not None
    assert "this CPU has no instructions for it" in note
    assert times in note
    assert slowness_note("auto") is None
    assert slowness_note("float32") is None


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_a_gpu_decides_by_its_compute_capability(
    set_cpu, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    set_cpu("avx2")
    monkeypatch.setattr(precision, "_gpu_capability", lambda: capability)
    assert resolve_precision("auto") == expected
    is_slow = slowness_note("bfloat16") is not None
    assert is_slow == (expected == "float32")


def test_hidden_gpus_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert precision._gpu_capability() is None
