"""What the oversight body promises its callers, on the real one over its gate and on the fakes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import JsonValue
from support.dual_control import fake_officials
from support.identity_clock import HeldClock
from support.oversight_reads import CHECKUP, Reads, permitted_reads, reads
from support.oversight_world import OversightWorld, Person, oversight
from support.register_keeping import Keeping

from consent import base64url
from consent.directives import Grant
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.directives import ReleaseAnswer, ReleaseFault, ReleaseRequest
from services.contracts.directives_fake import FakeSecondProxy
from services.contracts.oversight.client import RegisterReading
from services.contracts.oversight.entering import Entering
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.messages import (
    Accredited,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    RolesChange,
    StandingChange,
    TerminalAccreditation,
)
from services.contracts.oversight.register import BodyEntry, Directory, FormerKey, Kind, Role
from services.contracts.oversight.register_reader import verify_register
from services.contracts.proposals import ShownProposal
from services.kit.certificates import from_pem, thumbprint
from services.kit.clock import epoch_seconds
from services.kit.context import log_origin
from services.kit.encoding import Message
from services.kit.http import RemoteProblemError
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.note import NoteSigner

CLINIC = OrganisationId("clinic-b")
STAFF = OperatorId("staff")
DESK = TerminalId("desk")


@dataclass
class Office:
    """A register to be kept, and how a body reads it."""

    reading: RegisterReading
    clock: HeldClock
    key: object
    keeping: Keeping

    def directory(self) -> Directory:
        """Return the present edition, verified as every body does."""
        return verify_register(self.reading.register(), key=self.key, clock=self.clock)  # type: ignore[arg-type]  # Ed25519

    def decide(self, kind: str, message: Message) -> ShownProposal:
        """Have two officials decide something."""
        return self.keeping.decide(kind, message)

    def accredit_clinic(self) -> None:
        """Accredit a clinic with one operator."""
        later = epoch_seconds(self.clock()) + 1000
        self.keeping.accredit_organisation(
            OrganisationAccreditation(id=CLINIC, name="Clinic B", kind=Kind.CLINIC, expires=later)
        )
        self.keeping.accredit_operator(operator_message(later))


@pytest.fixture(params=["fake", "real"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Run each test on both."""
    if request.param == "fake":
        clock = HeldClock()
        fake = FakeOversight(clock)
        yield Office(fake, clock, fake.key.public_key(), Keeping(*fake_officials(fake)))
        return
    with oversight(tmp_path) as world:
        yield Office(world.office, world.clock, world.context.signing_key.public_key(), world.keeping)


def test_an_accredited_organisation_is_in_the_next_edition(office: Office) -> None:
    before = office.directory().register.serial
    office.accredit_clinic()
    directory = office.directory()
    assert directory.organisation(CLINIC) is not None
    assert directory.roles(CLINIC, STAFF) == {"reader"}
    assert directory.register.serial == before + 2


def test_what_is_proposed_is_shown_and_not_entered(office: Office) -> None:
    later = epoch_seconds(office.clock()) + 1000
    clinic = OrganisationAccreditation(id=CLINIC, name="Clinic B", kind=Kind.CLINIC, expires=later)
    entering = Entering(organisations=[clinic], operators=[operator_message(later)])
    before = office.directory().register
    made = office.keeping.first.propose("enter", entering, reason="applied")
    assert office.directory().register == before
    (shown,) = listed(made, "organisations")
    assert shown["id"] == CLINIC
    (member,) = listed(made, "operators")
    assert (member["id"], member["presented"]) == (STAFF, False)
    done = office.keeping.second.approve(made)
    assert done.outcome == {"serial": before.serial + 1}
    assert office.directory().roles(CLINIC, STAFF) == {"reader"}


def test_all_of_a_proposal_is_entered_or_nothing(office: Office) -> None:
    office.accredit_clinic()
    later = epoch_seconds(office.clock()) + 1000
    other = OrganisationAccreditation(id="clinic-c", name="C", kind=Kind.CLINIC, expires=later)
    entering = Entering(organisations=[other], operators=[operator_message(later)])
    with pytest.raises(RemoteProblemError) as refused:
        office.keeping.decide("enter", entering)
    assert refused.value.code == "already_accredited"
    assert office.directory().organisation(OrganisationId("clinic-c")) is None


