"""What the medical centre promises about relationships, kept by the real one and by its fake alike."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update
from support.medical_bench import Bench, FakeBench, RealBench
from support.medical_world import CLINIC, HOSPITAL, OTHER_HOSPITAL, Someone, World

from services.contracts.medical.fake_relationships import FakeRelationships
from services.contracts.medical.relationships import (
    DescribeStaff,
    FindRelationships,
    MemberOfStaff,
    NameTags,
    RegisterRelationship,
    RelationshipKeeper,
    RelationshipsClient,
    WatchChoice,
    Watched,
)
from services.contracts.medical.uses import RelationshipKind
from services.kit.clock import epoch_seconds
from services.kit.columns import ColumnError
from services.kit.http import RemoteProblemError
from services.medical import tables
from services.medical.relationship_store import RelationshipStore

WARD = "w" * 22
SURNAME = "s" * 22
DAY = 86_400


class Keeping:
    """The centre under test with its relationships, and everybody's tokens."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.now = epoch_seconds(bench.world.now)
        self._fake = FakeRelationships(bench.caller, bench.named.get, lambda: bench.world.now)

    def at(self, member: Any = HOSPITAL) -> RelationshipKeeper:
        """Return the centre as a member reaches it."""
        if isinstance(self.bench, FakeBench):
            return self._fake
        return RelationshipsClient(self.bench.running.http(member))

    def message(self, someone: Someone | None = None, member: Any = HOSPITAL, **changes: Any) -> Any:
        """Return an appointment of this day with a ward."""
        told: dict[str, Any] = {
            "token": self.bench.name(someone or self.bench.person, member),
            "kind": RelationshipKind.APPOINTMENT,
            "teams": [WARD],
            "start": self.now,
            "end": self.now + DAY,
            "tags": NameTags(surname=SURNAME),
        }
        return RegisterRelationship(**(told | changes))

    def register(self, member: Any = HOSPITAL, **changes: Any) -> str:
        """Register one; return its id."""
        token = self.bench.operator(member)
        return self.at(member).register(self.message(member=member, **changes), token=token).id

    def found(self, member: Any = HOSPITAL) -> list[Any]:
        """Return what a member has with the person."""
        message = FindRelationships(token=self.bench.name(self.bench.person, member))
        return self.at(member).find(message, token=self.bench.operator(member)).relationships


@pytest.fixture(scope="module", params=[RealBench, FakeBench], ids=["real", "fake"])
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with World(tmp_path_factory.mktemp("world")).running() as running:
        made: Bench = request.param(running)
        yield made


@pytest.fixture
def keeping(bench: Bench, request: pytest.FixtureRequest) -> Keeping:
    """Return the centre with somebody whom it has not met."""
    bench.person = Someone(request.node.name)
    bench.enrol(bench.person)
    return Keeping(bench)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def test_an_organisation_finds_what_it_registered_and_nobody_else_s(keeping: Keeping) -> None:
    name = keeping.register()
    keeping.register(OTHER_HOSPITAL, kind=RelationshipKind.REFERRAL)
    (mine,) = keeping.found()
    assert (mine.id, mine.kind, mine.teams, mine.operators) == (name, "appointment", [WARD], [])
    assert (mine.start, mine.end, mine.by) == (keeping.now, keeping.now + DAY, "hospital-operator")
    assert [each.kind for each in keeping.found(OTHER_HOSPITAL)] == ["referral"]


def test_only_its_organisation_ends_a_relationship_and_it_ends_now(keeping: Keeping) -> None:
    name = keeping.register(start=keeping.now - DAY)
    other = keeping.bench.operator(OTHER_HOSPITAL)
    assert refused(lambda: keeping.at(OTHER_HOSPITAL).end(name, token=other)) == (404, "not_found")
    assert keeping.at().end(name, token=keeping.bench.operator(HOSPITAL)).end == keeping.now
    assert [each.end for each in keeping.found()] == [keeping.now]


@pytest.mark.parametrize(
    "changes",
    [{"teams": []}, {"end": 0}, {"end": 4_000_000_000}],
    ids=["with nobody", "ends before it begins", "for ever"],
)
def test_what_says_too_little_or_too_much_is_refused(keeping: Keeping, changes: dict[str, Any]) -> None:
    status, code = refused(lambda: keeping.register(**changes))
    assert (status, code) == (400, "malformed_request")
    assert keeping.found() == []


def test_a_token_names_the_person_once_and_for_its_organisation_only(keeping: Keeping) -> None:
    message, token = keeping.message(), keeping.bench.operator(HOSPITAL)
    keeping.at().register(message, token=token)
    again = keeping.bench.operator(HOSPITAL)
    assert refused(lambda: keeping.at().register(message, token=again)) == (409, "replayed")
    nobody = message.model_copy(update={"token": "AAAA"})
    assert refused(lambda: keeping.at().register(nobody, token=again))[0] == 403


def test_who_only_reads_registers_nothing(keeping: Keeping) -> None:
    assert refused(lambda: keeping.register(CLINIC)) == (403, "forbidden")
    member = MemberOfStaff(operator="o", teams=[WARD])
    staff = DescribeStaff(members=[member])
    token = keeping.bench.operator(CLINIC)
    assert refused(lambda: keeping.at(CLINIC).describe(staff, token=token)) == (403, "forbidden")


def test_staff_are_described_one_by_one_and_anew(keeping: Keeping) -> None:
    def describe(*names: str) -> int:
        members = [MemberOfStaff(operator=name, teams=[WARD]) for name in names]
        token = keeping.bench.operator(HOSPITAL)
        return keeping.at().describe(DescribeStaff(members=members), token=token).members

    assert [describe("a", "b"), describe("b", "c")] == [2, 3]


def test_a_person_chooses_how_closely_use_is_watched(keeping: Keeping) -> None:
    centre, bench = keeping.at(), keeping.bench
    assert centre.watched(token=bench.own()).choice is WatchChoice.USUAL
    for choice in (WatchChoice.CLOSELY, WatchChoice.CLOSELY, WatchChoice.USUAL):
        assert centre.watch(Watched(choice=choice), token=bench.own()).choice is choice
        assert centre.watched(token=bench.own()).choice is choice
    token = bench.operator(HOSPITAL)
    assert refused(lambda: centre.watched(token=token)) == (403, "forbidden")


@pytest.mark.parametrize("bench", [RealBench], ids=["real"], indirect=True, scope="module")
def test_the_person_sees_what_was_registered_and_an_edited_row_is_named(keeping: Keeping) -> None:
    """Only the real body has a log and rows."""
    assert isinstance(keeping.bench, RealBench)
    name = keeping.register()
    keeping.at().end(name, token=keeping.bench.operator(HOSPITAL))
    events = keeping.bench.running.events(keeping.bench.person)[-2:]
    assert [each["kind"] for each in events] == ["relationship_registered", "relationship_ended"]
    assert all(each["staff"]["roles"] for each in events)  # as what staff acted, in every entry of a person
    context = keeping.bench.world.context
    store, table = RelationshipStore(context.cipher), tables.uses.relationship
    with context.database.read() as conn:
        assert store.scan(conn)[1] == []
    with context.database.write() as conn:
        conn.execute(update(table).where(table.c.id == name).values(ends=0))
    with context.database.read() as conn:
        assert [each.row for each in store.scan(conn)[1]] == [f"id={name}"]
        with pytest.raises(ColumnError):
            store.own(conn, name, HOSPITAL)
