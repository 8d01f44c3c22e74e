from pathlib import Path

from core.page.curves import curves_section
from core.page.score import score_section, score_sentence
from tests.core.page.making import make_material, words_of


def test_the_result_calls_the_best_epoch_optimistic_and_names_the_last(tmp_path: Path) -> None:
    sentence = score_sentence(make_material(tmp_path))
    assert sentence == (
        "2 errors of 6 holdout rows after epoch 2 of 3, which these rows chose as the best: an optimistic number; "
        "5 after the last epoch."
    )


def test_an_only_epoch_was_chosen_by_nobody(tmp_path: Path) -> None:
    material = make_material(tmp_path, num_epochs=1)
    assert score_sentence(material) == "2 errors of 6 holdout rows after epoch 1 of 1, the only one."
    assert "optimistic" not in score_section(material, None).body
    assert "the only epoch" not in curves_section(material).lead


def test_scores_carry_their_standard_error(tmp_path: Path) -> None:
    words = words_of(score_section(make_material(tmp_path), 1234).body)
    assert "holdout, best epoch (2), optimistic 2 ± 1.2 of 6 0.6667 0.25000" in words
    assert "holdout, last epoch (3) 5 ± 0.9 of 6" in words
    assert "Weights 1,234" in words


def test_a_searchs_trial_is_called_chosen_once_more(tmp_path: Path) -> None:
    words = words_of(score_section(make_material(tmp_path, command="search", state="pruned"), None).body)
    assert "which flatters it once more" in words
    assert "pruned this trial after 3 epochs" in words
