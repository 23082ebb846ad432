"""Jobs of the real anonymiser: who is in a table, what is logged, stored and found when it was changed."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from support.research_app import Running, running
from support.research_people import Someone
from support.research_requests import CONDITION, SEX, decades, wish
from support.research_world import ANONYMISER, AUDITOR, UNIVERSITY, World

from consent.terms import Effect
from consent.vocabulary import Category, Purpose
from services.contracts.oversight.messages import Accredited, StandingChange
from services.contracts.research.messages import JobAnswer, JobRequest, ReleaseSummary
from services.contracts.research.table import read_table
from services.kit.http import RemoteProblemError
from services.research.centre import OwnOrganisation

REQUEST = wish(decades(), SEX)


def crowd(people: int = 12, **records: Any) -> list[Someone]:
    return [
        Someone(f"person-{number}", sex="female" if number % 2 else "male", **records)
        for number in range(people)
    ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def served(world: World) -> Iterator[Running]:
    with running(world) as found:
        yield found


def submit(served: Running, request: JobRequest = REQUEST) -> JobAnswer:
    return served.research().submit(request, token=served.world.token(UNIVERSITY))


def released(served: Running, request: JobRequest = REQUEST) -> ReleaseSummary:
    release = submit(served, request).release
    assert release is not None
    return release


def fetch(served: Running, release: str) -> bytes:
    return served.research().release(release, token=served.world.token(UNIVERSITY))


def refused(served: Running, request: JobRequest = REQUEST) -> RemoteProblemError:
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, request)
    return problem.value


def withdraw_at_second_listing(world: World, someone: Someone) -> None:
    """Let a person withdraw after the records were read, before the permissions are listed again."""
    listings = count(1)

    def withdraw() -> None:
        if next(listings) == 2:
            world.withdraw(someone)

    world.before_listing.append(withdraw)


def test_only_who_permits_research_now_is_in_the_table(world: World, served: Running) -> None:
    people = crowd(18)
    world.settle(people[:14])
    for each in people[14:]:
        world.enrol(each)  # permits nothing
    world.permit(people[14], purpose=Purpose.TREAT)
    world.permit(
        people[15], categories=frozenset({Category.LABORATORY, Category.MEDICATION}), purpose=Purpose.ETREAT
    )
    world.withdraw(people[0])
    world.permit(people[1], effect=Effect.DENY)
    assert released(served).persons == 12
    detail = served.events()[-1]["detail"]
    assert detail["skipped"] == {"denied_by_person": 1}


def test_person_in_two_permissions_is_one_row(world: World, served: Running) -> None:
    people = crowd()
    world.settle(people[1:])
    world.enrol(people[0])
    world.permit(people[0], categories=frozenset({Category.SUMMARY}))
    world.permit(people[0], categories=frozenset({Category.MEDICATION}))
    medications = {"name": "medications", "from": "medications", "role": "quasi", "level": 0}
    release = released(served, wish({**SEX, "level": 0}, medications))
    rows = read_table(fetch(served, release.id))
    assert [row["medications"] for row in rows] == ["1"] * 12, "both parts of the one person are in one row"


def test_category_that_was_not_permitted_is_missing(world: World, served: Running) -> None:
    people = crowd(20)
    world.settle(people[:10])
    for each in people[10:]:
        world.permit(world.enrol(each), categories=frozenset({Category.MEDICATION}))
    rows = read_table(fetch(served, released(served).id))
    assert sum(row == {"birth_year": "", "sex": ""} for row in rows) == 10


def test_withdrawal_during_the_job_takes_the_person_out(world: World, served: Running) -> None:
    """SC2: permissions are listed again after the table was made."""
    people = crowd(13)
    world.settle(people)
    withdraw_at_second_listing(world, people[0])
    release = released(served)
    assert release.persons == 12
    assert len(read_table(fetch(served, release.id))) == 12
    assert served.events()[-2]["detail"]["skipped"] == {"withdrawn_meanwhile": 1}


def test_withdrawal_during_the_job_can_leave_too_few(world: World, served: Running) -> None:
    people = crowd(10)
    world.settle(people)
    withdraw_at_second_listing(world, people[0])
    assert refused(served, wish({**SEX, "level": 0})).code == "not_anonymous"


def test_job_above_the_limit_opens_nothing(world: World) -> None:
    world.settle(crowd(12))
    with running(world, max_persons=11) as served:
        problem = refused(served)
    assert (problem.status, problem.code) == (403, "too_many_persons")
    assert "12" not in problem.detail, "how many permitted it is for the operator only"


@pytest.mark.parametrize("k", [9, 10])
def test_smallest_k_is_a_setting(world: World, k: int) -> None:
    world.settle(crowd(20))
    with running(world, min_k=10) as served:
        request = wish({**SEX, "level": 0}, k=k)
        if k == 10:
            assert released(served, request).persons == 20
        else:
            assert refused(served, request).code == "not_anonymous"


def test_anonymiser_that_is_not_accredited_yet_starts_and_says_so(world: World, tmp_path: Path) -> None:
    with running(world, organisation=OwnOrganisation(tmp_path / "nothing-here")) as served:
        problem = refused(served)
        assert served.http().get("/healthz") == {"status": "ok", "body": "research"}
        assert served.events()[-1]["reason"] == "unavailable"
    assert (problem.status, problem.code) == (503, "unavailable")
    assert str(tmp_path) not in str(problem.members)


def test_medical_centre_that_is_down_fails_the_job_and_keeps_nothing(world: World, served: Running) -> None:
    world.settle(crowd())
    world.medical_down = True
    assert refused(served).code == "unavailable"
    world.medical_down = False
    assert released(served).persons == 12


def test_suspended_anonymiser_makes_no_table(world: World, served: Running) -> None:
    world.settle(crowd())
    world.oversight.suspend(StandingChange(kind=Accredited.ORGANISATION, id=ANONYMISER))
    assert refused(served).code == "unavailable"


def test_every_decision_is_logged_without_a_value(world: World, served: Running) -> None:
    world.settle(crowd(condition="Rarity"))
    release = released(served)
    fetch(served, release.id)
    refused(served, wish(SEX, CONDITION))
    refused(served, wish(SEX, purpose=Purpose.TREAT))
    told = [(each["kind"], each["outcome"], each.get("reason")) for each in served.events()]
    assert told == [
        ("job_decided", "permitted", None),
        ("release_fetched", "permitted", None),
        ("job_decided", "refused", "not_anonymous"),
        ("job_decided", "refused", "other_purpose"),
    ]
    assert served.events()[0]["count"] == 12
    assert "Rarity" not in str(served.events())


def test_database_holds_no_record_no_person_and_no_released_value(world: World, served: Running) -> None:
    people = crowd(condition="Rarity-Canary")
    people[0].condition = "Another-Canary"
    world.settle(people)
    released(served, wish({**SEX, "level": 1}, CONDITION))
    stored = b"".join(each.read_bytes() for each in (world.folder / "research").glob("database*"))
    assert b"journal_entry" in stored
    for each in people:
        for planted in (f"canary-{each.name}", each.wallet.subject, each.condition or "", "東京都"):
            assert planted.encode() not in stored
            assert planted.encode("utf-16-le") not in stored
            assert planted.encode().hex().encode() not in stored


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE job SET request = request || ' '", "job"),
        ("UPDATE job SET recipient = 'institute'", "job"),
        ("UPDATE release SET summary = replace(summary, '12', '13')", "release"),
        ("UPDATE release SET recipient = 'institute'", "release"),
        (
            "UPDATE release SET content = CAST(substr(content, 1, 40) || x'00' || substr(content, 42) AS BLOB)",
            "release",
        ),
        ("UPDATE ledger_content SET sealed = substr(sealed, 2)", "ledger_entry"),
        ("UPDATE ledger_entry SET recipient = 'institute'", "ledger_entry"),
        ("UPDATE ledger_head SET entries = 0", "ledger_entry"),
    ],
)
def test_changed_row_is_named_by_the_audit(world: World, served: Running, change: str, table: str) -> None:
    world.settle(crowd())
    released(served)
    assert served.findings() == []
    with served.context.database.write() as conn:
        conn.execute(text(change))
    assert {each["table"] for each in served.findings()} == {table}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE release SET summary = replace(summary, '12', '13')",
        "UPDATE release SET content = CAST(substr(content, 1, 40) || x'00' || substr(content, 42) AS BLOB)",
        "UPDATE release SET summary = ''",
    ],
)
def test_changed_release_is_not_handed_out(world: World, served: Running, change: str) -> None:
    world.settle(crowd())
    release = released(served)
    with served.context.database.write() as conn:
        conn.execute(text(change))
    with pytest.raises(RemoteProblemError) as problem:
        fetch(served, release.id)
    assert (problem.value.status, problem.value.code) == (500, "stored_data_changed")
    assert served.events()[-1]["reason"] == "stored_data_changed"


def test_nothing_is_released_on_a_changed_ledger(world: World, served: Running) -> None:
    world.settle(crowd())
    released(served)
    with served.context.database.write() as conn:
        conn.execute(text("DELETE FROM ledger_content"))
    assert refused(served).code == "stored_data_changed"


def test_auditor_gets_no_release(world: World, served: Running) -> None:
    """IT7: the auditor's credential has no route to content."""
    world.settle(crowd())
    release = released(served)
    with pytest.raises(RemoteProblemError) as problem:
        served.research(AUDITOR).release(release.id, token=world.token(AUDITOR))
    assert problem.value.code == "role_missing"
