"""Supervisors of an honest fake of the oversight body, each with an account, a card and a human of their own."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.register import Jwk, Kind, Operator, Organisation, Role
from services.contracts.proposals_fake import FakeSupervisor
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller

OFFICE = OrganisationId("office")
DESK = TerminalId("office-desk")


def new_card() -> Jwk:
    """Return the public key of a new card."""
    return to_jwk(generate_private_key(SECP256R1()).public_key())


def supervisor(name: str, *, person_tag: str | None, expires: int, card: Jwk | None = None) -> Operator:
    """Return a supervisor of the office as the register has them."""
    return Operator(
        id=OperatorId(name),
        organisation=OFFICE,
        roles=[Role.SUPERVISOR],
        card_key=card or new_card(),
        active=True,
        expires=expires,
        person_tag=person_tag,
    )


def fake_supervisor(fake: FakeOversight, entry: Operator) -> FakeSupervisor:
    """Enter a supervisor and return their calls."""
    fake.operators.append(entry)
    caller = OperatorCaller(entry.organisation, entry.id, DESK, frozenset(entry.roles))
    return fake.proposals.as_operator(caller)


def fake_officials(fake: FakeOversight) -> tuple[FakeSupervisor, FakeSupervisor]:
    """Return two officials of a fake oversight body."""
    expires = epoch_seconds(fake.clock()) + 365 * 86_400
    fake.organisations.append(
        Organisation(id=OFFICE, name="Office", kind=Kind.OVERSIGHT, active=True, expires=expires)
    )
    first, second = (
        fake_supervisor(fake, supervisor(name, person_tag=f"the human called {name}", expires=expires))
        for name in ("first", "second")
    )
    return first, second
