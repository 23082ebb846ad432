"""Blobs: bytes too large for a database, kept under the SHA-256 of what they are; what is wrong is never returned.

A blob is at most a few megabytes, so that nobody holds more of a large document than that at a time.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from services.kit.durable import sync_folder
from services.kit.problems import Problem, UnavailableError

_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UNFINISHED: Final = ".unfinished-"


class StorageUnavailableError(UnavailableError):
    """The storage of large documents does not answer."""

    problem = Problem(
        503,
        "storage_unavailable",
        "The storage of large documents does not answer",
        "Try again in a moment; nothing was stored or sent.",
    )


class BlobMissingError(Exception):
    """No blob has this name; the message names it."""


class BlobDamagedError(Exception):
    """What is stored under a name has another digest; the message names it."""


class Blobs(Protocol):
    """Where blobs are kept. Raises: StorageUnavailableError from every method."""

    def put(self, content: bytes) -> str:
        """Keep a blob and return its name. Guarantees: durable on return; nobody ever sees a part of it."""

    def get(self, name: str) -> bytes:
        """Return a blob that has the digest it is named by. Raises: BlobMissingError, BlobDamagedError."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove blobs; one that is not there is no error."""

    def older_than(self, moment: datetime) -> Iterator[str]:
        """Return the names of everything that was put before a moment, unfinished writes too, in no order.

        Guarantees: what others keep in the same place is not named.
        """


def blob_name(content: bytes) -> str:
    """Name a blob. Shape: 64 lower-case hexadecimal digits, as some file systems know no other letters."""
    return sha256(content).hexdigest()


def is_blob_name(name: str) -> bool:
    """Tell whether `blob_name` gives such names."""
    return _NAME.fullmatch(name) is not None


def checked(name: str, content: bytes) -> bytes:
    """Return the content if it is what the name says. Raises: BlobDamagedError."""
    if blob_name(content) != name:
        raise BlobDamagedError(name)
    return content


class FileBlobs:
    """Blobs as files of one folder. See `Blobs`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, content: bytes) -> str:
        """See `Blobs`."""
        name = blob_name(content)
        target = self._path(name)
        with _available():
            target.parent.mkdir(exist_ok=True, mode=0o700)
            handle, unfinished = tempfile.mkstemp(dir=self._folder, prefix=_UNFINISHED)
            try:
                with os.fdopen(handle, "wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(opened.fileno())
                Path(unfinished).replace(target)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(unfinished).unlink()
                raise
            sync_folder(target.parent)
        return name

    def get(self, name: str) -> bytes:
        """See `Blobs`."""
        with _available():
            try:
                return checked(name, self._path(name).read_bytes())
            except FileNotFoundError as error:
                raise BlobMissingError(name) from error

    def remove(self, names: Iterable[str]) -> None:
        """See `Blobs`."""
        touched = set()
        with _available():
            for name in names:
                path = self._path(name)
                with suppress(FileNotFoundError):
                    path.unlink()
                    touched.add(path.parent)
            for folder in touched:
                sync_folder(folder)

    def older_than(self, moment: datetime) -> Iterator[str]:
        """See `Blobs`."""
        for folder in (self._folder, *(each for each in self._folder.iterdir() if each.is_dir())):
            for file in list(folder.iterdir()):
                ours = is_blob_name(file.name) or file.name.startswith(_UNFINISHED)
                with suppress(FileNotFoundError):
                    if ours and datetime.fromtimestamp(file.stat().st_mtime, UTC) < moment:
                        yield file.name

    def _path(self, name: str) -> Path:
        if name.startswith(_UNFINISHED) and "/" not in name:
            return self._folder / name
        if not is_blob_name(name):
            raise BlobMissingError("a blob's name is 64 hexadecimal digits")
        return self._folder / name[:2] / name


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # the text of an OSError names paths
        raise StorageUnavailableError(os.strerror(error.errno) if error.errno else "") from error
