"""SC4: who acts for whom is entered by two, ended by one, ended by age and death, and told to every body."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes

import pytest
from sqlalchemy import select, update
from support.guardian_scene import Guardian, Scene, guardian_scene, status
from support.identity_people import IDENTITY, REGISTRY, some_items

from consent.guardians import Capacity, Change, LegalState
from consent.jwk import thumbprint
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import DirectivesClient
from services.contracts.identity.guardianships import (
    Evidence,
)
from services.contracts.identity.messages import SUBJECT_TYPE, RegisterSubject
from services.directives.errors import RefusedError
from services.identity import tables
from services.identity.audit import scan
from services.identity.guardian_audit import scan_guardianships
from services.identity.workflows import guarding
from services.identity.workflows.linking import register_subject
from services.kit.clock import JAPAN, epoch_seconds
from services.kit.credentials.callers import PersonCaller, SignedInBy
from services.kit.credentials.tokens import PersonClaims, verify_token
from services.kit.http import RemoteProblemError
from services.kit.problems import UnavailableError


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with guardian_scene(tmp_path_factory.mktemp("guardians")) as scene:
        yield scene


def test_age_is_told_in_bands_and_no_birth_date(scene: Scene) -> None:
    assert [scene.ask(scene.child(age)).state.value for age in (3, 16, 30)] == ["child", "youth", "of_age"]


def test_a_guardian_is_entered_by_two_and_every_body_knows_another_key(scene: Scene) -> None:
    child, mother = scene.child(3), scene.adult()
    scene.ask(child)
    name, made = scene.propose(child, mother)
    assert made.preview["state_of_ward"] == "child"
    with status(403):
        scene.supervisor(0).approve(made)
    with pytest.raises(RemoteProblemError):
        scene.token(mother, name)
    scene.supervisor(1).approve(made)
    scene.tell()
    told = [scene.told(body, child) for body in (Body.MEDICAL, Body.OVERSIGHT)]
    assert [each.state for each in told] == [LegalState.CHILD] * 2
    keys = [each.guardians[0].key for each in told]
    assert keys == [mother.keys(name)[body.value] for body in (Body.MEDICAL, Body.OVERSIGHT)]
    assert told[0].person != told[1].person
    own = scene.desk.own(token=scene.world.person_token(mother.holder, IDENTITY, at=scene.city))
    assert [(each.guardianship, each.seen_as) for each in own.guardianships] == [(name, "guardian")]
    kinds = [each["kind"] for each in scene.history(scene.own_name(child))]
    assert "guardianship_registered" in kinds
    assert scene.centre.guardianships.cipher is scene.world.identity_context.cipher


def test_no_row_shows_who_is_whose_guardian(scene: Scene) -> None:
    child, mother = scene.child(3), scene.adult()
    scene.ask(child)
    scene.enter(child, mother)
    people = {scene.own_name(child), scene.own_name(mother.holder.enrolled)}
    with scene.world.identity_context.database.read() as conn:
        for table in (tables.guardianship, tables.legal_state):
            for row in conn.execute(select(table)).all():
                assert not any(person.encode() in bytes(str(row), "utf-8") for person in people)


def test_a_guardian_signs_in_for_the_ward_by_the_key_that_each_body_knows(scene: Scene) -> None:
    child, mother = scene.child(3), scene.adult()
    scene.ask(child)
    name = scene.enter(child, mother)
    scene.tell()
    token = scene.token(mother, name, REGISTRY)
    standing = scene.world.register.tokens()
    claims = verify_token(token.value, standing=standing, audience=REGISTRY, now=scene.world.clock())
    assert isinstance(claims, PersonClaims)
    assert claims.acr == "guardian"
    at_registry = DirectivesClient(scene.world.http(REGISTRY, scene.city))
    assert at_registry.directives(token=token) == []
    for person in (scene.own_name(child), scene.own_name(mother.holder.enrolled)):
        assert "guardian_signed_in" in [each["kind"] for each in scene.history(person)]
    with status(403):  # what is the person's own is no guardian's
        scene.desk.own(token=scene.token(mother, name))


@pytest.mark.parametrize(
    ("age", "capacity", "evidence"),
    [
        (30, Capacity.PARENT, Evidence.FAMILY_REGISTER),
        (3, Capacity.ADULT_GUARDIAN, Evidence.REGISTRATION_CERTIFICATE),
        (3, Capacity.PARENT, Evidence.REGISTRATION_CERTIFICATE),
        (3, Capacity.PARENT, Evidence.DEATH_NOTIFICATION),
    ],
)
def test_capacity_evidence_and_age_go_together(
    scene: Scene, age: int, capacity: Capacity, evidence: Evidence
) -> None:
    person, adult = scene.child(age), scene.adult()
    scene.ask(person)
    with pytest.raises(RemoteProblemError) as refusal:
        scene.propose(person, adult, capacity, evidence)
    assert refusal.value.status == 409


def test_an_offer_counts_for_one_counter_now_and_by_the_guardians_own_card(scene: Scene) -> None:
    """SC4: nobody is made a guardian without knowing, and nobody makes themselves one with others' keys."""
    child, mother, neighbour = scene.child(3), scene.adult(), scene.adult()
    scene.ask(child)
    late = epoch_seconds(scene.world.clock()) - 400
    wrong = [
        scene.offer(mother, "n", Capacity.PARENT, organisation="other-city"),
        scene.offer(mother, "n", Capacity.PARENT, at=late),
        scene.offer(mother, "n", Capacity.PARENT, keys={}),
        scene.offer(Guardian(replace(mother.holder, keys=neighbour.holder.keys)), "n", Capacity.PARENT),
        "x.y.z",
    ]
    for offer in wrong:
        with pytest.raises(RemoteProblemError):
            scene.propose(child, mother, offer=offer)
    name = scene.enter(child, mother)
    with pytest.raises(RemoteProblemError):  # the same guardian twice, and the same name for another ward
        scene.propose(child, mother)
    with pytest.raises(RemoteProblemError):
        scene.propose(child, neighbour, name=name)


