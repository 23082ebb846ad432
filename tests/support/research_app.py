"""The anonymiser in this process: the real application behind its gate, without sockets."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from support.identity_wire import NO_TLS
from support.research_world import AUDITOR, UNIVERSITY, URL, World

from consent.identifiers import (
    OrganisationId,
)
from consent.vocabulary import Body
from services.contracts.research.client import ResearchClient
from services.gateway.organisation import Organisation
from services.kit.context import BodyContext, open_body
from services.kit.http import Http
from services.kit.server import PEER_CERTIFICATE
from services.research import tables
from services.research.app import MIGRATIONS, assemble

TERMINAL_HEADER = "x-test-terminal"


@contextmanager
def running(
    world: World, *, organisation: Callable[[], Organisation] | None = None, **overrides: Any
) -> Iterator["Running"]:
    """Run the anonymiser; without `organisation` it is accredited."""
    settings = world.settings(**overrides)
    context = open_body(Body.RESEARCH, settings, tables=tables.KIT, migrations=MIGRATIONS, clock=world.clock)
    world.keys[Body.RESEARCH] = context.keys
    world.oversight.put_body(world.entry(Body.RESEARCH))
    own = world.anonymiser()
    app = assemble(
        context,
        settings,
        register=world.register,
        organisation=organisation or (lambda: own),
        witnesses=[],
    )
    served = _Certificates(app, world.certificates)
    with TestClient(served, base_url=URL, raise_server_exceptions=False) as client:
        yield Running(world, client, context)


class _Certificates:
    """Stands for the TLS layer: puts the named terminal's certificate where the server would."""

    def __init__(self, app: ASGIApp, held: Mapping[OrganisationId, bytes]) -> None:
        self._app = app
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = [value.decode() for name, value in scope["headers"] if name == TERMINAL_HEADER.encode()]
            scope.setdefault("state", {})[PEER_CERTIFICATE] = (
                self._held.get(OrganisationId(named[0])) if named else None
            )
        await self._app(scope, receive, send)


class InProcess(Http):
    """`Http` to the anonymiser in this process, from one organisation's terminal."""

    def __init__(self, client: TestClient, member: OrganisationId) -> None:
        super().__init__(URL, context=NO_TLS)
        self._application = client
        self._member = member

    def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {**sent["headers"], TERMINAL_HEADER: self._member}
        answer: httpx.Response = self._application.request(
            method, URL + path, content=sent["content"], params=sent["query"], headers=headers
        )
        return answer


@dataclass
class Running:
    """The running anonymiser."""

    world: World
    client: TestClient
    context: BodyContext

    def http(self, member: OrganisationId = UNIVERSITY) -> Http:
        """Return a connection from a member's terminal."""
        return InProcess(self.client, member)

    def research(self, member: OrganisationId = UNIVERSITY) -> ResearchClient:
        """Return the client of a member."""
        return ResearchClient(self.http(member))

    def events(self) -> list[Mapping[str, Any]]:
        """Return every event of the log, oldest first."""
        with self.context.database.read() as conn:
            size = self.context.journal.tree.size(conn)
            openings = self.context.journal.openings(conn, list(range(size)))
        return [openings[position].event for position in sorted(openings)]

    def findings(self) -> list[Mapping[str, Any]]:
        """Return what the audit finds."""
        token = self.world.token(AUDITOR)
        found: list[Mapping[str, Any]] = self.http(AUDITOR).get("/audit", token=token)["findings"]
        return found
