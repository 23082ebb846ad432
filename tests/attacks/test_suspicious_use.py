"""Who reads without treating is found: by which rule, told to the person, reviewed by somebody else (OP1, IL4).

Steps M1 to M6 of docs/protocol.md, and R1.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from support.medical_world import HOSPITAL, Someone
from support.use_world import DAY, WARD, Doctor, Ward, tag, ward

from consent.identifiers import OperatorId
from consent.recipients import Recipient
from services.contracts.medical.relationships import NameTags
from services.contracts.oversight.humans import Account
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError
from services.medical.use_model import Habits

BLOCK, ALERT = 6, 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with ward(
        tmp_path_factory.mktemp("ward"), reads_block_people=BLOCK, reads_alert_people=ALERT, sweep_people=3
    ) as running:
        yield running


@pytest.fixture
def doctor(place: Ward, request: pytest.FixtureRequest) -> Doctor:
    """Return a professional whom nobody has seen yet."""
    return place.doctor(f"doctor-{abs(hash(request.node.name))}")


@pytest.fixture
def patient(place: Ward, request: pytest.FixtureRequest) -> Someone:
    """Return a person with an appointment elsewhere in the hospital."""
    found = place.person(request.node.name)
    place.relate(found, tags=NameTags(surname=tag("s"), address=tag("a")))
    return found


def test_a_read_that_somebody_else_s_appointment_explains_stands_out_by_nothing(
    place: Ward, doctor: Doctor
) -> None:
    """OP1, the control: the same read is honest when reception registered why."""
    patient = place.person("honest")
    place.relate(patient, doctor)
    assert place.judged(doctor, patient) == []
    place.describe(doctor, WARD)
    others = place.person("of the ward")
    place.relate(others)
    assert place.judged(doctor, others) == []


def test_a_relative_of_the_same_surname_is_found(place: Ward, doctor: Doctor, patient: Someone) -> None:
    """OP1: same surname, by keyed tags; the centre has no name."""
    place.describe(doctor, surname=tag("s"), address=tag("b"))
    assert place.judged(doctor, patient) == ["same_surname", "unexplained"]


def test_somebody_of_the_same_address_is_found_even_with_an_appointment(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: same address."""
    place.describe(doctor, surname=tag("t"), address=tag("a"))
    place.relate(patient, doctor, tags=NameTags(address=tag("a")))
    assert place.judged(doctor, patient) == ["same_address"]


def test_a_colleague_s_record_is_found(place: Ward, doctor: Doctor, patient: Someone) -> None:
    """OP1: co-worker, as the ID centre says in its token."""
    assert place.judged(doctor, patient, asker="co_worker") == ["co_worker", "unexplained"]


def test_one_s_own_record_is_found_whatever_was_registered(place: Ward, doctor: Doctor) -> None:
    """OP1: own record."""
    oneself = place.person("oneself")
    place.relate(oneself, doctor)
    assert place.judged(doctor, oneself, asker="self") == ["self"]


def test_nobody_reads_by_a_token_that_says_what_a_colleague_is_to_the_person(
    place: Ward, doctor: Doctor
) -> None:
    """OP1: own record, with the person named by somebody of whom the ID centre has nothing to say."""
    oneself = place.person("named by a colleague")
    with pytest.raises(RemoteProblemError) as refused:
        place.read(doctor, oneself, named_by=place.clerk)
    assert refused.value.code == "subject_unknown"
    assert place.running.events(oneself)[-1]["reason"] == "subject_unknown"
    place.read(doctor, oneself, asker="self")


def test_a_well_known_person_s_record_is_found(place: Ward, doctor: Doctor, patient: Someone) -> None:
    """OP1: VIP, by the person's own wish."""
    place.choose(patient)
    assert place.judged(doctor, patient) == ["unexplained", "well_known"]


def test_a_patient_of_long_ago_is_found(place: Ward, doctor: Doctor) -> None:
    """OP1: ex-patient."""
    former = place.person("former")
    start = epoch_seconds(place.world.now) - 60 * DAY
    place.relate(former, doctor, start=start, end=start + 10 * DAY)
    assert place.judged(doctor, former) == ["after_discharge"]


