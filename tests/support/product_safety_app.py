"""The product safety centre in this process: the real application behind its gate, without sockets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from support.identity_wire import NO_TLS
from support.product_safety_process import tls_settings
from support.product_safety_world import SHOP, World

from consent import base64url
from consent.vocabulary import Body
from services.kit import certificates
from services.kit.context import BodyContext, open_body
from services.kit.http import Http
from services.kit.server import PEER_CERTIFICATE
from services.product_safety import tables
from services.product_safety.app import MIGRATIONS, assemble

TERMINAL = b"test-terminal"


class InProcess(Http):
    """`Http` to an application in this process, from the terminal that the token was issued to."""

    def __init__(self, client: TestClient, world: World) -> None:
        super().__init__(world.url, context=NO_TLS)
        self._application = client

    def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = dict(sent["headers"])
        headers[TERMINAL.decode()] = _terminal(headers.get("Authorization", ""))
        answer: httpx.Response = self._application.request(
            method, self.base_url + path, content=sent["content"], params=sent["query"], headers=headers
        )
        return answer


def _terminal(authorization: str) -> str:
    claims = authorization.split(".")[1] if authorization else ""
    told = json.loads(base64url.decode(claims)) if claims else {}
    return str(told.get("organisation", SHOP))


class CertificateOfTerminal:
    """Stands for the TLS layer: puts the named terminal's certificate where the server would."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its certificate."""
        if scope["type"] == "http":
            named = [value.decode() for name, value in scope["headers"] if name == TERMINAL]
            pem = self._world.tls(named[0]).certificate.read_bytes()
            der = certificates.from_pem(pem).public_bytes(Encoding.DER)
            scope.setdefault("state", {})[PEER_CERTIFICATE] = der
        await self._app(scope, receive, send)


def open_centre(world: World, **overrides: Any) -> BodyContext:
    """Return the centre's context over its migrated database."""
    settings = world.settings(**overrides, **tls_settings(world))
    return open_body(Body.PRODUCT_SAFETY, settings, tables=tables.KIT, migrations=MIGRATIONS)


def served(world: World, context: BodyContext, **overrides: Any) -> ASGIApp:
    """Return the centre's application over an opened body, behind what stands for TLS."""
    settings = world.settings(**overrides, **tls_settings(world))
    return CertificateOfTerminal(assemble(context, world.register, settings), world)


@contextmanager
def running(world: World, **overrides: Any) -> Iterator[TestClient]:
    """Run the centre's application, its workflow engine included."""
    app = served(world, open_centre(world, **overrides), **overrides)
    with TestClient(app, base_url=world.url, raise_server_exceptions=False) as client:
        yield client


def database_file(world: World) -> Path:
    """Return the centre's SQLite file."""
    return world.folder / "centre" / "database.sqlite"
