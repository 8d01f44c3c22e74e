"""An AWS account that is none: moto's server on the loopback interface, which notes what it is asked."""

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

REGION = "us-west-2"
CLOSED_PORT = "http://127.0.0.1:9"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}
REFUSAL = (
    "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code><Message>There is no capacity for {machine}."
    "</Message></Error></Errors><RequestID>1</RequestID></Response>"
)
FAKE_SSH = """#!/bin/sh
echo "$0 $@" >> "$FAKE_MACHINES/commands"
"""
# what `ray up` sends lies in the folder of the machines afterwards, one file a name
FAKE_RSYNC = """#!/bin/sh
for word do source=$target target=$word; done
[ -f "$source" ] && cp "$source" "$FAKE_MACHINES/$(basename "$target")"
echo "$0 $@" >> "$FAKE_MACHINES/commands"
"""


@dataclass(kw_only=True)
class Account:
    """A server that answers as AWS does."""

    endpoint: str
    home: Path
    """Of whoever commands the cluster: `ray up` keeps its key there."""
    machines: Path
    """What was sent to the machines, none of which is there, and `commands`, run there over ssh."""
    actions: list[str] = field(default_factory=list)
    """What was asked, in order: `ec2:RunInstances`."""
    refused: set[str] = field(default_factory=set)
    """Types of machines of which there are none just now."""

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to take this server for AWS, and to reach nothing else."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **KEYS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            # a request for any other address ends at a port where nobody listens
            "HTTP_PROXY": CLOSED_PORT,
            "HTTPS_PROXY": CLOSED_PORT,
            "NO_PROXY": "127.0.0.1,localhost",
            "PATH": f"{self.machines / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "FAKE_MACHINES": str(self.machines),
            "RAY_AUTH_MODE": "token",
        }

    def client(self, service: str) -> Any:
        """Return a client of boto3's own; in a process with this account's environment."""
        import boto3

        return boto3.client(service, region_name=REGION)

    def instances(self) -> list[dict[str, Any]]:
        """Return the machines that cost money, the oldest first."""
        states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        pages = self.client("ec2").describe_instances(Filters=states)["Reservations"]
        return [instance for page in pages for instance in page["Instances"]]

    def commands(self) -> str:
        """Return what was run on machines over ssh, or sent to them."""
        return (self.machines / "commands").read_text()


@contextlib.contextmanager
def serve_aws(folder: Path) -> Iterator[Account]:
    """Run a server while the block does; this process takes it for AWS meanwhile, with a home of its own."""
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # Ray's defaults name some
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *words: Any) -> None:
            """Say nothing."""

    account = Account(endpoint="", home=folder / "home", machines=folder / "machines")
    _make_home(account)
    app = _noted(DomainDispatcherApplication(create_backend_app), account)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    account.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = dict(os.environ)
    try:
        environment = account.environment
        os.environ.clear()
        os.environ.update(environment)
        yield account
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.shutdown()
        thread.join()


def _make_home(account: Account) -> None:
    token = account.home / ".ray" / "auth_token"
    token.parent.mkdir(parents=True)
    token.write_text("a" * 64)
    token.chmod(0o600)
    programs = account.machines / "bin"
    programs.mkdir(parents=True)
    for name, text in (("ssh", FAKE_SSH), ("rsync", FAKE_RSYNC)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)


def _noted(app: Callable[..., Any], account: Account) -> Callable[..., Any]:
    """Return the application, which notes what it is asked and refuses machines of which there are none."""

    def note_and_answer(environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        service = environ.get("HTTP_AUTHORIZATION", "///").split("/")[3]
        asked = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        account.actions.append(f"{service}:{asked.get('Action', environ['REQUEST_METHOD'])}")
        machine = asked.get("InstanceType")
        if asked.get("Action") == "RunInstances" and machine in account.refused:
            start_response("500 Internal Server Error", [("Content-Type", "text/xml")])
            return [REFUSAL.format(machine=machine).encode()]
        return app(environ, start_response)

    return note_and_answer
