"""Access statements: every body reads the same wish from the same signed text."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from consent import jws
from consent.base64url import encode
from consent.compartments import YearSpan
from consent.errors import MalformedError, SignatureError, StatementError, StatementFault
from consent.identifiers import DirectiveId, DocumentId, OperatorId, OrganisationId, TerminalId
from consent.staff import SALT_BYTES, SEALED_BYTES, StaffMask
from consent.statements import (
    CLOCK_SKEW,
    AccessStatement,
    DocumentSelection,
    GrantSubject,
    Selection,
    TokenSubject,
    UnverifiedStatement,
    sign_statement,
    statement_payload,
)
from consent.vocabulary import Body, Category, Purpose

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
AGE = timedelta(minutes=5)
CARD = ec.derive_private_key(2026, ec.SECP256R1())
RECORDS = Selection(frozenset({Category.MEDICATION, Category.CHECKUP}), YearSpan(2024, 2026))
DOCUMENTS = DocumentSelection(frozenset({DocumentId("d2"), DocumentId("d1")}))
TOKENS = TokenSubject.of_tokens({Body.MEDICAL: "token-m", Body.OVERSIGHT: "token-o"})
GRANT = GrantSubject(DirectiveId("g1"), {Body.OVERSIGHT: b"o" * 112, Body.IDENTITY: b"i" * 112})

STATEMENT = AccessStatement(
    organisation=OrganisationId("clinic-b"),
    operator=OperatorId("doctor-1"),
    terminal=TerminalId("terminal-1"),
    selection=RECORDS,
    purpose=Purpose.TREAT,
    subject=GRANT,
    issued_at=NOW,
    nonce=encode(bytes(16)),
    audience="medical",
    staff=StaffMask("abcdefghijklmnop", bytes(SALT_BYTES), bytes(SEALED_BYTES)),
)


def signed(statement: AccessStatement = STATEMENT) -> UnverifiedStatement:
    return UnverifiedStatement(sign_statement(statement, key=CARD, kid="card-1"))


@pytest.mark.parametrize("selection", [RECORDS, DOCUMENTS])
@pytest.mark.parametrize("subject", [TOKENS, GRANT])
def test_statement_is_read_as_it_was_signed(
    selection: Selection | DocumentSelection, subject: TokenSubject | GrantSubject
) -> None:
    statement = replace(STATEMENT, selection=selection, subject=subject)
    verified = signed(statement).verify(CARD.public_key(), NOW, AGE, audience="medical")
    assert verified.statement == statement
    assert verified.kid == signed().kid == "card-1"


def test_digest_names_the_statement_and_not_the_signature() -> None:
    digests = {signed().verify(CARD.public_key(), NOW, AGE).digest for _ in range(3)}
    other = signed(replace(STATEMENT, nonce=encode(b"1" * 16))).verify(CARD.public_key(), NOW, AGE).digest
    assert len(digests) == 1
    assert other not in digests


def test_subject_tokens_are_named_without_being_repeated() -> None:
    payload = signed(replace(STATEMENT, subject=TOKENS)).verify(CARD.public_key(), NOW, AGE)
    assert "token-m" not in str(payload.statement)
    assert TOKENS.names(Body.MEDICAL, "token-m")
    assert not TOKENS.names(Body.MEDICAL, "token-o")
    assert not TOKENS.names(Body.IDENTITY, "token-m")


@pytest.mark.parametrize(
    ("issued_at", "fault"),
    [
        (NOW - AGE - timedelta(seconds=1), StatementFault.EXPIRED),
        (NOW - timedelta(days=1), StatementFault.EXPIRED),
        (NOW + CLOCK_SKEW + timedelta(seconds=1), StatementFault.NOT_YET_VALID),
        (NOW + timedelta(days=1), StatementFault.NOT_YET_VALID),
    ],
)
def test_statement_out_of_its_time_is_refused(issued_at: datetime, fault: StatementFault) -> None:
    with pytest.raises(StatementError) as refusal:
        signed(replace(STATEMENT, issued_at=issued_at)).verify(CARD.public_key(), NOW, AGE)
    assert refusal.value.fault is fault


@pytest.mark.parametrize("issued_at", [NOW - AGE, NOW, NOW + CLOCK_SKEW])
def test_statement_at_the_edges_of_its_time_is_accepted(issued_at: datetime) -> None:
    statement = replace(STATEMENT, issued_at=issued_at)
    assert signed(statement).verify(CARD.public_key(), NOW, AGE).statement == statement


def test_statement_for_somebody_else_is_refused() -> None:
    with pytest.raises(StatementError) as refusal:
        signed().verify(CARD.public_key(), NOW, AGE, audience="product_safety")
    assert refusal.value.fault is StatementFault.WRONG_AUDIENCE


# step R2
def test_statement_of_another_card_is_refused() -> None:
    with pytest.raises(SignatureError):
        signed().verify(ec.generate_private_key(ec.SECP256R1()).public_key(), NOW, AGE)


CHANGES: list[Mapping[str, Any]] = [
    {"purpose": "CURIOSITY"},
    {"nonce": "AAAA"},
    {"nonce": "not base64url!"},
    {"selection": {"kind": "records", "categories": [], "years": {"first": 2024, "last": 2026}}},
    {"selection": {"kind": "documents", "ids": []}},
    {"selection": {"kind": "documents", "ids": ["b", "a"]}},
    {"selection": {"kind": "everything"}},
    {"subject": {"kind": "tokens", "tokens": {"nobody": "x"}}},
    {"subject": {"kind": "grant", "grant": "g", "handles": {"oversight": "=="}}},
    {"issued_at": "2026-04-01 09:00:00"},
    {"surplus": 1},
]


@pytest.mark.parametrize("change", CHANGES)
def test_signed_statement_of_another_shape_is_refused(change: Mapping[str, Any]) -> None:
    payload = {**statement_payload(STATEMENT), **change}
    token = jws.sign(payload, typ="sekisho-access+jws", key=CARD, kid="card-1")
    with pytest.raises(MalformedError):
        UnverifiedStatement(token).verify(CARD.public_key(), NOW, AGE)


def test_empty_wishes_cannot_be_stated() -> None:
    with pytest.raises(MalformedError):
        Selection(frozenset(), YearSpan(2024, 2026))
    with pytest.raises(MalformedError):
        DocumentSelection(frozenset())
