"""Requests with right credentials and any body at all, answers as they come: for showing what bad input gets."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from support.nonces import learn_nonce

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.deployment.layout import Layout
from services.deployment.organisations import credential_folder
from services.gateway.credentials import tls_of
from services.kit.clock import system_clock, system_randomness
from services.kit.http import Token, client_context
from services.kit.server import Tls

PROBLEM = "application/problem+json"
JSON = "application/json"
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Caller:
    """Somebody with a TLS certificate (but for browsers) and with tokens (but for bodies)."""

    name: str
    context: ssl.SSLContext = field(repr=False)
    token: Callable[[str], Token] | None = field(repr=False)

    def headers(
        self, method: str, url: str, *, proof_url: str | None = None, content: bytes | None = None
    ) -> dict[str, str]:
        """Return the credentials of one request with this content."""
        if self.token is None:
            return {}
        target = proof_url or url
        token = self.token(target.split("/", 3)[0] + "//" + target.split("/", 3)[2])
        learn_nonce(token.key, target, self.context)
        return {"Authorization": f"DPoP {token.value}", "DPoP": proof(token, method, target, content)}


def proof(token: Token, method: str, url: str, content: bytes | None = None) -> str:
    """Return a new DPoP proof for one request."""
    return token.key.proof(
        method=method,
        url=url.partition("?")[0],
        now=system_clock(),
        randomness=system_randomness,
        token=token.value,
        content=content,
    )


@dataclass
class Callers:
    """Everybody who calls, with one connection pool each."""

    scene: Scene
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _callers: dict[str, Caller] = field(default_factory=dict)

    def organisation(self, name: str) -> Caller:
        """Return the operator of an organisation at its terminal."""
        known = self._callers.get(name)
        if known is None:
            folder = credential_folder(self.scene.layout, name)
            organisation = self.scene.organisation(name)
            known = Caller(name, _context(self.scene.layout, tls_of(folder)), organisation.tokens.token)
            self._callers[name] = known
        return known

    def person(self, number: int = 0) -> Caller:
        """Return a person who is signed in at the municipality's terminal."""
        context = self.organisation("municipality").context
        return Caller(f"person {number}", context, self.scene.people[number].person.tokens.token)

    def body(self, body: Body) -> Caller:
        """Return a body, by its own certificate."""
        folder = self.scene.layout.body(body) / "tls"
        tls = Tls(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
        return Caller(body.value, _context(self.scene.layout, tls), None)

    def browser(self) -> Caller:
        """Return somebody with neither certificate nor token, as browsers are."""
        return Caller("browser", _context(self.scene.layout, None), None)

    def send(
        self,
        caller: Caller,
        method: str,
        url: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        media_type: str | None = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request with the caller's credentials and return whatever comes back."""
        known = content if isinstance(content, bytes) else None
        sent = caller.headers(method, url, content=known) | dict(headers or {})
        if media_type is not None and content is not None:
            sent["Content-Type"] = media_type
        return self._client(caller).request(method, url, content=content, headers=sent)

    def close(self) -> None:
        """Close all connections."""
        for each in self._clients.values():
            each.close()

    def _client(self, caller: Caller) -> httpx.Client:
        if caller.name not in self._clients:
            self._clients[caller.name] = httpx.Client(
                verify=caller.context, timeout=PATIENCE_SECONDS, trust_env=False
            )
        return self._clients[caller.name]


@contextmanager
def callers(scene: Scene) -> Iterator[Callers]:
    """Return all callers of a deployment; connections are closed at the end."""
    made = Callers(scene)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def raw_connection(caller: Caller, layout: Layout, body: Body) -> Iterator[ssl.SSLSocket]:
    """Open a TLS connection on which anything can be written."""
    with (
        socket.create_connection((layout.host, layout.ports[body]), timeout=PATIENCE_SECONDS) as plain,
        caller.context.wrap_socket(plain, server_hostname=layout.host) as connection,
    ):
        yield connection


def read_answer(connection: ssl.SSLSocket) -> tuple[int, str, bytes]:
    """Return status, media type and body of one answer; (0, "", b"") when the connection ends without one."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return 0, "", b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(fields.get("content-length", "0")):
        body += connection.recv(65536)
    return int(lines[0].split()[1]), fields.get("content-type", ""), body


def assert_problem(answer: httpx.Response, *, where: str, never: tuple[str, ...] = ()) -> dict[str, object]:
    """Check that an answer is a problem document (RFC 9457) of status 4xx without a trace; return its members."""
    assert 400 <= answer.status_code < 500, f"{where}: {answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == PROBLEM, f"{where}: {answer.headers['content-type']}"
    return check_problem(answer.text, answer.status_code, where=where, never=never)


def check_problem(text: str, status: int, *, where: str, never: tuple[str, ...] = ()) -> dict[str, object]:
    """Check the members of a problem document; `never` are texts that it must not repeat."""
    members: dict[str, object] = json.loads(text)
    assert members["status"] == status, where
    for name in ("type", "title", "code", "next"):
        assert isinstance(members[name], str), f"{where}: {name} is missing"
        assert members[name], f"{where}: {name} is empty"
    assert str(members["type"]).startswith("urn:sekisho:problem:"), where
    for trace in ("Traceback", "site-packages", ".py", "sqlalchemy", "pydantic"):
        assert trace not in text, f"{where}: {text[:300]}"
    for secret in never:
        assert secret not in text, f"{where} repeats what was sent: {text[:300]}"
    return members


def log_size(scene: Scene, body: Body) -> int:
    """Return how many leaves a body's log has, once all of it is counted and co-signed: none is added after that."""
    official, size = scene.officials, 0
    url = scene.layout.url(body)
    official.connect(body).send("GET", "/log/checkpoint", token=official.tokens.token(url))
    while True:
        token = official.tokens.token(url)
        query = {"start": str(size), "count": "1000"}
        answer = official.connect(body).send("GET", "/log/leaves", token=token, query=query)
        found = len(answer.json()["leaves"])
        size += found
        if found < 1000:
            return size


def _context(layout: Layout, tls: Tls | None) -> ssl.SSLContext:
    return client_context(authority=layout.authority, tls=tls)
