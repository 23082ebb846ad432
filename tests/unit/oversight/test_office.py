"""The register's keeping: who may, what is logged, what a start takes in, what an edited row does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from pydantic import JsonValue
from sqlalchemy import text
from support.oversight_reads import events
from support.oversight_world import OFFICE, OversightWorld, oversight

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.entering import Entering
from services.contracts.oversight.messages import (
    Accredited,
    OrganisationAccreditation,
    StandingChange,
    TerminalAccreditation,
)
from services.contracts.oversight.register import Kind, Role
from services.contracts.oversight.register_reader import verify_register
from services.contracts.proposals import ProposalsClient
from services.kit import certificates
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError
from services.kit.keys import KeyFolderError
from services.kit.settings import SettingsError
from services.oversight import app as oversight_app

CLINIC = OrganisationId("clinic-b")
SUSPENSION = StandingChange(kind=Accredited.ORGANISATION, id=CLINIC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    """Open the oversight body."""
    with oversight(tmp_path) as opened:
        yield opened


def test_every_change_says_who_made_it_and_why(world: OversightWorld) -> None:
    world.accredit(CLINIC, Kind.CLINIC, Role.READER)
    serial = world.decide("suspend", SUSPENSION)
    last = events(world)[-2]
    assert (last["kind"], last["organisation"], last["operator"], last["terminal"]) == (
        "accreditation_changed",
        OFFICE,
        "second",
        "office-desk",
    )
    assert len(last["detail"].pop("entry")) == 43
    assert len(last["detail"].pop("proposal")) == 22
    assert last["detail"] == {
        "change": "suspend",
        "proposer": "first",
        "kind": "organisation",
        "id": CLINIC,
        "reason": "an inspection",
        "serial": serial,
    }


@pytest.mark.parametrize("role", list(Role))
def test_only_supervisors_keep_the_register(world: OversightWorld, role: Role) -> None:
    caller = ProposalsClient(
        world.http(world.supervisors[0].certificate), token=world.operator_token(world.supervisors[0], role)
    )
    later = epoch_seconds(world.clock()) + 1000
    clinic = OrganisationAccreditation(id=CLINIC, name="Clinic", kind=Kind.CLINIC, expires=later)
    asked = Entering(organisations=[clinic])
    if role is Role.SUPERVISOR:
        assert caller.propose("enter", asked, reason="applied").state == "pending"
        return
    with pytest.raises(RemoteProblemError) as refused:
        caller.propose("enter", asked, reason="applied")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")


def test_nobody_reads_the_register_without_a_credential(world: OversightWorld) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        world.as_body(Body.MEDICAL).__class__(world.http(b"a stranger's certificate")).register()
    assert refused.value.status == 401


def test_a_key_on_another_curve_is_not_certified(world: OversightWorld) -> None:
    world.accredit(CLINIC, Kind.CLINIC, Role.READER)
    point = generate_private_key(SECP384R1()).public_key().public_numbers()
    x, y = (base64url.encode(number.to_bytes(48)) for number in (point.x, point.y))
    asked = TerminalAccreditation(
        id="other-desk",
        organisation=CLINIC,
        public_key={"kty": "EC", "crv": "P-384", "x": x, "y": y},
        days=1,
    )
    with pytest.raises(RemoteProblemError) as refused:
        world.keeping.accredit_terminal(asked)
    assert (refused.value.status, refused.value.code) == (400, "malformed_request")


def test_a_receiving_key_that_is_no_key_is_not_taken(world: OversightWorld) -> None:
    asked = OrganisationAccreditation(
        id=CLINIC,
        name="Clinic",
        kind=Kind.CLINIC,
        expires=epoch_seconds(world.clock()) + 1000,
        receiving_key=base64url.encode(bytes(33)),
    )
    with pytest.raises(RemoteProblemError) as refused:
        world.keeping.accredit_organisation(asked)
    assert refused.value.status == 400


@pytest.mark.parametrize("identifier", ["Clinic", "clinic b", "body:medical", "../x", "", "x" * 64])
def test_identifiers_are_plain(world: OversightWorld, identifier: str) -> None:
    new: dict[str, JsonValue] = {"id": identifier, "name": "n", "kind": "clinic", "expires": 4_000_000_000}
    with pytest.raises(RemoteProblemError) as refused:
        world.as_supervisor(world.supervisors[0]).propose_as("enter", {"organisations": [new]}, reason="r")
    assert (refused.value.status, refused.value.code) == (400, "malformed_request")


def test_a_restart_does_not_bring_back_what_was_suspended(world: OversightWorld) -> None:
    officials = StandingChange(kind=Accredited.OPERATOR, id="official", organisation=OFFICE)
    world.decide("suspend", officials)
    world.context.close()
    world.open()
    with pytest.raises(RemoteProblemError) as refused:
        world.office.register()
    assert refused.value.status == 403


def test_the_founding_is_in_the_log_once(world: OversightWorld) -> None:
    (founding,) = events(world)
    assert (founding["kind"], founding["detail"]["change"]) == ("accreditation_changed", "founding")
    world.context.close()
    world.open()
    assert events(world) == [founding]


def test_a_founding_file_that_is_no_register_stops_the_first_start_only(
    world: OversightWorld, tmp_path: Path
) -> None:
    broken = OversightWorld(tmp_path / "broken")
    with pytest.raises(SettingsError, match="bootstrap"):
        broken.open(bootstrap=json.dumps({"bodies": [{"body": "medical"}]}))
    broken.context.close()
    world.context.close()
    world.open(bootstrap="no register")
    world.office.register()


def test_an_authority_without_its_key_stops_the_start(world: OversightWorld) -> None:
    other = certificates.create_authority("Other", days=1, now=world.clock())
    world.context.tls.authority.write_text(certificates.to_pem(other.certificate))
    with pytest.raises(KeyFolderError, match="authority"):
        oversight_app.open_office(world.context, world.settings)


def test_an_edited_entry_accredits_nobody_and_is_named_by_the_audit(world: OversightWorld) -> None:
    world.accredit(CLINIC, Kind.CLINIC, Role.READER)
    with world.context.database.write() as conn:
        moved = "SELECT entry FROM register_entry WHERE kind='operator' AND key='office/official'"
        conn.execute(text(f"UPDATE register_entry SET entry=({moved}) WHERE key='clinic-b/clinic-b-staff'"))
        conn.execute(text("UPDATE register_edition SET serial = serial + 1"))
    key = world.context.signing_key.public_key()
    edition = verify_register(world.as_body(Body.MEDICAL).register(), key=key, clock=world.clock)
    assert edition.roles(CLINIC, OperatorId("clinic-b-staff")) == frozenset()
    assert edition.roles(OFFICE, OperatorId("official")) == {"accreditor", "auditor"}
    token = world.operator_token(world.official, Role.AUDITOR)
    report = world.http(world.official.certificate).get("/audit", token=token)
    assert [(each["table"], each["row"]) for each in report["findings"]] == [
        ("register_entry", "kind=operator key=clinic-b/clinic-b-staff")
    ]


def test_a_terminals_key_and_the_register_name_one_certificate(world: OversightWorld) -> None:
    world.accredit(CLINIC, Kind.CLINIC, Role.READER)
    key = generate_private_key(SECP256R1())
    told = world.keeping.accredit_terminal(
        TerminalAccreditation(
            id="second-desk", organisation=CLINIC, public_key=to_jwk(key.public_key()), days=3
        )
    )
    certificate = certificates.from_pem(told.certificate.encode())
    assert certificate.public_key() == key.public_key()
    assert epoch_seconds(certificate.not_valid_after_utc) == epoch_seconds(world.clock()) + 3 * 24 * 3600
