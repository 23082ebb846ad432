"""Attacks on the emergency path: nobody alone, nothing copied, nobody else, not longer, not more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from support.emergency_world import CATEGORIES, REASON, REASONS, Town, ask_for
from support.medical_world import CLINIC, HOSPITAL, RELAY, Someone

from consent import base64url
from consent.compartments import YearSpan
from consent.directives import Effect, RecordScope
from consent.identifiers import TerminalId
from consent.recipients import EVERYBODY
from consent.staff import open_mask
from consent.vocabulary import Body, Category
from services.contracts.oversight.emergencies import (
    ReviewOutcome,
)
from services.contracts.oversight.register import Role
from services.gateway.emergencies import (
    look,
    open_emergency,
    review,
    reviews,
    second,
)
from services.gateway.errors import RefusedError
from services.oversight.audit import scan_emergencies
from services.oversight.emergency_relaying import end
from services.oversight.tables import EMERGENCY

ASKED_BY_TWO = ("emergency_asked", "emergency_declared")
ENDED = timedelta(hours=24, seconds=1)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as told:
        call()
    return told.value.code


def test_two_professionals_open_what_was_chosen_and_the_person_is_told_at_once(place: Town) -> None:
    """UC1, R18."""
    place.choose()
    case, doctor, nurse = place.in_force(relayed=False)
    told = place.events()[-1]
    assert (told["kind"], told["outcome"]) == ("emergency_declared", "permitted")
    signed = [each["staff"]["pseudonym"] for each in place.events() if each["kind"] in ASKED_BY_TWO]
    assert told["detail"]["professionals"] == signed
    assert len(set(signed)) == 2
    assert told["detail"]["why"] == REASON
    assert open_emergency(doctor, case).records is None
    assert [each.documents for each in place.relay_once()] == [5]
    for who in (doctor, nurse):
        records = open_emergency(who, case).records
        assert records is not None
        assert len(records.documents) == 5
        assert "not for export" in records.marked
        assert b"SEKISHO-CANARY" in base64url.decode(records.documents[0].content)
    kinds = [each["kind"] for each in place.events()]
    assert [each for each in kinds if each.startswith("emergency") or each == "fragments_released"] == [
        "emergency_asked",
        "emergency_declared",
        "fragments_released",
        "emergency_relayed",
        "emergency_opened",
        "emergency_opened",
    ]
    read = place.running.events(place.person)[-1]
    assert (read["kind"], read["outcome"], read["organisation"]) == ("records_read", "permitted", RELAY)
    assert read["detail"]["professionals"] == signed
    (released,) = [each for each in place.events() if each["kind"] == "fragments_released"]
    assert released["staff"] == read["staff"]
    opened = [each["staff"]["pseudonym"] for each in place.events()[-2:]]
    assert opened == signed
    assert not any(name in str([*place.events(), read]) for name in ("doctor", "nurse"))


def test_who_opens_at_another_terminal_is_not_shown_by_an_opening_that_names_the_first(place: Town) -> None:
    """R18: two officials who unmask would find that the hospital had sealed a false one."""
    place.choose()
    case, doctor, _nurse = place.in_force()
    assert open_emergency(doctor, case).records is not None
    doctor.credentials = replace(doctor.credentials, terminal=TerminalId("another-terminal"))
    assert open_emergency(doctor, case).records is not None
    key, at_first, elsewhere = place.world.sealing_key(Body.OVERSIGHT), *place.events()[-2:]
    for entry in (at_first, elsewhere):
        shown = entry["staff"]
        if "sealed" in shown:
            sealed = base64url.decode(shown["sealed"])
            found = open_mask(key, sealed, organisation=HOSPITAL, pseudonym=shown["pseudonym"])
            assert found.fits(base64url.decode(shown["commitment"]))
    assert ("sealed" in at_first["staff"], "sealed" in elsewhere["staff"]) == (True, False)
    assert "doctor" not in str(elsewhere)


SAYING_NOTHING = (
    ("", "emergency_reason_empty"),
    (" 。 ", "emergency_reason_empty"),
    ("bleeding", "emergency_reason_too_short"),
    ("Emergency treatment is necessary for the patient", "emergency_reason_boilerplate"),
    ("緊急のため診療上必要、患者の確認", "emergency_reason_boilerplate"),
)


def test_a_reason_without_substance_opens_nothing(place: Town) -> None:
    """OP2: empty and boilerplate reasons; the refusal is in the person's history."""
    place.choose()
    doctor = place.staff("doctor")
    for reason, code in SAYING_NOTHING:
        assert refused(partial(ask_for, doctor, "hanako", reason=reason)) == code
        assert place.last() == ("emergency_asked", "refused", code)


def test_a_reason_copied_from_a_colleague_opens_nothing(place: Town) -> None:
    """U2, OP2: copied reasons, also of another professional of the same hospital, also touched up."""
    place.choose()
    doctor, nurse = place.pair()
    ask_for(doctor, "hanako")
    for touch in ("", "。", " 至急"):
        copied = partial(ask_for, nurse, "hanako", reason=REASON + touch)
        assert refused(copied) == "emergency_reason_copied"
        assert place.last()[2] == "emergency_reason_copied"
    # another hospital's reasons are not compared: nobody there could have copied it
    assert ask_for(place.staff("other", organisation=CLINIC), "hanako").state == "asked"


