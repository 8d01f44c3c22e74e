import json
import threading
import time

import numpy as np
import pytest

from ensemble.serve.answerer import Answerer
from ensemble.serve.app import MOST_DRAWING_BYTES, MOST_PICTURE_BYTES, MOST_WAITING, make_app
from ensemble.serve.framing import measure_framing
from tests.ensemble.serve.images import framed_by_mass, png, seven
from tests.ensemble.serve.server import BYTES, DRAWING, JSON, Server, served

FRAMING = measure_framing(framed_by_mass())
NAMES = ["ant", "bee", "<b>cat</b>"]
FILES = {"/": ("text/html", b"<!doctype html>"), "/draw.js": ("text/javascript", b"1")}


def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two members, who are of one mind where there is ink below the middle."""
    assert images.shape == (1, 28, 28, 1)
    assert images.dtype == np.uint8
    first = [0.1, 0.2, 0.7] if images[0, 15:].any() else [0.7, 0.2, 0.1]
    members = np.array([[first], [[0.3, 0.4, 0.3]]], np.float32)
    return members, members.mean(axis=0)


def served_by(answer=predict, host="127.0.0.1"):
    return served(make_app(Answerer(answer, FRAMING, NAMES), FILES, host=host))


@pytest.fixture(scope="module")
def server():
    with served_by() as started:
        yield started


def test_drawing_is_answered_by_each_member_and_the_vote(server: Server):
    asked = server.ask("/drawing", DRAWING, JSON)
    answer = asked.json
    assert asked.status == 200
    assert (answer["class"], answer["name"], answer["second"]) == (2, "<b>cat</b>", "bee")
    assert (answer["probability"], answer["margin"]) == (0.5, 0.2)
    assert answer["vote"] == pytest.approx([0.2, 0.3, 0.5])
    assert answer["members"] == [pytest.approx([0.1, 0.2, 0.7]), pytest.approx([0.3, 0.4, 0.3])]
    assert answer["image"].startswith("data:image/png;base64,")


def test_picture_is_answered(server: Server):
    asked = server.ask("/picture", png(seven()), BYTES)
    assert (asked.status, asked.json["name"]) == (200, "<b>cat</b>")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/nothing", "GET", 404), ("/draw.js/", "GET", 404), ("/../study.json", "GET", 404), ("/drawing", "GET", 405),
     ("/", "POST", 405), ("/", "DELETE", 405), ("/docs", "GET", 404), ("//", "GET", 404)],
)  # fmt: skip
def test_other_addresses_and_methods_are_refused_in_json(server: Server, path: str, method: str, status: int):
    asked = server.ask(path, method=method)
    assert asked.status == status
    assert asked.json["error"].endswith(".")


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "words"),
    [
        ("/drawing", b"junk", JSON, 400, "a drawing must be sent as"),
        ("/drawing", DRAWING, BYTES, 415, "/drawing takes application/json"),
        ("/drawing", DRAWING, {}, 415, "/drawing takes application/json"),
        ("/picture", b"junk", BYTES, 415, "no picture that can be read"),
        ("/picture", b"junk", {"content-type": "text/plain"}, 415, "takes application/octet-stream"),
        ("/drawing", b"x" * (MOST_DRAWING_BYTES + 1), JSON, 413, "At most 0.3 MB"),
        ("/picture", b"x", {**BYTES, "content-length": "99999999"}, 413, "At most 8 MB"),
    ],
)
def test_junk_is_refused_in_one_sentence(server: Server, path, body, headers, status, words):
    asked = server.ask(path, body, headers)
    assert asked.status == status
    assert words in asked.json["error"]


def test_body_without_a_length_is_cut_off_while_it_streams(server: Server):
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(10_000):
            sent += 64_000
            yield b"x" * 64_000

    asked = server.ask("/picture", endless(), BYTES)
    assert asked.status == 413
    assert sent < MOST_PICTURE_BYTES + 32_000_000  # what lay in the sockets' buffers


@pytest.mark.parametrize("path", ["/", "/draw.js", "/nothing", "/drawing"])
def test_every_answer_has_the_security_headers(server: Server, path: str):
    headers = server.ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.0.7", "[::2]:8000", ""]
)
def test_other_names_for_this_address_are_refused(server: Server, host: str):
    for path, body in (("/", None), ("/drawing", DRAWING)):
        asked = server.ask(path, body, {**JSON, "host": host})
        assert asked.status == 403
        assert "only under its own address" in asked.json["error"]


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.1:1"])
def test_own_names_are_answered(server: Server, host: str):
    assert server.ask("/", None, {"host": host}).status == 200


def test_pages_of_others_are_refused(server: Server):
    own = f"127.0.0.1:{server.port}"
    foreign = ("https://evil.example", "null", "http://localhost:9", f"http://{own}.evil.example", "")
    for origin in foreign:
        asked = server.ask("/drawing", DRAWING, {**JSON, "origin": origin})
        assert (asked.status, "its own page" in asked.json["error"]) == (403, True), origin
    assert server.ask("/drawing", DRAWING, {**JSON, "sec-fetch-site": "cross-site"}).status == 403
    assert server.ask("/drawing", DRAWING, {**JSON, "origin": f"http://{own}"}).status == 200


def test_server_for_others_answers_addresses_and_no_foreign_names():
    with served_by(host="0.0.0.0") as server:
        assert server.ask("/", None, {"host": "192.168.0.7:8000"}).status == 200
        assert server.ask("/", None, {"host": "evil.example"}).status == 403


def test_only_so_many_wait_and_one_is_answered_at_a_time():
    running, most, statuses = 0, 0, []

    def slow(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1
        return predict(images)

    with served_by(slow) as server:
        asking = [
            threading.Thread(target=lambda: statuses.append(server.ask("/drawing", DRAWING, JSON).status))
            for _ in range(3 * MOST_WAITING)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert server.ask("/drawing", DRAWING, JSON).status == 200
    assert most == 1
    assert set(statuses) <= {200, 503}
    assert len(statuses) == 3 * MOST_WAITING


def test_fault_of_ours_is_one_sentence_and_the_server_goes_on():
    def broken(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise RuntimeError("secret words")

    with served_by(broken) as server:
        asked = server.ask("/drawing", DRAWING, JSON)
        assert asked.status == 500
        assert "the server's terminal says why" in asked.json["error"]
        assert b"secret" not in asked.body
        assert "content-security-policy" in asked.headers
        assert server.ask("/").status == 200


def test_answers_are_json_that_needs_no_numbers_beyond_it(server: Server):
    answer = server.ask("/drawing", DRAWING, JSON).body
    assert json.loads(answer, parse_constant=lambda name: pytest.fail(name))
