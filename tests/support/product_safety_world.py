"""A small world around one product safety centre: register, organisations, people, real keys and certificates.

It lives in a folder, so that another process can open the same world again.
"""

import hashlib
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from support.live_register import OneEdition, live_register

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.register import (
    BodyEntry,
    Directory,
    Kind,
    Operator,
    Organisation,
    Register,
    Role,
    Terminal,
)
from services.contracts.oversight.register_view import WithTokens
from services.contracts.product_safety.messages import RecallRecord
from services.kit import certificates
from services.kit.clock import epoch_seconds, system_clock, system_randomness
from services.kit.columns import ColumnCipher
from services.kit.context import log_origin
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.credentials.tokens import TokenIssuer
from services.kit.http import Http, Token, client_context
from services.kit.keys import KeyFolder, pem, write_private
from services.kit.people import People
from services.kit.server import Tls
from services.product_safety import tables
from services.product_safety.settings import Settings

MAKER, OTHER_MAKER, SHOP, AUDITOR = (
    OrganisationId(name) for name in ("maker", "other-maker", "shop", "oversight")
)
ROLES = {
    MAKER: (Kind.MAKER, Role.RECALLER),
    OTHER_MAKER: (Kind.MAKER, Role.RECALLER),
    SHOP: (Kind.RETAILER, Role.SELLER),
    AUDITOR: (Kind.OVERSIGHT, Role.AUDITOR),
}
ISSUER = "https://127.0.0.1:1"
GTIN = "04006381333931"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class World:
    """Everything outside the centre that its tests need."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Where the centre listens."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def keys(self) -> KeyFolder:
        """The keys of everybody but the centre."""
        return KeyFolder(self.folder / "world")

    @property
    def register(self) -> WithTokens:
        """The register as everybody sees it."""
        told = (self.folder / "register.json").read_text()
        return live_register(OneEdition(Directory(Register.model_validate_json(told), system_clock)))

    def settings(self, **overrides: Any) -> Settings:
        """Return the centre's settings."""
        common = {
            "data": self.folder / "centre",
            "port": self.port,
            "public_url": self.url,
            "oversight_url": "https://127.0.0.1:1",
            "identity_url": ISSUER,
            "register_key": base64url.encode(bytes(32)),
            "witness_interval_seconds": 3600.0,
        }
        return Settings(**(common | overrides))

    def pseudonym(self, person: str) -> Pseudonym:
        """Return what the centre knows a person by."""
        key = KeyFolder(self.settings().key_folder).secret("columns")
        people = People(tables.KIT.people, cipher=ColumnCipher(key), key=key)
        return people.first_name(self.told_name(person))

    def told_name(self, person: str) -> Pseudonym:
        """Return what the ID centre calls a person towards the centre."""
        return Pseudonym(base64url.encode(hashlib.sha256(f"product safety {person}".encode()).digest()))

    def operator_token(self, organisation: OrganisationId) -> Token:
        """Return an access token of the organisation's operator."""
        key = DpopKey(self.keys.p256("dpop"))
        value = self._issuer().for_operator(
            audience=self.url,
            organisation=organisation,
            operator=OperatorId(f"{organisation}-operator"),
            terminal=TerminalId(f"{organisation}-terminal"),
            roles=[ROLES[organisation][1].value],
            jkt=key.thumbprint,
            place=0,
            now=datetime.now(UTC),
        )
        return Token(value, key)

    def person_token(self, person: str) -> Token:
        """Return an access token of a person."""
        key = DpopKey(self.keys.p256("dpop"))
        value = self._issuer().for_person(
            audience=self.url,
            pseudonym=self.told_name(person),
            audience_key=self._sealing_key(),
            jkt=key.thumbprint,
            place=0,
            now=datetime.now(UTC),
        )
        return Token(value, key)

    def pseudonym_token(self, person: str, organisation: OrganisationId = SHOP) -> str:
        """Return a fresh token by which an organisation names a person to the centre."""
        issuer = PseudonymTokenIssuer(self.keys.ed25519("issuer"), 300, system_randomness)
        return issuer.issue(
            body=Body.PRODUCT_SAFETY,
            body_key=self._sealing_key(),
            organisation=organisation,
            pseudonym=self.told_name(person),
            now=datetime.now(UTC),
        )

    def tls(self, name: str) -> Tls:
        """Return the TLS files of a terminal, or of the centre (`centre`)."""
        tls = self.folder / "tls"
        return Tls(tls / f"{name}.pem", tls / f"{name}.key", tls / "authority.pem")

    def http(self, organisation: OrganisationId) -> Http:
        """Return a connection to the centre from an organisation's terminal."""
        tls = self.tls(organisation)
        return Http(self.url, context=client_context(authority=tls.authority, tls=tls))

    def _issuer(self) -> TokenIssuer:
        key = self.keys.ed25519("issuer")
        return TokenIssuer(ISSUER, key, timedelta(minutes=5), system_randomness)

    def _sealing_key(self) -> Any:
        return KeyFolder(self.settings().key_folder).x25519("sealing").public_key()