def test_discharge_today_still_explains_the_letter_of_tomorrow_and_not_of_next_month(
    place: Ward, doctor: Doctor
) -> None:
    """OP1: ex-patient, after a relationship that was ended early."""
    leaving = place.person("leaving")
    name = place.relate(leaving, doctor, days=300)
    place.keeper.end(name, token=place.world.token(place.clerk))
    assert place.judged(doctor, leaving) == []
    place.world.now += timedelta(days=15)
    assert place.judged(doctor, leaving) == ["after_discharge"]


def test_nobody_explains_their_own_read(place: Ward) -> None:
    """OP1: an appointment that the reader registered, and a ward that the reader entered themselves in."""
    patient = place.person("of one's own making")
    place.relate(patient, place.clerk)
    assert place.judged(place.clerk, patient) == ["own_word"]
    place.describe(place.clerk, WARD)
    other = place.person("of one's own ward")
    place.relate(other)
    assert place.judged(place.clerk, other) == ["unexplained"]


def test_one_human_with_two_accounts_does_not_explain_the_own_read_either(place: Ward) -> None:
    """OP1: the ID centre says that the cards of clerk and reader are one human's."""
    twin, patient, other = (
        place.doctor("clerk-as-doctor", human="one human"),
        place.person("of the clerk"),
        place.person("of the clerk's own ward"),
    )
    operators, own = place.world.oversight.operators, place.clerk
    kept = next(each for each in operators if (each.organisation, each.id) == (own.id, own.operator))
    operators[operators.index(kept)] = kept.model_copy(update={"person_tag": "one human"})
    place.relate(patient, twin)
    place.world.now += timedelta(hours=2)  # what the clerk read before is no part of a sweep any more
    assert place.judged(twin, patient) == ["own_word"]
    place.describe(twin, WARD)
    place.relate(other)
    assert place.judged(twin, other) == ["unexplained"]
    later = place.person("registered before the account was closed")
    place.relate(later, twin)
    at = next(number for number, each in enumerate(operators) if each.person_tag == "one human")
    kept = operators[at]
    operators[at] = kept.model_copy(update={"active": False})
    try:
        assert "own_word" in place.judged(twin, later)
    finally:
        operators[at] = kept


def test_what_is_registered_after_the_read_does_not_explain_it(place: Ward, doctor: Doctor) -> None:
    """OP1: a relationship made up while the watch has not looked yet."""
    patient = place.person("afterwards")
    place.watch()
    place.read(doctor, patient)
    place.relate(patient, doctor)
    place.watch()
    assert place.told(patient) == [["unexplained"]]


def test_a_person_s_word_for_one_professional_explains_and_for_the_hospital_does_not(
    place: Ward, doctor: Doctor
) -> None:
    """OP1: a permission says who may; only one by name says that this one should."""
    named = Recipient(HOSPITAL, professional=OperatorId(doctor.name))
    assert place.judged(doctor, place.person("by name", recipient=named)) == []
    assert place.judged(doctor, place.person("by house")) == ["unexplained"]


def test_curiosity_by_night_is_found_in_who_works_by_day(place: Ward, doctor: Doctor) -> None:
    """OP1, IL4: night time."""
    patient, curious = place.person("by day"), place.person("by night")
    place.relate(patient, doctor, days=30)
    place.until(9)
    for _ in range(20):
        place.world.now += timedelta(seconds=60)
        place.read(doctor, patient)
    place.until(23)
    assert place.judged(doctor, patient) == []
    assert place.judged(doctor, curious) == ["night", "unexplained"]


def test_hundreds_in_minutes_are_flagged_and_then_stopped_and_everybody_is_told(
    place: Ward, doctor: Doctor
) -> None:
    """IL4: bulk read; the limits here are smaller than by default."""
    people = [place.person(f"bulk {number}") for number in range(BLOCK + 1)]
    for each in people:
        place.relate(each, doctor)
    place.watch()
    for each in people[:BLOCK]:
        place.read(doctor, each)
    with pytest.raises(RemoteProblemError) as stopped:
        place.read(doctor, people[BLOCK])
    assert stopped.value.code == "reads_stopped"
    assert place.running.events(people[BLOCK])[-1]["reason"] == "reads_stopped"
    place.watch()
    assert [place.told(each) for each in people[:BLOCK]] == [[["rate"]]] * BLOCK
    (case,) = place.waiting(doctor)
    assert (case.rules["rate"], case.people) == (BLOCK + 1, BLOCK + 1)


