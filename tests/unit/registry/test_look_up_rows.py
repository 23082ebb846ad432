"""What look-ups store and log: an index that shows no name, counts that survive, an entry for every question."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import delete, func, insert, select, text, update
from support.identity_people import IDENTITY, REGISTRY, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.look_ups import ADDRESS, BORN, CASE, TASK, Official, appoint, items_of, query

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.oversight.register import Kind, Role
from services.contracts.proposals import ProposalsClient
from services.contracts.registry.forms import question_of
from services.contracts.registry.look_ups import LookUp, LookUpRefusal, Query
from services.contracts.registry.supervision import AskLift
from services.directives.service import open_directives
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError
from services.kit.journal import Journal
from services.kit.staff import member
from services.registry import looking_up, tables
from services.registry.api.look_up_problems import LookUpProblemError
from services.registry.audit import scan_look_ups
from services.registry.centre import Registry
from services.registry.errors import LookUpRefusedError
from services.registry.look_up_store import TooManyHitsError
from services.registry.model import Resident
from services.registry.store import Store

LIMIT = 20
UNUSED = "123456789018"


@dataclass(frozen=True)
class Scene:
    """A real registry and an official."""

    world: World
    city: Participant
    official: Official

    @property
    def registry(self) -> Registry:
        """The registry over the same database."""
        context, register = self.world.registry_context, self.world.register
        directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
        return Registry(context, register, Store(context.cipher, context.randomness), directives)

    @property
    def caller(self) -> OperatorCaller:
        """The official as the gate admits them."""
        at = self.city
        return OperatorCaller(at.organisation, at.operator, at.terminal, frozenset({"inquirer"}))

    def enter(self, *people: Resident) -> list[Pseudonym]:
        """Enter people as `register` does, without the ID centre."""
        registry = self.registry
        named = [Pseudonym(f"person-{number:05d}") for number in range(len(people))]
        with registry.context.database.write() as conn:
            for person, someone in zip(named, people, strict=True):
                registry.store.add(conn, person, someone)
            registry.look_ups.add(conn, zip(named, people, strict=True))
        return named

    def findings(self) -> Counter[str]:
        """Return what the audit finds, by problem."""
        registry = self.registry
        with registry.context.database.read() as conn:
            return Counter(finding.problem.split(":")[0] for finding in scan_look_ups(registry, conn)[1])

    def told(self, journal: Journal | None = None) -> list[dict[str, JsonValue]]:
        """Return all events about look-ups, oldest first."""
        context = self.world.registry_context if journal is None else self.world.identity_context
        with context.database.read() as conn:
            openings = context.journal.openings(conn, range(context.journal.tree.size(conn)))
        events = [dict(openings[position].event) for position in sorted(openings)]
        return [each for each in events if str(each["kind"]).startswith(("look_up", "number_looked_up"))]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path, registry_settings={"inquirer_look_ups": LIMIT}) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)
        yield Scene(world, city, Official(world, city))


def resident(name: str, address: str = ADDRESS, born: str = BORN) -> Resident:
    told = items_of(name, address, born).model_dump(mode="json")
    return Resident({BasicItem(item): value for item, value in told.items()})


def test_part_of_a_file_is_one_leaf_in_which_each_person_finds_their_own(scene: Scene) -> None:
    """J7: a person's part says what a single look-up would, and nothing of anybody else's."""
    number = scene.official.enters(items_of("山田 花子")).personal_number
    scene.official.enters(items_of("山本 太郎"))
    (token,) = scene.official.numbered(number)
    journal, database = scene.world.registry_context.journal, scene.world.registry_context.database
    with database.read() as conn:
        before = journal.tree.size(conn)
    scene.official.asks_all(Query(token=token), query("山*", born=BORN), query("田*", born=BORN))
    with database.read() as conn:
        whole, nobody = journal.openings(conn, range(before, journal.tree.size(conn))).values()
        parts = journal.parts(conn, before)
    assert (nobody.event["count"], whole.event["count"]) == (0, 3)
    assert sorted(Counter(person for person, _ in parts).values()) == [1, 2]
    assert {(part.event["kind"], part.event["count"]) for _, part in parts} == {
        ("look_up", 1),
        ("look_up", 2),
    }
    details = [part.event["detail"] for _, part in parts]
    for form in ("number", "name_start_birth_date"):
        assert {"case": CASE, "batch": "b1", "form": form} in details


def test_every_question_is_in_the_history_of_everybody_it_named(scene: Scene) -> None:
    """J7: to whom, when, for what purpose, what kind of data; and no name, address, number or pseudonym."""
    number = scene.official.enters(items_of("山田 花子")).personal_number
    scene.official.enters(items_of("山本 太郎"))
    scene.official.asks(query("山*", born=BORN))
    scene.official.asks(query("田*", born=BORN))
    scene.official.asks_for_number(number)
    scene.official.asks_for_number(UNUSED)
    with refused("look_up_name_alone", 403):
        scene.official.asks(query("山田"))
    told = scene.told()
    assert [(each["outcome"], each.get("count"), each.get("reason")) for each in told] == [
        ("permitted", 2, None),
        ("permitted", 2, None),
        ("permitted", 0, None),
        ("permitted", 1, None),
        ("permitted", 0, None),
        ("refused", None, "look_up_name_alone"),
    ]
    for each in told:
        assert each["organisation"] == "city"
        assert each["purpose"] == TASK
        assert (member(each, "pseudonym") is None) == ("operator" in each)
        assert not (each.get("count") and "operator" in each)
        assert each["categories"] == sorted(BasicItem) if each.get("count") else "categories" not in each
    assert told[0]["detail"] == {"case": CASE, "form": "name_start_birth_date"}
    assert not any(word in str(told) for word in ("山", "花子", "千代田", number, UNUSED))
    journal = scene.world.registry_context.journal
    with scene.world.registry_context.database.read() as conn:
        named = Counter(person for _, person in journal.persons(conn)[-6:])
    assert named[None] == 2
    assert sorted(named.values()) == [1, 1, 2, 2]


def test_who_has_a_number_sees_at_the_id_centre_that_it_was_asked_for(scene: Scene) -> None:
    """Refusals too; a number of nobody leaves the same trace, in nobody's history."""
    number = scene.official.enters(items_of("山田 花子")).personal_number
    scene.official.numbered(number, UNUSED)
    counter = Official(scene.world, scene.world.accredit("counter", Kind.MUNICIPALITY, Role.REGISTRAR))
    with refused("role_missing", 403):
        counter.numbered(number)
    journal = scene.world.identity_context.journal
    told = scene.told(journal)
    assert [(each["outcome"], each["count"]) for each in told] == [("permitted", 2), ("refused", 1)]
    with scene.world.identity_context.database.read() as conn:
        both, ((again, refusal),) = [
            journal.parts(conn, position)
            for position, opening in journal.openings(conn, range(journal.tree.size(conn))).items()
            if opening.event["kind"] == "number_looked_up"
        ]
    assert len({person for person, _opening in both}) == 2
    assert again in {person for person, _opening in both}
    assert [opening.event["outcome"] for _person, opening in both] == ["permitted"] * 2
    assert refusal.event["outcome"] == "refused"
    assert all(opening.event["detail"] == {"case": CASE} for _person, opening in both)


