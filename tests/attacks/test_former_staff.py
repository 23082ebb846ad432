"""IL5: credentials of somebody whose role was removed stop at the next request."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.identity_people import IDENTITY, REGISTRY
from support.identity_world import running
from support.oversight_world import OversightWorld, oversight

from consent.vocabulary import Body
from services.contracts.oversight.entering import Entering
from services.contracts.oversight.messages import (
    Accredited,
    HandInReport,
    OrganisationAccreditation,
    RolesChange,
    StandingChange,
)
from services.contracts.oversight.register import Kind, Role
from services.contracts.oversight.register_reader import verify_register
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    """Open the oversight body."""
    with oversight(tmp_path) as opened:
        yield opened


def test_the_next_edition_lacks_a_removed_role(world: OversightWorld) -> None:
    """IL5: every body reads this edition within the age it may have, and grants by it."""
    clinic = world.accredit("clinic-b", Kind.CLINIC, Role.READER, Role.WRITER)
    key, medical = world.context.signing_key.public_key(), world.as_body(Body.MEDICAL)
    before = verify_register(medical.register(), key=key, clock=world.clock)
    serial = world.decide(
        "roles", RolesChange(organisation=clinic.organisation, id=clinic.operator, roles=[Role.WRITER])
    )
    after = verify_register(medical.register(), key=key, clock=world.clock)
    assert before.roles(clinic.organisation, clinic.operator) == {"reader", "writer"}
    assert after.roles(clinic.organisation, clinic.operator) == {"writer"}
    assert after.register.serial == serial == before.register.serial + 1


# step A4
def test_a_token_issued_before_the_removal_is_worth_nothing_after(world: OversightWorld) -> None:
    """IL5: the token still says supervisor; the register does not."""
    former, stays = (world.as_supervisor(each) for each in world.supervisors)
    former.propose("enter", _revenge(world), reason="before")
    world.decide("roles", RolesChange(organisation="office", id="first", roles=[Role.AUDITOR]), reason="left")
    with pytest.raises(RemoteProblemError) as refused:
        former.propose("enter", _revenge(world), reason="after")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    (waiting,) = [each for each in stays.proposals() if each.reason == "before"]
    with pytest.raises(RemoteProblemError) as gone:
        stays.approve(waiting)
    assert gone.value.code == "proposer_gone"


@pytest.mark.parametrize("kind", list(Accredited))
def test_a_suspended_officials_credentials_stop_at_once(world: OversightWorld, kind: Accredited) -> None:
    """R9, IL5: organisation, terminal or operator: whichever is suspended, the next request fails."""
    official = world.accredit("second-office", Kind.OVERSIGHT, Role.ACCREDITOR)
    log = world.http(official.certificate)
    bearer = world.operator_token(official, Role.ACCREDITOR)
    log.get("/log/leaves", token=bearer)
    log.get("/register", token=bearer)
    name = {
        Accredited.ORGANISATION: official.organisation,
        Accredited.TERMINAL: official.terminal,
        Accredited.OPERATOR: official.operator,
    }[kind]
    world.decide("suspend", StandingChange(kind=kind, id=name, organisation=official.organisation))
    for path in ("/register", "/log/leaves", "/log/checkpoint"):
        with pytest.raises(RemoteProblemError) as closed:
            log.get(path, token=bearer)
        assert closed.value.status in (401, 403), path
    report = HandInReport(report="r", text="t").model_dump_json().encode()
    with pytest.raises(RemoteProblemError) as unheard:
        log.send("POST", "/reports", token=bearer, content=report)
    assert unheard.value.status in (401, 403)


@pytest.mark.parametrize("kind", list(Accredited))
def test_a_suspended_ones_token_reads_no_log_of_any_body(tmp_path: Path, kind: Accredited) -> None:
    """R9, IL5: at the ID centre and at the registry, with a token that has minutes to live."""
    with running(tmp_path / "bodies") as bodies:
        clinic = bodies.accredit("clinic-b", Kind.CLINIC, Role.READER)
        tokens = {url: bodies.operator_token(clinic, url) for url in (IDENTITY, REGISTRY)}
        for url, token in tokens.items():
            bodies.http(url, clinic).get("/log/leaves", token=token)
        name = {
            Accredited.ORGANISATION: clinic.organisation,
            Accredited.TERMINAL: clinic.terminal,
            Accredited.OPERATOR: clinic.operator,
        }[kind]
        bodies.oversight.suspend(StandingChange(kind=kind, id=name, organisation=clinic.organisation))
        bodies.clock.move(2)
        for url, token in tokens.items():
            with pytest.raises(RemoteProblemError) as refused:
                bodies.http(url, clinic).get("/log/leaves", token=token)
            assert refused.value.status in (401, 403), url


def _revenge(world: OversightWorld) -> Entering:
    later = epoch_seconds(world.clock()) + 1000
    friends = OrganisationAccreditation(id="friends", name="Friends", kind=Kind.CLINIC, expires=later)
    return Entering(organisations=[friends])