def test_one_human_cannot_be_both(place: Town) -> None:
    """U5, OP2: second professional who is the first, by account, card or person, or is unknown; nothing is in force."""
    place.choose()
    doctor = place.staff("doctor", human="one")
    case = ask_for(doctor, "hanako").case
    others = (
        doctor,
        place.staff("same-card", card=doctor.credentials.card_key),
        place.staff("same-human", human="one"),
        place.staff("unknown", human=None),
    )
    for other in others:
        assert refused(partial(second, other, "hanako", case)) == "emergency_same_human"
        assert place.last() == ("emergency_declared", "refused", "emergency_same_human")
    assert place.relay_once() == []
    unknown = partial(ask_for, others[3], "hanako", reason=REASONS[0])
    assert refused(unknown) == "emergency_same_human"


def test_another_hospitals_professional_does_not_sign(place: Town) -> None:
    """OP2: equal to a case that does not exist."""
    place.choose()
    case = ask_for(place.staff("doctor"), "hanako").case
    stranger = place.staff("stranger", organisation=CLINIC)
    assert refused(lambda: look(stranger, case)) == refused(lambda: look(stranger, "A" * 22)) == "not_found"


def test_the_second_cannot_name_another_patient(place: Town) -> None:
    """OP2: one patient for one request."""
    place.choose()
    doctor, nurse = place.pair()
    case = ask_for(doctor, "hanako").case
    place.enter(Someone("jiro"))
    assert refused(lambda: second(nurse, "jiro", case)) == "emergency_other_patient"


def test_after_many_patients_a_professional_is_stopped_in_either_part(place: Town) -> None:
    """U4, OP2: twenty patients; the sixth within 24 hours is refused, also as second signature."""
    doctor, nurse = place.pair()
    people = [Someone(f"patient-{number}") for number in range(6)]
    for each in people:
        place.enter(each)
        place.choose(each)
    for each, reason in zip(people[:5], REASONS, strict=False):
        ask_for(doctor, each.name, reason=reason)
    assert refused(lambda: ask_for(doctor, people[5].name, reason=REASONS[5])) == (
        "emergency_too_many_patients"
    )
    case = ask_for(nurse, people[5].name, reason=REASONS[5]).case
    assert refused(lambda: second(doctor, people[5].name, case)) == "emergency_too_many_patients"
    place.world.now += timedelta(days=1, seconds=1)
    assert ask_for(doctor, people[5].name, reason="別の日の" + REASON).state == "asked"


def test_after_the_end_nothing_is_shown_and_the_answer_is_gone(place: Town) -> None:
    """OP2: after the emergency."""
    place.choose()
    case, doctor, _ = place.in_force()
    place.world.now += ENDED
    assert refused(lambda: open_emergency(doctor, case)) == "emergency_ended"
    assert place.last() == ("emergency_opened", "refused", "emergency_ended")
    with place.context.database.read() as conn:
        assert conn.execute(EMERGENCY.select()).mappings().one()["answer"] is None


def test_answers_of_what_is_over_go_without_anybody_asking(place: Town) -> None:
    """OP2."""
    place.choose()
    place.in_force()
    place.world.now += ENDED
    end(place.emergencies)
    with place.context.database.read() as conn:
        row = conn.execute(EMERGENCY.select()).mappings().one()
    assert (row["state"], row["answer"]) == ("ended", None)


def test_a_request_that_nobody_signed_in_time_is_over(place: Town) -> None:
    """OP2."""
    place.choose()
    doctor, nurse = place.pair()
    case = ask_for(doctor, "hanako").case
    place.world.now += timedelta(minutes=15, seconds=1)
    assert refused(lambda: second(nurse, "hanako", case)) == "emergency_ended"
    # what opened nothing may be asked again for the same patient, for the same reason
    second(nurse, "hanako", ask_for(doctor, "hanako").case)
    assert [each.documents for each in place.relay_once()] == [5]


def test_what_the_person_did_not_choose_stays_closed(place: Town) -> None:
    """R18: nothing chosen, other categories, other years, a no."""
    doctor = place.staff("doctor")
    assert refused(lambda: ask_for(doctor, "hanako")) == "no_permission"
    place.choose()
    laboratory = frozenset({Category.LABORATORY})
    assert refused(lambda: ask_for(doctor, "hanako", categories=laboratory)) == "other_category"
    both = CATEGORIES | laboratory
    assert refused(lambda: ask_for(doctor, "hanako", categories=both)) == "other_category"
    assert refused(lambda: ask_for(doctor, "hanako", years=YearSpan(2020, 2026))) == "other_period"
    assert place.last() == ("emergency_asked", "refused", "other_period")


