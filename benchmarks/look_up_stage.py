"""A registry with synthetic residents and an official, in this process and without a network."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import BasicItem, Body
from services.contracts.oversight.register import (
    BodyEntry,
    Directory,
    Kind,
    Organisation,
    Register,
)
from services.contracts.registry.look_ups import asked_by_number
from services.directives.service import open_directives
from services.gateway.inquirer import Known
from services.gateway.population_words import GIVEN, SURNAMES
from services.kit.clock import system_clock, system_randomness
from services.kit.context import open_body
from services.kit.credentials.callers import OperatorCaller, Peer
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.credentials.standing import TokenStanding
from services.kit.problems import UnavailableError
from services.registry import tables
from services.registry.app import MIGRATIONS
from services.registry.centre import Registry
from services.registry.model import Resident
from services.registry.settings import Settings
from services.registry.store import Store

PEOPLE_AT_ONCE: Final = 10_000
CITY: Final = OrganisationId("city")
UNLIMITED: Final = 10**9
NOWHERE: Final = "https://127.0.0.1:1"
TOWNS: Final = [
    f"{prefecture}{city}市{town}町"
    for prefecture in ("東京都", "大阪府", "愛知県", "北海道", "福岡県", "宮城県", "広島県", "静岡県")
    for city in ("みらい", "なにわ", "あけぼの", "雪野", "はかた野", "杜の宮", "青葉", "若草", "高台", "港")
    for town in ("本", "栄", "緑", "東", "西", "中", "桜", "若葉", "旭", "泉", "松", "梅", "寿", "幸", "春日")
]
FIRST_BORN: Final = date(1930, 1, 1)
BIRTH_DAYS: Final = 95 * 365


@dataclass(frozen=True)
class _LastEdition:
    """One edition of the register, for good."""

    edition: Directory

    def directory(self) -> Directory:
        return self.edition

    def peer(self, certificate_thumbprint: str) -> Peer | None:
        return self.edition.peer(certificate_thumbprint)

    def roles(self, organisation: OrganisationId, operator: OperatorId) -> frozenset[str]:
        return self.edition.roles(organisation, operator)

    def scopes(self, terminal: TerminalId) -> frozenset[str]:
        return self.edition.scopes(terminal)

    def token_key(self) -> Ed25519PublicKey:
        return self.edition.token_key()

    def tokens(self) -> TokenStanding:
        raise UnavailableError("look-ups in one process need no access tokens")


@dataclass(frozen=True)
class Stage:
    """The registry; residents are known by their number from 0."""

    registry: Registry
    issuer: PseudonymTokenIssuer
    seed: int = 7

    @cached_property
    def caller(self) -> OperatorCaller:
        """The official."""
        return OperatorCaller(CITY, OperatorId("official"), TerminalId("desk"), frozenset({"inquirer"}))

    def named(self, number: int) -> Pseudonym:
        """Return how the ID centre names a resident to the registry."""
        return Pseudonym(base64url.encode(hashlib.sha256(f"{self.seed}/{number}".encode()).digest()))

    def pseudonym(self, number: int) -> Pseudonym:
        """Return the registry's own name of a resident."""
        return self.registry.context.people.first_name(self.named(number))

    def known(self, number: int) -> Known:
        """Return what is known of a resident: the same at each call, so that nobody is kept in memory."""
        chosen = random.Random(f"{self.seed}/{number}")
        given = chosen.choice(GIVEN[chosen.choice(("female", "male"))])
        # surnames are as uneven as in life: the commonest of 40 has a tenth
        surname = SURNAMES[min(int(chosen.expovariate(0.1)), len(SURNAMES) - 1)]
        place = (
            f"{chosen.choice(TOWNS)}{chosen.randint(1, 6)}-{chosen.randint(1, 30)}-{chosen.randint(1, 20)}"
        )
        born = FIRST_BORN + timedelta(days=chosen.randrange(BIRTH_DAYS))
        return Known(name=f"{surname} {given}", address=place, birth_date=born.isoformat())

    def token(self, number: int) -> str:
        """Return the ID centre's token for a resident's number."""
        context = self.registry.context
        return self.issuer.issue(
            body=Body.REGISTRY,
            body_key=context.sealing_key.public_key(),
            organisation=asked_by_number(CITY),
            pseudonym=self.named(number),
            now=context.clock(),
        )

    def enter(self, residents: int) -> None:
        """Enter residents in bulk, as the workflow enters one."""
        for first in range(0, residents, PEOPLE_AT_ONCE):
            numbers = range(first, min(first + PEOPLE_AT_ONCE, residents))
            entries = [(self.pseudonym(each), _resident(self.known(each))) for each in numbers]
            with self.registry.context.database.write() as conn:
                self.registry.store.add_all(conn, entries)
                self.registry.look_ups.add(conn, entries)
        # what was entered at once lies in the write-ahead log; a registry at work has it in its tables
        with self.registry.context.database.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Open an empty registry in `folder`."""
    identity = Ed25519PrivateKey.generate()
    settings = Settings(
        data=folder / "registry",
        port=1,
        public_url=NOWHERE,
        oversight_url=NOWHERE,
        identity_url=NOWHERE,
        register_key=base64url.encode(bytes(32)),
        inquirer_look_ups=UNLIMITED,
        inquirer_batch_rows=UNLIMITED,
    )
    context = open_body(Body.REGISTRY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    try:
        register = _LastEdition(_directory(identity))
        directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
        registry = Registry(context, register, Store(context.cipher, context.randomness), directives)
        yield Stage(registry, PseudonymTokenIssuer(identity, 3600, system_randomness))
    finally:
        context.close()


def _directory(identity: Ed25519PrivateKey) -> Directory:
    city = Organisation(id=CITY, name=CITY, kind=Kind.MUNICIPALITY, active=True, expires=UNLIMITED * 4)
    centre = BodyEntry(
        body=Body.IDENTITY,
        url=NOWHERE,
        certificate_thumbprint="",
        signing_key=to_jwk(identity.public_key()),
        sealing_key="",
        log_origin="",
        log_key="",
    )
    edition = Register(
        serial=1, issued_at=0, organisations=[city], terminals=[], operators=[], bodies=[centre]
    )
    return Directory(edition, system_clock)


def _resident(known: Known) -> Resident:
    return Resident(
        {
            BasicItem.NAME: known.name,
            BasicItem.ADDRESS: known.address,
            BasicItem.SEX: "unknown",
            BasicItem.BIRTH_DATE: known.birth_date,
        }
    )
