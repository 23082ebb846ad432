"""Officials and outsiders who misuse look-ups: probing, bulk reading, tricks with texts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.identity_people import IDENTITY, REGISTRY
from support.identity_wire import refused
from support.identity_world import running
from support.look_ups import ADDRESS, BORN, CASE, TASK, Official, items_of, query

from consent.personal_number import check_digit
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.look_ups import Query
from services.kit.http import RemoteProblemError

PROBES = 40
LIMIT = 200


@pytest.fixture
def official(tmp_path: Path) -> Iterator[Official]:
    with running(tmp_path) as world:
        yield Official(world, world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER))


def unused_numbers() -> list[str]:
    """Numbers that nobody here was given, with right check digits."""
    return [f"{first}{check_digit(str(first))}" for first in range(10**10, 10**10 + PROBES)]


def answers(
    official: Official, url: str, path: str, messages: list[dict[str, object]]
) -> set[tuple[int, int]]:
    """Send each message; return all (status, length of the answer)."""
    world, found = official.world, set()
    for message in messages:
        token, content = world.operator_token(official.at, url), json.dumps(message).encode()
        answer = world.http(url, official.at).send("POST", path, token=token, content=content)
        found.add((answer.status_code, len(answer.content)))
    return found


def test_numbers_of_somebody_and_of_nobody_are_answered_alike_by_the_id_centre(official: Official) -> None:
    """OL2: status and length of the answer, and what the log grows by."""
    used = [official.world.enrol(official.at).personal_number for _ in range(PROBES)]
    seen = {}
    for kind, numbers in (("used", used), ("unused", unused_numbers())):
        context = official.world.identity_context
        with context.database.read() as conn:
            before = context.journal.tree.size(conn)
        messages: list[dict[str, object]] = [
            {"numbers": [each], "task": TASK, "case": CASE} for each in numbers
        ]
        told = answers(official, IDENTITY, "/number-look-ups", messages)
        with context.database.read() as conn:
            seen[kind] = (told, context.journal.tree.size(conn) - before)
    assert seen["used"] == seen["unused"]
    assert [status for status, _ in seen["used"][0]] == [200]


def test_number_of_nobody_is_answered_as_that_of_somebody_who_is_not_registered(official: Official) -> None:
    """OL2: the same bytes at the registry, and an entry for each."""
    unregistered = [official.world.enrol(official.at).personal_number for _ in range(5)]
    told = set()
    for numbers in (unregistered, unused_numbers()[:5]):
        messages: list[dict[str, object]] = [
            {"query": {"token": token}, "task": TASK, "case": CASE} for token in official.numbered(*numbers)
        ]
        told |= answers(official, REGISTRY, "/look-ups", messages)
    assert told == {(200, len('{"residents":[]}'))}


def test_clerk_who_reads_in_bulk_is_stopped_and_every_citizen_sees_it(official: Official) -> None:
    """IL4: 300 records in ten minutes, by paging through birth dates."""
    for number in range(15):
        official.enters(items_of(f"佐藤{number}", born=f"1984-02-{number % 3 + 1:02d}"))
    got = asked = 0
    with refused("look_ups_stopped", 403):
        for asked in range(1, 300):
            got += len(official.asks(query("佐*", born=f"1984-02-{asked % 3 + 1:02d}")))
            official.world.clock.move(5)
    assert (got, asked) == (LIMIT, LIMIT // 5 + 1)
    context = official.world.registry_context
    with context.database.read() as conn:
        size = context.journal.tree.size(conn)
        openings = context.journal.openings(conn, range(size))
        people = dict(context.journal.persons(conn))
    events = {position: opening.event for position, opening in openings.items()}
    named = [people[position] for position, event in events.items() if event["kind"] == "look_up"]
    assert sum(person is not None for person in named) == LIMIT
    assert len(set(named) - {None}) == 15
    stops = [event for event in events.values() if event["kind"] == "look_ups_stopped"]
    assert [event["operator"] for event in stops] == ["city-operator"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/look-ups", b'{"query":{"name":{"text":"A\\u0000","match":"full"}},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"name":{"text":"\xc0\xaf","match":"full"}},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"name":{"text":"\\ud800","match":"full"}},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"token":"x","token":"y"},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"number":"123456789018"},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"name":{"text":"*","match":"any"}},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{"birth_date":"1984-2-9"},"task":"t","case":"c"}'),
        ("/look-ups", b'{"query":{},"task":"T%","case":"c"}'),
        ("/look-ups/batch", b'{"queries":[],"task":"t","case":"c","batch":"b"}'),
        ("/number-look-ups", b'{"numbers":["12345678901\\u0668"],"task":"t","case":"c"}'),
        ("/number-look-ups", b'{"numbers":["123456789012"],"task":"t","case":"c"}'),
    ],
)
def test_tricks_with_texts_are_malformed(official: Official, path: str, content: bytes) -> None:
    """OL7: 400, and nobody's record."""
    official.enters(items_of("A"))
    url = IDENTITY if path == "/number-look-ups" else REGISTRY
    token = official.world.operator_token(official.at, url)
    with pytest.raises(RemoteProblemError) as problem:
        official.world.http(url, official.at).send("POST", path, token=token, content=content)
    assert problem.value.status == 400
    told = str(problem.value.members)
    assert "1234567890" not in told
    assert ADDRESS not in told


def test_twin_of_a_name_finds_nobody_else(official: Official) -> None:
    """OL7: letters that look alike are other letters; only what the registry's table names is one."""
    official.enters(items_of("ABE"))
    assert official.asks(query("ＡＢＥ", born=BORN)) == ["ABE"]
    assert official.asks(query("АВЕ", born=BORN)) == []
    assert official.asks(query("A\u200bBE", born=BORN)) == ["ABE"]


def test_operators_of_other_roles_get_nothing(official: Official) -> None:
    """J4: not even with a token that an inquirer got for somebody."""
    world = official.world
    enrolled = official.enters(items_of("山田 花子"))
    bank = Official(world, world.accredit("bank", Kind.BANK, Role.CONFIRMER))
    with refused("role_missing", 403):
        bank.asks(query("山*", born=BORN))
    with refused("pseudonym_token_refused", 403):
        bank.asks(Query(token=official.numbered(enrolled.personal_number)[0]))
