"""The process that erases what is five years old is killed in the middle (J8)."""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from support.database import DATABASES
from support.identity_people import some_items
from support.identity_world import World, running
from support.waiting import until

from consent import jws
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ChangeReason
from services.contracts.registry.supervision import ERASURE_TYPE, ErasureSearch
from services.directives.service import open_directives
from services.kit.credentials.callers import OperatorCaller
from services.kit.database import Database
from services.registry import erasing, tables
from services.registry.centre import Registry
from services.registry.model import HistoryEnd, Resident
from services.registry.store import Store

CALLER = OperatorCaller(OrganisationId("city"), OperatorId("o"), TerminalId("t"), frozenset({"supervisor"}))
PEOPLE = [Pseudonym(f"somebody {number}") for number in range(3)]
DUE, KEPT, AT_ONCE = 240, 7, 2


@pytest.fixture(params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("killed"), databases=request.param) as world:
        yield world


def registry_of(world: World, database: Database) -> Registry:
    context = replace(world.registry_context, database=database)
    directives = open_directives(context, tables.DIRECTIVES, directory=world.register.directory)
    return Registry(context, world.register, Store(context.cipher, context.randomness), directives)


def fill(registry: Registry) -> None:
    old = Resident({BasicItem(name): value for name, value in some_items().model_dump(mode="json").items()})
    today = registry.context.clock().date()
    with registry.context.database.write() as conn:
        for person in PEOPLE:
            registry.store.add(conn, person, old)
        for number in range(DUE + KEPT):
            due = today - timedelta(days=number) if number < DUE else today + timedelta(days=1)
            end = HistoryEnd(ChangeReason.MOVED_WITHIN, erasing.due_day(due, years=-5), due)
            registry.store.change(conn, PEOPLE[number % len(PEOPLE)], old=old, new=old, end=end)


def left(registry: Registry) -> int:
    with registry.context.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(tables.resident_history)).scalar_one())


def erase_until_killed(world: World, url: str, target: int) -> None:
    """Run in a copy of this process, with connections of its own, and be killed while something is erased."""
    erasing.AT_ONCE = AT_ONCE  # type: ignore[misc]  # this copy only: many small transactions
    watching = registry_of(world, Database(url))

    def kill() -> None:
        until(lambda: left(watching) <= target)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    erasing.erase_due(registry_of(world, Database(url)))


def erased(registry: Registry) -> Counter[Pseudonym]:
    """Count the entries about erasure in each person's history."""
    found: Counter[Pseudonym] = Counter()
    with registry.context.database.read() as conn:
        for person in PEOPLE:
            events = [each.event for each in registry.context.journal.of_person(conn, person)]
            found[person] = sum(event["kind"] == "history_erased" for event in events)
    return found


def test_killed_again_and_again_it_erases_what_is_due_once_and_proves_it(world: World) -> None:
    """J8: what was erased is in the history of whose it was, one entry each; nothing else is gone."""
    url = world.registry_context.settings.database
    registry = registry_of(world, world.registry_context.database)
    fill(registry)
    for target in (DUE * 3 // 4, DUE // 2):
        process = multiprocessing.get_context("fork").Process(
            target=erase_until_killed, args=(world, url, target + KEPT)
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "the kill came too late to show anything"
        assert KEPT < left(registry) <= target + KEPT
        assert sum(erased(registry).values()) == DUE + KEPT - left(registry)
    erasing.erase_due(registry)
    assert left(registry) == KEPT
    assert erased(registry) == Counter(dict.fromkeys(PEOPLE, DUE // len(PEOPLE)))
    key = registry.context.signing_key.public_key()
    proof = erasing.prove(registry, CALLER).proof
    found = ErasureSearch.model_validate_json(jws.verify(proof, typ=ERASURE_TYPE, key=key).payload)
    assert found.clean
    assert found.history_entries == KEPT
