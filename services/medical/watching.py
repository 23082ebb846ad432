"""Watching over the use of records: the log, read again and again, is the stream of accesses.

M1 what came since the last time is judged, access by access, against what was known when it happened;
M2 flags, habits and the place in the log are one transaction: a death in the middle repeats or loses none;
M3 each person is told at once by which rules, and which case it is;
M4 the oversight body is told of the case, without the people; while it is down, again later;
M5 people are told by when it is decided, and what was found; the finding that reads were justified ends a stop.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.identifiers import Pseudonym
from services.contracts.medical.uses import Rule
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Directory
from services.contracts.oversight.use_cases import MOST_CASES, AskOutcomes, UseCases, UseOutcome
from services.kit.clock import epoch_seconds
from services.kit.columns import ColumnError
from services.kit.events import Event, EventKind, Outcome
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.journal import DatedEvent
from services.kit.problems import UnavailableError
from services.medical import egress
from services.medical.centre import Centre
from services.medical.entries import Placed, entries_told
from services.medical.pace import ReadingPace
from services.medical.relationship_store import RelationshipStore
from services.medical.use_humans import own_part, united
from services.medical.use_known import UseKnowledge, access_of, limits_of
from services.medical.use_model import Access, Flag, Habits
from services.medical.use_rules import judge
from services.medical.use_store import TOLD, UNTOLD, UseCase, UseStore

logger = logging.getLogger("sekisho")
AT_ONCE: Final = 500
BATCHES: Final = 20
"""In one run, so that a body that stops does not wait for a long piece of work."""
ID_BYTES: Final = 16
DOWN: Final = (PeerUnavailableError, RemoteProblemError, UnavailableError)


@dataclass(frozen=True, slots=True)
class Watching:
    """Judges what is new, and carries cases on; `cases` are the oversight body's."""

    centre: Centre
    cases: UseCases
    known: UseKnowledge
    store: UseStore

    @classmethod
    def over(cls, centre: Centre, cases: UseCases) -> "Watching":
        """Return the watch over a centre."""
        cipher = centre.context.cipher
        return cls(centre, cases, UseKnowledge(centre, RelationshipStore(cipher)), UseStore(cipher))

    def run(self) -> None:
        """Judge what is new, tell the oversight body, tell people what it found."""
        self._unless_down(
            self._hear
        )  # first: what is judged now came after what was found, and is no part of it
        for _ in range(BATCHES):
            if not self._judge_some():
                break
        self._unless_down(self._tell)

    def _unless_down(self, step: Callable[[], None]) -> None:
        try:
            step()
        except DOWN as error:
            logger.warning("cases of suspicious use wait: %s", type(error).__name__)

    def _judge_some(self) -> bool:
        """M1, M2: judge the next entries of the log; tell whether there were any."""
        context, directory = self.centre.context, self.centre.register.directory()
        with context.database.read() as conn:
            start = self.store.place(conn)
            end = min(context.journal.tree.size(conn), start + AT_ONCE)
            told = entries_told(context.journal, conn, range(start, end))
        if start == end:
            return False
        found = list(_accesses(told, directory))
        with context.database.write() as conn:
            context.journal.tree.queue(conn)
            if self.store.advance(conn, start=start, end=end):
                for access, ground in found:
                    try:
                        self._judge(conn, access, ground)
                    except (ColumnError, ValueError, KeyError):
                        logger.error("an access is not judged: a row was edited; run the audit")
        return True

    def _judge(self, conn: Connection, access: Access, ground: str) -> None:
        access = replace(access, by_name=self.known.by_name(conn, access, ground))
        own, habits = self._habits(conn, access)
        judged = judge(access, self.known.of(conn, access), habits, limits_of(self.centre.settings))
        self.store.keep_habits(conn, access.by, own_part(judged.habits, habits, own))
        # with another account, and perhaps elsewhere: nothing of it is told in a case of this one
        for account in {each.by for each in judged.flags}:
            self._flag(conn, account, [each for each in judged.flags if each.by == account])

    def _habits(self, conn: Connection, access: Access) -> tuple[Habits, Habits]:
        """Return what was seen of the account, and of its human with all accounts."""
        own = self.store.habits(conn, access.by)
        here, elsewhere = list[Habits](), list[Habits]()
        for each in self.known.accounts(access):
            if each != access.by:
                kept = here if each.organisation == access.organisation else elsewhere
                kept.append(self.store.habits(conn, each))
        return own, united(own, here, elsewhere)

    def _flag(self, conn: Connection, account: Account, flags: Sequence[Flag]) -> None:
        """M3: add flags to the operator's case, and tell each person what is new to them."""
        case = self.store.case_of(conn, account) or UseCase(
            id=base64url.encode(self.centre.context.randomness(ID_BYTES)),
            organisation=account.organisation,
            operator=account.operator,
            first=flags[0].at,
            last=flags[0].at,
        )
        notices = []
        for flag in flags:
            fresh = flag.rules - {Rule(each) for each in case.people.get(flag.person, ())}
            case = _with_flag(case, flag)
            if fresh:
                notices.append(_flagged(case, flag, fresh))
        self.store.keep(conn, replace(case, state=UNTOLD))
        self.centre.context.journal.record_all(conn, notices)

    def _tell(self) -> None:
        """M4. Raises: what `cases` raises."""
        with self.centre.context.database.read() as conn:
            waiting = self.store.cases(conn, UNTOLD, most=MOST_CASES)
        for each in waiting:
            taken = self.cases.open(each.id, egress.use_case(each))
            with self.centre.context.database.write() as conn:
                self.centre.context.journal.tree.queue(conn)
                present = self.store.case(conn, each.id)
                if present is None:
                    continue
                if taken.decided:  # what is new came after the finding: it is another case
                    self._renew(conn, present)
                    continue
                # what was flagged meanwhile is told in the next round
                state = TOLD if present.accesses == each.accesses else UNTOLD
                self.store.keep(conn, replace(present, state=state, due=taken.due))
                if not present.due:
                    self._record(conn, _opened(present, taken.due))

    def _renew(self, conn: Connection, case: UseCase) -> None:
        self.store.keep(conn, replace(case, state=TOLD))
        name = base64url.encode(self.centre.context.randomness(ID_BYTES))
        self.store.keep(conn, replace(case, id=name, state=UNTOLD, due=0, first=case.last))

    def _hear(self) -> None:
        """M5. Raises: what `cases` raises."""
        with self.centre.context.database.read() as conn:
            told = self.store.cases(conn, TOLD, most=MOST_CASES)
        if not told:
            return
        asked = AskOutcomes(cases=[each.id for each in told])
        for outcome in self.cases.outcomes(asked).outcomes:
            if outcome.outcome is ReviewOutcome.JUSTIFIED:
                self._resume(outcome.case)
            with self.centre.context.database.write() as conn:
                self.centre.context.journal.tree.queue(conn)
                case = self.store.case(conn, outcome.case)
                if case is not None and self.store.close(conn, case.id):
                    self._record(conn, _reviewed(case, outcome))

    def _resume(self, name: str) -> None:
        """M5: end the stop that a case is about; the people of the case are told in the same transaction.

        It comes before the case is closed: a death in between repeats it, and finds nothing to end.
        """
        context = self.centre.context
        with context.database.write() as conn:
            case = self.store.case(conn, name)
            if case is None:
                return
            pace = ReadingPace(context.cipher, self.centre.settings)
            now = epoch_seconds(context.clock())
            if pace.resume(conn, case.organisation, case.operator, now=now, known=case.last):
                told = [_about(person, EventKind.READS_RESUMED, case, detail={}) for person in case.people]
                self._record(conn, told)

    def _record(self, conn: Connection, told: Iterable[DatedEvent]) -> None:
        self.centre.context.journal.record_all(conn, list(told))


