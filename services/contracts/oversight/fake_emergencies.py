"""Emergencies at an honest fake oversight body, in memory; the contract tests keep it true."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from consent import base64url
from consent.emergency import Professional, VerifiedRequest
from consent.emergency_reason import copied_fault, substance_fault
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.statements import Selection, token_digest
from consent.vocabulary import Body
from services.contracts.emergency_evidence import (
    READ_WITHIN,
    SECOND_WITHIN,
    EmergencyUnprovenError,
    signed_request,
    signed_second,
    two_humans,
)
from services.contracts.fake_credentials import problem
from services.contracts.oversight.emergencies import (
    DecideReview,
    DeclareEmergency,
    EmergencyState,
    RelayedAnswer,
    ReviewCase,
    ReviewCases,
    Reviewed,
    ReviewOutcome,
    SecondEmergency,
    ShownEmergency,
    WaitingEmergencies,
    WaitingEmergency,
)
from services.contracts.oversight.register import Directory
from services.kit.clock import Clock, Randomness, epoch_seconds, system_randomness
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import Token

FRESH: Final = timedelta(seconds=60)
RELAY_READS_AT: Final = frozenset({Body.MEDICAL, Body.OVERSIGHT})
ID_BYTES: Final = 16
DAY_SECONDS: Final = 86_400


@dataclass
class _Held:
    """One emergency; `humans` are the person tags of those who signed."""

    case: str
    person: Pseudonym
    found: VerifiedRequest
    asked: int
    humans: list[str]
    operators: list[OperatorId]
    state: EmergencyState = EmergencyState.ASKED
    seconded: int = 0
    ends: int = 0
    due: int = 0
    second: SecondEmergency | None = None
    answer: RelayedAnswer | None = None
    reviewed: ReviewOutcome | None = None

    @property
    def organisation(self) -> OrganisationId:
        """Whose it is."""
        return self.found.request.by.organisation

    def shown(self) -> ShownEmergency:
        """As its two professionals see it."""
        return ShownEmergency(
            case=self.case,
            state=self.state,
            request=self.found.jws,
            asked=self.asked,
            ends=self.ends,
            refused=None if self.answer is None else self.answer.refused,
        )


@dataclass
class FakeEmergencies:
    """What all callers share: `callers` says who holds a token, `named` whom an organisation's token means, `permits`
    what speaks against opening records of somebody in an emergency."""

    callers: Callable[[Token], OperatorCaller]
    named: Callable[[str, OrganisationId], Pseudonym | None]
    permits: Callable[[Pseudonym, Selection], RefusalCode | None]
    directory: Callable[[], Directory]
    clock: Clock
    hours: int = 24
    review_days: int = 7
    patients_per_day: int = 5
    randomness: Randomness = system_randomness
    held: dict[str, _Held] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.clock())

    def at(self, token: Token) -> "FakeEmergencyDesk":
        """Return the emergencies as who holds a token reaches them."""
        return FakeEmergencyDesk(self, self.callers(token))

    def patient(self, token: str, caller: OperatorCaller) -> Pseudonym:
        """Return whom a token means, and use it up."""
        person = self.named(token, caller.organisation)
        if person is None or token in self.used:
            raise problem(403, RefusalCode.SUBJECT_UNKNOWN.value)
        return person

    def require_open(self, person: Pseudonym, selection: Selection, *, human: str) -> None:
        """Refuse what the person did not choose, and one human's too many patients of a day."""
        code = self.permits(person, selection)
        if code is not None:
            raise problem(403, code.value)
        since = self.now - DAY_SECONDS
        others = {each.person for each in self.held.values() if each.asked > since and human in each.humans}
        if len(others - {person}) >= self.patients_per_day:
            raise problem(403, "emergency_too_many_patients")


