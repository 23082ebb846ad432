"""What the register says to a terminal by itself: the same on the honest fake and on the real oversight body."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.dual_control import fake_officials
from support.identity_clock import HeldClock, seeded
from support.identity_wire import refused
from support.oversight_world import URLS, OtherBodies, der, oversight
from support.register_keeping import Keeping

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.fake_own import FakeOwnStanding
from services.contracts.oversight.messages import (
    Accredited,
    OperatorAccreditation,
    OrganisationAccreditation,
    StandingChange,
    TerminalAccreditation,
)
from services.contracts.oversight.own import OwnStanding, OwnStandingClient
from services.contracts.oversight.register import Kind, Role
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.tokens import TokenIssuer
from services.kit.http import Token

CLINIC, DESK, STAFF = OrganisationId("clinic-b"), TerminalId("desk"), OperatorId("staff")
HERE = URLS[Body.OVERSIGHT]


@dataclass
class Office:
    """An oversight body, and how a terminal of a clinic reaches it with a token."""

    keeping: Keeping
    clock: HeldClock
    tokens: TokenIssuer
    reach: Callable[[bytes, Token], OwnStanding]
    key: DpopKey = field(default_factory=lambda: DpopKey(generate_private_key(SECP256R1())))
    certificate: bytes = b""

    def accredit(self) -> None:
        """Accredit a clinic with a terminal and an operator."""
        later = epoch_seconds(self.clock()) + 1000
        self.keeping.accredit_organisation(
            OrganisationAccreditation(id=CLINIC, name="Clinic B", kind=Kind.CLINIC, expires=later)
        )
        public = to_jwk(generate_private_key(SECP256R1()).public_key())
        told = self.keeping.accredit_terminal(
            TerminalAccreditation(id=DESK, organisation=CLINIC, public_key=public, days=30)
        )
        self.certificate = der(told.certificate)
        card = to_jwk(generate_private_key(SECP256R1()).public_key())
        self.keeping.accredit_operator(
            OperatorAccreditation(
                id=STAFF, organisation=CLINIC, roles=[Role.READER], card_key=card, expires=later
            )
        )

    def terminal(self, *scopes: str) -> OwnStanding:
        """Return the body as the terminal reaches it by itself."""
        value = self.tokens.for_terminal(
            audience=HERE,
            organisation=CLINIC,
            terminal=DESK,
            scopes=scopes,
            jkt=self.key.thumbprint,
            place=0,
            now=self.clock(),
        )
        return self.reach(self.certificate, Token(value, self.key))

    def operator(self) -> OwnStanding:
        """Return the body as the clinic's operator reaches it."""
        value = self.tokens.for_operator(
            audience=HERE,
            organisation=CLINIC,
            operator=STAFF,
            terminal=DESK,
            roles=[Role.READER.value],
            jkt=self.key.thumbprint,
            place=0,
            now=self.clock(),
        )
        return self.reach(self.certificate, Token(value, self.key))


@pytest.fixture(params=["fake", "real"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Run each test on both."""
    lifetime, randomness = timedelta(minutes=5), seeded("own accreditation").randbytes
    if request.param == "fake":
        clock, others = HeldClock(), OtherBodies()
        fake = FakeOversight(clock)
        fake.put_body(others.entry(Body.IDENTITY))
        tokens = TokenIssuer(URLS[Body.IDENTITY], others.signing[Body.IDENTITY], lifetime, randomness)
        yield Office(
            Keeping(*fake_officials(fake)), clock, tokens, lambda _, token: FakeOwnStanding(fake, HERE, token)
        )
        return
    with oversight(tmp_path) as world:
        issuer: Ed25519PrivateKey = world.others.signing[Body.IDENTITY]
        yield Office(
            world.keeping,
            world.clock,
            TokenIssuer(URLS[Body.IDENTITY], issuer, lifetime, randomness),
            lambda certificate, token: OwnStandingClient(world.http(certificate), token=token),
        )


def test_terminal_learns_its_own_organisations_terms_and_no_name_of_an_operator(office: Office) -> None:
    office.accredit()
    told = office.terminal("accreditation", "log").own_accreditation()
    assert (told.organisation.id, told.organisation.kind, told.terminal) == (CLINIC, Kind.CLINIC, DESK)
    assert told.organisation.operators == {Role.READER: 1}
    assert told.terminal_expires == epoch_seconds(office.clock()) + 30 * 86_400
    assert f'"{STAFF}"' not in told.model_dump_json()


def test_it_takes_the_scope_and_no_role_replaces_it(office: Office) -> None:
    office.accredit()
    with refused("forbidden", 403):
        office.terminal("log").own_accreditation()
    with refused("forbidden", 403):
        office.terminal("reader", "accreditor", "auditor").own_accreditation()
    with refused("forbidden", 403):
        office.operator().own_accreditation()


def test_suspended_terminal_learns_nothing_more(office: Office) -> None:
    office.accredit()
    change = StandingChange(kind=Accredited.TERMINAL, id=DESK, organisation=CLINIC)
    office.keeping.decide("suspend", change)
    with refused("unauthenticated", 401):
        office.terminal("accreditation").own_accreditation()
