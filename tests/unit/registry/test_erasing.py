"""Former items are surely erased: whatever interrupts the work, nothing due stays and nothing else goes (J8)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from support.identity_people import some_items
from support.identity_world import World, running

from consent import jws
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ChangeReason
from services.contracts.registry.supervision import ERASURE_TYPE, ErasureSearch
from services.directives.service import open_directives
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.registry import erasing, tables
from services.registry.audit import scan
from services.registry.centre import Registry
from services.registry.model import HistoryEnd, Resident
from services.registry.store import Store

CALLER = OperatorCaller(OrganisationId("city"), OperatorId("o"), TerminalId("t"), frozenset({"supervisor"}))
WHOSE = Pseudonym("somebody")


class KilledError(Exception):
    """Stands for the death of the process."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("erasing")) as world:
        yield world


def registry_of(world: World) -> Registry:
    context, register = world.registry_context, world.register
    directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
    return Registry(context, register, Store(context.cipher, context.randomness), directives)


def somebody() -> Resident:
    told = some_items().model_dump(mode="json")
    return Resident({BasicItem(name): value for name, value in told.items()})


def left(registry: Registry) -> Counter[str | None]:
    with registry.context.database.read() as conn:
        return Counter(conn.execute(select(tables.resident_history.c.due)).scalars())


def searched(registry: Registry) -> ErasureSearch:
    key = registry.context.signing_key.public_key()
    proof = erasing.prove(registry, CALLER).proof
    return ErasureSearch.model_validate_json(jws.verify(proof, typ=ERASURE_TYPE, key=key).payload)


def erased_events(registry: Registry) -> int:
    journal = registry.context.journal
    with registry.context.database.read() as conn:
        told = [each.event for each in journal.of_person(conn, WHOSE)]
    return sum(event["kind"] == "history_erased" for event in told)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(st.none() | st.integers(-3, 900), max_size=30),
    killed_after=st.integers(0, 12),
    at_once=st.integers(1, 5),
)
def test_whatever_interrupts_it_exactly_what_is_due_is_erased_once(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    ages: list[int | None],
    killed_after: int,
    at_once: int,
) -> None:
    """`ages` are days since an entry was due; None is kept abroad."""
    registry, old = registry_of(world), somebody()
    today, before = world.clock().date(), erased_events(registry)
    with registry.context.database.write() as conn:
        conn.execute(delete(tables.resident_history))
        if not registry.store.registered(conn, WHOSE):
            registry.store.add(conn, WHOSE, old)
        for age in ages:
            due = None if age is None else today - timedelta(days=age)
            day = today - timedelta(days=2000) if due is None else erasing.due_day(due, years=-5)
            end = HistoryEnd(ChangeReason.MOVED_WITHIN, day, due)
            registry.store.change(conn, WHOSE, old=old, new=old, end=end)
    runs = 0
    record_bulk = registry.context.journal.record_bulk

    def dying(*arguments: object) -> object:
        nonlocal runs
        runs += 1
        if runs == killed_after:
            raise KilledError
        return record_bulk(*arguments)  # type: ignore[arg-type]  # passed on as it came

    with monkeypatch.context() as patched:
        patched.setattr(erasing, "AT_ONCE", at_once)
        patched.setattr(registry.context.journal, "record_bulk", dying)
        for _ in range(2):
            try:
                erasing.erase_due(registry)
            except KilledError:
                assert left(registry) != Counter()
    overdue = sum(age is not None and age >= 0 for age in ages)
    assert erased_events(registry) - before == overdue
    kept = Counter(
        None if age is None else (today - timedelta(days=age)).isoformat()
        for age in ages
        if age is None or age < 0
    )
    assert left(registry) == kept
    found = searched(registry)
    assert found.clean
    assert found.history_entries == kept.total()
    assert found.kept_abroad == ages.count(None)


def test_search_finds_what_was_left_or_prolonged(world: World) -> None:
    """A row whose day was put off by hand is found by its age, and by the audit."""
    registry, old, today = registry_of(world), somebody(), world.clock().date()
    with registry.context.database.write() as conn:
        conn.execute(delete(tables.resident_history))
        if not registry.store.registered(conn, WHOSE):
            registry.store.add(conn, WHOSE, old)
        long_ago = today - timedelta(days=6 * 366)
        end = HistoryEnd(ChangeReason.DIED, long_ago, long_ago + timedelta(days=5 * 366))
        registry.store.change(conn, WHOSE, old=old, new=old, end=end)
    assert searched(registry).left == 1
    with registry.context.database.write() as conn:
        conn.execute(text("UPDATE resident_history SET due = '2999-01-01'"))
        assert [finding.table for finding in scan(registry.store, conn)[1]] == ["resident_history"]
    assert erasing.erase_due(registry) == 0
    assert searched(registry).left == 1
    assert not searched(registry).clean


def test_search_finds_items_in_the_log(world: World) -> None:
    registry = registry_of(world)
    before = searched(registry).log_entries_with_items
    event = Event(kind=EventKind.RESIDENT_CHANGED, outcome=Outcome.DONE, detail={"address": "somewhere"})
    with registry.context.database.write() as conn:
        registry.context.journal.record(conn, person=WHOSE, event=event)
    assert searched(registry).log_entries_with_items == before + 1


@pytest.mark.parametrize(
    ("day", "years", "due"),
    [
        (date(2026, 11, 21), 5, date(2031, 11, 21)),
        (date(2028, 2, 29), 5, date(2033, 2, 28)),
        (date(2028, 2, 29), 4, date(2032, 2, 29)),
        (date(2026, 1, 1), -5, date(2021, 1, 1)),
    ],
)
def test_due_day_is_the_same_day_some_years_on(day: date, years: int, due: date) -> None:
    assert erasing.due_day(day, years=years) == due
