"""Blobs in S3-compatible object storage, through obstore (the `object_store` library of Rust)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store
from pydantic import BaseModel, ConfigDict

from services.kit.blobs import BlobMissingError, StorageUnavailableError, blob_name, checked, is_blob_name

REMOVED_AT_ONCE: Final = 500
TRIES: Final = 3


class ObjectStorageError(Exception):
    """The file with the credentials is missing or unusable; the message says what belongs in it."""


class Bucket(BaseModel):
    """Which bucket, where; and how long to wait for it. Units: seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    endpoint: str
    region: str
    prefix: str
    timeout: float


class ObjectBlobs:
    """Blobs as objects of one bucket: each is put whole, which S3 makes visible at once or not at all. See `Blobs`."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, content: bytes) -> str:
        """See `Blobs`."""
        name = blob_name(content)
        with _available():
            obstore.put(self._store, name, content, use_multipart=False)
        return name

    def get(self, name: str) -> bytes:
        """See `Blobs`."""
        with _available():
            try:
                return checked(name, bytes(obstore.get(self._store, name).bytes()))
            except (NotFoundError, FileNotFoundError) as error:
                raise BlobMissingError(name) from error

    def remove(self, names: Iterable[str]) -> None:
        """See `Blobs`."""
        wanted = list(names)
        for start in range(0, len(wanted), REMOVED_AT_ONCE):
            with _available():
                obstore.delete(self._store, wanted[start : start + REMOVED_AT_ONCE])

    def older_than(self, moment: datetime) -> Iterator[str]:
        """See `Blobs`; S3 shows no unfinished writes."""
        with _available():
            for some in obstore.list(self._store):
                yield from (
                    each["path"]
                    for each in some
                    if is_blob_name(each["path"]) and each["last_modified"] < moment
                )


def open_bucket(bucket: Bucket, credentials: Path) -> ObjectBlobs:
    """Return the blobs of a bucket; `credentials` holds the id of the access key and its secret, a line each.

    Raises: ObjectStorageError.
    """
    key, secret = _read_credentials(credentials)
    store = S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        endpoint=bucket.endpoint or None,
        region=bucket.region,
        access_key_id=key,
        secret_access_key=secret,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://127.0.0.1:"),
            "timeout": timedelta(seconds=bucket.timeout),
        },
        retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=bucket.timeout)},
    )
    return ObjectBlobs(store)


def _read_credentials(file: Path) -> tuple[str, str]:
    try:
        lines = file.read_text().split()
    except OSError as error:
        raise ObjectStorageError(
            f"{file} cannot be read; write the access key's id and its secret into it, a line each"
        ) from error
    if len(lines) != 2:
        raise ObjectStorageError(f"{file} has to hold the access key's id and its secret, a line each")
    return lines[0], lines[1]


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        return
    except (BaseError, OSError) as error:
        # the error's text can hold addresses and what the storage answered
        raise StorageUnavailableError(type(error).__name__) from error
