"""Where the bodies of an embedded deployment listen and keep their things."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from consent.vocabulary import Body
from services.kit.encoding import Message

FORMAT = "sekisho-deployment/1"
DEFAULT_PORTS: Mapping[Body, int] = {
    Body.IDENTITY: 8441,
    Body.REGISTRY: 8442,
    Body.MEDICAL: 8443,
    Body.PRODUCT_SAFETY: 8444,
    Body.RESEARCH: 8445,
    Body.OVERSIGHT: 8446,
    Body.PORTAL: 8447,
}


class DeploymentError(Exception):
    """The deployment cannot be made or started as asked; the message says what to do."""


class _File(Message):
    format: str
    host: str
    ports: dict[str, int]
    register_key: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One deployment's folder, address and ports."""

    folder: Path
    host: str
    ports: Mapping[Body, int]

    @property
    def file(self) -> Path:
        """The file that says what this folder is."""
        return self.folder / "deployment.json"

    @property
    def credentials(self) -> Path:
        """The folder of the organisations' credentials, one folder each."""
        return self.folder / "credentials"

    @property
    def trust(self) -> Path:
        """The trust file: the public keys by which evidence is verified offline."""
        return self.folder / "trust.json"

    @property
    def authority(self) -> Path:
        """The accreditation CA's certificate."""
        return self.folder / "authority.pem"

    def body(self, body: Body) -> Path:
        """Return a body's own folder."""
        return self.folder / body.value

    def url(self, body: Body) -> str:
        """Return a body's address."""
        return f"https://{self.host}:{self.ports[body]}"

    def save(self, register_key: str) -> None:
        """Write the deployment file."""
        ports = {body.value: port for body, port in self.ports.items()}
        told = {"format": FORMAT, "host": self.host, "ports": ports, "register_key": register_key}
        self.file.write_text(json.dumps(told, indent=2) + "\n")


def load(folder: Path) -> tuple[Layout, str]:
    """Return the layout of an existing folder and its register key.

    Raises: DeploymentError when the folder is of another version or damaged.
    """
    file = folder / "deployment.json"
    try:
        told = _File.model_validate_json(file.read_text())
        ports = {Body(name): port for name, port in told.ports.items()}
    except (OSError, ValidationError, ValueError) as error:
        raise DeploymentError(
            f"{file} cannot be read; restore it from backup or use another folder"
        ) from error
    if told.format != FORMAT:
        raise DeploymentError(
            f"{folder} was written by another version ({told.format}; this one writes {FORMAT}); "
            "start the version that wrote it, or use another folder"
        )
    return Layout(folder, told.host, ports), told.register_key


def free_ports(host: str) -> dict[Body, int]:
    """Return a free port for every body; held together while choosing, so that no two are the same."""
    sockets = {body: socket.socket() for body in Body}
    try:
        for each in sockets.values():
            each.bind((host, 0))
        return {body: each.getsockname()[1] for body, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()
