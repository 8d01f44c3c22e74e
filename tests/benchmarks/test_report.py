import io
import json
from datetime import date
from typing import Any

from rich.console import Console

from benchmarks.report import Benchmark, Finding, json_line, machine_line, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement, Ratio
from benchmarks.settings import BenchmarkSettings


def printed(*, quick: bool = False, peak_megabytes: float | None = None, **options: Any) -> list[str]:
    """Return what a benchmark prints in which ours takes 0.5 s and the baseline 2 s for 100 images."""

    def contender(name: str, seconds: float) -> Contender:
        measured = Measurement(seconds=seconds, peak_megabytes=peak_megabytes)
        return Contender(name=name, measure=lambda: measured)

    described: dict[str, Any] = {
        "name": "sorting",
        "contenders": (contender("ours, [fast]", 0.5), contender("theirs", 2.0)),
        "comparisons": (
            Comparison(key="theirs", ours="ours, [fast]", baseline="theirs"),
            Comparison(key="theirs_cost", ours="ours, [fast]", baseline="theirs"),
            Comparison(key="memory_cost", ours="ours, [fast]", baseline="theirs", of_memory=True),
        ),
        "num_images": 100,
        "notes": ("both sort the same numbers",),
    }
    stream = io.StringIO()
    run_benchmark(Benchmark(**(described | options)), BenchmarkSettings(quick=quick), Console(file=stream, width=120))
    return stream.getvalue().splitlines()


def row(lines: list[str], name: str) -> list[str]:
    found = next(line for line in lines if name in line and "│" in line)
    return [cell.strip() for cell in found.strip("│").split("│")]


def test_json_line_is_the_benchmark_and_its_ratios_to_three_digits() -> None:
    ratios = {
        "keras_float32": Ratio(value=1.90449, least=1, most=2),
        "warm_cost": Ratio(value=0.00061234, least=0, most=1),
    }
    expected = '{"benchmark": "train_step", "ratios": {"keras_float32": 1.9, "warm_cost": 0.000612}}'
    assert json_line("train_step", ratios) == expected


def test_json_line_has_the_findings_beside_the_ratios() -> None:
    findings = [Finding(key="errors", value=1057, words=""), Finding(key="share", value=0.80349, words="")]
    expected = '{"benchmark": "b", "ratios": {"x": 2.0}, "errors": 1057, "share": 0.803}'
    assert json_line("b", {"x": Ratio(value=2.0, least=1, most=3)}, findings) == expected


def test_findings_are_made_of_the_measurements_and_said_in_their_words() -> None:
    lines = printed(find=lambda found: [Finding(key="rounds", value=len(found["theirs"]), words="two or more")])
    assert "rounds: two or more" in lines
    assert json.loads(lines[-1])["rounds"] == 7


def test_a_benchmark_may_have_its_own_number_of_rounds_but_in_a_quick_run() -> None:
    assert any("15 interleaved rounds of 100 images" in line for line in printed(num_rounds=15))
    assert any("1 interleaved rounds of 100 images" in line for line in printed(num_rounds=15, quick=True))


def test_table_has_no_rate_where_images_are_no_measure() -> None:
    lines = printed(num_images=None)
    assert row(lines, "ours") == ["ours, [fast]", "0.500 s", "0.500 s", "0.500 s"]
    assert any(line.strip() == "sorting: 7 interleaved rounds" for line in lines)


def test_the_json_line_comes_last_and_has_both_directions() -> None:
    assert json.loads(printed()[-1]) == {"benchmark": "sorting", "ratios": {"theirs": 4.0, "theirs_cost": 0.25}}


def test_ratios_are_said_in_words_with_their_direction() -> None:
    text = "\n".join(printed())
    assert "theirs: ours, [fast], is 4 times as fast as theirs: larger is better" in text
    assert "theirs_cost: ours, [fast], takes 0.25 times as long as theirs: smaller is better" in text


def test_table_has_a_row_a_contender() -> None:
    lines = printed(num_steps=4)
    assert row(lines, "ours") == ["ours, [fast]", "0.500 s", "0.500 s", "0.500 s", "200", "125.0"]
    assert row(lines, "2.000 s") == ["theirs", "2.000 s", "2.000 s", "2.000 s", "50", "500.0"]
    assert any("7 interleaved rounds of 100 images" in line for line in lines)


def test_table_shows_memory_where_it_was_measured() -> None:
    lines = printed(peak_megabytes=123.4)
    assert row(lines, "ours") == ["ours, [fast]", "0.500 s", "0.500 s", "0.500 s", "123"]
    assert any("peak MB" in line for line in lines)


def test_memory_is_compared_in_words_and_left_out_where_it_was_not_measured() -> None:
    lines = printed(peak_megabytes=123.4)
    words = "memory_cost: ours, [fast], has 1 times the peak memory of theirs: smaller is better"
    assert any(line.startswith(words) for line in lines)
    assert json.loads(lines[-1])["ratios"]["memory_cost"] == 1.0
    assert not any("memory_cost" in line for line in printed())


def test_full_run_has_five_rounds_or_more_and_a_quick_one_says_that_it_is_none() -> None:
    assert BenchmarkSettings().num_rounds >= 5
    warning = "a quick run: the figures are not worth quoting"
    assert warning in printed(quick=True)
    assert warning not in printed()


def test_machine_line_names_cores_versions_and_date() -> None:
    line = machine_line()
    for part in (" cores, ", "python 3.", "tensorflow 2.", "keras 3.", str(date.today())):
        assert part in line


def test_machine_and_notes_stand_above_the_table() -> None:
    machine, note, *_ = printed()
    assert " cores, " in machine
    assert note == "both sort the same numbers"
