"""Serving the FHIR face on this machine's loopback address, and the file with its secret."""

import secrets
import socket
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from consent.vocabulary import Purpose
from services.gateway.errors import CredentialFolderError
from services.gateway.fhir_face.answering import BASE
from services.gateway.fhir_face.app import HOLD_SECONDS, create_face
from services.gateway.fhir_face.audit import AuditBook
from services.gateway.fhir_face.held import Held
from services.gateway.fhir_face.records import Records
from services.gateway.organisation import Organisation
from services.kit.keys import write_private
from services.kit.server import PortInUseError, WithoutTraces

LOOPBACK: Final = "127.0.0.1"
SECRET_BYTES: Final = 32
MOST_HELD_BYTES: Final = 200_000_000


def secret_in(file: Path) -> str:
    """Return the secret of a file that only its owner reads; made when it is new. Raises: CredentialFolderError."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(SECRET_BYTES).encode() + b"\n")
    if file.stat().st_mode & 0o077:
        raise CredentialFolderError(f"{file} can be read by others; chmod 600 it, or name a new file")
    found = file.read_text(encoding="ascii").strip()
    if len(found) < SECRET_BYTES:
        raise CredentialFolderError(
            f"{file} holds no secret of at least {SECRET_BYTES} signs; name a new file"
        )
    return found


def listen(port: int) -> socket.socket:
    """Return a socket on the loopback address; port 0 chooses one. Raises: PortInUseError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise PortInUseError(f"port {port} cannot be used ({error.strerror}); name another one") from error
    listener.listen(64)
    return listener


def address(listener: socket.socket) -> str:
    """Return the base address of the face behind a socket."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}{BASE}"


def face_of(
    organisation: Organisation, audit: Path, *, secret: str, url: str, purpose: Purpose = Purpose.TREAT
) -> FastAPI:
    """Return the face of an organisation, which notes in the file `audit` what it does. Raises: AuditFileError."""
    held = Held(clock=organisation.clock, seconds=HOLD_SECONDS, most_bytes=MOST_HELD_BYTES)
    book = AuditBook(audit, organisation, purpose=purpose)
    records = Records(organisation, held, book, purpose=purpose)
    return create_face(records, secret=secret, url=url, clock=organisation.clock)


def server_of(app: FastAPI) -> uvicorn.Server:
    """Return a server for the face; `run(sockets=[...])` serves until it is told to stop."""
    config = uvicorn.Config(
        WithoutTraces(app), server_header=False, access_log=False, log_level="warning", lifespan="off"
    )
    return uvicorn.Server(config)
