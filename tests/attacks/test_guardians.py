"""SC4: consent by the wrong signer, a minor who comes of age, another guardian, a death; at one body, by its routes."""

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from threading import Event as Flag
from threading import Thread

import pytest
from sqlalchemy import select, update
from support.oversight_reads import SCOPE, events
from support.oversight_world import OversightWorld, Participant, body_certificate
from support.ward_world import HERE, Guardian, Ward

from consent.directives import Effect, RecordScope
from consent.guardians import OWN_MATTERS, Capacity, Change, LegalState
from consent.identifiers import DirectiveId, Pseudonym
from consent.terms import terms_payload
from consent.vocabulary import Body, Purpose
from services.contracts.directives import (
    WithdrawalOrder,
    submission,
)
from services.contracts.guardianship import PersonState, StateClient, TellStates
from services.contracts.simulating import Simulate
from services.directives import guarding, workflows
from services.directives.audit import scan_directives
from services.directives.errors import RefusedError
from services.directives.guarding import lapse_due
from services.directives.service import Directives, open_directives
from services.directives.simulating import simulated
from services.directives.wards import Ward as KeptWard
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import PersonCaller, SignedInBy
from services.kit.http import RemoteProblemError
from services.kit.problems import NotFoundError
from services.oversight import tables

CONFIRM_DAYS = 30


def _caller(person: Pseudonym, by: Guardian | None) -> PersonCaller:
    if by is None:
        return PersonCaller(person, SignedInBy.CARD)
    return PersonCaller(person, SignedInBy.GUARDIAN, by.kid)


@pytest.fixture
def directives(opened: tuple[OversightWorld, Participant]) -> Directives:
    """Return the component over the same database."""
    world = opened[0]
    return open_directives(
        world.context, tables.DIRECTIVES, directory=world.app.state.office.editions.directory
    )


def test_a_child_permits_nothing_and_a_guardian_does(ward: Ward) -> None:
    mother = Guardian("w")
    ward.told(LegalState.CHILD, mother.key())
    assert ward.refused(ward.terms(), None, signed_in=None) == "guardian_required"
    given = ward.lay_down(ward.terms(), mother, signed_in=mother)
    assert ward.fragments(given) == 1
    told = {"effect": "permit", "capacity": "parent"}
    assert events(ward.world)[-1]["detail"] == {**told, "acting": "parent"}


def test_the_wards_history_says_who_acted_and_never_that_it_was_the_ward(ward: Ward) -> None:
    """SC4: a guardian permits, another takes back, a stranger is refused; a youth does it with a guardian's word."""
    mother = Guardian("w")
    father = replace(Guardian("w2"), capacity=Capacity.GUARDIAN_OF_MINOR)
    ward.told(LegalState.CHILD, mother.key(), father.key())
    given = ward.lay_down(ward.terms(), mother, signed_in=mother)
    ward.client.withdraw(_order(ward, given, by=mother), token=ward.token(father))
    assert ward.refused(ward.terms(), Guardian("w3"), signed_in=Guardian("w3")) == "guardian_unknown"
    ward.told(LegalState.YOUTH, mother.key(), father.key())
    ward.lay_down(ward.terms(), father, signed_in=None)
    name = ward.person.pseudonym(HERE)
    own = [each for each in events(ward.world) if each["person"] == name]
    told = [each.get("detail") or {} for each in own if each["kind"].startswith("directive_")]
    assert Counter(each.get("acting") for each in told) == Counter(
        ["parent", "guardian_of_minor", "guardian", None]
    )
    assert [each["capacity"] for each in told if "acting" not in each] == ["guardian_of_minor"]


