"""SC4: who may act for a person, every member of every list against a table written out by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, combinations, product
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.consent_person import new_person

from consent.directives import BasicScope, Effect, RecordScope, UnverifiedDirective
from consent.errors import MalformedError, SignatureError
from consent.guardian_signature import GuardianSignature, sign_as_guardian
from consent.guardians import (
    CAPACITIES,
    FATES,
    OWN_MATTERS,
    RULES,
    STATES,
    SUITS,
    Act,
    Ages,
    Capacity,
    Change,
    Fate,
    Given,
    Giver,
    LegalState,
    Matter,
    RuleFault,
    Signer,
    act_fault,
    act_of,
    given_by,
    matter_of,
    state_at,
)
from consent.identifiers import Pseudonym
from consent.jwk import to_jwk
from consent.vocabulary import BasicItem, Body, Category, Purpose
from consent.wallet import Wallet

P, G = Signer.PERSON, Signer.GUARDIAN
SETS = [frozenset(each) for each in chain.from_iterable(combinations(Signer, n) for n in range(5))]
# (state, matter, act) -> the sets of honest signers that are enough, as letters
BY_HAND = {
    ("of_age", "ordinary"): {"*": "P PG"},
    ("of_age", "own"): {"*": "P PG"},
    ("child", "ordinary"): {"*": "G PG", "read_history": "P G PG", "keep_wallet": "P G PG"},
    ("child", "own"): {"*": "G PG", "read_history": "P G PG", "keep_wallet": "P G PG"},
    ("youth", "ordinary"): {"*": "P G PG", "grant": "PG"},
    ("youth", "own"): {"*": "P PG"},
    ("protected", "ordinary"): {"*": "P G PG", "grant": "G PG"},
    ("protected", "own"): {"*": "P G PG", "grant": "G PG"},
    ("deceased", "ordinary"): {"*": ""},
    ("deceased", "own"): {"*": ""},
}
LETTERS = {"P": frozenset({P}), "G": frozenset({G}), "PG": frozenset({P, G})}


@pytest.mark.parametrize(("state", "matter", "act"), list(product(LegalState, Matter, Act)))
def test_every_act_takes_the_signatures_of_the_table(state: LegalState, matter: Matter, act: Act) -> None:
    rows = BY_HAND[state.value, matter.value]
    enough = {LETTERS[each] for each in rows.get(act.value, rows["*"]).split()}
    for signers in SETS:
        fault = act_fault(state, act, matter, signers=signers)
        assert (fault is None) is (signers in enough), signers
        if Signer.STRANGER in signers:
            assert fault is RuleFault.GUARDIAN_UNKNOWN
        elif Signer.FORMER_GUARDIAN in signers:
            assert fault is RuleFault.GUARDIANSHIP_ENDED
        elif state is LegalState.DECEASED:
            assert fault is RuleFault.PERSON_DECEASED


def test_refusals_name_what_is_missing() -> None:
    def fault(state: LegalState, *signers: Signer) -> RuleFault | None:
        return act_fault(state, Act.GRANT, Matter.ORDINARY, signers=frozenset(signers))

    assert fault(LegalState.CHILD, P) is RuleFault.GUARDIAN_REQUIRED
    assert fault(LegalState.YOUTH, P) is RuleFault.GUARDIAN_REQUIRED
    assert fault(LegalState.YOUTH, G) is RuleFault.ASSENT_REQUIRED
    assert fault(LegalState.OF_AGE, G) is RuleFault.PERSON_DECIDES


@pytest.mark.parametrize("matter", Matter)
@pytest.mark.parametrize("state", LegalState)
@pytest.mark.parametrize("signers", SETS)
def test_saying_no_is_never_harder_than_saying_yes(
    state: LegalState, matter: Matter, signers: frozenset[Signer]
) -> None:
    if act_fault(state, Act.GRANT, matter, signers=signers) is None:
        assert act_fault(state, Act.REFUSE, matter, signers=signers) is None
        assert act_fault(state, Act.WITHDRAW, matter, signers=signers) is None


@pytest.mark.parametrize(("change", "giver", "given"), list(product(Change, Giver, Given)))
def test_every_change_has_its_consequence(change: Change, giver: Giver, given: Given) -> None:
    expected = Fate.STANDS
    if change is Change.PERSON_DIED and given is Given.PERMISSION:
        expected = Fate.LAPSES
    by_guardian = giver is Giver.GUARDIAN and given is not Given.REFUSAL
    if by_guardian and change in {
        Change.MAJORITY_REACHED,
        Change.GUARDIAN_CHANGED,
        Change.GUARDIAN_DIED,
    }:
        expected = Fate.CONFIRM
    assert FATES[change][giver][given] is expected


def test_every_member_is_in_the_tables_and_has_words() -> None:
    assert RULES.keys() == STATES.keys() == set(LegalState)
    assert SUITS.keys() == CAPACITIES.keys() == set(Capacity)
    assert all(each.ja and each.en for each in (*STATES.values(), *CAPACITIES.values()))


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2023, 2, 28), LegalState.CHILD),
        (date(2023, 3, 1), LegalState.YOUTH),
        (date(2026, 2, 28), LegalState.YOUTH),
        (date(2026, 3, 1), LegalState.OF_AGE),
    ],
)
def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march(today: date, state: LegalState) -> None:
    assert state_at(date(2008, 2, 29), today=today, ages=Ages()) is state


@given(st.dates(date(1950, 1, 1), date(2050, 1, 1)), st.integers(0, 30), st.integers(0, 30))
def test_age_only_ever_adds_to_what_one_may(born: date, one: int, more: int) -> None:
    ages, order = Ages(15, 18), [LegalState.CHILD, LegalState.YOUTH, LegalState.OF_AGE]
    first = state_at(born, today=born + timedelta(days=365 * one), ages=ages)
    later = state_at(born, today=born + timedelta(days=365 * (one + more)), ages=ages)
    assert order.index(first) <= order.index(later)


def test_ages_are_in_order() -> None:
    with pytest.raises(MalformedError):
        Ages(19, 18)


def test_terms_are_told_apart() -> None:
    base = new_person().terms
    assert isinstance(base.scope, RecordScope)
    assert (act_of(base), matter_of(base), given_by(base)) == (Act.GRANT, Matter.ORDINARY, Given.PERMISSION)
    own = replace(base, scope=RecordScope(OWN_MATTERS, base.scope.years))
    mixed = replace(base, scope=RecordScope(OWN_MATTERS | {Category.SUMMARY}, base.scope.years))
    assert (matter_of(own), matter_of(mixed)) == (Matter.OWN, Matter.ORDINARY)
    assert matter_of(replace(base, scope=BasicScope(frozenset({BasicItem.NAME})))) is Matter.ORDINARY
    assert given_by(replace(base, purposes=frozenset({Purpose.HRESCH}))) is Given.RESEARCH
    assert given_by(replace(base, purposes=frozenset({Purpose.HRESCH, Purpose.TREAT}))) is Given.PERMISSION
    no = replace(base, effect=Effect.DENY)
    assert (act_of(no), given_by(no)) == (Act.REFUSE, Given.REFUSAL)


def test_a_guardians_signature_is_for_one_body_person_capacity_and_text() -> None:
    person, guardian = new_person(), Wallet.create(token_bytes)
    name, body = Pseudonym("ward"), Body.MEDICAL
    key = guardian.guardian_key("g", body)
    jwk = to_jwk(key.public_key())
    signed = sign_as_guardian(key, Capacity.PARENT, body=body, person=name, terms=person.terms)
    signed.verify(jwk, body=body, person=name, terms=person.terms)
    later = replace(person.terms, valid_until=person.terms.valid_until + timedelta(days=1))
    other = GuardianSignature(Capacity.ADULT_GUARDIAN, signed.proof)
    wrongs: list[Callable[[], None]] = [
        lambda: signed.verify(jwk, body=Body.OVERSIGHT, person=name, terms=person.terms),
        lambda: signed.verify(jwk, body=body, person=Pseudonym("sibling"), terms=person.terms),
        lambda: signed.verify(jwk, body=body, person=name, terms=later),
        lambda: other.verify(jwk, body=body, person=name, terms=person.terms),
        lambda: signed.verify(
            to_jwk(guardian.guardian_key("g2", body).public_key()), body=body, person=name, terms=person.terms
        ),
    ]
    for wrong in wrongs:
        with pytest.raises(SignatureError):
            wrong()


def test_a_directive_carries_the_guardians_signature_and_the_wallet_signs_over_it() -> None:
    person, guardian = new_person(), Wallet.create(token_bytes)
    signatures = {
        body: sign_as_guardian(
            guardian.guardian_key("g", body), Capacity.PARENT, body=body, person=name, terms=person.terms
        )
        for body, name in person.pseudonyms.items()
    }
    grant = person.wallet.grant(
        person.terms,
        recipient_receiving_key=person.reader.public_bytes(),
        compartments=person.compartments,
        persons=person.pseudonyms,
        handle_keys=person.public_handle_keys,
        now=person.now,
        randomness=token_bytes,
        guardian=signatures,
    )
    read = {
        body: UnverifiedDirective(copy.jws).verify(person.wallet.public_jwk(body)).directive
        for body, copy in grant.copies.items()
    }
    assert {body: each.guardian for body, each in read.items()} == signatures
    assert len({each.guardian.kid for each in read.values() if each.guardian}) == len(read)  # LN1