def test_index_shows_no_name_and_no_two_rows_of_it_have_a_person_in_common(scene: Scene) -> None:
    scene.enter(*(resident("山田 花子") for _ in range(3)))
    with scene.registry.context.database.read() as conn:
        rows = conn.execute(select(tables.look_up_entry)).all()
    assert len(rows) == 15
    assert sorted(Counter(row.key for row in rows).values()) == [3] * 5
    assert len({row.person for row in rows}) == 15
    stored = b"".join(file.read_bytes() for file in (scene.world.folder / "registry").glob("*.sqlite*"))
    assert not any(word.encode() in stored for word in ("山田", "花子", "千代田", "person-00000-x"))


def test_index_is_empty_of_former_items(scene: Scene) -> None:
    (person,) = scene.enter(resident("山田 花子"))
    registry = scene.registry
    with registry.context.database.write() as conn:
        registry.look_ups.replace(
            conn, person, old=resident("山田 花子"), new=resident("鈴木 花子", "New York")
        )
        number = conn.execute(select(func.count()).select_from(tables.look_up_entry)).scalar_one()
    assert number == 4  # an address without a municipality is not found by how it begins


def test_too_many_are_known_without_opening_one(scene: Scene) -> None:
    people = scene.enter(*(resident(f"佐藤{number}") for number in range(51)))
    registry = scene.registry
    with registry.context.database.write() as conn:
        conn.execute(update(tables.resident).values(name=b"does not open"))
        question = question_of(query("佐*", born=BORN))
        assert not isinstance(question, LookUpRefusal)
        with pytest.raises(TooManyHitsError):
            registry.look_ups.found(conn, question)
        conn.execute(delete(tables.resident).where(tables.resident.c.pseudonym == people[0]))
        entry = conn.execute(
            select(tables.look_up_entry.c.person).where(
                tables.look_up_entry.c.key == registry.look_ups.index.key(question)
            )
        ).scalars()
        conn.execute(delete(tables.look_up_entry).where(tables.look_up_entry.c.person == next(iter(entry))))
        with pytest.raises(ColumnError):
            registry.look_ups.found(conn, question)