def test_who_is_no_guardian_of_this_person_signs_nothing(ward: Ward) -> None:
    """SC4: another ward's guardian, another key, another capacity, other terms: each is a stranger."""
    mother, neighbour = Guardian("w"), Guardian("other")
    ward.told(LegalState.CHILD, mother.key())
    terms = ward.terms()
    assert ward.refused(terms, neighbour, signed_in=neighbour) == "guardian_unknown"
    assert ward.refused(terms, neighbour, signed_in=mother) == "guardian_unknown"
    assert ward.refused(terms, neighbour, signed_in=None) == "guardian_unknown"
    grander = replace(mother, capacity=Capacity.GUARDIAN_OF_MINOR)
    assert ward.refused(terms, grander, signed_in=mother) == "guardian_unknown"
    wider = replace(terms, valid_until=terms.valid_until + timedelta(days=900))
    copy = ward.copy(wider, mother.sign(ward.person, terms))
    with pytest.raises(RemoteProblemError) as widened:
        ward.client.submit(submission(copy), token=ward.token(mother))
    assert widened.value.code == "guardian_unknown"
    elsewhere = mother.sign(ward.person, terms, body=Body.MEDICAL)
    with pytest.raises(RemoteProblemError) as borrowed:
        ward.client.submit(submission(ward.copy(terms, elsewhere)), token=ward.token(mother))
    assert borrowed.value.code == "guardian_unknown"


def test_a_guardian_who_is_signed_in_and_does_not_sign_is_not_enough(ward: Ward) -> None:
    mother = Guardian("w")
    ward.told(LegalState.CHILD, mother.key())
    assert ward.refused(ward.terms(), None, signed_in=mother) == "guardian_required"


def test_a_youth_and_a_guardian_permit_together_and_either_refuses(ward: Ward) -> None:
    father = Guardian("w")
    ward.told(LegalState.YOUTH, father.key())
    assert ward.refused(ward.terms(), father, signed_in=father) == "assent_required"
    assert ward.refused(ward.terms(), None, signed_in=None) == "guardian_required"
    assert ward.lay_down(ward.terms(), father, signed_in=None)
    no = ward.terms(effect=Effect.DENY)
    assert ward.lay_down(no, None, signed_in=None)
    assert ward.lay_down(no, father, signed_in=father)


def test_what_a_youth_decides_alone_no_guardian_decides(ward: Ward) -> None:
    father = Guardian("w")
    ward.told(LegalState.YOUTH, father.key())
    own = ward.terms(scope=RecordScope(OWN_MATTERS, SCOPE.years))
    assert ward.refused(own, father, signed_in=father) == "person_decides"
    given = ward.lay_down(own, None, signed_in=None)
    order = WithdrawalOrder(
        withdrawal=ward.person.wallet.withdraw({HERE: _text(ward, given)}, now=ward.world.clock())[HERE]
    )
    with pytest.raises(RemoteProblemError) as refusal:
        ward.client.withdraw(order, token=ward.token(father))
    assert refusal.value.code == "person_decides"
    assert ward.fragments(given) == 1
    shared = ward.lay_down(ward.terms(), father, signed_in=None)
    seen = {each.id for each in ward.client.directives(token=ward.token(father))}
    assert (shared in seen, given in seen) == (True, False)
    ward.client.withdraw(order, token=ward.token())
    assert ward.fragments(given) == 0


def test_what_a_guardian_took_back_the_ward_does_not_lay_down_again(ward: Ward) -> None:
    """SC4: a youth keeps the guardian's signature over terms, and the guardian takes the permission back."""
    father = Guardian("w")
    ward.told(LegalState.YOUTH, father.key())
    terms = ward.terms()
    first = ward.lay_down(terms, father, signed_in=None)
    renewed = ward.lay_down(terms, father, signed_in=None)  # as when keys are rolled
    ward.client.withdraw(_order(ward, first), token=ward.token())
    again = ward.lay_down(terms, father, signed_in=None)
    for each in (renewed, again):
        ward.client.withdraw(_order(ward, each), token=ward.token(father))
    assert ward.refused(terms, father, signed_in=None) == "guardian_required"
    other = replace(terms, valid_until=terms.valid_until + timedelta(days=1))
    assert ward.lay_down(other, father, signed_in=None)
    ward.told(LegalState.PROTECTED, father.key())
    assert ward.refused(terms, father, signed_in=None) == "guardian_required"
    assert ward.lay_down(terms, father, signed_in=father)


