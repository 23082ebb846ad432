"""Watching over look-ups: which cards are stopped, and what the log says about who looks up (J3, J13)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.registry.analysis import AskReport, LookUpRecord, LookUpReport, report
from services.contracts.registry.supervision import StoppedOperator, Stops
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.events import EventKind, Outcome
from services.kit.journal import Told
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.staff import member
from services.registry.centre import Registry

AT_ONCE: Final = 500
WATCHED: Final = frozenset({EventKind.LOOK_UP, EventKind.LOOK_UPS_STOPPED})


def stops(registry: Registry, caller: OperatorCaller) -> Stops:
    """Return the stopped cards of the caller's organisation; an auditor sees all."""
    with registry.context.database.read() as conn:
        stopped = [
            StoppedOperator(organisation=each.organisation, operator=each.operator, since=each.since)
            for each in registry.throttle.stopped(conn)
            if _may_see(caller, each.organisation)
        ]
    return Stops(stops=sorted(stopped, key=lambda each: (each.since, each.operator)))


def report_to_supervisor(registry: Registry, caller: OperatorCaller, asked: AskReport) -> LookUpReport:
    """Analyse the look-ups of the caller's organisation, for an auditor those of all; that it was done is logged."""
    until = registry.context.clock()
    since = until - timedelta(days=asked.days)
    with registry.context.database.read() as conn:
        told = _newest(registry, conn)
        records = [each for each in _records(told, since=since) if _may_see(caller, each.organisation)]
    event = by_operator(caller, EventKind.LOOK_UPS_ANALYSED, outcome=Outcome.DONE, count=len(records))
    with registry.context.database.write() as conn:
        registry.context.journal.record(conn, person=None, event=event)
    return report(records, since=since, until=until, thresholds=registry.thresholds)


def report_to_person(registry: Registry, caller: PersonCaller, asked: AskReport) -> LookUpReport:
    """Analyse who looked the caller up; operators stand under the pseudonyms that they have in the caller's history."""
    until = registry.context.clock()
    since = until - timedelta(days=asked.days)
    with registry.context.database.read() as conn:
        openings = reversed(registry.context.journal.of_person(conn, caller.pseudonym))
        told = ((caller.pseudonym, Told(opening.event)) for opening in openings)
        records = list(_records(told, since=since))
    return report(records, since=since, until=until, thresholds=registry.thresholds)


def _may_see(caller: OperatorCaller, organisation: str) -> bool:
    return policies().permits(caller.roles, "audit", Body.REGISTRY) or caller.organisation == organisation


def _newest(registry: Registry, conn: Connection) -> Iterator[tuple[Pseudonym | None, Told]]:
    """Return the log's entries, the newest first."""
    end = registry.context.journal.tree.size(conn)
    while end > 0:
        start = max(0, end - AT_ONCE)
        yield from reversed(registry.context.journal.told(conn, range(start, end)))
        end = start


def _records(told: Iterable[tuple[Pseudonym | None, Told]], *, since: datetime) -> Iterator[LookUpRecord]:
    """Return what is to be analysed, up to the first entry that is older."""
    for person, entry in told:
        event = entry.event
        at = datetime.fromisoformat(str(event["at"]))
        if at < since:
            return
        if event["kind"] in WATCHED:
            yield LookUpRecord(
                at=at,
                organisation=str(event["organisation"]),
                operator=str(event.get("operator") or member(event, "pseudonym")),
                person=person,
                refused=event["outcome"] == Outcome.REFUSED,
                stopped=event["kind"] == EventKind.LOOK_UPS_STOPPED,
            )
