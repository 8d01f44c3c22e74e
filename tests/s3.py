"""moto's S3 on a free port of the loopback interface, with keys that no account has: never a real bucket."""

import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # none of the user's own settings
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
UNWANTED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL_S3")


@dataclass(kw_only=True)
class S3:
    """A running server."""

    endpoint: str
    requests: list[tuple[str, str]] = field(default_factory=list)
    """What was asked, in order: LIST, GET, HEAD, PUT, POST or DELETE, and the path."""

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to take this server for S3."""
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return kept | ENVIRONMENT | {"AWS_ENDPOINT_URL": self.endpoint}

    def counts(self) -> Counter[str]:
        """Return how many requests of each kind there were since `requests` was cleared."""
        return Counter(kind for kind, _ in self.requests)

    def make_bucket(self, name: str, *, denied: Iterable[str] = ()) -> str:
        """Make a bucket whose policy denies some actions, such as s3:PutObject; return its URL."""
        client = self._client()
        client.create_bucket(Bucket=name)
        if denied:
            places = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
            statement = {"Effect": "Deny", "Principal": "*", "Action": list(denied), "Resource": places}
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        return f"s3://{name}"

    def _client(self) -> Any:
        """Return a client of boto3's own."""
        import boto3

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.endpoint, **keys)


@contextlib.contextmanager
def serve_s3() -> Iterator[S3]:
    """Run a server while the block does; this process takes it for S3 meanwhile."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from s3fs import S3FileSystem
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *words: Any) -> None:
            """Say nothing."""

    served = S3(endpoint="")
    app = _counted(DomainDispatcherApplication(create_backend_app), served.requests)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    served.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(served.environment | before | ENVIRONMENT | {"AWS_ENDPOINT_URL": served.endpoint})
        for name in UNWANTED:
            os.environ.pop(name, None)
        S3FileSystem.clear_instance_cache()  # fsspec would go on with the server of an earlier test
        yield served
    finally:
        S3FileSystem.clear_instance_cache()
        os.environ.clear()
        os.environ.update(before)
        server.shutdown()
        thread.join()


def digits_npz() -> bytes:
    """Return 300 of scikit-learn's digits as the bytes of an .npz for --data, 100 of them without labels."""
    import io

    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:300] * 15).astype(np.uint8)
    file = io.BytesIO()
    np.savez(file, x_train=images[:200], y_train=digits.target[:200], x_test=images[200:])
    return file.getvalue()


def _counted(app: Callable[..., Any], requests: list[tuple[str, str]]) -> Callable[..., Any]:
    """Return the application, which notes what it is asked."""

    def note_and_answer(environ: dict[str, Any], start_response: Any) -> Any:
        kind, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        requests.append(("LIST" if kind == "GET" and "list-type=" in query else kind, environ["PATH_INFO"]))
        return app(environ, start_response)

    return note_and_answer