def test_what_would_change_tells_a_guardian_nothing_of_what_a_youth_decides_alone(
    ward: Ward, directives: Directives
) -> None:
    """SC4: a guardian asks what a permission of everything would add, to learn what the youth has permitted already."""
    father, person = Guardian("w"), ward.person.pseudonym(HERE)
    ward.told(LegalState.YOUTH, father.key())
    own = ward.terms(scope=RecordScope(OWN_MATTERS, SCOPE.years))
    given = ward.lay_down(own, None, signed_in=None)
    everything = RecordScope(OWN_MATTERS | SCOPE.categories, SCOPE.years)

    def ask(scope: RecordScope, *, by: Guardian | None) -> set[str]:
        asked = Simulate(terms=json.loads(json.dumps(terms_payload(ward.terms(scope=scope)))))
        told = simulated(directives, _caller(person, by), asked)
        scopes = [each.scope["categories"] for each in told.differences]
        return {str(category) for each in scopes if isinstance(each, list) for category in each}

    assert ask(everything, by=None) == SCOPE.categories
    assert ask(everything, by=father) == everything.categories
    with pytest.raises(RefusedError) as refusal:
        ask(RecordScope(OWN_MATTERS, SCOPE.years), by=father)
    assert refusal.value.code == "person_decides"
    with pytest.raises(NotFoundError):
        simulated(directives, _caller(person, father), Simulate(withdraw=given))


def test_of_two_parents_each_permits_and_the_other_takes_it_back(ward: Ward) -> None:
    mother, father = Guardian("w"), Guardian("w")
    ward.told(LegalState.CHILD, mother.key(), father.key())
    given = ward.lay_down(ward.terms(), mother, signed_in=mother)
    text = _text(ward, given, by=father)
    order = ward.person.wallet.withdraw({HERE: text}, now=ward.world.clock())[HERE]
    ward.client.withdraw(WithdrawalOrder(withdrawal=order), token=ward.token(father))
    assert ward.state(given, by=mother) == "withdrawn"


def test_a_former_guardian_is_refused_by_name_of_it_at_once(ward: Ward) -> None:
    """SC4: another guardian. The token of the former one is still good; what this body was told counts."""
    former, present = Guardian("w"), Guardian("w")
    ward.told(LegalState.CHILD, former.key())
    given = ward.lay_down(ward.terms(), former, signed_in=former)
    until = epoch_seconds(ward.world.clock()) + CONFIRM_DAYS * 86_400
    ward.told(LegalState.CHILD, former.key(Change.GUARDIAN_CHANGED, until), present.key())
    assert ward.refused(ward.terms(), former, signed_in=former) == "guardianship_ended"
    assert ward.refused(ward.terms(), former, signed_in=present) == "guardian_unknown"
    for act in (
        lambda: ward.client.directives(token=ward.token(former)),
        lambda: ward.client.withdraw(_order(ward, given, by=present), token=ward.token(former)),
    ):
        with pytest.raises(RemoteProblemError) as refusal:
            act()
        assert refusal.value.code == "guardianship_ended"
    assert ward.state(given, by=present) == "active"  # until it is confirmed, or time is up
    assert ward.lay_down(ward.terms(), present, signed_in=present)


def test_an_older_word_does_not_bring_a_former_guardian_back(ward: Ward) -> None:
    former = Guardian("w")
    assert ward.told(LegalState.CHILD, former.key()) == 1
    assert ward.told(LegalState.CHILD, former.key(Change.GUARDIAN_CHANGED, 1)) == 1
    assert ward.told(LegalState.CHILD, former.key(), number=1) == 0
    assert ward.told(LegalState.CHILD, former.key(), number=2) == 0
    assert ward.refused(ward.terms(), former, signed_in=former) == "guardianship_ended"


