"""An organisation's credentials on disk: one folder, every secret a file of its own, readable by the owner only."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import ValidationError

from consent import base64url
from consent.delegation import ReceivingKey
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.staff import LONGEST_NAME
from consent.vocabulary import Body
from services.gateway.errors import CredentialFolderError
from services.kit.certificates import from_pem
from services.kit.clock import system_randomness
from services.kit.encoding import Base64Url, Message
from services.kit.keys import pem, replace_private, write_new, write_private
from services.kit.server import Tls

FORMAT: Final = "sekisho-organisation/1"
R = TypeVar("R")


class _File(Message):
    format: str
    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    urls: dict[str, str]
    register_key: Base64Url
    operator_name: str | None = None


AUTHOR_KEY, NEXT_AUTHOR_KEY = "author-key.pem", "author-key.next.pem"
NAMING = "naming.secret"
STAFF = "staff.secret"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an operator at a terminal of an organisation works with.

    `register_key` is the oversight body's raw Ed25519 key in base64url: the root of trust. `author_key` signs what the
    organisation writes, `receiving_key` opens what people permit it to read; who does neither has none. `naming` is the
    secret by which documents get the same name again, also after the author key was changed; without one the author key
    is it. `staff_secret` is the organisation's secret by which operators get pseudonyms; without one the card key
    is it. `operator_name` is what the oversight body reads if it unmasks the operator.
    """

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    urls: Mapping[Body, str]
    register_key: str
    terminal_key: EllipticCurvePrivateKey = field(repr=False)
    terminal_certificate: str = field(repr=False)
    authority: str = field(repr=False)
    card_key: EllipticCurvePrivateKey = field(repr=False)
    author_key: Ed25519PrivateKey | None = field(default=None, repr=False)
    receiving_key: ReceivingKey | None = field(default=None, repr=False)
    naming: bytes | None = field(default=None, repr=False)
    staff_secret: bytes | None = field(default=None, repr=False)
    operator_name: str | None = None


def tls_of(folder: Path) -> Tls:
    """Return where the terminal's TLS files lie in a credential folder."""
    return Tls(folder / "terminal.pem", folder / "terminal-key.pem", folder / "authority.pem")


def save(credentials: Credentials, folder: Path) -> None:
    """Write a credential folder. Guarantees: mode 0600; an existing file is never overwritten.

    Raises: CredentialFolderError when the folder holds credentials already, or a part of some that were cut off.
    """
    file = folder / "organisation.json"
    if len(credentials.operator_name or "") > LONGEST_NAME:
        raise CredentialFolderError(f"a name has at most {LONGEST_NAME} characters; give a shorter one")
    if file.exists():
        raise CredentialFolderError(f"{folder} holds credentials already; choose another folder")
    told = {
        "format": FORMAT,
        "organisation": credentials.organisation,
        "operator": credentials.operator,
        "terminal": credentials.terminal,
        "urls": {body.value: url for body, url in credentials.urls.items()},
        "register_key": credentials.register_key,
        "operator_name": credentials.operator_name,
    }
    try:
        for name, content in _contents(credentials, folder).items():
            write_new(name, content)
        write_new(file, json.dumps(told, indent=2).encode() + b"\n")
    except FileExistsError as error:
        raise CredentialFolderError(
            f"{folder} holds a file of other credentials; choose another folder"
        ) from error


def _contents(credentials: Credentials, folder: Path) -> dict[Path, bytes]:
    """Return the files of a credential folder, but for the one that says whose they are."""
    tls = tls_of(folder)
    found = {tls.key: pem(credentials.terminal_key)}
    if credentials.terminal_certificate:
        found[tls.certificate] = credentials.terminal_certificate.encode()
    found[tls.authority] = credentials.authority.encode()
    found[folder / "operator-card.pem"] = pem(credentials.card_key)
    if credentials.author_key is not None:
        found[folder / AUTHOR_KEY] = pem(credentials.author_key)
    if credentials.naming is not None:
        found[folder / NAMING] = base64url.encode(credentials.naming).encode()
    if credentials.staff_secret is not None:
        found[folder / STAFF] = base64url.encode(credentials.staff_secret).encode()
    if credentials.receiving_key is not None:
        secret = base64url.encode(credentials.receiving_key.to_secret_bytes())
        found[folder / "receiving-key.secret"] = secret.encode()
    return found


