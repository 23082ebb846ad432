"""Whoever can write the oversight body's database, without its keys, brings old rows of the register back."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update
from support.oversight_world import OversightWorld, oversight

from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.contracts.oversight.messages import Accredited, StandingChange
from services.contracts.oversight.register import Kind, Role
from services.oversight.register_log import RegisterLog
from services.oversight.tables import register_edition, register_entry

CLINIC = "clinic-b"
SUSPENSION = StandingChange(kind=Accredited.ORGANISATION, id=CLINIC)
WHERE = (register_entry.c.kind == "organisation", register_entry.c.key == CLINIC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    with oversight(tmp_path) as running:
        running.accredit(CLINIC, Kind.CLINIC, Role.READER)
        yield running


def row(world: OversightWorld) -> Mapping[str, object]:
    with world.context.database.read() as conn:
        return dict(conn.execute(select(register_entry).where(*WHERE)).one()._mapping)


def put(world: OversightWorld, stored: Mapping[str, object]) -> None:
    """Put a row back, and have an edition made of it."""
    with world.context.database.write() as conn:
        conn.execute(update(register_entry).where(*WHERE).values(entry=stored["entry"]))
        conn.execute(update(register_edition).values(serial=register_edition.c.serial + 1))


def found(world: OversightWorld) -> list[tuple[str, str]]:
    token = world.operator_token(world.official, Role.AUDITOR)
    report = world.http(world.official.certificate).get("/audit", token=token)
    return [(each["table"], each["row"]) for each in report["findings"]]


def test_an_untouched_register_has_no_findings(world: OversightWorld) -> None:
    """Keys, standing and roles that were changed the right way are what the log says."""
    world.decide("suspend", SUSPENSION)
    world.decide("resume", SUSPENSION)
    world.context.close()
    world.open()
    assert found(world) == []


def test_a_suspension_undone_in_the_database_is_named(world: OversightWorld) -> None:
    """IT5, R9: the row from before the suspension opens, and is not what the log says last."""
    before = row(world)
    world.decide("suspend", SUSPENSION)
    put(world, before)
    assert found(world) == [("register_entry", f"kind=organisation key={CLINIC}")]


def test_a_suspension_undone_in_the_database_lets_nobody_in_again(world: OversightWorld) -> None:
    """IT5, R9: what two officials suspended stays so in every edition, also after a restart, until two resume it."""
    before = row(world)
    world.decide("suspend", SUSPENSION)
    suspended = row(world)
    put(world, before)
    for _ in range(2):
        assert world.app.state.office.editions.directory().organisation(OrganisationId(CLINIC)) is None
        world.context.close()
        world.open()
    put(world, suspended)
    world.decide("resume", SUSPENSION)
    assert world.app.state.office.editions.directory().organisation(OrganisationId(CLINIC)) is not None


def test_a_view_from_before_a_change_is_told_what_the_log_said_then(world: OversightWorld) -> None:
    """Requests see the database of one moment each; what another one has read of the log since is not of it."""
    log, key = RegisterLog(world.context.journal), ("organisation", CLINIC)
    with world.context.database.read() as before:
        then = log.last(before)
        world.decide("suspend", SUSPENSION)
        with world.context.database.read() as after:
            assert log.last(after)[key] != then[key]
            assert log.last(before) == then
            assert log.last(after)[key] != then[key]


def test_an_entry_taken_out_of_the_database_is_named(world: OversightWorld) -> None:
    """IT1, R9: nobody is accredited a second time under the name."""
    with world.context.database.write() as conn:
        conn.execute(delete(register_entry).where(*WHERE))
    assert found(world) == [("register_entry", f"kind=organisation key={CLINIC}")]


def test_a_bodys_entry_is_in_the_log_too(world: OversightWorld) -> None:
    """IT5: what was founded, or entered by two, goes back to an earlier state no more than an organisation."""
    where = (register_entry.c.kind == "body", register_entry.c.key == "portal")
    with world.context.database.read() as conn:
        before = conn.execute(select(register_entry.c.entry).where(*where)).scalar_one()
    world.others.signing[Body.PORTAL] = Ed25519PrivateKey.generate()
    world.decide("enter-body", world.others.entry(Body.PORTAL))
    assert found(world) == []
    with world.context.database.write() as conn:
        conn.execute(update(register_entry).where(*where).values(entry=before))
    assert found(world) == [("register_entry", "kind=body key=portal")]
