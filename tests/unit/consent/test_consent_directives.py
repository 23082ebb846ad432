"""Directives, grants and withdrawals: every body gets its own copy and can check it alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from secrets import token_bytes
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from support.consent_person import Person, new_person

from consent import jws
from consent.compartments import Compartment, YearSpan
from consent.conditions import UNCONDITIONAL, Conditions, Frequency, FrequencyUnit, Onward
from consent.directives import (
    BasicScope,
    DeletionReceipt,
    Directive,
    DirectiveCopy,
    Effect,
    Grant,
    LogPosition,
    Notice,
    RecordScope,
    Scope,
    Terms,
    UnverifiedDirective,
    UnverifiedReaderNotice,
    UnverifiedWithdrawal,
    deletion_receipt,
    directive_payload,
    verify_deletion_receipt,
)
from consent.errors import MalformedError, SealError, SignatureError
from consent.handles import HANDLE_SIZE, open_handle, seal_handle
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym, SubjectKeyId
from consent.recipients import Recipient
from consent.shown import PORTAL, Medium, MediumKind
from consent.vocabulary import PROXIES, BasicItem, Body, Category, Purpose
from consent.wallet import Wallet

WALLET = Wallet.from_secret_bytes(bytes(range(32)))

spans = st.tuples(st.integers(1900, 2100), st.integers(1900, 2100)).map(lambda pair: YearSpan(*sorted(pair)))
scopes: st.SearchStrategy[Scope] = st.one_of(
    st.builds(RecordScope, st.frozensets(st.sampled_from(Category), min_size=1), spans),
    st.builds(BasicScope, st.frozensets(st.sampled_from(BasicItem), min_size=1)),
)
identifiers = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  # hypothesis wants naive bounds
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(timezone(timedelta(hours=9))),
)


media = st.one_of(
    st.just(PORTAL),
    identifiers.map(lambda name: Medium(MediumKind.COUNTER, OperatorId(name))),
    st.builds(lambda name, scan: Medium.paper(OperatorId(name), scan), identifiers, st.binary(max_size=9)),
)
frequencies = st.builds(Frequency, st.integers(1, 1000), st.sampled_from(FrequencyUnit))


conditions = st.builds(Conditions, st.none() | frequencies, st.sampled_from(Onward))


def recipients(effect: Effect) -> st.SearchStrategy[Recipient]:
    organisations = identifiers.map(OrganisationId)
    some = organisations if effect is Effect.PERMIT else st.none() | organisations
    professionals = st.builds(Recipient, organisations, st.none(), identifiers.map(OperatorId))
    return st.builds(Recipient, some, st.none() | identifiers) | professionals


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    start = draw(moments)
    effect = draw(st.sampled_from(Effect))
    return Terms(
        recipient=draw(recipients(effect)),
        effect=effect,
        purposes=draw(st.frozensets(st.sampled_from(Purpose), min_size=1)),
        scope=draw(scopes),
        valid_from=start,
        valid_until=start + draw(st.timedeltas(timedelta(seconds=1), timedelta(days=9999))),
        notice=Notice.of_text(
            draw(st.text(st.characters(exclude_categories=["Cs"]))),
            text_id=draw(identifiers),
            version="1",
            language="en",
            refusal_meaning=draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
            medium=draw(media),
        ),
        conditions=draw(conditions) if effect is Effect.PERMIT else UNCONDITIONAL,
    )


@pytest.fixture
def person() -> Person:
    return new_person()


# step P1
@given(terms(), st.sampled_from(Body), moments)
def test_directive_says_after_verification_what_was_laid_down(laid: Terms, body: Body, at: datetime) -> None:
    directive = Directive(DirectiveId("d1"), body, Pseudonym("p1"), laid, at)
    token = WALLET.sign(body, "sekisho-directive+jws", directive_payload(directive))
    assert UnverifiedDirective(token).verify(WALLET.public_jwk(body)).directive == directive


def changed_payload(directive: Directive, path: tuple[str, ...], value: object) -> dict[str, Any]:
    payload: dict[str, Any] = dict(directive_payload(directive))
    place = payload
    for name in path[:-1]:
        place[name] = dict(place[name])
        place = place[name]
    place[path[-1]] = value
    return payload


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("body",), "everybody"),
        (("id",), ""),
        (("id",), 7),
        (("extra",), "x"),
        (("terms", "extra"), "x"),
        (("terms", "effect"), "maybe"),
        (("terms", "role"), ""),
        (("terms", "conditions"), {}),
        (("terms", "conditions"), {"onward": "forbidden"}),
        (("terms", "conditions"), {"frequency": {"times": 0, "unit": "day"}}),
        (("terms", "conditions"), {"frequency": {"times": 1, "unit": "year"}}),
        (("terms", "notice", "medium"), {"kind": "portal"}),
        (("terms", "notice", "medium"), {"kind": "counter"}),
        (("terms", "notice", "medium"), {"kind": "paper", "operator": "d1"}),
        (("terms", "purposes"), []),
        (("terms", "purposes"), ["TREAT", "ETREAT"]),
        (("terms", "purposes"), ["TREAT", "TREAT"]),
        (("terms", "purposes"), "TREAT"),
        (("terms", "valid_until"), "2020-01-01T00:00:00Z"),
        (("terms", "valid_from"), "2026-04-01T09:30:15+00:00"),
        (("terms", "valid_from"), "2026-04-01T09:30:15.5Z"),
        (("terms", "valid_from"), 1775035815),
        (("terms", "scope", "kind"), "basic"),
        (("terms", "scope", "categories"), []),
        (("terms", "scope", "years"), {"first": 2026, "last": 2025}),
        (("terms", "scope", "years"), {"first": "2025", "last": 2026}),
        (("terms", "notice", "sha256_of_text"), "abc"),
    ],
)
def test_signed_directive_of_another_shape_is_refused(
    person: Person, path: tuple[str, ...], value: object
) -> None:
    directive = Directive(DirectiveId("d1"), Body.MEDICAL, Pseudonym("p1"), person.terms, person.now)
    payload = changed_payload(directive, path, value)
    token = person.wallet.sign(Body.MEDICAL, "sekisho-directive+jws", payload)
    with pytest.raises(MalformedError) as refusal:
        UnverifiedDirective(token).verify(person.wallet.public_jwk(Body.MEDICAL))
    assert "p1" not in str(refusal.value)


def test_copies_verify_for_their_own_body_only(person: Person) -> None:
    grant = person.grant()
    assert grant.copies.keys() == set(PROXIES)
    for body, copy in grant.copies.items():
        directive = UnverifiedDirective(copy.jws).verify(person.wallet.public_jwk(body)).directive
        assert (directive.body, directive.person) == (body, person.pseudonyms[body])
        assert directive.terms == person.terms
        assert copy.fragments.keys() == {one.label for one in person.compartments}
        for other in set(PROXIES) - {body}:
            with pytest.raises(SignatureError):
                UnverifiedDirective(copy.jws).verify(person.wallet.public_jwk(other))


# step P2
def test_copies_share_no_id_pseudonym_key_or_signature(person: Person) -> None:
    copies = person.grant().copies
    seen: list[str] = []
    for body, copy in copies.items():
        directive = UnverifiedDirective(copy.jws).verify(person.wallet.public_jwk(body)).directive
        seen += [directive.id, directive.person, jws.peek_kid(copy.jws), *copy.jws.split(".")]
    assert len(seen) == len(set(seen))


def test_handles_lead_to_the_other_copies_and_open_for_their_body_only(person: Person) -> None:
    grant = person.grant()
    assert [body for body, copy in grant.copies.items() if copy.handles] == [Body.MEDICAL]
    for body, handle in grant.copies[Body.MEDICAL].handles.items():
        copy = UnverifiedDirective(grant.copies[body].jws).verify(person.wallet.public_jwk(body))
        assert open_handle(person.handle_keys[body], handle, info=body) == copy.directive.id
        with pytest.raises(SealError):
            open_handle(person.handle_keys[body], handle, info=Body.MEDICAL)
        for other, key in person.handle_keys.items():
            if other is not body:
                with pytest.raises(SealError):
                    open_handle(key, handle, info=body)


@given(
    st.text(min_size=1).filter(lambda text: text.isprintable() and len(text.encode()) < 64),
    st.binary(max_size=120),
)
def test_handles_have_one_length_and_noise_is_refused(text: str, noise: bytes) -> None:
    key = WALLET.signing_key(Body.MEDICAL).private_bytes_raw()
    private = X25519PrivateKey.from_private_bytes(key)
    sealed = seal_handle(private.public_key(), DirectiveId(text), info=Body.OVERSIGHT)
    assert len(sealed) == HANDLE_SIZE
    assert open_handle(private, sealed, info=Body.OVERSIGHT) == text
    with pytest.raises(SealError):
        open_handle(private, noise, info=Body.OVERSIGHT)


def test_reader_notice_names_no_pseudonym_and_only_medical_has_it(person: Person) -> None:
    grant = person.grant()
    assert [body for body, copy in grant.copies.items() if copy.reader_notice] == [Body.MEDICAL]
    token = grant.copies[Body.MEDICAL].reader_notice
    assert token is not None
    verified = jws.verify_with_jwk(
        token, typ="sekisho-reader-notice+jws", jwk=person.wallet.public_jwk(Body.MEDICAL)
    )
    assert b"person-at-" not in verified.payload
    jwk, subject = person.wallet.public_jwk(Body.MEDICAL), person.wallet.subject
    notice = UnverifiedReaderNotice(token).verify(jwk, subject).notice
    assert (notice.recipient, notice.scope) == (person.terms.recipient.organisation, person.terms.scope)
    assert (notice.purposes, notice.valid_until) == (person.terms.purposes, person.terms.valid_until)
    with pytest.raises(SignatureError):
        UnverifiedReaderNotice(token).verify(jwk, SubjectKeyId("somebody-else"))


def test_permission_for_basic_items_goes_to_the_registry_without_fragments(person: Person) -> None:
    grant = person.wallet.grant(
        replace(
            person.terms,
            scope=BasicScope(frozenset({BasicItem.NAME})),
            purposes=frozenset({Purpose.IDENTITY_VERIFICATION}),
        ),
        recipient_receiving_key=None,
        compartments=[],
        persons={Body.REGISTRY: Pseudonym("person-at-registry")},
        handle_keys={},
        now=person.now,
        randomness=token_bytes,
    )
    (copy,) = grant.copies.values()
    assert grant.copies.keys() == {Body.REGISTRY}
    assert copy == DirectiveCopy(copy.jws)


def refusal_of(person: Person) -> Grant:
    return person.wallet.grant(
        replace(person.terms, effect=Effect.DENY),
        recipient_receiving_key=None,
        compartments=[],
        persons=person.pseudonyms,
        handle_keys=person.public_handle_keys,
        now=person.now,
        randomness=token_bytes,
    )


def test_refusal_reaches_all_three_bodies_without_fragments(person: Person) -> None:
    copies = refusal_of(person).copies
    assert copies.keys() == set(PROXIES)
    assert not any(copy.fragments or copy.reader_notice for copy in copies.values())


@pytest.mark.parametrize(
    "change",
    [
        {"compartments": [Compartment(Category.CHECKUP, 2026, 1)]},
        {"compartments": [Compartment(Category.MEDICATION, 2027, 1)]},
        {"compartments": []},
        {"recipient_receiving_key": None},
        {"persons": {Body.MEDICAL: Pseudonym("p")}},
        {"persons": {body: Pseudonym("p") for body in (*PROXIES, Body.REGISTRY)}},
        {"handle_keys": {}},
    ],
)
def test_grant_beyond_its_terms_is_not_made(person: Person, change: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "recipient_receiving_key": person.reader.public_bytes(),
        "compartments": person.compartments,
        "persons": person.pseudonyms,
        "handle_keys": person.public_handle_keys,
        "now": person.now,
        "randomness": token_bytes,
    }
    with pytest.raises(MalformedError):
        person.wallet.grant(person.terms, **(usual | change))


def test_withdrawal_names_each_bodys_own_copy(person: Person) -> None:
    copies = {body: copy.jws for body, copy in person.grant().copies.items()}
    orders = person.wallet.withdraw(copies, now=person.now)
    assert orders.keys() == copies.keys()
    for body, order in orders.items():
        jwk = person.wallet.public_jwk(body)
        directive = UnverifiedDirective(copies[body]).verify(jwk).directive
        withdrawal = UnverifiedWithdrawal(order).verify(jwk).withdrawal
        assert (withdrawal.directive, withdrawal.body) == (directive.id, body)
        assert withdrawal.person == directive.person
        assert withdrawal.at == person.now.replace(microsecond=0)
        with pytest.raises(SignatureError):
            UnverifiedDirective(order).verify(jwk)


def test_only_the_persons_wallet_withdraws(person: Person) -> None:
    copies = {body: copy.jws for body, copy in person.grant().copies.items()}
    with pytest.raises(SignatureError):
        Wallet.create(token_bytes).withdraw(copies, now=person.now)
    order = person.wallet.withdraw(copies, now=person.now)[Body.MEDICAL]
    with pytest.raises(SignatureError):
        UnverifiedWithdrawal(order).verify(Wallet.create(token_bytes).public_jwk(Body.MEDICAL))


@pytest.mark.parametrize("log", [LogPosition(7), LogPosition(7, 12, "leaf-hash")])
def test_deletion_receipt_verifies_with_the_bodys_key_only(log: LogPosition) -> None:
    key = Ed25519PrivateKey.generate()
    at = datetime(2026, 4, 2, tzinfo=UTC)
    receipt = DeletionReceipt(Body.IDENTITY, DirectiveId("d1"), at, 2, log)
    token = deletion_receipt(receipt, key=key, kid="identity-2026")
    assert verify_deletion_receipt(token, key.public_key()) == receipt
    with pytest.raises(SignatureError):
        verify_deletion_receipt(token, Ed25519PrivateKey.generate().public_key())


def test_terms_without_content_are_refused(person: Person) -> None:
    for change in (
        {"purposes": frozenset[Purpose]()},
        {"valid_until": person.terms.valid_from},
        {"valid_from": datetime(2026, 1, 1)},  # noqa: DTZ001
    ):
        changes: dict[str, Any] = change
        with pytest.raises(MalformedError):
            replace(person.terms, **changes)
    with pytest.raises(MalformedError):
        RecordScope(frozenset(), YearSpan(2025, 2026))
    with pytest.raises(MalformedError):
        BasicScope(frozenset())
