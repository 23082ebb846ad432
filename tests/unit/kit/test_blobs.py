"""What every storage of blobs promises: files of a folder, and an S3 service on this machine."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from services.kit.blobs import (
    BlobDamagedError,
    BlobMissingError,
    Blobs,
    FileBlobs,
    StorageUnavailableError,
)
from services.kit.object_storage import Bucket, ObjectStorageError, open_bucket

FUTURE = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(days=1)
CREDENTIALS = "an-id\na-secret-that-nobody-prints\n"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def bucket_of(endpoint: str, folder: Path, name: str = "records", *, timeout: float = 60) -> Blobs:
    (folder / "credentials").write_text(CREDENTIALS)
    told = Bucket(name=name, endpoint=endpoint, region="us-east-1", prefix="medical", timeout=timeout)
    return open_bucket(told, folder / "credentials")


@pytest.fixture(params=["files", "objects"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path / "blobs")
    endpoint: str = request.getfixturevalue("s3")
    name = f"records-{os.urandom(6).hex()}"
    httpx.put(f"{endpoint}/{name}", timeout=60).raise_for_status()
    return bucket_of(endpoint, tmp_path, name)


def test_blob_is_named_by_its_digest_and_comes_back_as_it_was(blobs: Blobs) -> None:
    for content in (b"", b"a", os.urandom(1 << 20)):
        name = blobs.put(content)
        assert name == sha256(content).hexdigest()
        assert blobs.get(name) == content
        assert blobs.put(content) == name


def test_what_is_not_there_is_missing_and_removing_it_is_no_error(blobs: Blobs) -> None:
    kept, gone = blobs.put(b"kept"), blobs.put(b"gone")
    for _ in range(2):
        blobs.remove([gone, sha256(b"never").hexdigest()])
        with pytest.raises(BlobMissingError):
            blobs.get(gone)
    assert blobs.get(kept) == b"kept"


def test_what_was_put_before_a_moment_is_listed(blobs: Blobs) -> None:
    names = {blobs.put(bytes([each])) for each in range(5)}
    assert set(blobs.older_than(FUTURE)) == names
    assert set(blobs.older_than(PAST)) == set()


def test_what_others_keep_in_the_same_bucket_is_not_taken_for_a_blob(tmp_path: Path, s3: str) -> None:
    """LD7: what no row names is swept away, and a backup beside the segments is in no row."""
    bucket = f"{s3}/shared-{os.urandom(6).hex()}"
    httpx.put(bucket, timeout=60).raise_for_status()
    for name in ("medical/database.backup", f"medical/older/{'0' * 64}", "0" * 64):
        httpx.put(f"{bucket}/{name}", content=b"a backup", timeout=60).raise_for_status()
    blobs = bucket_of(s3, tmp_path, bucket.rpartition("/")[2])
    ours = blobs.put(b"ours")
    assert list(blobs.older_than(FUTURE)) == [ours]


def test_object_that_is_no_longer_what_it_is_named_is_not_returned(tmp_path: Path) -> None:
    files = FileBlobs(tmp_path / "blobs")
    name = files.put(b"a segment")
    file = next((tmp_path / "blobs").glob(f"*/{name}"))
    for changed in (b"a segmenT", b"a segmen", b""):
        file.write_bytes(changed)
        with pytest.raises(BlobDamagedError):
            files.get(name)


@pytest.mark.parametrize(
    "name", ["../secret", "", "A" * 64, "0" * 63, ".unfinished-/../../x", "0" * 64 + "\n"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    files = FileBlobs(tmp_path / "blobs")
    with pytest.raises(BlobMissingError):
        files.get(name)


def test_death_while_writing_leaves_nothing_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is cut off at every moment: no blob is there, and what is left over is found and removed."""
    files = FileBlobs(tmp_path / "blobs")

    class DiedError(BaseException):
        """Stands for the process's end."""

    def die(*_given: object) -> None:
        raise DiedError

    for target, name in ((os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, die)
            patch.setattr(Path, "unlink", die)
            with pytest.raises(DiedError):
                files.put(b"half a segment")
        with pytest.raises(BlobMissingError):
            files.get(sha256(b"half a segment").hexdigest())
        left = list(files.older_than(FUTURE))
        assert len(left) == 1
        files.remove(left)
    assert [each for each in (tmp_path / "blobs").rglob("*") if each.is_file()] == []


def test_full_disk_is_unavailable_and_says_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    files = FileBlobs(tmp_path / "blobs")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailableError) as refused:
        files.put(b"x")
    assert str(tmp_path) not in refused.value.detail
    assert "space" in refused.value.detail
    assert list(files.older_than(FUTURE)) == []


def test_storage_that_does_not_answer_is_unavailable_and_tells_no_secret(tmp_path: Path) -> None:
    """Nobody listens there: every method says so in the same words, without address or credentials."""
    down = bucket_of("http://127.0.0.1:9", tmp_path, timeout=0.5)
    for ask in (
        lambda: down.put(b"x"),
        lambda: down.get("0" * 64),
        lambda: down.remove(["0" * 64]),
        lambda: list(down.older_than(FUTURE)),
    ):
        with pytest.raises(StorageUnavailableError) as refused:
            ask()
        assert "127.0.0.1" not in refused.value.detail
        assert "a-secret" not in str(refused.value)
    assert "a-secret" not in repr(down)


@pytest.mark.parametrize("content", [None, "", "only-an-id", "id secret more"])
def test_credentials_that_are_none_are_refused_by_name_of_the_file(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "credentials"
    if content is not None:
        file.write_text(content)
    told = Bucket(name="b", endpoint="", region="r", prefix="", timeout=1.0)
    with pytest.raises(ObjectStorageError, match="credentials"):
        open_bucket(told, file)
