import pytest

from benchmarks.rounds import (
    Comparison,
    Contender,
    Measurement,
    is_measured,
    median_seconds,
    ratio_of,
    run_rounds,
    timed,
)


def measurements(*seconds: float) -> list[Measurement]:
    return [Measurement(seconds=value) for value in seconds]


FOUND = {"ours": measurements(1, 2, 9), "baseline": measurements(8, 6, 9)}


def test_rounds_interleave_after_one_of_each_that_is_thrown_away() -> None:
    calls: list[str] = []

    def contender(name: str) -> Contender:
        def measure() -> Measurement:
            calls.append(name)
            return Measurement(seconds=len(calls))

        return Contender(name=name, measure=measure)

    found = run_rounds([contender("a"), contender("b")], 3)
    assert "".join(calls) == "ab" + "ab" * 3
    assert found == {"a": measurements(3, 5, 7), "b": measurements(4, 6, 8)}


def test_median_is_of_the_seconds_whatever_their_order() -> None:
    assert median_seconds(measurements(9, 1, 2)) == 2
    assert median_seconds(measurements(4, 1)) == 2.5


def test_a_speed_is_larger_where_ours_takes_less_time() -> None:
    ratio = ratio_of(Comparison(key="keras_float32", ours="ours", baseline="baseline"), FOUND)
    assert ratio.value == 8 / 2  # of the medians
    assert (ratio.least, ratio.most) == (9 / 9, 8 / 1)  # of single rounds


def test_a_cost_is_smaller_where_ours_takes_less_time() -> None:
    ratio = ratio_of(Comparison(key="warm_cost", ours="ours", baseline="baseline"), FOUND)
    assert ratio.value == 2 / 8
    assert (ratio.least, ratio.most) == (1 / 8, 9 / 9)


def test_a_cost_of_memory_is_of_the_peaks() -> None:
    def peaks(*megabytes: float | None) -> list[Measurement]:
        return [Measurement(seconds=index, peak_megabytes=value) for index, value in enumerate(megabytes)]

    comparison = Comparison(key="cold_memory_cost", ours="ours", baseline="baseline", of_memory=True)
    found = {"ours": peaks(80, 90, 100), "baseline": peaks(720, 720, 500), "unknown": peaks(None, None, None)}
    ratio = ratio_of(comparison, found)
    assert ratio.value == 90 / 720
    assert (ratio.least, ratio.most) == (80 / 720, 100 / 500)
    assert is_measured(comparison, found)
    unknown = Comparison(key="cold_memory_cost", ours="ours", baseline="unknown", of_memory=True)
    assert not is_measured(unknown, found)
    assert is_measured(Comparison(key="cold_cost", ours="ours", baseline="unknown"), found)


def test_memory_is_compared_as_a_cost_only() -> None:
    with pytest.raises(AssertionError, match="its name must end in _cost"):
        Comparison(key="memory", ours="ours", baseline="baseline", of_memory=True)


def test_timed_takes_the_time_of_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    done: list[str] = []
    assert timed(lambda: done.append("work"))() == Measurement(seconds=2.5)
    assert done == ["work"]