def test_a_body_that_moves_is_entered_anew(office: Office) -> None:
    key = to_jwk(Ed25519PrivateKey.generate().public_key())
    sealing = base64url.encode(X25519PrivateKey.generate().public_key().public_bytes_raw())
    origin = log_origin(Body.PORTAL)
    entry = BodyEntry(
        body=Body.PORTAL,
        url="https://moved.test",
        certificate_thumbprint="ab" * 32,
        signing_key=key,
        sealing_key=sealing,
        log_origin=origin,
        log_key=NoteSigner(origin, Ed25519PrivateKey.generate()).verifier.vkey(),
    )
    office.decide("enter-body", entry)
    assert office.directory().body(Body.PORTAL) == entry
    with pytest.raises(RemoteProblemError) as refused:
        office.decide("enter-body", entry)
    assert refused.value.code == "nothing_to_change"


def listed(proposal: ShownProposal, name: str) -> list[Mapping[str, JsonValue]]:
    """Return one list of a preview."""
    found = proposal.preview[name]
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


def test_an_accreditation_ends_on_its_date(office: Office) -> None:
    office.accredit_clinic()
    directory = office.directory()
    office.clock.move(1000)
    assert directory.organisation(CLINIC) is None
    assert directory.roles(CLINIC, STAFF) == frozenset()


def test_a_certified_terminal_is_known_by_its_certificate(office: Office) -> None:
    office.accredit_clinic()
    key = generate_private_key(SECP256R1())
    told = office.keeping.accredit_terminal(terminal_message(to_jwk(key.public_key())))
    certificate = from_pem(told.certificate.encode())
    certificate.verify_directly_issued_by(from_pem(told.authority.encode()))
    peer = office.directory().peer(thumbprint(certificate))
    assert peer is not None
    assert (peer.terminal, peer.organisation, peer.body) == (DESK, CLINIC, None)


@pytest.mark.parametrize("kind", list(Accredited))
def test_what_is_suspended_gets_nothing_until_it_is_resumed(office: Office, kind: Accredited) -> None:
    office.accredit_clinic()
    office.keeping.accredit_terminal(terminal_message(to_jwk(generate_private_key(SECP256R1()).public_key())))
    name = {Accredited.ORGANISATION: CLINIC, Accredited.TERMINAL: DESK, Accredited.OPERATOR: STAFF}[kind]
    change = StandingChange(kind=kind, id=name, organisation=CLINIC)
    assert _holds(office.directory(), kind)
    office.decide("suspend", change)
    assert not _holds(office.directory(), kind)
    office.decide("resume", change)
    assert _holds(office.directory(), kind)


def test_a_removed_role_is_not_in_the_next_edition(office: Office) -> None:
    office.accredit_clinic()
    office.decide("roles", RolesChange(organisation=CLINIC, id=STAFF, roles=[]))
    assert office.directory().roles(CLINIC, STAFF) == frozenset()


def test_changed_keys_replace_the_former(office: Office) -> None:
    office.accredit_clinic()
    key = to_jwk(Ed25519PrivateKey.generate().public_key())
    office.keeping.change_keys(OrganisationKeys(id=CLINIC, signing_key=key, receiving_key=None))
    held = office.directory().organisation(CLINIC)
    assert held is not None
    assert (held.signing_key, held.receiving_key) == (key, None)


