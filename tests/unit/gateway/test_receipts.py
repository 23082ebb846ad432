"""E1 to E7: receipts verify from their proof alone, and are false at the first changed member (R7, R19)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.receipt_proofs import (
    NOW,
    PROOFS,
    STRANGER,
    TERMS,
    TEXT,
    TRUST,
    WALLET,
    WITNESS,
    directive,
    key,
    logged,
    proof,
    read,
    refused,
    stored,
    withdrawn,
)

from consent import base64url, canonical
from consent.identifiers import DirectiveId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.gateway.receipts import (
    Receipt,
    ReceiptError,
    ReceiptProof,
    make_receipt,
    verify_receipt,
)
from services.kit.log.evidence_building import build_evidence
from services.kit.log.note import Cosigner


@pytest.fixture(params=list(PROOFS), scope="module")
def made(request: pytest.FixtureRequest) -> Receipt:
    return make_receipt(PROOFS[request.param], TRUST)


@pytest.fixture(params=["withdrawal", "refused request"], scope="module")
def whole(request: pytest.FixtureRequest) -> Receipt:
    """Return receipts that have every part between them."""
    return make_receipt(PROOFS[request.param], TRUST)


def test_receipt_verifies_offline_and_is_the_same_each_time(made: Receipt) -> None:
    assert verify_receipt(made.content, TRUST) == made
    assert canonical.encode(canonical.decode(made.content)) == made.content


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to every value that is no object and no list."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*place, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*place, number))
    else:
        yield place


def worth_trying(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return every place, but of the context, which is the same in every receipt, a few."""
    everywhere = list(places(document))
    return [each for each in everywhere if each[0] != "@context"] + everywhere[:5]


def changed(document: dict[str, Any], place: tuple[Any, ...]) -> bytes:
    copy = json.loads(json.dumps(document))
    at = copy
    for step in place[:-1]:
        at = at[step]
    value = at[place[-1]]
    match value:
        case bool() | None:
            at[place[-1]] = "x"
        case int():
            at[place[-1]] = value + 1
        case str():
            middle = len(value) // 2
            other = "A" if value[middle : middle + 1] != "A" else "B"
            at[place[-1]] = value[:middle] + other + value[middle + 1 :]
    return canonical.encode(copy)


def test_no_member_can_be_changed(whole: Receipt) -> None:
    """R7, IT8: each value by itself, those of the proof too."""
    document = read(whole)
    everywhere = worth_trying(document)
    assert len(everywhere) > 40
    for place in everywhere:
        with pytest.raises(ReceiptError):
            verify_receipt(changed(document, place), TRUST)


def test_no_member_can_be_left_out_or_added(whole: Receipt) -> None:
    document = read(whole)
    for place in {place[:-1] for place in worth_trying(document)}:
        for alter in (lambda at: at.popitem() if isinstance(at, dict) else at.pop(), _with_more):
            copy = json.loads(json.dumps(document))
            at = copy
            for step in place:
                at = at[step]
            alter(at)
            with pytest.raises(ReceiptError):
                verify_receipt(canonical.encode(copy), TRUST)


def _with_more(at: Any) -> None:
    if isinstance(at, dict):
        at["more"] = None
    else:
        at.append("more")


def test_false_member_is_named(made: Receipt) -> None:
    document = read(made)
    document["record"]["events"][0]["event_time"] = "2026-11-20T09:00:00Z"
    with pytest.raises(ReceiptError, match=r"at: record\.events\[0\]\.event_time$"):
        verify_receipt(canonical.encode(document), TRUST)


def test_bytes_of_another_spelling_are_refused(made: Receipt) -> None:
    with pytest.raises(ReceiptError, match="written anew"):
        verify_receipt(json.dumps(read(made)).encode(), TRUST)


FALSE: dict[str, Callable[[], ReceiptProof]] = {
    "another wallet signed": lambda: proof(
        directive=directive(TERMS, wallet=STRANGER),
        keys=[dict(STRANGER.public_jwk(Body.MEDICAL))],
    ),
    "no key": lambda: proof(keys=[]),
    "a key too many": lambda: proof(
        keys=[dict(each.public_jwk(Body.MEDICAL)) for each in (WALLET, STRANGER)]
    ),
    "another text taken in": lambda: proof(
        evidence=logged(Body.MEDICAL, stored(directive(replace(TERMS, valid_until=NOW + timedelta(days=1)))))
    ),
    "not taken in": lambda: proof(evidence=logged(Body.MEDICAL, stored(directive(TERMS), outcome="refused"))),
    "another directive": lambda: proof(evidence=logged(Body.MEDICAL, stored(directive(TERMS), ground="d-2"))),
    "another body's log": lambda: proof(evidence=logged(Body.IDENTITY, stored(directive(TERMS)))),
    "another body's word": lambda: proof(
        evidence=logged(Body.MEDICAL, stored(directive(TERMS), Body.IDENTITY))
    ),
    "another text shown": lambda: proof(text=f"{TEXT} "),
    "no entry": lambda: proof(evidence=build_evidence([])),
    "another deletion": lambda: withdrawn(directive=DirectiveId("d-2")),
    "another body's deletion": lambda: withdrawn(body=Body.IDENTITY),
    "a deletion elsewhere in the log": lambda: withdrawn(index=0),
    "a deletion of another leaf": lambda: withdrawn(leaf=base64url.encode(bytes(32))),
    "a deletion of what was not taken back": lambda: proof(deletion=withdrawn().deletion),
    "a permitted request": lambda: refused(outcome="permitted"),
    "a refusal to nobody": lambda: refused(organisation=None),
}


@pytest.mark.parametrize("build", FALSE.values(), ids=FALSE.keys())
def test_nothing_is_made_of_a_proof_that_does_not_hold(build: Callable[[], ReceiptProof]) -> None:
    with pytest.raises(ReceiptError):
        make_receipt(build(), TRUST)


def test_receipt_needs_the_trusted_witness_and_body() -> None:
    content = make_receipt(PROOFS["withdrawal"], TRUST).content
    other = Cosigner(WITNESS.verifier.name, key(99)).verifier
    for trust in (
        replace(TRUST, witnesses=(other,)),
        replace(TRUST, logs={}),
        replace(TRUST, signing_keys={}),
        replace(TRUST, signing_keys={"medical": to_jwk(key(98).public_key())}),
    ):
        with pytest.raises(ReceiptError):
            verify_receipt(content, trust)