def put_certificate(folder: Path, certificate: str) -> None:
    """Complete a folder that was written before its terminal was certified.

    Raises: CredentialFolderError for a folder that has a certificate, and for one of another key.
    """
    tls = tls_of(folder)
    if tls.certificate.exists():
        raise CredentialFolderError(f"{folder} has its certificate already; there is nothing to do")
    if _read(tls.key, _p256).public_key() != from_pem(certificate.encode()).public_key():
        raise CredentialFolderError(
            f"the certificate is not for the key in {folder}; name the folder it is for"
        )
    write_new(tls.certificate, certificate.encode())


def terminal_of(folder: Path) -> TerminalId:
    """Return the terminal of a credential folder, certified or not. Raises: CredentialFolderError."""
    return _read(folder / "organisation.json", _organisation).terminal


def next_author_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key that is to replace the author key: made on the first call, the same until it is exchanged."""
    file = folder / NEXT_AUTHOR_KEY
    if not file.exists():
        write_private(file, pem(Ed25519PrivateKey.generate()))
    return _read(file, _ed25519)


def exchange_author_key(folder: Path, credentials: Credentials) -> None:
    """Put the next author key in place of the present one; names of documents stay as they are."""
    if credentials.naming is None and credentials.author_key is not None:
        # A folder of an earlier version: it named by the author key that goes now.
        write_private(folder / NAMING, base64url.encode(credentials.author_key.private_bytes_raw()).encode())
    (folder / NEXT_AUTHOR_KEY).replace(folder / AUTHOR_KEY)


def name_operator(folder: Path, name: str) -> None:
    """Keep what an operator is called. Raises: CredentialFolderError."""
    file = folder / "organisation.json"
    if not 0 < len(name) <= LONGEST_NAME:
        raise CredentialFolderError(f"a name has 1 to {LONGEST_NAME} characters; give a shorter one")
    told = _read(file, _organisation).model_copy(update={"operator_name": name})
    replace_private(file, told.model_dump_json(indent=2).encode() + b"\n")


def renew_staff_secret(folders: Sequence[Path]) -> None:
    """Put one fresh secret into an organisation's folders: its operators get other pseudonyms from now on.

    Raises: CredentialFolderError when one is no such folder or they are of several organisations; none is changed then.
    """
    if len({load(folder).organisation for folder in folders}) > 1:
        raise CredentialFolderError(
            "the folders are of several organisations, which share no secret; name those of one"
        )
    secret = base64url.encode(system_randomness(32)).encode()
    for folder in folders:
        replace_private(folder / STAFF, secret)


def load(folder: Path) -> Credentials:
    """Read a credential folder. Raises: CredentialFolderError naming the file."""
    told = _read(folder / "organisation.json", _organisation)
    tls = tls_of(folder)
    return Credentials(
        organisation=told.organisation,
        operator=told.operator,
        terminal=told.terminal,
        urls={Body(name): url for name, url in told.urls.items()},
        register_key=told.register_key,
        terminal_key=_read(tls.key, _p256),
        terminal_certificate=_read(tls.certificate, bytes.decode),
        authority=_read(tls.authority, bytes.decode),
        card_key=_read(folder / "operator-card.pem", _p256),
        author_key=_optional(folder / AUTHOR_KEY, _ed25519),
        receiving_key=_optional(folder / "receiving-key.secret", _receiving_key),
        naming=_optional(folder / NAMING, _secret),
        staff_secret=_optional(folder / STAFF, _secret),
        operator_name=told.operator_name,
    )


def _read(file: Path, parse: Callable[[bytes], R]) -> R:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise CredentialFolderError(f"{file} {reason}; name a credential folder or restore it") from error
    except (ValidationError, ValueError, TypeError, ConsentError) as error:
        raise CredentialFolderError(
            f"{file} is damaged; restore the credential folder from backup"
        ) from error


def _optional(file: Path, parse: Callable[[bytes], R]) -> R | None:
    return _read(file, parse) if file.exists() else None


def _organisation(content: bytes) -> _File:
    told = _File.model_validate_json(content)
    if told.format != FORMAT:
        raise ValueError("another format")
    unknown = told.urls.keys() - {body.value for body in Body}
    if unknown:
        raise ValueError("an unknown body")
    return told


def _p256(content: bytes) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(content, password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("another kind of key")
    return key


def _ed25519(content: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(content, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("another kind of key")
    return key


def _secret(content: bytes) -> bytes:
    return base64url.decode(content.decode())


def _receiving_key(content: bytes) -> ReceivingKey:
    return ReceivingKey.from_secret_bytes(base64url.decode(content.decode()))
