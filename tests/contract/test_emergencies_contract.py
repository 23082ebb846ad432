"""Emergencies at the oversight body: the same contract at the real one and at the fake one, from the gateway's side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.emergency_wire import serve_emergencies
from support.emergency_world import REASON, Staff, Town, ask_for, town
from support.medical_world import CLINIC

from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.vocabulary import Body
from services.contracts.fake_credentials import problem
from services.contracts.oversight.emergencies import (
    EmergencyClient,
    EmergencyState,
    RelayedAnswer,
    ReviewOutcome,
)
from services.contracts.oversight.fake_emergencies import FakeEmergencies, FakeEmergencyDesk
from services.contracts.oversight.register import Role
from services.gateway.credentials import Credentials
from services.gateway.emergencies import ask, look, open_emergency, review, reviews, second
from services.gateway.errors import RefusedError
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError
from services.kit.http import Http, Token

SEALED = RelayedAnswer(sealed="c2VhbGVk", signature="s")


class Line(Http):
    """A connection to the fake, as one operator: messages become JSON and come back."""

    def __init__(self, desk: FakeEmergencyDesk) -> None:
        self._desk = desk

    def send(self, method: str, path: str, *, token: Token | None = None, **sent: Any) -> httpx.Response:
        """See `Http`."""
        told = serve_emergencies(lambda: self._desk, method, path, sent.get("content") or b"")
        if told is None:
            raise problem(404, "not_found")
        return httpx.Response(200, content=told)


class AtFake(Staff):
    """An operator who reaches the fake in place of the oversight body."""

    def __init__(self, town: Town, credentials: Credentials, fake: FakeEmergencies) -> None:
        super().__init__(town, credentials)
        self._fake = fake

    def connect(self, body: Body) -> Http:  # type: ignore[override]  # nothing to close
        """See `Staff`."""
        if body is not Body.OVERSIGHT:
            return super().connect(body)
        own, directory = self.credentials, self._fake.directory()
        named = OrganisationId(own.organisation), OperatorId(own.operator)
        roles = directory.roles(*named)
        return Line(FakeEmergencyDesk(self._fake, OperatorCaller(*named, TerminalId(own.terminal), roles)))


@dataclass
class Scene:
    """A town, and who keeps its emergencies."""

    town: Town
    fake: FakeEmergencies | None = None
    chosen: bool = False

    def choose(self) -> None:
        """Have the person choose that emergencies open medication."""
        self.town.choose()
        self.chosen = True

    def at(self, staff: Staff) -> Staff:
        """Return an operator who reaches who is under test."""
        return staff if self.fake is None else AtFake(self.town, staff.credentials, self.fake)

    def pair(self) -> tuple[Staff, Staff]:
        """Return two professionals of the hospital."""
        doctor, nurse = self.town.pair()
        return self.at(doctor), self.at(nurse)

    def staff(self, operator: str, *roles: Role, **told: Any) -> Staff:
        """Return an operator."""
        return self.at(self.town.staff(operator, *roles, **told))

    def relay(self, case: str, answer: RelayedAnswer = SEALED) -> EmergencyState:
        """Have the relay hand an answer over."""
        return ask(self.at(self.town.relay), lambda client: client.relayed(case, answer)).state

    def waiting(self) -> list[str]:
        """Return what waits for the relay."""
        found = ask(self.at(self.town.relay), EmergencyClient.waiting).waiting
        return [each.case for each in found]


@pytest.fixture(params=["real", "fake"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with town(tmp_path) as here:
        made = Scene(here)
        if request.param == "fake":
            made.fake = _fake(made)
        yield made


def _fake(scene: Scene) -> FakeEmergencies:
    here = scene.town
    directory = here.world.register.directory

    def named(token: str, organisation: OrganisationId) -> Pseudonym | None:
        try:
            return here.context.whom(
                token, issuer=directory().token_key(), organisation=organisation
            ).pseudonym
        except PseudonymTokenError:
            return None

    def nobody(_token: Token) -> OperatorCaller:
        raise problem(401, "unauthenticated")

    return FakeEmergencies(
        callers=nobody,
        named=named,
        permits=lambda _person, _selection: None if scene.chosen else RefusalCode.NO_PERMISSION,
        directory=directory,
        clock=here.world.clock,
        hours=here.settings.emergency_hours,
        review_days=here.settings.emergency_review_days,
        patients_per_day=here.settings.emergency_patients_per_day,
    )


def refused(code: str) -> pytest.RaisesExc[RefusedError]:
    """Expect a refusal."""
    return pytest.raises(RefusedError, check=lambda error: error.code == code)


def test_two_sign_then_a_relay_answers_and_nobody_else_sees_it(scene: Scene) -> None:
    doctor, nurse = scene.pair()
    with refused("no_permission"):
        ask_for(doctor, "hanako")
    scene.choose()
    asked = ask_for(doctor, "hanako")
    assert (asked.state, asked.ends, scene.waiting()) == (EmergencyState.ASKED, 0, [])
    assert look(nurse, asked.case)[1].reason == REASON
    declared = second(nurse, "hanako", asked.case)
    hours = scene.town.settings.emergency_hours
    assert (declared.state, declared.ends) == (EmergencyState.DECLARED, asked.asked + hours * 3600)
    assert scene.waiting() == [asked.case]
    assert open_emergency(doctor, asked.case).records is None
    assert scene.relay(asked.case) is EmergencyState.RELAYED
    assert scene.waiting() == []
    for each in (doctor, nurse):
        assert ask(each, lambda client: client.answer(asked.case)) == SEALED
    with refused("emergency_step_done"):
        scene.relay(asked.case)
    colleague, writer = scene.staff("colleague"), scene.staff("writer", Role.WRITER)
    assert look(colleague, asked.case)[0].case == asked.case
    with refused("emergency_not_yours"):
        open_emergency(colleague, asked.case)
    with refused("forbidden"):
        look(writer, asked.case)
    stranger = scene.staff("stranger", organisation=CLINIC)
    for named in (asked.case, "nobodys"):
        with refused("not_found"):
            look(stranger, named)
        with refused("not_found"):
            open_emergency(stranger, named)


def test_reason_of_substance_and_another_human_in_time_make_one(scene: Scene) -> None:
    scene.choose()
    doctor, nurse = scene.pair()
    with refused("emergency_reason_boilerplate"):
        ask_for(doctor, "hanako", reason="urgent")
    case = ask_for(doctor, "hanako").case
    with refused("emergency_reason_copied"):
        ask_for(nurse, "hanako")
    with refused("emergency_same_human"):
        second(scene.staff("second-account", human="human doctor"), "hanako", case)
    with refused("emergency_other_patient"):
        second(nurse, "taro", case)
    scene.town.world.now += timedelta(minutes=16)
    with refused("emergency_ended"):
        second(nurse, "hanako", case)
    # what opened nothing may be asked again for the same patient, also when the relay was refused
    again = ask_for(doctor, "hanako").case
    second(nurse, "hanako", again)
    assert scene.relay(again, RelayedAnswer(refused="withdrawn")) is EmergencyState.FAILED
    with refused("withdrawn"):
        open_emergency(nurse, again)
    assert look(doctor, again)[0].refused == "withdrawn"
    assert ask_for(doctor, "hanako").state is EmergencyState.ASKED


def test_it_ends_by_itself_and_somebody_else_reviews_it(scene: Scene) -> None:
    scene.choose()
    doctor, nurse = scene.pair()
    case = ask_for(doctor, "hanako").case
    second(nurse, "hanako", case)
    scene.relay(case)
    official = scene.at(scene.town.official("auditor"))
    (found,) = reviews(official)
    assert (found.case, found.reason, found.overdue) == (case, REASON, False)
    involved = scene.at(scene.town.official("second job", human="human nurse"))
    with refused("emergency_reviewer_involved"):
        review(involved, case, ReviewOutcome.JUSTIFIED, comment="it looks right")
    with refused("not_found"):
        review(official, "nobodys", ReviewOutcome.JUSTIFIED, comment="it looks right")
    scene.town.world.now += timedelta(days=scene.town.settings.emergency_review_days)
    with refused("emergency_ended"):
        open_emergency(doctor, case)
    assert reviews(official)[0].overdue
    assert review(official, case, ReviewOutcome.NOT_JUSTIFIED, comment="nobody was in danger").late
    assert reviews(official) == []
    with refused("emergency_step_done"):
        review(official, case, ReviewOutcome.JUSTIFIED, comment="I changed my mind")
