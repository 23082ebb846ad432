"""Attacks on the emergency path: nobody alone, nothing copied, nobody else, not longer, not more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from support.emergency_world import CATEGORIES, REASON, YEARS, Town, ask_for, town
from support.medical_story import MEDICATION, deposit
from support.medical_world import CLINIC, HOSPITAL, RELAY, Someone
from support.streams import study, upload

from consent import base64url
from consent.compartments import YearSpan
from consent.directives import Effect, Grant, RecordScope, UnverifiedDirective
from consent.identifiers import DirectiveId, DocumentId, TerminalId
from consent.recipients import EVERYBODY
from consent.resealing import open_resealed
from consent.sealing import PlainDocument, complete_bundle
from consent.staff import open_mask
from consent.statements import GrantSubject, Selection, TokenSubject
from consent.vocabulary import Body, Category, Purpose
from services.contracts.emergency_evidence import EmergencyEvidence
from services.contracts.medical.messages import ReadRequest
from services.contracts.medical.streams import StreamsClient
from services.contracts.oversight.emergencies import (
    EmergencyClient,
    RelayedAnswer,
    ReviewOutcome,
    WaitingEmergency,
)
from services.contracts.oversight.register import Role
from services.gateway.emergencies import (
    RelayDetails,
    ask,
    jws_digest,
    look,
    open_emergency,
    review,
    reviews,
    second,
)
from services.gateway.errors import RefusedError
from services.kit.clock import system_randomness
from services.kit.http import Http, RemoteProblemError, Token
from services.oversight.audit import scan_emergencies
from services.oversight.emergency_relaying import end
from services.oversight.tables import EMERGENCY

ASKED_BY_TWO = ("emergency_asked", "emergency_declared")
ENDED = timedelta(hours=24, seconds=1)
REASONS = (
    "駅の階段から転落し頭部を強打、呼びかけに反応なし、服薬が不明",
    "激しい胸痛と冷汗で救急車到着時に意識が遠のいた、心疾患の既往を知りたい",
    "蜂に刺されて全身に発疹、血圧低下、アレルギー歴が分からない",
    "けいれん発作が十分以上続く、抗てんかん薬の種類と量が必要",
    "浴槽で溺れているところを発見、低体温、糖尿病の治療中らしい",
    "交通事故で骨盤骨折、手術の前に出血傾向を確かめたい",
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as here:
        yield here


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


def test_a_relay_on_its_own_reads_nothing(place: Town) -> None:
    """OP1: the relay has fragments for its key; neither body uses them without two professionals."""
    place.choose(purposes=frozenset(Purpose) - {Purpose.IDENTITY_VERIFICATION})
    world, member = place.world, place.world.members[RELAY]
    for purpose in (Purpose.ETREAT, Purpose.TREAT, Purpose.HRESCH):
        request = place.running.request(
            place.person, RELAY, selection=Selection(CATEGORIES, YEARS), purpose=purpose
        )
        with pytest.raises(RemoteProblemError) as told:
            place.running.medical(RELAY).read(request, token=world.token(member))
        assert told.value.code == "emergency_unproven"
        assert place.running.events(place.person)[-1]["reason"] == "emergency_unproven"


def test_a_relay_reads_exactly_what_was_signed(place: Town) -> None:
    """U6, OP1, OP2: more categories, more years, another purpose or naming, half the evidence; then as signed."""
    wide = RecordScope(frozenset({Category.MEDICATION, Category.LABORATORY}), YearSpan(2020, 2026))
    grant = place.choose(scope=wide)
    place.in_force(relayed=False)
    world, member = place.world, place.world.members[RELAY]
    (waiting,) = place.relay.ask(Body.OVERSIGHT, _waiting)
    tokens = _tokens(place, waiting)
    signed, by_token = Selection(CATEGORIES, YEARS), TokenSubject.of_tokens(tokens)
    by_grant = GrantSubject(_own_id(place, grant), grant.copies[Body.MEDICAL].handles)
    evidence = EmergencyEvidence(request=waiting.request, second=waiting.second)
    half = EmergencyEvidence(request=waiting.request, second=waiting.request)
    swapped = EmergencyEvidence(request=waiting.second, second=waiting.request)

    def read(
        shown: EmergencyEvidence,
        selection: Selection = signed,
        purpose: Purpose = Purpose.ETREAT,
        subject: TokenSubject | GrantSubject = by_token,
    ) -> None:
        statement = world.statement(member, subject, selection=selection, purpose=purpose)
        sent = tokens if subject is by_token else {}
        request = ReadRequest(statement=statement, tokens=sent, emergency=shown)
        place.running.medical(RELAY).read(request, token=world.token(member))

    for wrong in (
        partial(read, evidence, Selection(CATEGORIES | {Category.LABORATORY}, YEARS)),
        partial(read, evidence, Selection(CATEGORIES, YearSpan(2020, 2026))),
        partial(read, evidence, purpose=Purpose.TREAT),
        partial(read, evidence, subject=by_grant),
        partial(read, half),
        partial(read, swapped),
    ):
        with pytest.raises(RemoteProblemError) as told:
            wrong()
        assert told.value.code in {"emergency_unproven", "role_missing", "subject_unknown"}
    read(evidence)


def test_one_emergency_that_cannot_be_served_keeps_no_other_waiting(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U6, LD10: a hospital's program seals nonsense to the relay, again and again."""
    place.choose()

    def nonsense(**told: object) -> RelayDetails:
        return RelayDetails.model_validate(told | {"tokens": {"nonsense": "x"}})

    doctor, nurse = place.pair()
    false, true = (ask_for(doctor, "hanako", reason=each).case for each in REASONS[:2])
    with monkeypatch.context() as dishonest:
        dishonest.setattr("services.gateway.emergencies.RelayDetails", nonsense)
        second(nurse, "hanako", false)
    second(nurse, "hanako", true)
    stale = place.relay.ask(Body.OVERSIGHT, lambda http, token: EmergencyClient(http, token=token).waiting())
    told = {each.case: each for each in place.relay_once()}
    assert (told[false].refused, told[true].refused) == ("not_verified", None)
    assert open_emergency(doctor, true).records is not None
    first = ask_for(doctor, "hanako", reason=REASONS[2]).case
    second(nurse, "hanako", first)
    (fresh,) = place.relay.ask(Body.OVERSIGHT, _waiting)
    stale.waiting.append(fresh)
    monkeypatch.setattr(EmergencyClient, "waiting", lambda _client: stale)
    assert [each.refused is None for each in place.relay_once()] == [False, False, True]


