"""cluster/Dockerfile: what it is built on, and what it holds."""

import re

import pytest

from cluster.check import kubernetes
from tests.cluster.guide import ROOT
from tests.cluster.policy_kubernetes import loose_images

DOCKERFILE = (ROOT / "cluster" / "Dockerfile").read_text()


def test_image_has_the_projects_own_python_and_packages() -> None:
    wanted = kubernetes.versions()
    assert loose_images(DOCKERFILE, wanted) == []
    (sync,) = re.findall(r"uv sync .*", DOCKERFILE.replace("\\\n", ""))
    assert f"--python {wanted['python']} --no-dev" in sync
    assert set(re.findall(r"--extra (\w+)", sync)) == {"cluster", "gpu", "s3", "gs"}
    assert re.findall(r"pip install .*? (\S+==\S+)", DOCKERFILE) == re.findall(
        r"--user (uv==\S+)", (ROOT / "cluster" / "config.yaml").read_text()
    )


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        ("python:3.11-slim-bookworm", "must name patch and distribution"),
        ("python:3.11.16", "must name patch and distribution"),
        ("python:3.11.16-slim", "must name patch and distribution"),
        ("python:latest", "must name patch and distribution"),
        ("python", "must name patch and distribution"),
        ("python:3.11.16-slim-bookworm@sha256:1", "must name patch and distribution"),
        ("python:3.12.1-slim-bookworm", "must have Python 3.11"),
    ],
)
def test_policy_catches_an_image_that_is_not_pinned(image: str, complaint: str) -> None:
    text = re.sub(r"^FROM \S+", f"FROM {image}", DOCKERFILE, flags=re.MULTILINE)
    assert loose_images(text, kubernetes.versions()) == [f"{image} {complaint}"]


def test_image_may_be_pinned_by_its_digest_as_well() -> None:
    text = re.sub(r"^(FROM \S+)", rf"\1@sha256:{64 * '0'}", DOCKERFILE, flags=re.MULTILINE)
    assert loose_images(text, kubernetes.versions()) == []


def test_image_finds_its_environment_in_a_login_shell_too() -> None:
    path = "PATH=/opt/softvote/.venv/bin:$PATH"  # KubeRay starts Ray with bash -lc, which sets PATH anew
    assert f"ENV {path}" in DOCKERFILE
    assert f"RUN echo 'export {path}' > /etc/profile.d/softvote.sh" in DOCKERFILE


def test_image_holds_what_travels_to_other_clusters_but_the_token() -> None:
    copied = set(re.findall(r"^COPY (\S+)", DOCKERFILE, re.MULTILINE))
    assert copied == {"core", "search", "ensemble", "cluster/spot_notice", "cluster/prices.csv", "pyproject.toml"}
    let_in = {
        line[1:] for line in (ROOT / "cluster" / "Dockerfile.dockerignore").read_text().splitlines() if "!" in line
    }
    assert let_in == copied
