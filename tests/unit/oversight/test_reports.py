"""Reports that the oversight body demands: handed in once, by who owes them, read by officials."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from support.oversight_world import OversightWorld, Participant, oversight

from services.contracts.oversight.messages import HandInReport
from services.contracts.oversight.powers import Demand
from services.contracts.oversight.register import Kind, Role
from services.contracts.oversight.terms import ReportDemand
from services.kit.http import RemoteProblemError
from services.oversight.tables import report

DUE = ReportDemand(id="access-2026", about="who read what", due=4_000_000_000)
ANSWER = HandInReport(report="access-2026", text="Two reads, both at the patient's request.")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    """Open the oversight body."""
    with oversight(tmp_path) as opened:
        yield opened


def owing(world: OversightWorld) -> Participant:
    """Accredit a clinic that owes a report."""
    clinic = world.accredit("clinic-b", Kind.CLINIC, Role.READER)
    world.decide("demand-report", Demand(id="clinic-b", report=DUE))
    return clinic


def test_report_is_handed_in_once_and_read_by_officials(world: OversightWorld) -> None:
    clinic = world.as_operator(owing(world), Role.READER)
    clinic.hand_in(ANSWER)
    told = world.office.report("clinic-b", "access-2026")
    assert (told.organisation, told.operator, told.text) == ("clinic-b", "clinic-b-staff", ANSWER.text)
    found = world.app.state.office.editions.directory().register.organisations
    assert [each.reports[0].received for each in found if each.id == "clinic-b"] == [True]
    with pytest.raises(RemoteProblemError) as again:
        clinic.hand_in(ANSWER)
    assert again.value.status == 404


def test_nobody_hands_in_for_another_or_reads_without_the_role(world: OversightWorld) -> None:
    clinic = owing(world)
    stranger = world.as_operator(world.accredit("clinic-c", Kind.CLINIC, Role.READER), Role.READER)
    with pytest.raises(RemoteProblemError) as not_owed:
        stranger.hand_in(ANSWER)
    assert not_owed.value.status == 404
    world.as_operator(clinic, Role.READER).hand_in(ANSWER)
    with pytest.raises(RemoteProblemError) as refused:
        stranger.report("clinic-b", "access-2026")
    assert refused.value.status == 403


def test_report_lies_sealed_and_is_not_used_when_it_was_moved(world: OversightWorld) -> None:
    world.as_operator(owing(world), Role.READER).hand_in(ANSWER)
    with world.context.database.write() as conn:
        stored = conn.execute(select(report.c.content)).scalar_one()
        assert ANSWER.text.encode() not in stored
        conn.execute(update(report).values(report="access-2025"))
    with pytest.raises(RemoteProblemError) as refused:
        world.office.report("clinic-b", "access-2025")
    assert (refused.value.status, refused.value.code) == (500, "stored_data_changed")
