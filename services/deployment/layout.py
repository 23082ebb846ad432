"""Where the bodies of an embedded deployment listen and keep their things."""

import errno
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from consent.vocabulary import Body
from services.kit.encoding import Message

FORMAT = "sekisho-deployment/1"
IN_ORDER = (
    Body.IDENTITY,
    Body.REGISTRY,
    Body.MEDICAL,
    Body.PRODUCT_SAFETY,
    Body.RESEARCH,
    Body.OVERSIGHT,
    Body.PORTAL,
)
BASE_PORT = 8441


def ports_from(base: int) -> dict[Body, int]:
    """Return one port for each body, the first of them `base`."""
    return {body: base + place for place, body in enumerate(IN_ORDER)}


HOST = "127.0.0.1"
DEFAULT_PORTS: Mapping[Body, int] = ports_from(BASE_PORT)


class DeploymentError(Exception):
    """The deployment cannot be made or started as asked; the message says what to do."""


class _AnyVersion(BaseModel):
    format: str


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
        content = file.read_bytes()
        written = _AnyVersion.model_validate_json(content).format  # first: another version has other fields
        if written != FORMAT:
            raise DeploymentError(
                f"{folder} was written by another version ({written[:40]}; this one writes {FORMAT}); "
                "start the version that wrote it, or use another folder"
            )
        told = _File.model_validate_json(content)
        ports = {body: told.ports[body.value] for body in Body}
    except (OSError, KeyError, ValueError) as error:
        raise DeploymentError(
            f"{file} cannot be read; restore it from backup or use another folder"
        ) from error
    return Layout(folder, told.host, ports), told.register_key


def require_free_ports(layout: Layout, bodies: Iterable[Body]) -> None:
    """Check that nobody listens where the bodies will, so that no stranger's answer is taken for theirs.

    Raises: DeploymentError naming body and port.
    """
    for body in bodies:
        family = socket.AF_INET6 if ":" in layout.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((layout.host, layout.ports[body]))
            except OSError as error:
                reason = (
                    "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
                )
                raise DeploymentError(
                    f"{body.value}: port {layout.ports[body]} on {layout.host} {reason}; stop the program that "
                    "listens there, or make a deployment with other ports (--base-port)"
                ) from error


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