def test_former_signing_keys_stay_known_unless_distrusted(office: Office) -> None:
    office.accredit_clinic()
    first, second, third, fourth = (to_jwk(Ed25519PrivateKey.generate().public_key()) for _ in range(4))

    def change(key: dict[str, str] | None, former: FormerKey) -> list[dict[str, str]]:
        asked = OrganisationKeys(id=CLINIC, signing_key=key, receiving_key=None, former=former)
        office.keeping.change_keys(asked)
        held = office.directory().organisation(CLINIC)
        assert held is not None
        assert held.signing_key == key
        return held.former_keys

    change(first, FormerKey.DISTRUSTED)
    assert change(second, FormerKey.KEPT) == [first]
    assert change(third, FormerKey.KEPT) == [first, second]
    assert change(fourth, FormerKey.DISTRUSTED) == [first, second], "what the third signed counts no more"
    assert change(first, FormerKey.KEPT) == [second, fourth], "a key that is in use again is no former one"
    assert change(None, FormerKey.KEPT) == [second, fourth, first]
    assert [to_jwk(key) for key in office.directory().author_keys()[CLINIC]] == [first, fourth, second]


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ("same organisation", 409, "already_accredited"),
        ("same operator", 409, "already_accredited"),
        ("role of another kind", 409, "roles_not_allowed"),
        ("other roles of another kind", 409, "roles_not_allowed"),
        ("over already", 409, "not_in_future"),
        ("unknown organisation", 404, "not_found"),
        ("unknown operator", 404, "not_found"),
        ("unknown terminal", 404, "not_found"),
        ("keys of nobody", 404, "not_found"),
        ("the same keys", 409, "nothing_to_change"),
        ("twice in one proposal", 409, "already_accredited"),
        ("a supervisor whom nobody presented", 409, "not_presented"),
        ("nothing at all", 400, "malformed_request"),
    ],
)
def test_what_the_register_does_not_take_is_refused(
    office: Office, case: str, status: int, code: str
) -> None:
    office.accredit_clinic()
    before = office.directory().register.serial
    with pytest.raises(RemoteProblemError) as refused:
        _wrong(office, case)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert office.directory().register.serial == before


class Second(Protocol):
    """The second proxy and witness, real or fake."""

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """See `SecondProxyClient`."""

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """See `SecondProxyClient`."""


@dataclass
class Proxy:
    """A second proxy with a permission that it holds."""

    world: OversightWorld
    second: Second
    reads: Reads