def _accesses(told: Sequence[Placed], directory: Directory) -> Iterator[tuple[Access, str]]:
    for position, person, opening in told:
        found = None if person is None else access_of(position, person, opening, directory)
        if found is not None:
            yield found


def _with_flag(case: UseCase, flag: Flag) -> UseCase:
    names = sorted(rule.value for rule in flag.rules)
    rules = {**case.rules, **{name: case.rules.get(name, 0) + 1 for name in names}}
    own = tuple(sorted({*case.people.get(flag.person, ()), *names}))
    return replace(
        case,
        rules=rules,
        people={**case.people, flag.person: own},
        accesses=case.accesses + 1,
        first=min(case.first, flag.at),
        last=max(case.last, flag.at),
    )


def _about(person: Pseudonym, kind: EventKind, case: UseCase, *, detail: dict[str, JsonValue]) -> DatedEvent:
    event = Event(
        kind=kind,
        outcome=Outcome.DONE,
        organisation=case.organisation,
        operator=case.operator,
        detail={"case": case.name_for(person), **detail},
    )
    return DatedEvent(person, event)


def _flagged(case: UseCase, flag: Flag, fresh: Iterable[Rule]) -> DatedEvent:
    rules: list[JsonValue] = [*sorted(rule.value for rule in fresh)]
    detail: dict[str, JsonValue] = {"rules": rules, "entry": flag.position}
    return _about(flag.person, EventKind.USE_FLAGGED, case, detail=detail)


def _opened(case: UseCase, due: int) -> Iterator[DatedEvent]:
    for person in case.people:
        yield _about(person, EventKind.USE_CASE_OPENED, case, detail={"review_due": due})


def _reviewed(case: UseCase, outcome: UseOutcome) -> Iterator[DatedEvent]:
    for person in case.people:
        told: dict[str, JsonValue] = {
            "finding": outcome.outcome.value,
            "comment": outcome.comments.get(case.name_for(person), outcome.comment),
            "late": outcome.late,
        }
        yield _about(person, EventKind.USE_REVIEWED, case, detail=told)