def test_majority_ends_the_guardians_rights_and_what_is_not_confirmed(
    ward: Ward, directives: Directives
) -> None:
    """SC4: a minor who comes of age."""
    mother = Guardian("w")
    ward.told(LegalState.YOUTH, mother.key())
    together = ward.lay_down(ward.terms(), mother, signed_in=None)
    denied = ward.lay_down(ward.terms(effect=Effect.DENY), mother, signed_in=mother)
    until = epoch_seconds(ward.world.clock()) + CONFIRM_DAYS * 86_400
    ward.told(LegalState.OF_AGE, mother.key(Change.MAJORITY_REACHED, until))
    assert ward.refused(ward.terms(), mother, signed_in=mother) == "guardianship_ended"
    alone = ward.lay_down(ward.terms(), None, signed_in=None)
    lapse_due(directives)
    assert ward.state(together, by=None) == "active"
    ward.world.clock.move(CONFIRM_DAYS * 86_400)
    lapse_due(directives)
    states = [ward.state(each, by=None) for each in (together, denied, alone)]
    assert states == ["lapsed", "active", "active"]
    assert (ward.fragments(together), ward.fragments(alone)) == (0, 1)
    (told,) = [each for each in events(ward.world) if each.get("ground") == together][1:]
    assert (told["kind"], told["reason"]) == ("directive_lapsed", "majority_reached")
    with ward.world.context.database.read() as conn:
        assert ward.person.pseudonym(HERE) not in directives.store.wards.waiting(conn)


def test_an_edited_row_of_one_person_keeps_nothing_of_another_in_force(
    opened: tuple[OversightWorld, Participant], directives: Directives, caplog: pytest.LogCaptureFixture
) -> None:
    """SC4, IT6: who wants a former guardian's permission to live on damages what is stored about somebody else."""
    world, clinic = opened
    until, table = epoch_seconds(world.clock()) + 1, tables.DIRECTIVES.ward
    given: dict[str, tuple[Ward, DirectiveId]] = {}
    for name in ("of the one", "of the other"):
        each, mother = Ward(world, clinic, world.person(name)), Guardian("w")
        each.told(LegalState.CHILD, mother.key())
        given[each.person.pseudonym(HERE)] = each, each.lay_down(each.terms(), mother, signed_in=mother)
        each.told(LegalState.OF_AGE, mother.key(Change.MAJORITY_REACHED, until))
    with world.context.database.write() as conn:
        first, second = (each for each in directives.store.wards.waiting(conn) if each in given)
        row = conn.execute(select(table).where(table.c.pseudonym == second)).one()
        conn.execute(update(table).where(table.c.pseudonym == first).values(content=row.content))
    world.clock.move(2)
    lapse_due(directives)
    ward, directive = given[second]
    assert (ward.state(directive, by=None), ward.fragments(directive)) == ("lapsed", 0)
    assert "was not ended" in caplog.text
    with world.context.database.write() as conn:
        conn.execute(table.delete().where(table.c.pseudonym == first))


def test_after_a_death_care_ends_research_and_refusals_stay_and_nobody_signs(ward: Ward) -> None:
    """SC4: deceased."""
    mother = Guardian("w")
    ward.told(LegalState.CHILD, mother.key())
    care = ward.lay_down(ward.terms(), mother, signed_in=mother)
    research = ward.lay_down(ward.terms(purposes=frozenset({Purpose.HRESCH})), mother, signed_in=mother)
    ward.told(LegalState.DECEASED, mother.key(Change.PERSON_DIED))
    assert (ward.fragments(care), ward.fragments(research)) == (0, 1)
    assert ward.refused(ward.terms(), mother, signed_in=mother) == "guardianship_ended"
    assert ward.refused(ward.terms(), None, signed_in=None) == "person_deceased"
    assert ward.refused(ward.terms(effect=Effect.DENY), None, signed_in=None) == "person_deceased"


def test_what_lapses_waits_for_an_answer_that_rests_on_it(ward: Ward, directives: Directives) -> None:
    """SC2, SC4: when the lapse is acknowledged, nothing that rests on it is still being sent."""
    given = ward.lay_down(ward.terms(), None, signed_in=None)
    told = PersonState(person=ward.person.told_name(HERE), number=1, state=LegalState.DECEASED, guardians=[])
    done = Flag()

    def die() -> None:
        guarding.tell(directives, TellStates(states=[told]))
        done.set()

    with ExitStack() as held:
        assert held.enter_context(directives.barrier.hold([given])) == {given}
        dying = Thread(target=die)
        dying.start()
        assert not done.wait(0.2)
        assert ward.fragments(given) == 1
    dying.join()
    assert ward.fragments(given) == 0
    with directives.barrier.hold([given]) as in_force:
        assert not in_force


