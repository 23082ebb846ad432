"""A clinic that reads through a medical centre and second bodies which may hand out wrong fragments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from support.emergency_world import Staff, Town
from support.medical_story import MEDICATION
from support.medical_world import AUDITOR, CLINIC

from consent.compartments import YearSpan
from consent.delegation import FragmentKeys
from consent.directives import Grant
from consent.identifiers import BundleId
from consent.sealing import capsule_of
from consent.statements import Selection
from consent.vocabulary import Body, Category, Purpose
from services.contracts.directives import WithdrawalOrder, submission
from services.contracts.directives_fake import FakeSecondProxy
from services.contracts.medical.messages import ReadAnswer, ReadRequest
from services.contracts.oversight.register import Role
from services.contracts.released import HandedOut, passed_on, sign_released
from services.directives import workflows
from services.gateway.clinic import open_records
from services.gateway.wrong_fragments import Bypassed
from services.kit.http import Http

SECONDS = (Body.OVERSIGHT, Body.IDENTITY)
ALL = Selection(frozenset({Category.MEDICATION}), YearSpan(2024, 2026))
Change = Callable[[ReadAnswer], ReadAnswer]


class Centre(Http):
    """The medical centre with something between it and the reader; `change` is what that does."""

    def __init__(self, honest: Http) -> None:
        self.base_url = honest.base_url
        self._honest = honest
        self.change: Change = lambda answer: answer
        self.asked: list[ReadRequest] = []

    def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """See `Http`."""
        if path != "/reads":
            return self._honest.send(method, path, **sent)
        self.asked.append(ReadRequest.model_validate_json(sent["content"]))
        answer = self._honest.send(method, path, **sent)
        changed = self.change(ReadAnswer.model_validate_json(answer.content))
        return httpx.Response(200, content=changed.model_dump_json().encode())


class Reader(Staff):
    """The clinic's operator, whose way to the medical centre may be changed."""

    centre: Centre

    def connect(self, body: Body) -> Http:  # type: ignore[override]  # nothing to close
        """See `Organisation`."""
        return self.centre if body is Body.MEDICAL else super().connect(body)


@dataclass
class Scene:
    """A person who permitted a clinic, both second bodies, and what the clinic was told."""

    town: Town
    grant: Grant
    reader: Reader
    told: list[Bypassed] = field(default_factory=list)
    answer: ReadAnswer | None = None

    def second(self, body: Body) -> FakeSecondProxy:
        """Return a second body."""
        return self.town.world.seconds[body]

    def read(self) -> list[bytes]:
        """Read everything as the clinic."""
        found = open_records(
            self.reader,
            self.town.person.name,
            categories=frozenset({Category.MEDICATION}),
            years=YearSpan(2024, 2026),
            purpose=Purpose.TREAT,
            tell=self.told.append,
        )
        return [each.content for each in found]

    def probe(self) -> list[HandedOut]:
        """Read once and return what the medical centre handed out."""
        answers: list[ReadAnswer] = []

        def keep(answer: ReadAnswer) -> ReadAnswer:
            answers.append(answer)
            return answer

        self.reader.centre.change = keep
        self.read()
        self.reader.centre.change = lambda answer: answer
        self.answer = answers[0]
        return self.made(self.answer, Body.MEDICAL)

    def keys(self, label: str) -> FragmentKeys:
        """Return by which keys fragments for a compartment are checked."""
        package = self.grant.copies[Body.MEDICAL].fragments[label]
        return FragmentKeys(package.delegating_key, package.verifying_key, package.receiving_key)

    def made(self, answer: ReadAnswer, body: Body) -> list[HandedOut]:
        """Return what an answer has of a body."""
        return [
            HandedOut(
                BundleId(each.id),
                capsule_of(each.message_kit),
                each.fragments[body],
                self.keys(each.compartment),
            )
            for each in answer.bundles
        ]

    def sign(self, answer: ReadAnswer) -> ReadAnswer:
        """Sign an answer with the medical centre's own key, as it does if it lies."""
        (second,) = answer.released.keys() - {Body.MEDICAL}
        text = sign_released(
            Body.MEDICAL,
            self.made(answer, Body.MEDICAL),
            statement=self.reader.centre.asked[-1].statement,
            key=self.town.world.context.signing_key,
            second=passed_on(
                second,
                self.made(answer, second),
                answer.released[second],
                key=self.reader.directory().signing_key(second),
            ),
        )
        return answer.model_copy(update={"released": {**answer.released, Body.MEDICAL: text}})

    def medical_events(self) -> list[tuple[str, str | None, Any]]:
        """Return what the medical centre's log says to the person about reads and wrong fragments."""
        found = self.town.running.events(self.town.person)
        kinds = ("records_read", "wrong_fragment_found")
        return [
            (each["kind"], each.get("reason"), next(iter((each.get("detail") or {}).get("bodies", [])), None))
            for each in found
            if each["kind"] in kinds
        ]

    def official(self) -> Staff:
        """Return an auditor of the oversight body."""
        return self.town.staff("auditor-1", Role.AUDITOR, organisation=AUDITOR)


def permit(place: Town, **changes: Any) -> Grant:
    """Permit the clinic at every body, in these terms."""
    grant = place.world.grant(place.person, place.world.terms(CLINIC, **changes), compartments=MEDICATION)
    workflows.submit(place.directives, place.name(place.person), submission(grant.copies[Body.OVERSIGHT]))
    place.running.permit(place.person, grant)
    return grant


def withdraw(place: Town, grant: Grant) -> None:
    """Take a permission back at the medical centre."""
    copies = {Body.MEDICAL: grant.copies[Body.MEDICAL].jws}
    order = place.person.wallet.withdraw(copies, now=place.world.now)[Body.MEDICAL]
    token = place.world.person_token(place.person)
    place.running.directives().withdraw(WithdrawalOrder(withdrawal=order), token=token)


@contextmanager
def honest(place: Town, grant: Grant) -> Iterator[Scene]:
    """Have the clinic read on a permission, through second bodies that are honest at first and asked in their order."""
    world = place.world
    world.seconds[Body.OVERSIGHT].own_name = place.context.people.first_name
    world.seconds[Body.OVERSIGHT].signing_key = place.context.signing_key
    place.proxies[:] = world.second_proxies()
    member = world.members[CLINIC]
    reader = Reader(place, place.at_work(CLINIC, member.operator, member.card).credentials)
    reader.centre = Centre(place.running.http(CLINIC))
    yield Scene(place, grant, reader)
    for body in SECONDS:
        world.seconds[body].spoil = lambda fragment: fragment


def changed(fragment: bytes) -> bytes:
    """Spoil a fragment."""
    return fragment[:-1] + bytes([fragment[-1] ^ 1])
