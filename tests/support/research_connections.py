"""What the anonymiser reaches in its tests: functions in this process in place of bodies, and a live register."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from support.identity_wire import NO_TLS

from consent.identifiers import (
    OperatorId,
    OrganisationId,
    TerminalId,
)
from consent.vocabulary import Body
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.register import Directory
from services.kit.credentials.callers import Peer
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.standing import TokenStanding
from services.kit.http import Http, Token


class Answering(Http):
    """A connection whose other end is a function in this process."""

    def __init__(self, url: str, answer: Callable[[str, Token | None, bytes | None], str]) -> None:
        super().__init__(url, context=NO_TLS)
        self._function = answer

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        htu: str | None = None,
    ) -> httpx.Response:
        """Ask the function."""
        return httpx.Response(200, text=self._function(f"{method} {path}", token, content))


class TokenOffice(Answering):
    """The ID centre as far as an operator's tokens go: `issue` makes one for an audience and a key."""

    def __init__(self, url: str, issue: Callable[[str, DpopKey], str]) -> None:
        super().__init__(url, lambda *_: "{}")
        self._issue = issue

    def form(
        self, path: str, fields: Mapping[str, str], *, key: DpopKey, htu: str | None = None
    ) -> httpx.Response:
        """Issue a token for the audience that is asked for."""
        token = self._issue(fields["resource"], key)
        told = {"access_token": token, "token_type": "DPoP", "expires_in": 300, "scope": ""}
        return httpx.Response(200, json=told)


class Ways:
    """Reaches every body through the connection that stands for it."""

    def __init__(self, connections: Mapping[Body, Http]) -> None:
        self._connections = connections

    def __call__(self, body: Body) -> Http:
        """Return the connection to a body."""
        return self._connections[body]

    def close(self) -> None:
        """Close all connections."""
        for each in self._connections.values():
            each.close()


class LiveRegister:
    """The fake oversight body's register, without a cache in between."""

    def __init__(self, oversight: FakeOversight) -> None:
        self._oversight = oversight

    def directory(self) -> Directory:
        """Return the present edition."""
        return self._oversight.directory()

    def peer(self, certificate_thumbprint: str) -> Peer | None:
        """See `Directory.peer`."""
        return self.directory().peer(certificate_thumbprint)

    def roles(self, organisation: OrganisationId, operator: OperatorId) -> frozenset[str]:
        """See `Directory.roles`."""
        return self.directory().roles(organisation, operator)

    def scopes(self, terminal: TerminalId) -> frozenset[str]:
        """See `Directory.scopes`."""
        return self.directory().scopes(terminal)

    def token_key(self) -> Any:
        """See `Directory.token_key`."""
        return self.directory().token_key()

    def tokens(self) -> TokenStanding:
        """Every token of the ID centre stands."""
        return TokenStanding.of_keys(self.token_key())