def test_the_second_body_releases_nothing_for_a_case_that_is_not_open_to_a_relay(place: Town) -> None:
    """OP1, U6: the medical centre says yes, or lies with the relay; the oversight body looks in its own cases."""
    place.choose()
    case, _, _ = place.in_force(relayed=False)
    world, member = place.world, place.world.members[RELAY]
    (waiting,) = place.relay.ask(Body.OVERSIGHT, _waiting)
    tokens = _tokens(place, waiting)
    ask(place.relay, lambda client: client.relayed(case, RelayedAnswer(refused="not_verified")))
    statement = world.statement(
        member,
        TokenSubject.of_tokens(tokens),
        selection=Selection(CATEGORIES, YEARS),
        purpose=Purpose.ETREAT,
    )
    evidence = EmergencyEvidence(request=waiting.request, second=waiting.second)
    request = ReadRequest(statement=statement, tokens=tokens, emergency=evidence)
    with pytest.raises(RemoteProblemError) as told:
        place.running.medical(RELAY).read(request, token=world.token(member))
    assert told.value.code == "emergency_unproven"
    assert place.last() == ("fragments_released", "refused", "emergency_unproven")


def test_a_relay_cannot_read_twice_nor_later(place: Town) -> None:
    """OP2: the tokens are used once, and live for minutes."""
    place.choose()
    place.in_force()
    assert place.relay_once() == []
    doctor, nurse = place.staff("doctor-2"), place.staff("nurse-2")
    case = ask_for(doctor, "hanako", reason=REASONS[0]).case
    second(nurse, "hanako", case)
    place.world.now += timedelta(minutes=5, seconds=1)
    assert place.relay_once() == []


def test_a_restart_in_the_middle_loses_nothing(place: Town) -> None:
    place.choose()
    doctor, nurse = place.pair()
    case = ask_for(doctor, "hanako").case
    place.restart()
    second(nurse, "hanako", case)
    place.restart()
    place.relay_once()
    place.restart()
    records = open_emergency(doctor, case).records
    assert records is not None
    assert len(records.documents) == 5


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


def test_what_its_writer_sealed_to_nobody_keeps_nothing_else_from_being_relayed(place: Town) -> None:
    """T2-2: one writer's nonsense must not shut a person's records when they are needed most."""
    made = study(Someone("nobody"), compartment=MEDICATION[2])
    meta = replace(made.meta, subject=place.person.wallet.subject)
    plain = PlainDocument(DocumentId("harm"), 1, "application/fhir+json", b"{}")
    key = place.world.members[HOSPITAL].keys.ed25519("author")
    harm = complete_bundle(meta, made.key, [plain], author_key=key, randomness=system_randomness)
    deposit(place.running, place.person, [harm])
    place.choose()
    case, doctor, _ = place.in_force(relayed=False)
    (relayed,) = place.relay_once()
    assert (relayed.documents, relayed.left_out) == (5, 1)
    records = open_emergency(doctor, case).records
    assert records is not None
    (left,) = records.left_out
    assert (left.id, left.author, left.code) == ("harm", HOSPITAL, "emergency_unopenable")


def test_large_document_is_left_out_with_its_key_and_named(place: Town) -> None:
    """R18: the relay holds no segments; the rest is relayed."""
    made = study(place.person, content=b"a study", compartment=MEDICATION[2])
    world, hospital = place.world, place.world.members[HOSPITAL]
    upload(StreamsClient(place.running.http(HOSPITAL)), made, token=world.token(hospital))
    deposit(place.running, place.person, [made.bundle(world)])
    place.choose()
    case, doctor, _ = place.in_force(relayed=False)
    (relayed,) = place.relay_once()
    assert (relayed.documents, relayed.left_out) == (5, 1)
    records = open_emergency(doctor, case).records
    assert records is not None
    (left,) = records.left_out
    assert (left.id, left.author, left.code) == ("study", HOSPITAL, "emergency_large_document")
    opens = base64url.encode(made.large.to_content())
    assert opens not in records.model_dump_json()


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


def _waiting(http: Http, token: Token) -> list[WaitingEmergency]:
    return EmergencyClient(http, token=token).waiting().waiting


def _tokens(place: Town, waiting: WaitingEmergency) -> dict[Body, str]:
    sealed, context = base64url.decode(waiting.details), jws_digest(waiting.request)
    plain = open_resealed(sealed, key=place.relay.receiving_key, context=context)
    told = RelayDetails.model_validate_json(plain).tokens
    return {Body(name): token for name, token in told.items()}


def _own_id(place: Town, grant: Grant) -> DirectiveId:
    key = place.person.wallet.public_jwk(Body.MEDICAL)
    return UnverifiedDirective(grant.copies[Body.MEDICAL].jws).verify(key).directive.id