@pytest.mark.parametrize("interrupted", [False, True])
def test_index_is_made_anew_when_its_rules_or_its_key_are_new(scene: Scene, interrupted: bool) -> None:
    """Also for people who were registered before there was an index, and also after a death in the middle."""
    scene.enter(*(resident(f"佐藤{number}") for number in range(5)))
    registry = scene.registry
    with registry.context.database.write() as conn:
        conn.execute(update(tables.look_up_index).values(edition=b"another", through=None))
        conn.execute(update(tables.look_up_entry).values(key=func.substr(tables.look_up_entry.c.key, 1, 8)))
    if interrupted:
        with registry.context.database.write() as conn:
            assert registry.look_ups.go_on_indexing(conn, most=2)
    assert scene.findings()
    scene.world.restart()
    assert scene.findings() == {}
    assert len(scene.official.asks(query("佐藤*", born=BORN))) == 5


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DELETE FROM look_up_entry WHERE rowid_is_none", "cannot be looked up by all forms"),
        (
            "UPDATE look_up_entry SET person = CAST(x'00' || person AS BLOB)",
            "an entry of the index finds nobody",
        ),
        ("DELETE FROM resident", "an entry of the index finds nobody"),
        ("UPDATE look_up_card SET state = CAST(x'00' || state AS BLOB)", "a sealed cell does not open"),
    ],
)
def test_changed_row_is_found(scene: Scene, change: str, problem: str) -> None:
    scene.enter(resident("山田 花子"))
    scene.official.asks(query("山*", born=BORN))
    assert scene.findings() == {}
    some = "key = (SELECT min(key) FROM look_up_entry)"
    with scene.registry.context.database.write() as conn:
        conn.execute(text(change.replace("rowid_is_none", some)))
    found = scene.findings()
    assert any(each.startswith(problem) for each in found), found


def test_entry_given_to_somebody_else_is_found_and_answers_nothing(scene: Scene) -> None:
    scene.enter(resident("山田 花子"), resident("鈴木 一郎", born="1990-01-01"))
    registry = scene.registry
    wrong = registry.look_ups.index.keys(resident("田中 次郎"))[0]
    sealed = registry.context.cipher.lookup(b"person-00000", column=f"look_up_entry.person/{wrong.hex()}")
    with registry.context.database.write() as conn:
        conn.execute(insert(tables.look_up_entry).values(key=wrong, person=sealed))
    assert len(scene.findings()) == 1
    with refused("stored_data_changed", 500):
        scene.official.asks(query("田中 次郎", born=BORN))


def test_counts_survive_a_restart(scene: Scene) -> None:
    for _ in range(LIMIT):
        scene.official.asks(query("山*", born=BORN))
    scene.world.restart()
    with refused("look_ups_stopped", 403):
        scene.official.asks(query("山*", born=BORN))
    scene.world.restart()
    with refused("look_ups_stopped", 403):
        scene.official.asks(query("山*", born=BORN))
    stops = [each for each in scene.told() if each["kind"] == "look_ups_stopped"]
    assert [each["operator"] for each in stops] == ["city-operator"]
    refusals = [each for each in scene.told() if each.get("reason") == "look_ups_stopped"]
    assert len(refusals) == 2


def test_window_that_has_passed_counts_no_more(scene: Scene) -> None:
    for _ in range(3):
        for _ in range(LIMIT):
            scene.official.asks(query("山*", born=BORN))
        scene.world.clock.move(11 * 60)


