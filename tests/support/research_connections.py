"""What the anonymiser reaches in its tests: functions in this process in place of bodies."""

from collections.abc import Callable, Mapping

import httpx
from support.identity_wire import NO_TLS

from consent.vocabulary import Body
from services.kit.credentials.dpop import DpopKey
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
