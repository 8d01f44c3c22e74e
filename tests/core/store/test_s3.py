"""The store on moto's S3: what it costs in requests, and what is told of a bucket that is not as it has to be."""

from collections.abc import Iterator

import numpy as np
import pytest
from s3fs import S3FileSystem

from core.errors import StudyError
from core.store import files
from core.store.checkpoint import Checkpoint, read_newest_checkpoint, write_checkpoint
from core.store.study import StudyFolder
from tests.s3 import S3, serve_s3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve_s3() as served:
        served.make_bucket("bucket")
        yield served


def test_a_checkpoint_is_one_put(s3: S3) -> None:
    folder = StudyFolder("s3://bucket/runs/going").trial("t000000")
    checkpoint = Checkpoint(state={"weights": np.arange(1000)}, epochs=())
    s3.requests.clear()
    write_checkpoint(folder, 1, checkpoint)
    assert s3.counts() == {"PUT": 1}
    found = read_newest_checkpoint(folder, 1)
    assert found is not None
    np.testing.assert_array_equal(found.state["weights"], checkpoint.state["weights"])


def test_what_another_client_writes_is_seen_at_once(s3: S3) -> None:
    other = S3FileSystem(skip_instance_cache=True)
    url = "s3://bucket/runs/seen"
    assert files.list_names(url) == []
    assert not files.exists(f"{url}/a")
    other.pipe_file("bucket/runs/seen/a", b"1")
    assert files.list_names(url) == ["a"]
    assert files.exists(f"{url}/a")
    other.rm_file("bucket/runs/seen/a")
    assert files.list_names(url) == []
    assert not files.is_folder(url)


def test_images_of_55_megabytes_are_one_put_and_one_get(s3: S3) -> None:
    s3.requests.clear()
    files.write_bytes("s3://bucket/images", bytes(55_000_000))
    assert s3.counts() == {"PUT": 1}
    assert len(files.read_bytes("s3://bucket/images")) == 55_000_000
    assert s3.counts() == {"PUT": 1, "GET": 1}


def test_an_upload_in_parts_that_fails_leaves_the_old_file(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_bytes("s3://bucket/large", b"old")
    call = S3FileSystem._call_s3

    async def fail_at_third_part(self: S3FileSystem, method: str, *words: object, **options: object) -> object:
        if method == "upload_part" and options["PartNumber"] == 3:
            raise PermissionError("Access Denied")
        return await call(self, method, *words, **options)

    monkeypatch.setattr(S3FileSystem, "_call_s3", fail_at_third_part)
    with pytest.raises(StudyError, match="cannot be written: access is denied"):
        files.write_bytes("s3://bucket/large", bytes(120_000_000))
    assert files.read_bytes("s3://bucket/large") == b"old"


def test_remove_takes_a_folder_in_two_requests(s3: S3) -> None:
    for name in ("a", "b/c", "b/d"):
        files.write_bytes(f"s3://bucket/gone/{name}", b"")
    s3.requests.clear()
    files.remove("s3://bucket/gone")
    assert s3.counts() == {"LIST": 1, "POST": 1}
    assert not files.exists("s3://bucket/gone")


def test_remove_of_a_file_takes_one_request(s3: S3) -> None:
    files.write_bytes("s3://bucket/gone/a", b"")
    s3.requests.clear()
    for _ in range(2):  # there, and no more
        files.remove("s3://bucket/gone/a", is_file=True)
    assert s3.counts() == {"DELETE": 2}
    assert not files.exists("s3://bucket/gone/a")


def test_a_bucket_that_is_not_there_is_told(s3: S3) -> None:
    url = "s3://no-such-bucket/runs"
    for use in (files.exists, files.read_bytes, files.list_names, files.require_writable):
        with pytest.raises(StudyError, match=rf"^{url} .*: there is no bucket s3://no-such-bucket\. Make it, or name"):
            use(url)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject"])
def test_a_bucket_that_may_not_be_written_is_told(s3: S3, action: str) -> None:
    url = s3.make_bucket(f"no-{action[3:].lower()}", denied=[action])
    with pytest.raises(StudyError, match=rf"^{url}/runs cannot be .*: access is denied .* allowed to list, read, wri"):
        files.require_writable(f"{url}/runs")


def test_an_object_that_may_not_be_read_is_told(s3: S3) -> None:
    url = s3.make_bucket("no-get", denied=["s3:GetObject"])
    files.write_bytes(f"{url}/a", b"")
    with pytest.raises(StudyError, match=rf"^{url}/a cannot be read: access is denied"):
        files.read_bytes(f"{url}/a")


def test_missing_credentials_are_told(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    S3FileSystem.clear_instance_cache()
    try:
        for use in (files.exists, files.read_bytes, files.list_names, files.require_writable):
            with pytest.raises(
                StudyError, match=r"without credentials that are valid .* `aws configure`, or the insta"
            ):
                use("s3://bucket/runs")
    finally:
        S3FileSystem.clear_instance_cache()
