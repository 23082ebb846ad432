"""What two officials can do to an organisation, on the real oversight body and on the fake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.dual_control import fake_officials, new_card
from support.identity_clock import HeldClock
from support.oversight_world import oversight
from support.register_keeping import Keeping

from consent.identifiers import OperatorId, OrganisationId
from consent.vocabulary import Body
from services.contracts.oversight.client import RegisterReading
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.messages import (
    Accredited,
    OperatorAccreditation,
    OrganisationAccreditation,
    StandingChange,
)
from services.contracts.oversight.powers import (
    Demand,
    Provision,
    Revocation,
    SanctionOrder,
    TermsChange,
)
from services.contracts.oversight.public import PublicOrganisation, verify_public_register
from services.contracts.oversight.register import Directory, Kind, Role
from services.contracts.oversight.register_reader import verify_register
from services.contracts.oversight.terms import Agreement, Measure, ReportDemand, Sanction
from services.kit.clock import epoch_seconds
from services.kit.encoding import Message
from services.kit.http import RemoteProblemError

CLINIC = OrganisationId("clinic-b")
STAFF = OperatorId("doctor-yamada")
WARNING = Sanction(measure=Measure.WARNING, decided_on="2026-11-20", grounds="records read without need")


@dataclass
class Office:
    """A register, and two who change it."""

    reading: RegisterReading
    keeping: Keeping
    clock: HeldClock
    key: Ed25519PublicKey

    def decide(self, kind: str, message: Message) -> None:
        """Have both decide something."""
        self.keeping.decide(kind, message, reason="an inspection")

    def directory(self, at: Body | None = None) -> Directory:
        """Return the register as a body reads it."""
        return verify_register(self.reading.register(), key=self.key, clock=self.clock, at=at)

    def public(self) -> PublicOrganisation:
        """Return the clinic as everybody reads it."""
        shown = verify_public_register(self.reading.public_register(), key=self.key)
        return next(each for each in shown.organisations if each.id == CLINIC)

    def terms(self, **changed: object) -> TermsChange:
        """Return terms that are the clinic's but for what is named."""
        held = self.directory().register.organisations
        clinic = next(each for each in held if each.id == CLINIC)
        told = {name: getattr(clinic, name) for name in ("scope", "tasks", "expires", "agreement")}
        return TermsChange.model_validate({"id": CLINIC, **told, **changed})


@pytest.fixture(params=["fake", "real"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Run each test on both."""
    if request.param == "fake":
        clock = HeldClock()
        fake = FakeOversight(clock)
        yield accredited(Office(fake, Keeping(*fake_officials(fake)), clock, fake.key.public_key()))
        return
    with oversight(tmp_path) as world:
        key = world.context.signing_key.public_key()
        yield accredited(Office(world.office, world.keeping, world.clock, key))


def accredited(made: Office) -> Office:
    """Accredit a clinic with one operator."""
    later = epoch_seconds(made.clock()) + 1000
    clinic = OrganisationAccreditation(id=CLINIC, name="Clinic B", kind=Kind.CLINIC, expires=later)
    made.keeping.accredit_organisation(clinic)
    made.keeping.accredit_operator(
        OperatorAccreditation(
            id=STAFF,
            organisation=CLINIC,
            roles=[Role.READER, Role.WRITER],
            card_key=new_card(),
            expires=later,
        )
    )
    return made


def test_revoked_accreditation_never_comes_back(office: Office) -> None:
    office.decide("revoke", Revocation(id=CLINIC))
    assert office.directory().organisation(CLINIC) is None
    assert office.public().revoked
    resume = StandingChange(kind=Accredited.ORGANISATION, id=CLINIC)
    assert refusal(lambda: office.decide("resume", resume)) == (409, "nothing_to_change")


def test_withheld_provision_is_refused_by_that_body_only(office: Office) -> None:
    office.decide("withhold", Provision(id=CLINIC, body=Body.MEDICAL))
    assert office.directory(Body.MEDICAL).organisation(CLINIC) is None
    assert office.directory(Body.MEDICAL).roles(CLINIC, STAFF) == frozenset()
    assert office.directory(Body.OVERSIGHT).roles(CLINIC, STAFF) == {"reader", "writer"}
    assert office.public().withheld == [Body.MEDICAL]
    office.decide("provide", Provision(id=CLINIC, body=Body.MEDICAL))
    assert office.directory(Body.MEDICAL).roles(CLINIC, STAFF) == {"reader", "writer"}


def test_body_outside_the_scope_does_not_serve(office: Office) -> None:
    office.decide("terms", office.terms(scope=[Body.IDENTITY, Body.MEDICAL]))
    served = {body for body in Body if office.directory(body).organisation(CLINIC) is not None}
    assert served == {Body.IDENTITY, Body.MEDICAL}


def test_operators_have_no_role_outside_the_tasks(office: Office) -> None:
    office.decide("terms", office.terms(tasks=[Role.READER]))
    assert office.directory().roles(CLINIC, STAFF) == {"reader"}
    office.decide("terms", office.terms(tasks=[]))
    assert office.directory().roles(CLINIC, STAFF) == frozenset()


def test_terms_end_when_they_say(office: Office) -> None:
    office.decide("terms", office.terms(expires=epoch_seconds(office.clock()) + 10))
    office.clock.move(10)
    assert office.directory().organisation(CLINIC) is None


def test_terms_that_no_kind_can_have_are_refused(office: Office) -> None:
    over = office.terms(expires=epoch_seconds(office.clock()))
    assert refusal(lambda: office.decide("terms", over)) == (409, "not_in_future")
    foreign = office.terms(tasks=[Role.REGISTRAR])
    assert refusal(lambda: office.decide("terms", foreign)) == (409, "roles_not_allowed")
    assert refusal(lambda: office.decide("terms", office.terms())) == (409, "nothing_to_change")


def test_agreements_sanctions_and_reports_due_are_public(office: Office) -> None:
    agreement = Agreement(reference="agreement-17", signed_on="2026-04-01")
    office.decide("terms", office.terms(agreement=agreement))
    office.decide("sanction", SanctionOrder(id=CLINIC, sanction=WARNING))
    due = ReportDemand(id="access-2026", about="who read what, and why", due=4_000_000_000)
    office.decide("demand-report", Demand(id=CLINIC, report=due))
    shown = office.public()
    assert (shown.agreement, shown.sanctions, shown.reports) == (agreement, [WARNING], [due])
    assert refusal(lambda: office.decide("sanction", SanctionOrder(id=CLINIC, sanction=WARNING)))[0] == 409


def test_public_register_counts_operators_and_names_none(office: Office) -> None:
    assert office.public().operators == {Role.READER: 1, Role.WRITER: 1}
    assert STAFF not in office.reading.public_register()
    shown = verify_public_register(office.reading.public_register(), key=office.key)
    assert STAFF not in shown.model_dump_json()
    assert "person_tag" not in shown.model_dump_json()


def refusal(call: Callable[[], None]) -> tuple[int, str]:
    """Return how a call was refused."""
    with pytest.raises(RemoteProblemError) as refused:
        call()
    return refused.value.status, refused.value.code