def test_the_end_stops_the_guardians_tokens_and_has_a_code_of_its_own(scene: Scene) -> None:
    """SC4: a guardian who was replaced."""
    child, former, present = scene.child(3), scene.adult(), scene.adult()
    scene.ask(child)
    name, other = scene.enter(child, former), scene.enter(child, present)
    scene.tell()
    token = scene.token(former, name, REGISTRY)
    at_registry = DirectivesClient(scene.world.http(REGISTRY, scene.city))
    assert at_registry.directives(token=token) == []
    shown = scene.end(child, name)
    assert {each.guardianship: each.ended for each in shown.guardianships} == {
        name: Change.GUARDIAN_CHANGED,
        other: None,
    }
    scene.world.clock.move(2)
    with status(401):
        at_registry.directives(token=token)
    with pytest.raises(RemoteProblemError) as refusal:
        scene.token(former, name)
    assert refusal.value.code == "guardianship_ended"
    *_, end, logged = scene.history(scene.own_name(child))
    assert (end["kind"], end["staff"]["roles"]) == ("guardianship_ended", ["registrar"])
    assert (logged["kind"], logged["reason"]) == ("guardian_refused", "guardianship_ended")
    assert scene.token(present, other)
    scene.tell()
    guardians = scene.told(Body.MEDICAL, child).guardians
    until = epoch_seconds(scene.world.clock()) + 90 * 86_400
    ended = {thumbprint(each.key): each for each in guardians}[thumbprint(former.keys(name)["medical"])]
    assert ended.ended is Change.GUARDIAN_CHANGED
    assert abs((ended.confirm_until or 0) - until) < 10
    with status(404):
        scene.end(child, name)


