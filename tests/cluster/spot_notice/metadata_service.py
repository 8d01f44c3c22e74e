"""A small server on loopback that plays the clouds' metadata services, the only part that is played."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AWS_ACTION = "/latest/meta-data/spot/instance-action"
AWS_INSTANCE = "/latest/meta-data/instance-id"
AZURE_EVENTS = "/metadata/scheduledevents?api-version=2020-07-01"
AZURE_MACHINE = "/metadata/instance/compute?api-version=2021-02-01"
GCP_PREEMPTED = "/computeMetadata/v1/instance/preempted"


class Service(ThreadingHTTPServer):
    """Answers what `answers` holds (path to text), 404 for the rest, and asks for each cloud's own header."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, str] = {}
        self.tokens: list[str] = []
        """AWS's sessions, the last one valid."""
        self.is_stuck = False
        """A request is taken and not answered."""
        self.let_go = threading.Event()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def play_aws(self) -> None:
        self.answers[AWS_INSTANCE] = "i-0123456789abcdef0"

    def play_gcp(self, preempted: str = "FALSE") -> None:
        self.answers[GCP_PREEMPTED] = preempted

    def play_azure(self, events: str = '{"DocumentIncarnation": 1, "Events": []}') -> None:
        self.answers[AZURE_MACHINE] = '{"name": "workers_7", "azEnvironment": "AzurePublicCloud"}'
        self.answers[AZURE_EVENTS] = events

    def end_session(self) -> None:
        """AWS's session runs out."""
        self.tokens.append("nobody was told this one")


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_PUT(self) -> None:
        is_aws = AWS_INSTANCE in self.server.answers
        if is_aws and self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]:
            self.server.tokens.append(f"session-{len(self.server.tokens)}")
            self._answer(200, self.server.tokens[-1])
        else:
            self._answer(404, "")

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.is_stuck:
            self.server.let_go.wait()
            return
        refusal = self._refusal()
        text = self.server.answers.get(self.path)
        self._answer(refusal or (404 if text is None else 200), text or "")

    def _refusal(self) -> int | None:
        if self.path.startswith("/latest/"):
            known = self.headers["X-aws-ec2-metadata-token"] in self.server.tokens[-1:]
            return None if known else 401
        header, value = ("Metadata", "true") if self.path.startswith("/metadata/") else ("Metadata-Flavor", "Google")
        return None if self.headers[header] == value else 400

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def played() -> Iterator[Service]:
    """Serve on a free port of loopback until the block ends."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.let_go.set()
        service.shutdown()
        service.server_close()
        thread.join()
