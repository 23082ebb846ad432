"""The real ID centre and the real registry in one process, and an honest oversight body."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI
from starlette.testclient import TestClient
from support.database import bodies_on, database_url
from support.identity_clock import HeldClock, seeded
from support.identity_people import (
    IDENTITY,
    NOBODY,
    REGISTRY,
    URLS,
    StrangerKeys,
    thumbprint,
)
from support.identity_wire import AppHttp, PeerFromHeader
from support.record_keeper import FakeRecordKeeper

from consent import base64url
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.bodies import checking_tokens
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.register import BodyEntry
from services.contracts.registry.client import Registry, RegistryClient
from services.contracts.shared import SharedClient
from services.identity import app as identity_app
from services.identity import tables as identity_tables
from services.identity.centre import IdentityCentre, open_centre
from services.identity.settings import Settings as IdentitySettings
from services.kit import certificates
from services.kit.access import AccessRule
from services.kit.context import BodyContext, log_origin, open_body
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.standing import STATUS_PATH
from services.kit.keys import KeyFolder, write_private
from services.kit.log.note import NoteSigner
from services.kit.problems import UnavailableError
from services.registry import app as registry_app
from services.registry import tables as registry_tables
from services.registry.settings import Settings as RegistrySettings

RUNS = ("undo_interval_seconds", "states_interval_seconds", "age_interval_seconds")
"""What tests run themselves, at the moment that they want."""


def nobody(body: Body) -> SharedClient:
    """Return no body: none is up."""
    raise UnavailableError(f"the body {body.value} is not up")


@dataclass
class Bodies:
    """Both bodies; `restart` opens both bodies again on the same files."""

    folder: Path
    clock: HeldClock = field(default_factory=HeldClock)
    seed: str = "world"
    registry_settings: Mapping[str, object] = field(default_factory=dict)
    identity_settings: Mapping[str, object] = field(default_factory=dict)
    databases: str = field(default_factory=bodies_on)

    def __post_init__(self) -> None:
        self.random = seeded(self.seed)
        self.oversight = FakeOversight(self.clock)
        self.medical = FakeRecordKeeper()
        self.dpop_key = generate_private_key(SECP256R1())
        self.dpop = DpopKey(self.dpop_key)
        self.rules: dict[tuple[str, str, str], AccessRule] = {}
        self.strangers: dict[Body, StrangerKeys] = {}
        self._certificates: dict[Body, bytes] = {}
        self._urls: dict[Body, str] = {}
        self._open = ExitStack()

    def centre(self, registry: Registry, peers: Callable[[Body], SharedClient] = nobody) -> IdentityCentre:
        """Return the ID centre over the present files, as another process would have it."""
        context = self.identity_context
        assert isinstance(context.settings, IdentitySettings)
        return open_centre(context, context.settings, register=self.register, registry=registry, peers=peers)

    def start(self) -> None:
        """Open both bodies; the registry hears from the ID centre which tokens stand."""
        self.identity_context = self._context(Body.IDENTITY)
        self.registry_context = self._context(Body.REGISTRY)
        for context in (self.identity_context, self.registry_context):
            self._enter(
                context.body,
                signing=context.signing_key,
                sealing=context.sealing_key,
                log_key=context.journal.verifier.vkey(),
            )
        self._enter_strangers()
        settings = self.identity_context.settings
        assert isinstance(settings, IdentitySettings)
        self.register = checking_tokens(self.registry_context, self.oversight, self._token_standing)
        self.registry_app = self._serve(registry_app.assemble(self.registry_context, register=self.register))
        link = self.registry_link = self._http(REGISTRY, self.registry_app, self._certificates[Body.IDENTITY])
        self.identity_app = self._serve(
            identity_app.assemble(
                self.identity_context,
                settings,
                register=self.register,
                registry=RegistryClient(link),
                peers={Body.REGISTRY: SharedClient(link)}.__getitem__,
                medical=self.medical,
            )
        )

    def _token_standing(self) -> str:
        return self.body_http(IDENTITY, Body.REGISTRY).send("GET", STATUS_PATH).text

    def stop(self) -> None:
        """Close both bodies."""
        self._open.close()

    def restart(self) -> None:
        """Stop both bodies and start them on the same files."""
        self.stop()
        self._open = ExitStack()
        self.start()

    def _context(self, body: Body) -> BodyContext:
        folder = self.folder / body.value
        common = {
            "data": folder,
            "port": 1,
            "public_url": URLS[body],
            "oversight_url": NOBODY,
            "identity_url": IDENTITY,
            "register_key": base64url.encode(self.oversight.key.public_key().public_bytes_raw()),
            "witness_interval_seconds": 3600.0,
            "database_url": self._database(body),
            "database_connections": 2,
        }
        settings = (
            IdentitySettings.model_validate(
                common | dict.fromkeys(RUNS, 3600.0) | dict(self.identity_settings)
            )
            if body is Body.IDENTITY
            else RegistrySettings.model_validate(common | dict(self.registry_settings))
        )
        module, tables = (
            (identity_app, identity_tables) if body is Body.IDENTITY else (registry_app, registry_tables)
        )
        self._certify(body, folder / "tls")
        return open_body(
            body,
            settings,
            tables=tables.KIT,
            migrations=module.MIGRATIONS,
            clock=self.clock,
            randomness=seeded(f"{self.seed} {body.value} {self.random.random()}").randbytes,
        )

    def _database(self, body: Body) -> str:
        if body not in self._urls:
            self._urls[body] = database_url(self.databases)
        return self._urls[body]

    def _certify(self, body: Body, folder: Path) -> None:
        key = KeyFolder(folder).p256("key")
        told = certificates.issue(
            self.oversight.authority,
            key.public_key(),
            common_name=body.value,
            sans=["127.0.0.1"],
            usages=[certificates.Usage.SERVER, certificates.Usage.CLIENT],
            days=365,
            now=self.clock(),
        )
        write_private(folder / "certificate.pem", certificates.to_pem(told).encode())
        authority = certificates.to_pem(self.oversight.authority.certificate)
        write_private(folder / "authority.pem", authority.encode())
        kept = certificates.from_pem((folder / "certificate.pem").read_bytes())
        self._certificates[body] = kept.public_bytes(Encoding.DER)

    def body_http(self, url: str, body: Body) -> AppHttp:
        """Return the connection of another body to the registry or the ID centre."""
        application = {URLS[Body.IDENTITY]: self.identity_app, URLS[Body.REGISTRY]: self.registry_app}[url]
        return self._http(url, application, self._certificates[body])

    def sealing_key(self, body: Body) -> X25519PrivateKey:
        """Return the key by which a body opens what is sealed to it."""
        contexts = {Body.IDENTITY: self.identity_context, Body.REGISTRY: self.registry_context}
        return contexts[body].sealing_key if body in contexts else self.strangers[body].sealing

    def _enter_strangers(self) -> None:
        for body in set(Body) - {Body.IDENTITY, Body.REGISTRY}:
            keys = self.strangers.setdefault(body, StrangerKeys())
            self._certificates[body] = f"certificate of {body.value}".encode()
            log_key = NoteSigner(log_origin(body), keys.signing).verifier.vkey()
            self._enter(body, signing=keys.signing, sealing=keys.sealing, log_key=log_key)

    def _enter(
        self, body: Body, *, signing: Ed25519PrivateKey, sealing: X25519PrivateKey, log_key: str
    ) -> None:
        self.oversight.put_body(
            BodyEntry(
                body=body,
                url=URLS[body],
                certificate_thumbprint=thumbprint(self._certificates[body]),
                signing_key=to_jwk(signing.public_key()),
                sealing_key=base64url.encode(sealing.public_key().public_bytes_raw()),
                log_origin=log_origin(body),
                log_key=log_key,
            )
        )

    def _serve(self, app: FastAPI) -> TestClient:
        url = app.state.context.settings.public_url
        self.rules |= {(url, *where): rule for where, rule in app.state.access_rules.items()}
        client = TestClient(PeerFromHeader(app), raise_server_exceptions=False)
        return self._open.enter_context(client)

    def _http(self, url: str, application: TestClient | None, certificate: bytes) -> AppHttp:
        return AppHttp(
            url, application, certificate=certificate, clock=self.clock, randomness=self.random.randbytes
        )
