"""The same request many times at once, on every database: one effect, and a clear answer to each of the others."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from support.database import DATABASES, database_url
from support.oversight_reads import events, grant
from support.oversight_world import OversightWorld, Person, oversight

from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import submission, wallet_registration
from services.contracts.oversight.register import Kind, Role
from services.directives import workflows
from services.directives.errors import DirectiveConflictError
from services.directives.listing import own_directives
from services.directives.service import Directives, open_directives
from services.kit import prepared
from services.kit.credentials.callers import PersonCaller, SignedInBy
from services.oversight import tables
from services.oversight.app import open_office

AT_ONCE = 8
T = TypeVar("T")


@pytest.fixture(params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OversightWorld]:
    with oversight(tmp_path, database_url=database_url(request.param)) as opened:
        yield opened


def component(world: OversightWorld) -> Directives:
    directory = open_office(world.context, world.settings).editions.directory
    return open_directives(world.context, tables.DIRECTIVES, directory=directory)


def at_once(work: Callable[[], T]) -> list[T | DirectiveConflictError]:
    """Do the same in many threads that start together; anything but a conflict fails the test."""
    barrier = threading.Barrier(AT_ONCE)

    def one() -> T | DirectiveConflictError:
        barrier.wait()
        try:
            return work()
        except DirectiveConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [each.result() for each in [pool.submit(one) for _ in range(AT_ONCE)]]


def test_wallet_registered_by_many_requests_at_once_is_registered_once(world: OversightWorld) -> None:
    directives = component(world)
    for number in range(5):
        newcomer = Person(f"person {number}", Wallet.create(world.random.randbytes), world.context.people)
        registration = wallet_registration(newcomer.wallet, Body.OVERSIGHT, world.clock())
        pseudonym = newcomer.pseudonym(Body.OVERSIGHT)
        found = at_once(lambda: workflows.register_wallet(directives, pseudonym, registration))  # noqa: B023
        assert found == [workflows.wallet(directives, pseudonym)] * AT_ONCE
    registered = [each for each in events(world) if each["kind"] == "wallet_registered"]
    assert [each["outcome"] for each in registered].count("done") == 5


def test_directive_handed_in_by_many_requests_at_once_is_stored_once(
    world: OversightWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    directives = component(world)
    clinic = world.accredit("clinic-b", Kind.CLINIC, Role.READER)
    person = world.person("hanako")
    pseudonym = person.pseudonym(Body.OVERSIGHT)
    for _ in range(5):
        message = submission(grant(world, person, clinic).copies[Body.OVERSIGHT])
        found = at_once(lambda: workflows.submit(directives, pseudonym, message))  # noqa: B023
        assert sum(not isinstance(each, DirectiveConflictError) for each in found) == 1
    stored = [each for each in events(world) if each["kind"] == "directive_stored"]
    assert [each["outcome"] for each in stored].count("done") == 5
    monkeypatch.setattr(prepared, "AT_ONCE", 2)  # their log entries are looked up in more than one query
    caller = PersonCaller(pseudonym, SignedInBy.CARD)
    assert len(own_directives(directives, caller).directives) == 5
