"""A server that stops answering, with MLflow's real client in a process of its own: its end has to come."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("mlflow", reason="needs the extra mlflow")
ROOT = Path(__file__).parents[3]

SEARCH = """
import http.server, json, sys, threading
from core.config import Config
from core.store.study import StudyFolder
from search.ledger import Ledger
from search.tracking import server, tracker
from tests.search.tracking.test_tracker import MANIFEST


class Silent(http.server.BaseHTTPRequestHandler):
    num_answers = int(sys.argv[1])

    def do_POST(self):
        Silent.num_answers -= 1
        if Silent.num_answers < 0:
            threading.Event().wait()
        self.send_response(404 if "get-by-name" in self.path else 200)
        self.end_headers()
        said = {"error_code": "RESOURCE_DOES_NOT_EXIST"} if "get-by-name" in self.path else {"experiment_id": "1"}
        self.wfile.write(json.dumps(said).encode())

    do_GET = do_POST

    def log_message(self, *words):
        pass


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
web.daemon_threads = True
threading.Thread(target=web.serve_forever, daemon=True).start()
server.ANSWER_SECONDS = tracker.CLOSE_SECONDS = 2.0
ledger = Ledger(StudyFolder(sys.argv[2]), 1)
try:
    sender = tracker.new_tracker(f"http://me:c4nary@127.0.0.1:{web.server_port}", MANIFEST)
except server.ConfigError as error:
    sys.exit(str(error))
with tracker.tracked(sender, ledger, 1):
    ledger.open(0, Config(), 0, {}, "notebook")
print("searched")
"""


def searched(num_answers: int, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", SEARCH, str(num_answers), str(folder)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def test_server_that_never_answers_is_refused_at_the_start(tmp_path):
    done = searched(0, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("--mlflow must name a server that answers ")
    assert done.stderr.endswith(": no answer within 2 seconds\n")
    assert "c4nary" not in done.stderr


@pytest.mark.parametrize("num_answers", [2, 3, 4])
def test_server_that_falls_silent_lets_the_search_end(tmp_path, num_answers):
    done = searched(num_answers, tmp_path)
    assert (done.returncode, done.stdout) == (0, "searched\n")
    assert done.stderr.count("\n") == 1
    assert "the study's end could not be sent" in done.stderr
    assert "c4nary" not in done.stderr