@dataclass
class FakeEmergencyDesk:
    """Serves `EmergencyDesk` to one operator."""

    shared: FakeEmergencies
    caller: OperatorCaller

    def declare(self, message: DeclareEmergency) -> ShownEmergency:
        """See `EmergencyDesk`."""
        self._require("reader")
        shared = self.shared
        try:
            found, operator = signed_request(
                message.request, directory=shared.directory(), now=shared.clock(), max_age=FRESH
            )
        except EmergencyUnprovenError:
            raise problem(403, RefusalCode.EMERGENCY_UNPROVEN.value) from None
        request = found.request
        self._require_own(request.by)
        if request.patient != token_digest(message.patient):
            raise problem(403, "emergency_other_patient")
        person = shared.patient(message.patient, self.caller)
        fault = substance_fault(request.reason) or copied_fault(request.reason, self._reasons(person))
        if fault is not None:
            raise problem(403, fault.value)
        human = operator.person_tag
        shared.require_open(person, request.selection, human=human or "")
        if human is None:
            raise problem(403, "emergency_same_human")
        case = base64url.encode(shared.randomness(ID_BYTES))
        shared.used.add(message.patient)
        held = _Held(case, person, found, shared.now, [human], [self.caller.operator])
        shared.held[case] = held
        return held.shown()

    def show(self, case: str) -> ShownEmergency:
        """See `EmergencyDesk`."""
        self._require("reader")
        return self._own(case).shown()

    def second(self, case: str, message: SecondEmergency) -> ShownEmergency:
        """See `EmergencyDesk`."""
        self._require("reader")
        shared, held = self.shared, self._own(case)
        directory = shared.directory()
        try:
            found, operator = signed_second(
                message.second, directory=directory, now=shared.clock(), max_age=FRESH
            )
        except EmergencyUnprovenError:
            raise problem(403, RefusalCode.EMERGENCY_UNPROVEN.value) from None
        said = found.second
        self._require_own(said.by)
        if said.patient != token_digest(message.patient):
            raise problem(403, "emergency_other_patient")
        whole = said.request == held.found.digest and said.details == token_digest(message.details)
        if not whole or said.tokens.keys() != RELAY_READS_AT:
            raise problem(403, "emergency_other_request")
        first = directory.operator(held.organisation, held.operators[0])
        if first is None or not two_humans(first, operator):
            raise problem(403, "emergency_same_human")
        if shared.named(message.patient, self.caller.organisation) != held.person:
            raise problem(403, "emergency_other_patient")
        if held.state is not EmergencyState.ASKED:
            raise problem(409, "emergency_step_done")
        if shared.now - held.asked > SECOND_WITHIN.total_seconds():
            raise problem(403, "emergency_ended")
        shared.patient(message.patient, self.caller)
        human = operator.person_tag or ""
        shared.require_open(held.person, held.found.request.selection, human=human)
        shared.used.add(message.patient)
        held.humans.append(human)
        held.operators.append(self.caller.operator)
        held.state, held.second, held.seconded = EmergencyState.DECLARED, message, shared.now
        held.ends = shared.now + shared.hours * 3600
        held.due = shared.now + shared.review_days * DAY_SECONDS
        return held.shown()

    def answer(self, case: str) -> RelayedAnswer:
        """See `EmergencyDesk`."""
        self._require("reader")
        held = self._own(case)
        if self.caller.operator not in held.operators:
            raise problem(403, "emergency_not_yours")
        if held.ends and held.ends <= self.shared.now:
            raise problem(403, "emergency_ended")
        return held.answer or RelayedAnswer()

    def waiting(self) -> WaitingEmergencies:
        """See `EmergencyDesk`."""
        self._require("emergency-relay")
        since = self.shared.now - READ_WITHIN.total_seconds()
        found = [each for each in self.shared.held.values() if each.state is EmergencyState.DECLARED]
        return WaitingEmergencies(
            waiting=[
                WaitingEmergency(
                    case=each.case,
                    request=each.found.jws,
                    second=each.second.second,
                    details=each.second.details,
                )
                for each in found
                if each.second is not None and each.seconded > since
            ]
        )

    def relayed(self, case: str, message: RelayedAnswer) -> ShownEmergency:
        """See `EmergencyDesk`."""
        self._require("emergency-relay")
        held = self._in_force(case)
        if held.state is not EmergencyState.DECLARED or held.ends <= self.shared.now:
            raise problem(409, "emergency_step_done")
        held.state = EmergencyState.FAILED if message.refused else EmergencyState.RELAYED
        held.answer = message
        return held.shown()

    def reviews(self) -> ReviewCases:
        """See `EmergencyDesk`."""
        self._require("auditor")
        found = [each for each in self.shared.held.values() if each.due and each.reviewed is None]
        return ReviewCases(
            cases=[
                ReviewCase(
                    case=each.case,
                    organisation=each.organisation,
                    professionals=[*each.operators],
                    reason=each.found.request.reason,
                    categories=sorted(each.found.request.selection.categories),
                    declared=each.seconded,
                    due=each.due,
                    overdue=each.due <= self.shared.now,
                    state=each.state,
                )
                for each in sorted(found, key=lambda each: (each.due, each.case))
            ]
        )

    def decide(self, case: str, message: DecideReview) -> Reviewed:
        """See `EmergencyDesk`."""
        self._require("auditor")
        held = self._in_force(case)
        if held.reviewed is not None:
            raise problem(409, "emergency_step_done")
        official = self.shared.directory().operator(self.caller.organisation, self.caller.operator)
        tag = None if official is None else official.person_tag
        if tag is None or tag in held.humans:
            raise problem(403, "emergency_reviewer_involved")
        held.reviewed = message.outcome
        return Reviewed(case=case, outcome=message.outcome, late=held.due <= self.shared.now)

    def _require(self, role: str) -> None:
        if role not in self.caller.roles:
            raise problem(403, "forbidden")

    def _require_own(self, by: Professional) -> None:
        if by != Professional(self.caller.organisation, self.caller.operator, self.caller.terminal):
            raise problem(403, RefusalCode.EMERGENCY_UNPROVEN.value)

    def _own(self, case: str) -> _Held:
        held = self.shared.held.get(case)
        if held is None or held.organisation != self.caller.organisation:
            raise problem(404, "not_found")
        return held

    def _in_force(self, case: str) -> _Held:
        held = self.shared.held.get(case)
        if held is None or not held.seconded:
            raise problem(404, "not_found")
        return held

    def _reasons(self, person: Pseudonym) -> list[str]:
        """Earlier reasons of the organisation, but for those of requests for this patient that opened nothing."""
        return [
            each.found.request.reason
            for each in self.shared.held.values()
            if each.organisation == self.caller.organisation and not self._in_vain(each, person)
        ]

    def _in_vain(self, held: _Held, person: Pseudonym) -> bool:
        late = self.shared.now - held.asked > SECOND_WITHIN.total_seconds()
        unsigned = held.state is EmergencyState.ASKED and late
        return held.person == person and (unsigned or held.state is EmergencyState.FAILED)