def test_only_a_guardian_in_force_registers_a_wards_key_for_records(scene: Scene) -> None:
    """SC4: what the ID centre has entered counts at once, also for a sign-in from before."""
    child, former, wallet = scene.child(3), scene.adult(), Wallet.create(token_bytes)
    scene.ask(child)
    name = scene.enter(child, former)
    at = epoch_seconds(scene.world.clock())
    proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": at})
    message = RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)
    caller = PersonCaller(
        scene.own_name(child), SignedInBy.GUARDIAN, thumbprint(former.keys(name)[Body.IDENTITY.value])
    )
    scene.end(child, name)
    for who, code in (
        (caller, "guardianship_ended"),
        (replace(caller, guardian="nobody's"), "guardian_unknown"),
    ):
        with pytest.raises(RefusedError) as refusal:
            register_subject(scene.centre, who, message)
        assert refusal.value.code.value == code
        assert scene.history(scene.own_name(child))[-1]["reason"] == code
    present = scene.adult()
    other = scene.enter(child, present)
    asking = scene.world.identity(scene.city)
    assert asking.register_subject(message, token=scene.token(present, other)).subject


def test_somebody_elses_guardianship_answers_as_none(scene: Scene) -> None:
    child, mother, stranger = scene.child(3), scene.adult(), scene.adult()
    scene.ask(child)
    name = scene.enter(child, mother)
    codes = []
    for asked in (name, "nobodys"):
        with pytest.raises(RemoteProblemError) as refusal:
            scene.token(stranger, asked)
        codes.append((refusal.value.status, refusal.value.code, refusal.value.detail))
    assert codes[0] == codes[1]
    assert codes[0][1] == "guardian_unknown"


def test_rows_that_somebody_changed_keep_nobody_else_a_minor(tmp_path: Path) -> None:
    """T2-2: one edited row would stop everybody's majority, and bodies from being told of anybody."""
    with guardian_scene(tmp_path) as scene:
        for _ in range(3):
            scene.ask(scene.child(17))
        scene.world.clock.move(366 * 86_400)
        scene.prolong()
        database, held = scene.world.identity_context.database, scene.centre.guardianships
        with database.write() as conn:
            first, second, _ = held.to_look(conn, day="9999", most=9)
            keys = {held.open_standing(key, told).person: key for key, told in held.standings(conn)}
            state, person = tables.legal_state, tables.person
            conn.execute(update(state).where(state.c.id == keys[first.person]).values(told=b"\0" * 60))
            conn.execute(update(person).where(person.c.pseudonym == second.person).values(linkage=b"\0" * 60))
        for run in (guarding.look_at_ages, lambda centre: guarding.carry_on(centre, scene.directives)):
            with suppress(UnavailableError):
                run(scene.centre)
        told = [each.state for each in scene.strangers[Body.OVERSIGHT].told.values()]
    assert told == [LegalState.OF_AGE]


def test_majority_ends_guardianships_on_the_day(scene: Scene) -> None:
    """SC4: a minor who comes of age; the registry is asked once a day."""
    youth, mother = scene.child(17), scene.adult()
    scene.ask(youth)
    name = scene.enter(youth, mother)
    guarding.look_at_ages(scene.centre)
    assert scene.ask(youth).state is LegalState.YOUTH
    scene.world.clock.move(366 * 86_400)
    scene.prolong()
    guarding.look_at_ages(scene.centre)
    scene.tell()
    told = scene.told(Body.OVERSIGHT, youth)
    assert (told.state, told.guardians[0].ended) == (LegalState.OF_AGE, Change.MAJORITY_REACHED)
    with pytest.raises(RemoteProblemError) as refusal:
        scene.token(mother, name)
    assert refusal.value.code == "guardianship_ended"
    reasons = [each.get("reason") for each in scene.history(scene.own_name(youth))]
    assert "majority_reached" in reasons


