from pathlib import Path

import pytest

from core.cli import parse
from core.errors import ConfigError
from ensemble.settings import EnsembleSettings


def parsed(*words: str) -> EnsembleSettings:
    return parse(EnsembleSettings, list(words), prog="python -m ensemble", description="d")


def test_settings_default_to_a_vote_that_chooses_for_itself() -> None:
    settings = parsed("runs/first")
    assert settings == EnsembleSettings(study="runs/first")
    assert (settings.top_k, settings.method, settings.add_member) == (None, "auto", ())
    assert settings.out_url == "runs/first/ensemble"


def test_settings_take_several_studies_before_and_after_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = parsed("runs/second", "--top-k", "3", "runs/first", "other/first")
    assert settings.studies == ("runs/second", "runs/first", "other/first")
    assert settings.out_url == "runs/second/ensemble-other-first+runs-first+runs-second"


def test_settings_take_every_option() -> None:
    words = "runs/first --top-k 3 --method mean --out there --add-member a.npz --add-member b.npz"
    settings = parsed(*words.split())
    assert settings.top_k == 3
    assert settings.out_url == "there"
    assert settings.add_member == ("a.npz", "b.npz")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"study": ""}, "STUDY_DIR must be a study's folder, got nothing"),
        ({"other_studies": ("",)}, "STUDY_DIR must be a study's folder, got nothing"),
        ({"other_studies": ("b", "runs/../b/")}, "STUDY_DIR must be given once for each study, got twice .*/b"),
        ({"top_k": 0}, "--top-k must be 1 or more, got 0"),
        ({"top_k": -3}, "--top-k must be 1 or more, got -3"),
        ({"method": "max"}, "--method must be auto, mean, logits, greedy or weighted, got max"),
        ({"method": "greedy", "top_k": 2}, "--top-k must be used with --method mean or logits .*, got greedy"),
        ({"seed": -1}, "--seed must be 0 or more, got -1"),
        ({"num_repeats": 0}, "--num-repeats must be 1 or more, got 0"),
        ({"refit": True, "among": "trials"}, "--refit must be used with the committee"),
        ({"out": ""}, "--out must be a folder, got nothing"),
        ({"add_member": ("a", "b", "./a")}, "--add-member must be given once for each file, got twice .*a"),
    ],
)
def test_settings_refuse_a_value_out_of_range(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        EnsembleSettings(**({"study": "runs/first"} | values))  # type: ignore[arg-type]