@pytest.fixture(params=["fake", "real"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxy]:
    """Run each test on both."""
    with oversight(tmp_path) as world:
        if request.param == "real":
            made = permitted_reads(world, tmp_path)
            yield Proxy(world, world.as_body(Body.MEDICAL), made)
            return
        fake = FakeSecondProxy(
            Body.OVERSIGHT,
            lambda: _directory(world),
            world.clock,
            world.context.sealing_key,
            own_name=world.context.people.first_name,
        )

        def take(person: Person, grant: Grant) -> None:
            fake.take(grant.copies[Body.OVERSIGHT], person.wallet.public_jwk(Body.OVERSIGHT))

        yield Proxy(world, fake, reads(world, tmp_path, store=take))


def test_a_logged_and_permitted_access_gets_a_working_fragment(proxy: Proxy) -> None:
    proxy.reads.require_opening(proxy.second.release(proxy.reads.request()))


def test_a_person_may_be_named_by_a_pseudonym_token(proxy: Proxy) -> None:
    token = proxy.world.pseudonym_token(proxy.reads.person, CLINIC)
    proxy.reads.require_opening(proxy.second.release(proxy.reads.request_by_token(token)))


def test_the_next_proof_starts_where_the_last_ended(proxy: Proxy) -> None:
    proxy.second.release(proxy.reads.request())
    with pytest.raises(CheckpointConflictError) as conflict:
        proxy.second.release(proxy.reads.request())
    assert conflict.value.known_size == 1
    proxy.reads.known_size = 1
    proxy.reads.require_opening(proxy.second.release(proxy.reads.request()))


def test_a_refusal_names_its_code(proxy: Proxy) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        proxy.second.release(proxy.reads.request(compartments=[CHECKUP]))
    assert (refused.value.status, refused.value.code) == (403, ReleaseFault.CAPSULE_REFUSED.value)


def test_a_suspended_reader_gets_nothing(proxy: Proxy) -> None:
    request = proxy.reads.request()
    proxy.world.decide("suspend", StandingChange(kind=Accredited.ORGANISATION, id=CLINIC))
    with pytest.raises(RemoteProblemError) as refused:
        proxy.second.release(request)
    assert refused.value.code == RefusalCode.NOT_ACCREDITED.value


def test_an_unknown_log_is_not_witnessed(proxy: Proxy) -> None:
    shown = proxy.reads.logged(proxy.reads.sign(proxy.reads.statement()))
    foreign = shown.checkpoint.replace("sekisho/medical\n", "elsewhere/log\n", 1)
    with pytest.raises(RemoteProblemError) as refused:
        proxy.second.add_checkpoint(AddCheckpoint(0, (), foreign))
    assert refused.value.status == 404


def _holds(directory: Directory, kind: Accredited) -> bool:
    match kind:
        case Accredited.ORGANISATION:
            return directory.organisation(CLINIC) is not None
        case Accredited.TERMINAL:
            return directory.terminal(DESK) is not None
        case Accredited.OPERATOR:
            return directory.operator(CLINIC, STAFF) is not None


def _wrong(office: Office, case: str) -> None:
    keeping, now = office.keeping, epoch_seconds(office.clock())
    organisation = OrganisationAccreditation(id=CLINIC, name="Clinic", kind=Kind.CLINIC, expires=now + 1000)
    unknown = StandingChange(kind=Accredited.OPERATOR, id="nobody", organisation=CLINIC)
    match case:
        case "same organisation":
            keeping.accredit_organisation(organisation)
        case "same operator":
            keeping.accredit_operator(operator_message(now + 1000))
        case "role of another kind":
            wrong = {"id": "other", "roles": [Role.RECALLER]}
            keeping.accredit_operator(operator_message(now + 1000).model_copy(update=wrong))
        case "other roles of another kind":
            change = RolesChange(organisation=CLINIC, id=STAFF, roles=[Role.REGISTRAR])
            office.decide("roles", change)
        case "over already":
            over = {"id": "clinic-c", "expires": now}
            keeping.accredit_organisation(organisation.model_copy(update=over))
        case "unknown organisation":
            elsewhere = {"organisation": "nobody", "id": "other"}
            keeping.accredit_operator(operator_message(now + 1000).model_copy(update=elsewhere))
        case "keys of nobody":
            keeping.change_keys(OrganisationKeys(id="nobody", signing_key=None, receiving_key=None))
        case "the same keys":
            keeping.change_keys(OrganisationKeys(id=CLINIC, signing_key=None, receiving_key=None))
        case "twice in one proposal":
            twin = organisation.model_copy(update={"id": "twin"})
            keeping.decide("enter", Entering(organisations=[twin, twin]))
        case "a supervisor whom nobody presented":
            city = organisation.model_copy(update={"id": "city", "kind": Kind.MUNICIPALITY})
            wrong = {"id": "boss", "organisation": "city", "roles": [Role.SUPERVISOR]}
            boss = operator_message(now + 1000).model_copy(update=wrong)
            keeping.decide("enter", Entering(organisations=[city], operators=[boss]))
        case "nothing at all":
            keeping.decide("enter", Entering())
        case "unknown operator":
            office.decide("suspend", unknown)
        case "unknown terminal":
            office.decide("suspend", unknown.model_copy(update={"kind": Accredited.TERMINAL}))


def _directory(world: OversightWorld) -> Directory:
    key = world.context.signing_key.public_key()
    return verify_register(world.as_body(Body.MEDICAL).register(), key=key, clock=world.clock)


def operator_message(expires: int) -> OperatorAccreditation:
    """Return an operator of the clinic."""
    card = to_jwk(generate_private_key(SECP256R1()).public_key())
    return OperatorAccreditation(
        id=STAFF, organisation=CLINIC, roles=[Role.READER], card_key=card, expires=expires
    )


def terminal_message(public_key: dict[str, str]) -> TerminalAccreditation:
    """Return a terminal of the clinic."""
    return TerminalAccreditation(id=DESK, organisation=CLINIC, public_key=public_key, days=10)