def test_a_death_ends_the_card_and_what_the_person_was_guardian_of(scene: Scene) -> None:
    """SC4: a guardian who dies, and a person who dies."""
    child, mother = scene.child(3), scene.adult()
    scene.ask(child)
    scene.enter(child, mother)
    holder = mother.holder
    token = scene.world.person_token(holder, REGISTRY, at=scene.city)
    scene.die(holder.enrolled)
    scene.tell()
    ended = scene.told(Body.MEDICAL, child).guardians[0]
    assert (ended.ended, ended.confirm_until is not None) == (Change.GUARDIAN_DIED, True)
    assert scene.told(Body.MEDICAL, holder.enrolled).state is LegalState.DECEASED
    scene.world.clock.move(2)
    with status(401):
        DirectivesClient(scene.world.http(REGISTRY, scene.city)).directives(token=token)
    with pytest.raises(RemoteProblemError):
        scene.world.person_token(holder, REGISTRY, at=scene.city)
    with pytest.raises(RemoteProblemError):
        scene.die(holder.enrolled)
    other = scene.adult()
    name = scene.enter(child, other)
    assert scene.die(child).outcome == {"guardianships_ended": 1}
    scene.tell()
    assert scene.told(Body.OVERSIGHT, child).state is LegalState.DECEASED
    with pytest.raises(RemoteProblemError):
        scene.token(other, name)


def test_a_minor_who_gets_a_card_is_no_adult_for_any_body(scene: Scene) -> None:
    """SC4: without a guardian entered, a minor's own card permits nothing alone."""
    today = scene.world.clock().astimezone(JAPAN).date()
    born = (today - timedelta(days=10 * 366)).isoformat()
    items = some_items().model_copy(update={"birth_date": born})
    holder = scene.world.holder(scene.city, items)
    scene.tell()
    assert scene.told(Body.MEDICAL, holder.enrolled).state is LegalState.CHILD


def test_a_body_that_is_down_is_told_when_it_is_back(scene: Scene) -> None:
    child = scene.child(3)
    down = scene.strangers[Body.MEDICAL]
    down.down = UnavailableError("down")
    scene.ask(child)
    with pytest.raises(UnavailableError, match="medical"):
        scene.tell()
    assert scene.told(Body.OVERSIGHT, child).state is LegalState.CHILD
    down.down = None
    scene.tell()
    assert scene.told(Body.MEDICAL, child).state is LegalState.CHILD


def test_an_edited_row_of_one_ward_keeps_nobody_from_hearing_of_others(scene: Scene) -> None:
    """H4, IT6: whoever wants a former guardian to go on damages what this body keeps about somebody else."""
    wards, table = [scene.child(3), scene.child(3)], tables.DIRECTIVES.ward
    assert [scene.ask(each).state for each in wards] == [LegalState.CHILD] * 2
    names = [scene.enter(each, scene.adult()) for each in wards]
    scene.tell()
    for each, name in zip(wards, names, strict=True):
        scene.end(each, name)
    edited = update(table).where(table.c.pseudonym.in_([scene.own_name(each) for each in wards]))
    with scene.world.identity_context.database.write() as conn:
        conn.execute(edited.values(content=b"edited"))
    with pytest.raises(UnavailableError, match="identity"):
        scene.tell()
    for each in wards:
        told = [scene.told(body, each).guardians[0].ended for body in (Body.MEDICAL, Body.OVERSIGHT)]
        assert told == [Change.GUARDIAN_CHANGED] * 2
    with scene.world.identity_context.database.write() as conn:
        conn.execute(table.delete().where(table.c.content == b"edited"))
    scene.tell()


def test_a_guardianship_that_was_brought_back_is_named(scene: Scene) -> None:
    """IT6: the row as it was before its end."""
    child, mother = scene.child(3), scene.adult()
    scene.ask(child)
    name = scene.enter(child, mother)
    table, context, centre = tables.guardianship, scene.world.identity_context, scene.centre
    with context.database.read() as conn:
        earlier = conn.execute(select(table).where(table.c.id == name)).one()
    scene.end(child, name)

    def found() -> list[str]:
        with context.database.read() as conn:
            logged = [context.journal.openings(conn, [at])[at] for at, _ in context.journal.persons(conn)]
            return [each.row for each in (*scan(centre, conn)[1], *scan_guardianships(centre, conn, logged))]

    assert f"id={name}" not in found()
    with context.database.write() as conn:
        conn.execute(update(table).where(table.c.id == name).values(told=earlier.told))
    assert f"id={name}" in found()