def test_a_former_guardians_request_that_is_under_way_is_refused(ward: Ward, directives: Directives) -> None:
    """SC2, SC4: it was signed, sent and judged while the guardian was in force, and is stored after the end."""
    mother, person, refusals = Guardian("w"), ward.person.pseudonym(HERE), []
    ward.told(LegalState.CHILD, mother.key())
    terms = ward.terms()
    message = submission(ward.copy(terms, mother.sign(ward.person, terms)))

    def send() -> None:
        with pytest.raises(RefusedError) as refusal:
            workflows.submit(directives, person, message, guardian=mother.kid)
        refusals.append(refusal.value.code)

    sending = Thread(target=send)
    with directives.barrier.take_in(guarding.turn(person), against=lambda _conn: []) as conn:
        sending.start()
        sending.join(0.2)
        assert not refusals
        ended = replace(directives.store.wards.get(conn, person).guardians[0], ended=Change.GUARDIAN_CHANGED)
        directives.store.wards.put(conn, person, KeptWard(LegalState.CHILD, 2, (ended,)), now=0)
    sending.join()
    assert refusals == ["guardianship_ended"]
    assert events(ward.world)[-1]["reason"] == "guardianship_ended"


def test_a_guardian_asks_what_would_change_and_a_former_one_does_not(
    ward: Ward, directives: Directives
) -> None:
    """SC4: what would change says what is permitted; it is told to whom permissions are shown, nobody else."""
    mother, neighbour, person = Guardian("w"), Guardian("other"), ward.person.pseudonym(HERE)
    ward.told(LegalState.CHILD, mother.key())
    ward.lay_down(ward.terms(), mother, signed_in=mother)
    asked = Simulate(terms=json.loads(json.dumps(terms_payload(ward.terms(effect=Effect.DENY)))))

    def ask(by: Guardian) -> list[str]:
        caller = PersonCaller(person, SignedInBy.GUARDIAN, by.kid)
        return [each.shift for each in simulated(directives, caller, asked).differences]

    assert ask(mother) == ["loses"]
    with pytest.raises(RefusedError) as strange:
        ask(neighbour)
    ward.told(LegalState.CHILD, mother.key(Change.GUARDIAN_CHANGED))
    with pytest.raises(RefusedError) as former:
        ask(mother)
    assert [strange.value.code, former.value.code] == ["guardian_unknown", "guardianship_ended"]
    assert events(ward.world)[-1]["reason"] == "guardianship_ended"


def test_only_the_id_centre_tells(ward: Ward) -> None:
    name = ward.person.told_name(HERE)
    said = TellStates(states=[PersonState(person=name, number=1, state=LegalState.DECEASED, guardians=[])])
    for body in set(Body) - {Body.IDENTITY}:
        with pytest.raises(RemoteProblemError) as refusal:
            StateClient(ward.world.http(body_certificate(body))).tell(said)
        assert refusal.value.status in (401, 403)
    assert ward.lay_down(ward.terms(), None, signed_in=None)


def test_a_row_that_was_put_back_is_named(ward: Ward, directives: Directives) -> None:
    """IT6: who edits the database brings no guardian back unnoticed."""
    mother, table = Guardian("w"), tables.DIRECTIVES.ward
    ward.told(LegalState.CHILD, mother.key())
    person, database = ward.person.pseudonym(HERE), ward.world.context.database
    with database.read() as conn:
        earlier = conn.execute(select(table).where(table.c.pseudonym == person)).one()
        assert not [each for each in scan_directives(directives, conn)[1] if person in each.row]
    ward.told(LegalState.CHILD, mother.key(Change.GUARDIAN_CHANGED, 1))
    with database.write() as conn:
        conn.execute(update(table).where(table.c.pseudonym == person).values(content=earlier.content))
    with database.read() as conn:
        assert [each.table for each in scan_directives(directives, conn)[1] if person in each.row] == ["ward"]


def _text(ward: Ward, directive: DirectiveId, by: Guardian | None = None) -> str:
    return next(each.jws for each in ward.client.directives(token=ward.token(by)) if each.id == directive)


def _order(ward: Ward, directive: DirectiveId, *, by: Guardian | None = None) -> WithdrawalOrder:
    text = _text(ward, directive, by=by)
    return WithdrawalOrder(withdrawal=ward.person.wallet.withdraw({HERE: text}, now=ward.world.clock())[HERE])
