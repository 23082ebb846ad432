"""Attacks on the relay of emergencies: it reads what two have signed, once, for those two, and keeps nobody waiting."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from support.emergency_world import CATEGORIES, REASONS, YEARS, Town, ask_for
from support.medical_story import MEDICATION, deposit
from support.medical_world import HOSPITAL, RELAY, Someone
from support.streams import study, upload

from consent import base64url
from consent.compartments import YearSpan
from consent.directives import Grant, RecordScope, UnverifiedDirective
from consent.identifiers import DirectiveId, DocumentId
from consent.resealing import open_resealed
from consent.sealing import PlainDocument, complete_bundle
from consent.statements import GrantSubject, Selection, TokenSubject
from consent.vocabulary import Body, Category, Purpose
from services.contracts.emergency_evidence import EmergencyEvidence
from services.contracts.medical.messages import ReadRequest
from services.contracts.medical.streams import StreamsClient
from services.contracts.oversight.emergencies import (
    EmergencyClient,
    RelayedAnswer,
    WaitingEmergency,
)
from services.gateway.emergencies import (
    EmergencyRecords,
    RelayDetails,
    ask,
    jws_digest,
    open_emergency,
    second,
)
from services.kit.clock import system_randomness
from services.kit.http import Http, RemoteProblemError, Token


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


def test_what_its_writer_sealed_to_nobody_keeps_nothing_else_from_being_relayed(place: Town) -> None:
    """T2-2: one writer's nonsense must not shut a person's records when they are needed most."""
    made = study(Someone("nobody"), compartment=MEDICATION[2])
    meta = replace(made.meta, subject=place.person.wallet.subject)
    plain = PlainDocument(DocumentId("harm"), 1, "application/fhir+json", b"{}")
    key = place.world.members[HOSPITAL].keys.ed25519("author")
    harm = complete_bundle(meta, made.key, [plain], author_key=key, randomness=system_randomness)
    deposit(place.running, place.person, [harm])
    (left,) = _relayed_but_one(place).left_out
    assert (left.id, left.author, left.code) == ("harm", HOSPITAL, "emergency_unopenable")


def test_large_document_is_left_out_with_its_key_and_named(place: Town) -> None:
    """R18: the relay holds no segments; the rest is relayed."""
    made = study(place.person, content=b"a study", compartment=MEDICATION[2])
    world, hospital = place.world, place.world.members[HOSPITAL]
    upload(StreamsClient(place.running.http(HOSPITAL)), made, token=world.token(hospital))
    deposit(place.running, place.person, [made.bundle(world)])
    records = _relayed_but_one(place)
    (left,) = records.left_out
    assert (left.id, left.author, left.code) == ("study", HOSPITAL, "emergency_large_document")
    opens = base64url.encode(made.large.to_content())
    assert opens not in records.model_dump_json()


def _relayed_but_one(place: Town) -> EmergencyRecords:
    place.choose()
    case, doctor, _ = place.in_force(relayed=False)
    (relayed,) = place.relay_once()
    assert (relayed.documents, relayed.left_out) == (5, 1)
    records = open_emergency(doctor, case).records
    assert records is not None
    return records


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