def test_a_stop_outlasts_the_window_and_ends(place: Ward, doctor: Doctor) -> None:
    """IL4: waiting ten minutes is not enough; an hour is."""
    people = [place.person(f"again {number}") for number in range(BLOCK)]
    for each in people:
        place.relate(each, doctor)
        place.read(doctor, each)
    place.world.now += timedelta(minutes=11)
    with pytest.raises(RemoteProblemError) as stopped:
        place.read(doctor, people[0])
    assert stopped.value.code == "reads_stopped"
    place.world.now += timedelta(minutes=50)
    place.read(doctor, people[0])


def test_one_patient_opened_again_and_again_stops_nobody(place: Ward, doctor: Doctor) -> None:
    """IL4, the control: limits count people, not requests."""
    patient = place.person("often")
    place.relate(patient, doctor)
    for _ in range(2 * BLOCK):
        place.world.now += timedelta(seconds=1)
        place.read(doctor, patient)
    assert place.judged(doctor, patient) == []


def test_walking_down_the_list_is_a_sweep(place: Ward, doctor: Doctor) -> None:
    """IL4: paging through ids, slower than any limit; seen by the order in which people were registered."""
    people = [place.person(f"list {number}") for number in range(3)]
    for each in people:
        place.relate(each)
    place.watch()
    for each in people:
        place.world.now += timedelta(minutes=20)
        place.read(doctor, each)
    place.watch()
    assert [sorted({rule for rules in place.told(each) for rule in rules}) for each in people] == [
        ["sweep", "unexplained"]
    ] * 3


