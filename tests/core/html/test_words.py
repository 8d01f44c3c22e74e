from core.html.words import count, counted, name_in_short, names_in_short, percent


def test_words_are_short_and_exact() -> None:
    assert percent(0.99626).replace("\N{NO-BREAK SPACE}", " ") == "99.626 %"
    assert [count(157.0), count(2.3333), count(1234)] == ["157", "2.3", "1,234"]
    assert [counted(1, "error"), counted(0, "error")] == ["1 error", "0 errors"]


def test_a_long_name_is_cut_where_it_tells_least() -> None:
    assert name_in_short("a" * 30) == "a" * 23 + "…"
    assert name_in_short("two\nlines") == "two lines"
    assert name_in_short("/very/long/folder/of/someone/theirs.npz", from_its_end=True) == "…r/of/someone/theirs.npz"


def test_names_that_would_look_alike_are_cut_in_the_middle() -> None:
    assert names_in_short(["one", "a" * 30], longest=5) == ["one", "aaaa…"]
    assert names_in_short(["number 17", "number 18"], longest=6) == ["nu… 17", "nu… 18"]
    assert names_in_short(["same", "same"]) == ["same", "same"]
    assert names_in_short(["abcde1fghij", "abcde2fghij", "b"], longest=6) == ["abcd…0", "abcd…1", "b"]
