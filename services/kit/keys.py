"""A body's key folder: every secret a file of its own, readable by the owner only, never in the database."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.kit.clock import Randomness, system_randomness
from services.kit.durable import sync_folder

PrivateKey = Ed25519PrivateKey | X25519PrivateKey | EllipticCurvePrivateKey


MADE: Final = "made"
"""In this folder each key that was made has an empty file of its name."""


class KeyFolderError(Exception):
    """A key file is gone, unreadable or of the wrong kind; restore it from the backup of the key folder."""


class KeyFolder:
    """Loads a named key, and makes it on first use.

    Guarantees: files are created with mode 0600, never overwritten, and never made anew once they were there: a
    body with another key would go on, and nobody could open what it has or check what it signed.
    """

    def __init__(self, path: Path, *, randomness: Randomness = system_randomness) -> None:
        self._path = path
        self._randomness = randomness

    def __repr__(self) -> str:
        return "KeyFolder(...)"

    def ed25519(self, name: str) -> Ed25519PrivateKey:
        """Return the Ed25519 signing key `name`."""
        key = self._key(name, Ed25519PrivateKey.generate)
        return key if isinstance(key, Ed25519PrivateKey) else _wrong_kind(name)

    def x25519(self, name: str) -> X25519PrivateKey:
        """Return the X25519 key `name`, to which others seal (RFC 9180)."""
        key = self._key(name, X25519PrivateKey.generate)
        return key if isinstance(key, X25519PrivateKey) else _wrong_kind(name)

    def p256(self, name: str) -> EllipticCurvePrivateKey:
        """Return the P-256 key `name` (TLS, cards, DPoP)."""
        key = self._key(name, lambda: generate_private_key(SECP256R1()))
        return key if isinstance(key, EllipticCurvePrivateKey) else _wrong_kind(name)

    def secret(self, name: str, size: int = 32) -> bytes:
        """Return the secret bytes `name`.

        Raises: KeyFolderError when the file holds another number of bytes.
        """
        file = self._path / f"{name}.secret"
        self._ensure(file, lambda: self._randomness(size))
        secret = file.read_bytes()
        if len(secret) != size:
            raise KeyFolderError(f"key file {name}.secret is not {size} bytes; restore it from backup")
        return secret

    def require_keys(self) -> None:
        """Raises: KeyFolderError when the folder has no key: the body has data, so it had keys."""
        if not any(self._path.glob("*.pem")):
            raise KeyFolderError(
                "the key folder is empty, but the database is in use; restore the folder from its backup"
            )

    def _ensure(self, file: Path, make: Callable[[], bytes]) -> None:
        made = self._path / MADE / file.name
        if not file.exists():
            # Looked at once more, as another process may have made both meanwhile: the key file comes first.
            if made.exists() and not file.exists():
                raise KeyFolderError(
                    f"key file {file.name} is missing; restore it from the backup of the key folder"
                )
            write_private(file, make())
        if not made.exists():
            write_private(made, b"")

    def _key(self, name: str, generate: Callable[[], PrivateKey]) -> object:
        file = self._path / f"{name}.pem"
        self._ensure(file, lambda: pem(generate()))
        try:
            return load_pem_private_key(file.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise KeyFolderError(f"key file {name}.pem is damaged; restore it from backup") from error


def _wrong_kind(name: str) -> NoReturn:
    raise KeyFolderError(f"key file {name}.pem holds another kind of key; restore it from backup")


def pem(key: PrivateKey) -> bytes:
    """Return `key` as unencrypted PKCS#8 PEM; for key files of mode 0600 only."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_private(file: Path, content: bytes) -> None:
    """Create `file` with mode 0600 and durable content; an existing file is left as it is."""
    with suppress(FileExistsError):
        write_new(file, content)


def write_new(file: Path, content: bytes) -> None:
    """Create `file` with mode 0600 and durable content. Raises: FileExistsError, and the file is as it was."""
    with _finished(file, content) as complete:
        # linked when complete: neither another thread nor a process killed here leaves half a file behind
        os.link(complete, file)


def replace_private(file: Path, content: bytes) -> None:
    """Put a file of mode 0600 in place of whatever file has its name, at once: a crash leaves one or the other."""
    with _finished(file, content) as complete:
        complete.replace(file)


@contextmanager
def _finished(file: Path, content: bytes) -> Iterator[Path]:
    """Write content to a file of another name beside `file`; what is done with that is durable afterwards."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        yield Path(unfinished)
        sync_folder(file.parent)
    finally:
        Path(unfinished).unlink(missing_ok=True)
