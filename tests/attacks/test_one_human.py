"""One human with several accounts or cards has the limits of one, as far as the register tells (IL4, M6)."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from support.medical_world import CLINIC, HOSPITAL, Someone
from support.use_world import Doctor, Ward, ward

from consent.identifiers import OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Role
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError
from services.medical.pace import ReadingPace

BLOCK, ALERT, SWEEP = 4, 3, 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    with ward(folder, reads_block_people=BLOCK, reads_alert_people=ALERT, sweep_people=SWEEP) as running:
        yield running


def _people(place: Ward, named: str, count: int, *, to: OrganisationId = HOSPITAL) -> list[Someone]:
    return [place.person(f"{named} {number}", to=to) for number in range(count)]


def _stopped(place: Ward, doctor: Doctor, someone: Someone) -> bool:
    try:
        place.read(doctor, someone)
    except RemoteProblemError as refused:
        return refused.code == "reads_stopped"
    return False


@pytest.mark.parametrize("other", [HOSPITAL, CLINIC])
def test_two_accounts_of_one_human_are_stopped_as_one(place: Ward, other: OrganisationId) -> None:
    """IL4: two cards in one organisation, and one in each of two."""
    human = f"human at {other}"
    first, second = place.doctor(f"a-{other}", human=human), place.doctor(f"b-{other}", human=human, at=other)
    own, others = _people(place, human, 3), _people(place, f"other {human}", 3, to=other)
    for mine, theirs in zip(own[:2], others[:2], strict=True):
        place.read(first, mine)
        place.read(second, theirs)
    assert _stopped(place, first, own[2])
    assert _stopped(place, second, others[2])
    assert not _stopped(place, place.doctor(f"somebody else of {other}", human=f"2 {human}"), own[2])


def test_one_card_in_two_accounts_is_one_human_whoever_never_presented_it(place: Ward) -> None:
    """IL4: the ID centre was told nothing, but the register has one key twice, or one and its negative."""
    one, two = place.doctor("one card"), place.doctor("the same card")
    operators = place.world.oversight.operators
    key = to_jwk(one.card.public_key())
    kept = next(each for each in operators if each.id == two.operator)
    operators[operators.index(kept)] = kept.model_copy(update={"card_key": key})
    directory = place.world.register.directory()
    both = (Account(HOSPITAL, one.operator), Account(HOSPITAL, two.operator))
    assert directory.accounts(HOSPITAL, two.operator) == both == directory.accounts(HOSPITAL, one.operator)
    operators[operators.index(kept.model_copy(update={"card_key": key}))] = kept


def test_what_was_read_with_another_account_is_told_in_that_account_s_own_case(place: Ward) -> None:
    """IL4, LN1: too many people by two accounts together; nobody reads of the organisation they did not go to."""
    first = place.doctor("told-a", human="told apart")
    second = place.doctor("told-b", human="told apart", at=CLINIC)
    own, others = _people(place, "of the hospital", 2), _people(place, "of the clinic", 1, to=CLINIC)
    place.watch()
    for each in own:
        place.relate(each, first)
        place.read(first, each)
    place.read(second, others[0])
    place.watch()
    for each, where in [(own[0], HOSPITAL), (own[1], HOSPITAL), (others[0], CLINIC)]:
        told = place.events(each, "use_flagged")
        assert [(entry["organisation"], entry["detail"]["rules"]) for entry in told] == [(where, ["rate"])]
    cases = [*place.waiting(first), *place.waiting(second)]
    assert sorted((each.organisation, each.people) for each in cases) == [(CLINIC, 1), (HOSPITAL, 2)]


def test_a_finding_about_one_account_excuses_nothing_of_the_other(place: Ward) -> None:
    """IL4, M5: the stop ends that the finding is about, and what the other account opened counts on."""
    first, second = (place.doctor(f"excused-{each}", human="half excused") for each in "ab")
    people = _people(place, "half excused", BLOCK + 1)
    for each in people:
        place.relate(each, first, second)
    for each in people[:2]:
        place.read(first, each)
    for each in people[2:BLOCK]:
        place.read(second, each)
    place.watch()
    (case,) = place.waiting(first)
    place.decide(case.case, "those two were patients", ReviewOutcome.JUSTIFIED)
    place.watch()
    assert _stopped(place, first, people[0])
    (case,) = place.waiting(second)
    place.decide(case.case, "and so were these", ReviewOutcome.JUSTIFIED)
    place.watch()
    assert not _stopped(place, second, people[2])
    place.read(second, people[3])
    assert _stopped(place, first, people[0]), "four again: two that the first account opened before, and two"


def test_a_list_walked_down_in_turns_is_a_sweep(place: Ward) -> None:
    """IL4: two cards of one human take turns, each of them far below any limit."""
    pair = [place.doctor(f"turns-{each}", human="takes turns") for each in "ab"]
    people = _people(place, "walked down", SWEEP)
    for each in people:
        place.relate(each)
    place.watch()
    for turn, each in enumerate(people):
        place.world.now += timedelta(minutes=20)
        place.read(pair[turn % 2], each)
    place.watch()
    told = [{rule for rules in place.told(each) for rule in rules} for each in people]
    assert told == [{"sweep", "unexplained"}] * SWEEP


def test_nights_of_one_account_count_among_the_days_of_another(place: Ward) -> None:
    """OP1: a second card for the night is no reader of whom nobody knows what is usual."""
    by_day, by_night = (place.doctor(f"clock-{each}", human="by the clock") for each in ("day", "night"))
    patient, curious = place.person("of the day"), place.person("of the night")
    place.relate(patient, by_day, days=30)
    place.until(9)
    for _ in range(20):
        place.world.now += timedelta(seconds=60)
        place.read(by_day, patient)
    place.until(23)
    assert place.judged(by_night, curious) == ["night", "unexplained"]


@pytest.mark.parametrize("other", [0, 1])
def test_first_reads_of_one_human_at_once_are_both_counted(place: Ward, other: int) -> None:
    """IL4: with one account or with two, none of which has a row yet that a read could lock on PostgreSQL."""
    world, database = place.world, place.world.context.database
    pace = ReadingPace(world.context.cipher, world.settings.model_copy(update={"reads_block_people": 2}))
    accounts = [Account(HOSPITAL, place.doctor(f"at once {other} {each}").operator) for each in "ab"]

    def admitted(conn: Connection, account: Account, person: str) -> bool:
        caller = OperatorCaller(*account, TerminalId("t"), frozenset({Role.READER.value}))
        now = epoch_seconds(world.now)
        return pace.admits(conn, caller, Pseudonym(person), accounts=accounts, now=now)

    def second() -> None:
        with database.write() as conn:
            admitted(conn, accounts[other], "second")

    beside = threading.Thread(target=second)
    with database.write() as conn:
        assert admitted(conn, accounts[0], "first")
        beside.start()
        _until_it_waits(conn)
    beside.join()
    with database.write() as conn:
        assert not admitted(conn, accounts[0], "third")


def _until_it_waits(conn: Connection) -> None:
    """Give the other transaction the time to come to the lock; what does not wait is found by the count."""
    if conn.dialect.name == "sqlite":
        return
    for _ in range(40):
        time.sleep(0.05)
        if conn.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            return
