from core.store import files
from search.cluster.node_check import check_node, describe_code


def test_check_node_writes_what_it_reads_and_describes_its_code(tmp_path):
    files.write_bytes(str(tmp_path / "probe"), b"nonce")
    answer = check_node(str(tmp_path / "probe"), str(tmp_path / "answer"), ())
    assert (answer["reaches"], answer["error"]) == (True, None)
    assert (tmp_path / "answer").read_bytes() == b"nonce"
    assert {"search/trainable.py", "core/trial.py", "store/files.py"} <= set(answer["files"])
    assert answer["versions"]["numpy"]
    assert answer == answer | describe_code(())


def test_check_node_leaves_no_trace_where_the_folder_is_not_shared(tmp_path):
    answer = check_node(str(tmp_path / "other/probe"), str(tmp_path / "other/answer"), ())
    assert (answer["reaches"], answer["error"]) == (False, None)
    assert not (tmp_path / "other").exists()


def test_check_node_tells_a_kind_of_url_that_it_cannot_open(tmp_path):
    answer = check_node("nosuchkind://bucket/probe", "nosuchkind://bucket/answer", ())
    assert "nosuchkind" in answer["error"]


def test_describe_code_tells_own_modules_apart_and_misses_absent_ones(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_net_of_test.py").write_text("A = 1")
    before = describe_code(("own_net_of_test", "no_such_module"))["modules"]
    (tmp_path / "own_net_of_test.py").write_text("A = 2")
    after = describe_code(("own_net_of_test", "no_such_module"))["modules"]
    assert before["own_net_of_test"] != after["own_net_of_test"]
    assert before["no_such_module"] == after["no_such_module"] == ""