def test_many_at_once_get_no_more_than_the_limit(scene: Scene) -> None:
    scene.enter(resident("山田 花子"))
    registry, message = scene.registry, LookUp(query=query("山*", born=BORN), task=TASK, case=CASE)

    def ask(_number: int) -> str:
        try:
            return looking_up.look_up(registry, scene.caller, message).residents[0].name
        except LookUpRefusedError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        told = Counter(pool.map(ask, range(3 * LIMIT)))
    assert told == {"山田 花子": LIMIT, "look_ups_stopped": 2 * LIMIT}
    permitted = [each for each in scene.told() if each["outcome"] == "permitted"]
    assert len(permitted) == LIMIT


@pytest.mark.parametrize("code", LookUpRefusal)
def test_every_rule_has_words_and_a_next_step(code: LookUpRefusal) -> None:
    problem = LookUpProblemError(code).problem
    assert (problem.status, problem.code) == (403, code.value)
    assert problem.title
    assert problem.next_step


def test_number_with_a_wrong_check_digit_is_refused_without_being_repeated(scene: Scene) -> None:
    """Nothing is logged: nobody can have that number. OL7: digits of other scripts are no digits."""
    before = len(scene.told(scene.world.identity_context.journal))
    token = scene.world.operator_token(scene.city, IDENTITY)
    for number in ("123456789012", "１２３４５６７８９０１８", "12345678901", "1234567890180"):
        with pytest.raises(RemoteProblemError, match="malformed_request") as problem:
            scene.world.http(IDENTITY, scene.city).post(
                "/number-look-ups", {"numbers": [UNUSED, number], "task": TASK, "case": CASE}, token=token
            )
        assert number not in str(vars(problem.value))
        assert problem.value.members["fields"][0]["field"] == "body.numbers.1"
    assert len(scene.told(scene.world.identity_context.journal)) == before


def test_question_that_is_refused_uses_up_no_token(scene: Scene) -> None:
    token = scene.official.numbered(UNUSED)[0]
    with refused("task_not_listed", 403):
        scene.official.asks(Query(token=token), task="curiosity")
    assert scene.official.asks(Query(token=token)) == []
    assert scene.world.operator_token(scene.city, REGISTRY)


def test_stop_is_lifted_by_two_supervisors_of_the_organisation_and_by_nobody_alone(scene: Scene) -> None:
    """J3: stopped until two people agree; then counted from zero, and the log says who."""
    world = scene.world
    one, other = appoint(world, scene.city, "a"), appoint(world, scene.city, "b")
    stranger = appoint(world, world.accredit("town", Kind.MUNICIPALITY, Role.REGISTRAR), "c")

    def at_registry(who: Participant) -> ProposalsClient:
        return ProposalsClient(world.http(REGISTRY, who), token=world.operator_token(who, REGISTRY))

    asked = AskLift(operator=scene.city.operator)
    with refused("not_stopped", 409):
        at_registry(one).propose("lift-stop", asked, reason="too early")
    with refused("look_ups_stopped", 403):
        for _ in range(LIMIT + 1):
            scene.official.asks(query("山*", born=BORN))
    with refused("not_stopped", 409):
        at_registry(stranger).propose("lift-stop", asked, reason="not theirs")
    with refused("forbidden", 403):
        at_registry(scene.city).propose("lift-stop", asked, reason="one's own")
    made = at_registry(one).propose("lift-stop", asked, reason="a fire, many to be found")
    assert made.preview == {
        "organisation": "city",
        "operator": "city-operator",
        "stopped_since": int(world.clock().timestamp()),
    }
    with refused("same_person", 403):
        at_registry(one).approve(made)
    with refused("look_ups_stopped", 403):
        scene.official.asks(query("山*", born=BORN))
    at_registry(other).approve(made)
    for _ in range(LIMIT):
        scene.official.asks(query("山*", born=BORN))
    with refused("look_ups_stopped", 403):
        scene.official.asks(query("山*", born=BORN))
    (lifted,) = [each for each in scene.told() if each["kind"] == "look_ups_resumed"]
    assert lifted["detail"] == {
        "proposer": "city-a",
        "approver": "city-b",
        "why": "a fire, many to be found",
    }


@pytest.mark.parametrize("parameters", [{}, {"operator": ""}, {"operator": "a", "organisation": "town"}])
def test_proposal_to_lift_names_an_operator_and_nothing_else(
    scene: Scene, parameters: dict[str, JsonValue]
) -> None:
    who = appoint(scene.world, scene.city, "a")
    client = ProposalsClient(scene.world.http(REGISTRY, who), token=scene.world.operator_token(who, REGISTRY))
    with refused("malformed_request", 400):
        client.propose_as("lift-stop", parameters, reason="r")
