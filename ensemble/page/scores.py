"""The result in words, and the scores that stand behind it."""

from markupsafe import Markup

from core.html.blocks import facts, prose, table
from core.html.page import Section
from core.html.words import count, counted, nats, nats_range, percent, percent_range
from ensemble.estimate import HonestPart
from ensemble.nested import HonestScore
from ensemble.page.evidence import Evidence
from ensemble.result import SCORED_ON, Scores, VoteResult

COLUMNS = ("who", "on", "rows", "errors", "accuracy", "95 % interval", "log-loss", "95 % interval")


def result_in_words(result: VoteResult) -> str:
    """Return how good such a vote is, in a sentence, and what this one has on the rows that chose it."""
    who = f"This vote of {len(result.voters)} members" if len(result.voters) > 1 else "This vote, of one member alone,"
    vote, rows = result.vote, _rows(result)
    own = f"{who} makes {counted(vote.num_errors, 'error')} on the {vote.num_rows:,} {rows} that chose it"
    if result.estimate is None:
        return f"{own} ({percent(vote.accuracy)} right): optimistic, and too few rows for an honest estimate."
    part = result.estimate.parts[-1]
    where = rows if part.name == "all rows" else part.name
    return (
        f"Chosen anew on other rows each time, such a vote makes {counted(part.vote.num_errors, 'error')} on "
        f"{part.vote.num_rows:,} {where} ({percent(part.vote.accuracy)} right, 95 % interval "
        f"{percent_range(part.vote.accuracy_interval)}): {_against_the_best(part)}. {own}: optimistic."
    )


def _rows(result: VoteResult) -> str:
    """Return what the scored rows are called."""
    return "holdout rows" if result.rows.kind == "holdout" else "out-of-fold rows"


def _against_the_best(part: HonestPart) -> str:
    """Return the difference from the best single member's errors, and whether it can be told from chance."""
    difference = round(part.comparison.errors, 1)
    if difference == 0:
        return "as many as the best single member chosen the same way"
    verdict = "" if part.comparison.is_distinguishable else ", not distinguishable"
    side = "fewer" if difference < 0 else "more"
    return f"{count(abs(difference))} {side} than the best single member chosen the same way{verdict}"


def scores_section(evidence: Evidence) -> Section:
    """Return the scores: honest ones first, the optimistic ones called so."""
    result = evidence.result
    parts = [_facts(result), _scores(evidence)]
    if result.estimate is not None:
        parts += [prose(*_comparisons(result)), _methods(result)]
    if result.refit:
        parts.append(prose("The test rows are predicted by trainings on all rows, which no row can score."))
    return Section(anchor="result", title="The result", body=Markup("").join(parts), lead=_how(result))


def _how(result: VoteResult) -> str:
    """Return how the vote came about, and how it was scored."""
    how = f"Chosen: {result.choice_reason}."
    if result.estimate is None:
        return how
    estimate = result.estimate
    return (
        f"{how} The honest score: the rows are dealt into {estimate.num_parts} parts, "
        f"{'once' if estimate.num_repeats == 1 else f'{estimate.num_repeats} times'}; "
        "members, weights and method are chosen anew on all parts but one and scored on that one."
    )


def _facts(result: VoteResult) -> Markup:
    """Return what is to be known at a glance."""
    pairs = [
        ("members", count(len(result.voters))),
        ("averaged", "logits" if result.of_logits else "softmax"),
        ("scored on", f"{result.vote.num_rows:,} {_rows(result)}"),
        ("test rows", f"{result.num_test:,}"),
    ]
    if result.test_accuracy is not None:
        pairs.append(("accuracy on test rows set aside", percent(result.test_accuracy)))
    return facts(pairs)


def _scores(evidence: Evidence) -> Markup:
    """Return the table of all scores."""
    result, rows = evidence.result, []
    for part in () if result.estimate is None else result.estimate.parts:
        rows.append(("vote, honest", part.name, *_honest(part.vote)))
        rows.append(("best single member, honest", part.name, *_honest(part.best_single)))
    rows.append(("vote, optimistic", "the rows that chose it", *_optimistic(result.vote)))
    best = f"best single member ({result.best.member_id}), optimistic"
    rows.append((best, "the rows that chose it", *_optimistic(result.best.scores)))
    return table(COLUMNS, rows, caption=f"Scores; optimistic: {SCORED_ON.partition(':')[0]}", numeric=range(2, 8))


def _honest(score: HonestScore) -> tuple[str, ...]:
    """Return the cells of an honest score."""
    return (
        f"{score.num_rows:,}",
        count(score.num_errors),
        percent(score.accuracy),
        percent_range(score.accuracy_interval),
        nats(score.log_loss),
        nats_range(score.log_loss_interval),
    )


def _optimistic(scores: Scores) -> tuple[str, ...]:
    """Return the cells of a score on the rows that chose, which has no interval that would mean anything."""
    accuracy = percent(scores.accuracy)
    return f"{scores.num_rows:,}", f"{scores.num_errors:,}", accuracy, "", nats(scores.log_loss), ""


def _comparisons(result: VoteResult) -> list[str]:
    """Return the vote against the best single member, in words, for each part; and what flatters both."""
    assert result.estimate is not None
    lines = [
        f"Vote against best single member, {part.name}: {part.comparison.words}." for part in result.estimate.parts
    ]
    if result.rows.kind == "holdout":
        lines.append(
            "These rows chose each trial's epoch too, which flatters both; a committee's rows choose no epoch."
        )
    return lines


def _methods(result: VoteResult) -> Markup:
    """Return what each method would have come to, where they were compared."""
    if result.estimate is None or not result.estimate.methods:
        return Markup("")
    rows = [
        (name, count(score.num_errors), nats(score.log_loss), nats_range(score.log_loss_interval))
        for name, score in result.estimate.methods.items()
    ]
    caption = f"The methods that were compared, honest, {result.estimate.parts[-1].name}"
    return table(("method", "errors", "log-loss", "95 % interval"), rows, caption=caption, numeric=(1, 2, 3))
