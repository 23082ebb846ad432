"""My Portal in this process, real behind its gate; behind it stands one honest body that tells what it got."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from support.live_register import OneEdition, live_register

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.register import BodyEntry, Directory, Register
from services.contracts.oversight.register_view import WithTokens
from services.contracts.portal.client import SESSION_PATH
from services.kit.clock import system_randomness
from services.kit.context import open_body
from services.kit.credentials.dpop import DpopKey, DpopNonces
from services.kit.credentials.tokens import TokenIssuer
from services.kit.keys import KeyFolder
from services.portal import tables
from services.portal.app import MIGRATIONS, assemble
from services.portal.settings import Settings

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
URLS = {body: f"https://{body.value.replace('_', '-')}.test" for body in Body}
PORTAL = URLS[Body.PORTAL]
SESSION_SECONDS = 600
COOKIE = "__Host-session"


@dataclass
class Watch:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: int) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Got:
    """One request as a body behind the relay received it."""

    body: Body
    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes


@dataclass
class Behind:
    """What stands behind the relay: keeps what it got, answers what it is told to."""

    got: list[Got] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    content: bytes = b'{"answer":"yes"}'
    down: set[Body] = field(default_factory=set)

    def client(self, body: Body) -> httpx.Client:
        """Return the connection to one body."""
        return httpx.Client(base_url=URLS[body], transport=_Line(self, body))


class _Line(httpx.BaseTransport):
    """A wire to a body: delivers the request, or is cut."""

    def __init__(self, behind: Behind, body: Body) -> None:
        self._behind = behind
        self._body = body

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Deliver one request."""
        behind = self._behind
        if self._body in behind.down:
            raise httpx.ConnectError("nobody there", request=request)
        url = request.url
        got = Got(
            self._body, request.method, url.path, url.query.decode(), dict(request.headers), request.read()
        )
        behind.got.append(got)
        return httpx.Response(behind.status, headers=behind.headers, content=behind.content)


@dataclass
class PortalWorld:
    """A portal, what is behind it, the ID centre's token key, and a browser's proof key."""

    folder: Path
    watch: Watch = field(default_factory=Watch)
    behind: Behind = field(default_factory=Behind)
    issuer_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sealing: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    dpop: DpopKey = field(default_factory=lambda: new_dpop_key())

    @property
    def register(self) -> WithTokens:
        """The register as every body sees it."""
        register = Register(
            serial=1,
            issued_at=0,
            organisations=[],
            terminals=[],
            operators=[],
            bodies=[self._entry(body) for body in Body],
        )
        return live_register(OneEdition(Directory(register, self.watch)))

    @property
    def nonces(self) -> DpopNonces:
        """The portal's nonces."""
        secret = KeyFolder(self.settings.key_folder).secret("dpop-nonces")
        return DpopNonces(secret, self.settings.dpop_nonce_seconds)

    @property
    def settings(self) -> Settings:
        """The portal's settings."""
        return Settings(
            data=self.folder,
            port=1,
            public_url=PORTAL,
            oversight_url=URLS[Body.OVERSIGHT],
            identity_url=URLS[Body.IDENTITY],
            registry_url=URLS[Body.REGISTRY],
            medical_url=URLS[Body.MEDICAL],
            product_safety_url=URLS[Body.PRODUCT_SAFETY],
            research_url=URLS[Body.RESEARCH],
            register_key=base64url.encode(bytes(32)),
            witness_interval_seconds=3600.0,
            session_seconds=SESSION_SECONDS,
            answer_bytes=10_000,
        )

    def app(self) -> FastAPI:
        """Return the portal over its migrated database."""
        context = open_body(
            Body.PORTAL, self.settings, tables=tables.KIT, migrations=MIGRATIONS, clock=self.watch
        )
        clients = {body: self.behind.client(body) for body in Body}
        return assemble(context, self.settings, register=self.register, clients=clients)

    @contextmanager
    def running(self) -> Iterator[TestClient]:
        """Run the portal; yields a browser that keeps cookies."""
        with TestClient(self.app(), base_url=PORTAL, raise_server_exceptions=False) as browser:
            yield browser

    def person_token(self, audience: str = PORTAL) -> str:
        """Return a person's token as the ID centre makes it."""
        return self._tokens().for_person(
            audience=audience,
            pseudonym=Pseudonym(base64url.encode(hashlib.sha256(audience.encode()).digest())),
            audience_key=self.sealing.public_key(),
            jkt=self.dpop.thumbprint,
            place=0,
            now=self.watch(),
        )

    def operator_token(self) -> str:
        """Return an operator's token for the portal."""
        return self._tokens().for_operator(
            audience=PORTAL,
            organisation=OrganisationId("hospital"),
            operator=OperatorId("doctor"),
            terminal=TerminalId("desk"),
            roles=["reader"],
            jkt=self.dpop.thumbprint,
            place=0,
            now=self.watch(),
        )

    def credentials(
        self,
        token: str,
        *,
        method: str = "POST",
        url: str = PORTAL + SESSION_PATH,
        key: DpopKey | None = None,
    ) -> dict[str, str]:
        """Return the headers of one request with a token and its proof."""
        proving = key or self.dpop
        proving.learn(url, self.nonces.present(self.watch()))
        proof = proving.proof(
            method=method, url=url, now=self.watch(), randomness=system_randomness, token=token
        )
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def sign_in(self, browser: TestClient) -> str:
        """Sign a browser in; return the session's secret."""
        answer = browser.post(SESSION_PATH, headers=self.credentials(self.person_token()))
        assert answer.status_code == 200, answer.text
        return str(answer.cookies[COOKIE])

    def stored_bytes(self) -> bytes:
        """Return everything that lies in the portal's folder."""
        return b"".join(file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file())

    def _tokens(self) -> TokenIssuer:
        return TokenIssuer(URLS[Body.IDENTITY], self.issuer_key, timedelta(minutes=5), system_randomness)

    def _entry(self, body: Body) -> BodyEntry:
        return BodyEntry(
            body=body,
            url=URLS[body],
            certificate_thumbprint=hashlib.sha256(certificate_of(body)).hexdigest(),
            signing_key=to_jwk(self.issuer_key.public_key()),
            sealing_key=base64url.encode(self.sealing.public_key().public_bytes_raw()),
            log_origin=f"sekisho/{body.value}",
            log_key="",
        )


def certificate_of(body: Body) -> bytes:
    """Return what stands for a body's TLS certificate."""
    return f"certificate of {body.value}".encode()


def new_dpop_key() -> DpopKey:
    """Return a fresh proof key."""
    return DpopKey(generate_private_key(SECP256R1()))


@dataclass(frozen=True, slots=True)
class RawPath:
    """A request whose path no client library tidies up."""

    raw: bytes

    def ask(self, app: FastAPI, *, headers: dict[str, str], method: str = "GET") -> httpx.Response:
        """Send it. The application's lifespan must be running."""

        async def twisted(scope: Scope, receive: Receive, send: Send) -> None:
            path, _, query = self.raw.partition(b"?")
            changed = {"raw_path": path, "path": path.decode("latin-1"), "query_string": query}
            await app({**scope, **changed}, receive, send)

        client = TestClient(twisted, base_url=PORTAL, raise_server_exceptions=False)
        answer: httpx.Response = client.request(method, "/", headers=headers)
        return answer


def problem_code(answer: httpx.Response) -> str:
    """Return the code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(json.loads(answer.content)["code"])