def make_world(folder: Path) -> World:
    """Return a new world in an empty folder, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        world = World(folder, probe.getsockname()[1])
    write_private(folder / "world.json", json.dumps({"port": world.port}).encode())
    prints = _make_certificates(world)
    register = Register(
        serial=1,
        issued_at=epoch_seconds(datetime.now(UTC)),
        organisations=[_organisation(each) for each in ROLES],
        terminals=[_terminal(world, each, prints[each]) for each in ROLES],
        operators=[_operator(world, each) for each in ROLES],
        bodies=[_body(world, Body.IDENTITY, "issuer"), _body(world, Body.PRODUCT_SAFETY, "unused")],
    )
    write_private(folder / "register.json", register.model_dump_json().encode())
    return world


def load_world(folder: Path) -> World:
    """Return the world that `make_world` made in the folder."""
    return World(folder, json.loads((folder / "world.json").read_text())["port"])


def recall_record() -> RecallRecord:
    """Return a real published recall when the shared data are there, else a small one of the same shape."""
    root = Path(__file__).resolve().parents[2]
    published = root.parent / "shared" / "data" / "recalls" / "cpsc" / "gsa-cpsc-18218.json"
    own = Path(__file__).with_name("product_safety_recall.json")
    return RecallRecord.from_cpsc(
        json.loads((published if published.exists() else own).read_text(encoding="utf-8"))[0]
    )


def _make_certificates(world: World) -> dict[str, str]:
    now = datetime.now(UTC)
    authority = certificates.create_authority("Accreditation", days=10, now=now)
    write_private(world.tls("x").authority, certificates.to_pem(authority.certificate).encode())
    prints: dict[str, str] = {}
    for name in ("centre", *ROLES):
        key = world.keys.p256(f"tls-{name}")
        usages = [certificates.Usage.SERVER, certificates.Usage.CLIENT]
        issued = certificates.issue(
            authority,
            key.public_key(),
            common_name=name,
            sans=["127.0.0.1"],
            usages=usages,
            days=5,
            now=now,
        )
        prints[name] = certificates.thumbprint(issued)
        tls = world.tls(name)
        write_private(tls.certificate, certificates.to_pem(issued).encode())
        write_private(tls.key, pem(key))
    return prints


def _organisation(name: OrganisationId) -> Organisation:
    return Organisation(id=name, name=name, kind=ROLES[name][0], active=True, expires=_later())


def _terminal(world: World, name: OrganisationId, certificate: str) -> Terminal:
    return Terminal(
        id=TerminalId(f"{name}-terminal"),
        organisation=name,
        certificate_thumbprint=certificate,
        public_key=_jwk(world.keys.p256(f"tls-{name}")),
        active=True,
        expires=_later(),
    )


def _operator(world: World, name: OrganisationId) -> Operator:
    return Operator(
        id=OperatorId(f"{name}-operator"),
        organisation=name,
        roles=[ROLES[name][1]],
        card_key=_jwk(world.keys.p256("card")),
        active=True,
        expires=_later(),
    )


def _body(world: World, body: Body, key: str) -> BodyEntry:
    return BodyEntry(
        body=body,
        url=ISSUER,
        certificate_thumbprint="00" * 32,
        signing_key=to_jwk(world.keys.ed25519(key).public_key()),
        sealing_key=base64url.encode(bytes(32)),
        log_origin=log_origin(body),
        log_key="",
    )


def _jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    return to_jwk(key.public_key())


def _later() -> int:
    return epoch_seconds(datetime.now(UTC)) + YEAR