def test_the_person_learns_of_case_deadline_and_outcome(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: an official reviews it, and the person sees what was found."""
    place.judged(doctor, patient)
    (case,) = place.waiting(doctor)
    (opened,) = place.events(patient, "use_case_opened")
    assert opened["detail"]["review_due"] == case.due
    assert opened["organisation"] == HOSPITAL
    assert doctor.operator not in str(opened)
    place.decide(case.case, "Read out of curiosity; the hospital was told.")
    place.watch()
    (reviewed,) = place.events(patient, "use_reviewed")
    assert reviewed["detail"]["finding"] == "not_justified"
    assert reviewed["detail"]["comment"] == "Read out of curiosity; the hospital was told."
    assert place.judged(doctor, patient) == ["unexplained"], "after a finding there is a new case"
    assert len(place.waiting(doctor)) == 1


def test_two_people_who_compare_do_not_see_that_somebody_opened_both_their_records(
    place: Ward, doctor: Doctor
) -> None:
    """R14, OP1: there is one case of one operator, and another name of it for each person."""
    people = [place.person(f"compares {number}") for number in range(2)]
    for each in people:
        place.relate(each)
        place.judged(doctor, each)
    (case,) = place.waiting(doctor)
    named = [
        {
            entry["detail"]["case"]
            for kind in ("use_flagged", "use_case_opened")
            for entry in place.events(each, kind)
        }
        for each in people
    ]
    assert [len(each) for each in named] == [1, 1], "one person finds what belongs together"
    assert len(named[0] | named[1] | {case.case}) == 3


def test_the_same_again_counts_in_the_case_and_is_not_told_again(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: who drowns people in notices hides the one that counts."""
    assert [place.judged(doctor, patient) for _ in range(3)] == [["unexplained"], [], []]
    assert [each.rules for each in place.waiting(doctor)] == [{"unexplained": 3}]
    place.choose(patient)
    assert place.judged(doctor, patient) == ["well_known"], "what is new is told"


def test_what_is_flagged_after_the_finding_waits_for_one_of_its_own(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: nothing slips in behind a finding that the medical centre has not heard of yet."""
    place.judged(doctor, patient)
    (case,) = place.waiting(doctor)
    place.decide(case.case, "The ward was asked; it was a mistake.")
    place.read(doctor, patient)
    place.watch()
    assert len(place.events(patient, "use_reviewed")) == 1
    (other,) = place.waiting(doctor)
    assert (other.case == case.case, other.accesses) == (False, 1)
    assert len(place.events(patient, "use_case_opened")) == 2
    first, second = place.told(patient)
    assert first == second, "the person reads anew why it stood out"


def test_the_oversight_body_learns_of_nobody_whose_records_they_were(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1, LN1: a case is about the operator."""
    place.judged(doctor, patient)
    (case,) = place.waiting(doctor)
    told = case.model_dump_json()
    assert place.world.pseudonym(patient) not in told
    assert patient.name not in told


def test_a_case_waits_while_the_oversight_body_is_down_and_nobody_is_told_twice(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: alerting the person does not wait for another body."""
    down = RemoteProblemError(status=503, code="unavailable", title="", detail="", members={})
    place.world.use_cases.down = down
    try:
        assert place.judged(doctor, patient) == ["unexplained"]
        assert place.waiting(doctor) == []
    finally:
        place.world.use_cases.down = None
    place.watch()
    place.watch()
    assert len(place.waiting(doctor)) == 1
    assert place.told(patient) == [["unexplained"]]
    assert len(place.events(patient, "use_case_opened")) == 1


def test_a_read_is_judged_once_however_many_processes_watch(
    place: Ward, doctor: Doctor, patient: Someone
) -> None:
    """OP1: the place in the log moves in the transaction of what was found there."""
    place.watch()
    place.read(doctor, patient)
    store, database = place.watching.store, place.world.context.database
    with database.read() as conn:
        start = store.place(conn)
    place.watch()
    with database.write() as conn:
        assert not store.advance(conn, start=start, end=start + 1)
    place.watch()
    assert place.told(patient) == [["unexplained"]]


def test_rows_of_the_watch_that_were_edited_are_named(place: Ward, doctor: Doctor, patient: Someone) -> None:
    """OP1: a DBA who lets a case disappear by editing it is found."""
    place.judged(doctor, patient)
    with place.world.context.database.write() as conn:
        assert place.watching.store.scan(conn)[1] == []
        conn.exec_driver_sql("UPDATE use_case SET state = 'over'")
        found = place.watching.store.scan(conn)[1]
        assert found
        assert {each.table for each in found} == {"use_case"}
        conn.rollback()


@pytest.mark.parametrize("damage", ["journal_entry", "reading_habits"])
def test_one_edited_row_stops_nobody_else_from_being_judged(
    place: Ward, patient: Someone, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """OP1, IT1: a DBA damages one row, of the log or of the watch, so that a friend's reads are never looked at."""
    unlucky, friend = (place.doctor(f"{name}-{damage}") for name in ("unlucky", "friend"))
    other = place.person(f"read by a friend of {damage}")
    place.relate(other)
    place.watch()
    with place.world.context.database.read() as conn:
        at = place.watching.store.place(conn)
    place.read(unlucky, patient)
    habits = place.watching.store
    with place.world.context.database.write() as conn:
        if damage == "journal_entry":
            kept = conn.exec_driver_sql(f"SELECT opening FROM {damage} WHERE position = {at}").scalar_one()
            conn.exec_driver_sql(f"UPDATE {damage} SET opening = x'00' WHERE position = {at}")
        else:
            habits.keep_habits(conn, Account(HOSPITAL, unlucky.operator), Habits())
            key = habits._key(HOSPITAL, unlucky.operator, "reading_habits.operator").hex()
            conn.exec_driver_sql(f"UPDATE {damage} SET content = x'00' WHERE operator = x'{key}'")
    place.read(friend, other)
    place.watch()
    assert place.told(other) == [["unexplained"]]
    assert "is not judged" in caplog.text
    with place.world.context.database.write() as conn:
        if damage == "journal_entry":
            table = place.world.context.tables.journal.entry
            conn.execute(update(table).where(table.c.position == at).values(opening=kept))
        else:
            conn.exec_driver_sql(f"DELETE FROM {damage} WHERE operator = x'{key}'")
    assert place.told(patient) == []
