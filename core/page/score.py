"""The result: what the page says first, and its numbers with what they can tell."""

import math

from markupsafe import Markup

from core.config import Config
from core.html.blocks import facts, fold, prose, table
from core.html.page import Section
from core.metrics import accuracy, log_loss, num_errors
from core.page.material import Material
from core.store.records import EpochReport


def score_sentence(material: Material) -> str:
    """Return the result in one sentence."""
    best, last, num_epochs = material.best, material.last, len(material.record.epochs)
    num_rows = len(material.rows)
    wrong = num_errors(material.softmax, material.true)
    sentence = f"{wrong:,} errors of {num_rows:,} holdout rows after epoch {best.epoch} of {num_epochs}"
    if num_epochs == 1:
        return f"{sentence}, the only one."
    optimistic = "which these rows chose as the best: an optimistic number"
    if best is last:
        return f"{sentence}, {optimistic} (it is the last one, too)."
    return f"{sentence}, {optimistic}; {errors_of(last, num_rows):,} after the last epoch."


def errors_of(epoch: EpochReport, num_rows: int) -> int:
    """Return how many of the holdout rows were wrong after an epoch."""
    return round((1 - epoch.accuracy) * num_rows)


def standard_error(num_wrong: int, num_rows: int) -> float:
    """Return one standard error of a count of errors, of independent rows."""
    return math.sqrt(num_wrong * (1 - num_wrong / num_rows))


def score_section(material: Material, num_parameters: int | None) -> Section:
    """Return the section of scores.

    Args:
        material: of the training.
        num_parameters: of the model; None where it could not be read.
    """
    wrong = num_errors(material.softmax, material.true)
    pairs = [
        ("Epochs trained", f"{len(material.record.epochs)} of {material.config.train.epochs}"),
        ("Time in epochs", _duration(material.record.seconds)),
    ]
    if num_parameters is not None:
        pairs.append(("Weights", f"{num_parameters:,}"))
    body = _scores(material, wrong) + facts(pairs) + prose(*_notes(material, wrong))
    body += fold("The configuration, number by number", _configuration(material.config))
    return Section(anchor="result", title="Result", body=body)


def _scores(material: Material, wrong: int) -> Markup:
    """Return the scores of the best and the last epoch, and of test rows whose labels are known."""
    best, last, num_rows = material.best, material.last, len(material.rows)
    optimistic = ", optimistic" if len(material.record.epochs) > 1 else ""
    rows = [
        _score_row(f"holdout, best epoch ({best.epoch}){optimistic}", wrong, num_rows, best.accuracy, best.log_loss)
    ]
    if best is not last:
        num_last = errors_of(last, num_rows)
        rows.append(_score_row(f"holdout, last epoch ({last.epoch})", num_last, num_rows, last.accuracy, last.log_loss))
    if material.test_labels is not None:
        softmax, labels = material.test_softmax, material.test_labels
        num_wrong, loss = num_errors(softmax, labels), log_loss(softmax, labels)
        rows.append(
            _score_row("test rows set aside, best epoch", num_wrong, len(labels), accuracy(softmax, labels), loss)
        )
    columns = ["", "errors", "accuracy", "log-loss"]
    return table(columns, rows, caption="How good it is; errors with one standard error", numeric=range(1, 4))


def _score_row(name: str, num_wrong: int, num_rows: int, right: float, loss: float) -> list[str]:
    """Return a row of the scores."""
    errors = f"{num_wrong:,} ± {standard_error(num_wrong, num_rows):.1f} of {num_rows:,}"
    return [name, errors, f"{right:.4f}", f"{loss:.5f}"]


def _notes(material: Material, wrong: int) -> list[str]:
    """Return what the numbers can tell, and whom the rows have flattered."""
    num_rows, config = len(material.rows), material.config
    notes = [
        f"One standard error at {wrong:,} errors of {num_rows:,} rows is {standard_error(wrong, num_rows):.1f} errors: "
        "these rows do not tell apart what is less than about two of them away. Another seed moves the count, too."
    ]
    if len(material.record.epochs) > 1:
        has_cuts = config.train.schedule == "plateau"
        notes.append(
            "The best epoch is the one of least log-loss on the holdout rows, so that they flatter it; nobody chose "
            "the last epoch" + (", though its learning rate was cut where these rows stalled." if has_cuts else ".")
        )
    if material.manifest.command == "search":
        notes.append("A search kept or pruned this trial by the same rows, which flatters it once more.")
    if config.views > 1:
        notes.append(f"Each score is of softmax averaged over {config.views} views of an image.")
    if material.record.state == "pruned":
        notes.append(f"The search pruned this trial after {len(material.record.epochs)} epochs.")
    return notes


def _configuration(config: Config) -> Markup:
    """Return the configuration as a table, beside the notebook's."""
    usual, rows = Config().to_json(), []
    for group, value in config.to_json().items():
        if group == "model" and config.builder is not None:
            continue  # one's own function reads of these what it likes
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for name, part in parts:
            other = usual[group].get(name, "") if isinstance(usual[group], dict) else usual[group]
            rows.append([f"{group}.{name}".rstrip("."), _words(part), _words(other)])
    caption = "What was trained" + ("" if config.builder is None else f": the model of {config.builder}")
    return table(["field", "here", "the notebook's"], rows, caption=caption)


def _words(value: object) -> str:
    """Return a field's value as it is read."""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    """Return a time as people say it."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"