def test_a_no_holds_and_a_withdrawal_between_the_signatures_counts(place: Town) -> None:
    """U3, R18, SC1: refused by the person before, and taken back in the middle."""
    grant = place.choose()
    doctor, nurse = place.pair()
    case = ask_for(doctor, "hanako").case
    place.withdraw(grant)
    assert refused(lambda: second(nurse, "hanako", case)) == "withdrawn"
    everything = RecordScope(frozenset(Category), YearSpan(1900, 2100))
    place.choose(recipient=EVERYBODY, effect=Effect.DENY, scope=everything)
    assert refused(lambda: ask_for(doctor, "hanako", reason=REASONS[0])) == "denied_by_person"


def test_a_withdrawal_before_the_relay_reads_leaves_the_hospital_with_nothing(place: Town) -> None:
    """SC1."""
    grant = place.choose()
    case, doctor, _ = place.in_force(relayed=False)
    place.withdraw(grant)
    assert [each.refused for each in place.relay_once()] == ["withdrawn"]
    assert refused(lambda: open_emergency(doctor, case)) == "withdrawn"


def test_only_the_two_who_signed_open_the_answer(place: Town) -> None:
    """OP3: a curious colleague of the same hospital."""
    place.choose()
    case, _, _ = place.in_force()
    colleague = place.staff("colleague")
    assert refused(lambda: open_emergency(colleague, case)) == "emergency_not_yours"
    assert place.last() == ("emergency_opened", "refused", "emergency_not_yours")


def test_who_is_no_reader_has_no_emergencies(place: Town) -> None:
    """U1, OP4: a role that was taken away counts at once."""
    place.choose()
    writer = place.staff("writer", Role.WRITER)
    assert refused(lambda: ask_for(writer, "hanako")) == "forbidden"
    assert refused(lambda: reviews(writer)) == "forbidden"


def test_every_emergency_is_reviewed_by_somebody_else_and_the_person_sees_the_finding(place: Town) -> None:
    """OP2: second-person review with a deadline."""
    place.choose()
    case, _, _ = place.in_force()
    official = place.official("auditor")
    (found,) = reviews(official)
    assert (found.case, found.reason, found.overdue) == (case, REASON, False)
    assert "hanako" not in found.model_dump_json()
    involved, unknown = place.official("second job", human="human nurse"), place.official("new", human=None)
    for each in (involved, unknown):
        code = refused(partial(review, each, case, ReviewOutcome.JUSTIFIED, comment="looks right"))
        assert code == "emergency_reviewer_involved"
    place.world.now += timedelta(days=7)
    assert [each.overdue for each in reviews(official)] == [True]
    done = review(official, case, ReviewOutcome.NOT_JUSTIFIED, comment="nobody was in danger")
    assert done.late
    told = place.events()[-1]
    assert (told["kind"], told["detail"]["finding"]) == ("emergency_reviewed", "not_justified")
    assert told["detail"]["late"] is True
    assert reviews(official) == []
    again = refused(partial(review, official, case, ReviewOutcome.JUSTIFIED, comment="changed my mind"))
    assert again == "emergency_step_done"


def test_the_person_finds_it_in_their_inbox_in_both_languages(place: Town) -> None:
    """R18: who may read what and why, until when, and the review; for nobody else."""
    stranger = Someone("taro")
    place.enter(stranger)
    place.choose()
    ask_for(place.staff("resident"), "hanako", reason=REASONS[0])
    assert place.inbox() == []  # one signature opens nothing
    case, _, _ = place.in_force(relayed=False)
    (told,) = place.inbox()
    assert (told.case, told.organisation, told.finding) == (case, "hospital", None)
    assert told.ends - told.declared == 24 * 3600
    for text, kinds in ((told.text.ja, "薬"), (told.text.en, "medication")):
        assert REASON in text
        assert kinds in text
        assert "2024-2026" in text
    review(place.official("auditor"), case, ReviewOutcome.NOT_JUSTIFIED, comment="nobody was in danger")
    (told,) = place.inbox()
    assert told.finding is ReviewOutcome.NOT_JUSTIFIED
    assert "正当ではない" in told.text.ja
    assert "not justified" in told.text.en
    assert place.inbox(stranger) == []


def test_looking_at_the_list_of_reviews_is_logged(place: Town) -> None:
    """IT8: who looked, and at how many."""
    place.choose()
    place.in_force(relayed=False)
    reviews(place.official("auditor"))
    journal = place.context.journal
    with place.context.database.read() as conn:
        last = journal.tree.size(conn) - 1
        event = journal.openings(conn, [last])[last].event
    assert (event["kind"], event["operator"], event["count"]) == ("emergencies_listed", "auditor", 1)


def test_an_edited_case_is_named_and_not_used(place: Town) -> None:
    """OP1: a row that says `declared` though nobody signed."""
    place.choose()
    doctor = place.staff("doctor")
    case = ask_for(doctor, "hanako").case
    with place.context.database.write() as conn:
        conn.execute(EMERGENCY.update().values(state="declared"))
    with place.context.database.read() as conn:
        rows, found = scan_emergencies(place.emergencies.store, conn)
    assert (rows, [each.row for each in found]) == (1, [f"id={case}"])
    with pytest.raises(RefusedError):
        look(doctor, case)
