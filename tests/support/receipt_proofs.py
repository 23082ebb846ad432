"""Proofs of receipts: signed texts of a wallet, in logs that a witness co-signed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url
from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit, Onward
from consent.directives import (
    DIRECTIVE,
    BasicScope,
    DeletionReceipt,
    Directive,
    Effect,
    LogPosition,
    Notice,
    RecordScope,
    Terms,
    UnverifiedDirective,
    deletion_receipt,
    directive_payload,
)
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.jwk import to_jwk
from consent.recipients import EVERYBODY, Recipient
from consent.shown import Medium, MediumKind
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose
from consent.wallet import Wallet
from services.gateway.receipts import (
    FORMAT,
    Receipt,
    ReceiptProof,
)
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.entry import Event, open_event
from services.kit.log.evidence import Evidence, Trust
from services.kit.log.evidence_building import build_evidence
from services.kit.log.merkle import leaf_hash, root_from_leaves
from services.kit.log.note import Cosigner, NoteSigner, decode_base64
from services.kit.log.proven import ProvenEntry

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WALLET = Wallet.create(Random(5).randbytes)
STRANGER = Wallet.create(Random(6).randbytes)
PERSON = Pseudonym("p-1")
TEXT = "どの記録を見せるかを選んでください。"
NOTICE = Notice.of_text(TEXT, text_id="t", version="3", language="ja", refusal_meaning="不利になりません。")
TERMS = Terms(
    recipient=Recipient(OrganisationId("clinic-b")),
    effect=Effect.PERMIT,
    purposes=frozenset({Purpose.TREAT, Purpose.HRESCH}),
    scope=RecordScope(frozenset({Category.MEDICATION, Category.SENSITIVE}), YearSpan(2024, 2026)),
    valid_from=NOW,
    valid_until=NOW + timedelta(days=365),
    notice=NOTICE,
    conditions=Conditions(Frequency(2, FrequencyUnit.DAY), Onward.ALLOWED),
)


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


BODY_KEY = key(3)
LOGS = {body: NoteSigner(f"sekisho/{body.value}", key(10 + number)) for number, body in enumerate(Body)}
WITNESS = Cosigner("sekisho/oversight/witness", key(2))
TRUST = Trust(
    {each.verifier.name: each.verifier for each in LOGS.values()},
    (WITNESS.verifier,),
    1,
    signing_keys={body.value: to_jwk(BODY_KEY.public_key()) for body in Body},
)


def logged(body: Body, *entries: tuple[Event, str | None]) -> Evidence:
    """Return a log of one or two entries, co-signed."""
    openings = [
        open_event(event, salt=bytes([number]) * 32, statement=None if text is None else text.encode())
        for number, (event, text) in enumerate(entries)
    ]
    leaves = [each.leaf().data for each in openings]
    note_text = Checkpoint(LOGS[body].verifier.name, len(leaves), root_from_leaves(leaves)).format()
    note = LOGS[body].sign(note_text).with_signature(WITNESS.cosign(note_text, now=NOW)).format()

    def proven() -> Iterator[ProvenEntry]:
        for index, opening in enumerate(openings):
            others = tuple(leaf_hash(leaf) for at, leaf in enumerate(leaves) if at != index)
            yield ProvenEntry(opening, index, others, note)

    return build_evidence(proven())


def event(kind: str, body: Body, *, outcome: str = "done", **more: Any) -> Event:
    return {"body": body.value, "at": "2026-11-21T09:00:01.000Z", "kind": kind, "outcome": outcome, **more}


def directive(terms: Terms, body: Body = Body.MEDICAL, wallet: Wallet = WALLET) -> str:
    """Return a body's copy, signed."""
    copy = Directive(DirectiveId("d-1"), body, PERSON, terms, NOW)
    return wallet.sign(body, DIRECTIVE, directive_payload(copy))


def stored(text: str, body: Body = Body.MEDICAL, **more: Any) -> tuple[Event, str]:
    return event("directive_stored", body, **({"ground": "d-1", "organisation": "clinic-b"} | more)), text


def proof(terms: Terms = TERMS, body: Body = Body.MEDICAL, **more: Any) -> ReceiptProof:
    text = directive(terms, body)
    told: dict[str, Any] = {
        "format": FORMAT,
        "evidence": logged(body, stored(text, body)),
        "directive": text,
        "keys": [dict(WALLET.public_jwk(body))],
    }
    return ReceiptProof(**(told | more))


def withdrawn(**changes: Any) -> ReceiptProof:
    """Return the proof of a directive that was taken back, with its deletion receipt."""
    text = directive(TERMS)
    copy = UnverifiedDirective(text).verify(WALLET.public_jwk(Body.MEDICAL))
    order = WALLET.withdraw_verified(copy, now=NOW + timedelta(hours=1))
    evidence = logged(
        Body.MEDICAL, stored(text), (event("directive_withdrawn", Body.MEDICAL, ground="d-1"), order)
    )
    leaf = base64url.encode(leaf_hash(decode_base64(evidence.entries[1].leaf)))
    told: dict[str, Any] = {"body": Body.MEDICAL, "directive": DirectiveId("d-1"), "index": 1, "leaf": leaf}
    told |= changes
    gone = deletion_receipt(
        DeletionReceipt(
            told["body"], told["directive"], NOW, 3, LogPosition(told["index"], leaf=told["leaf"])
        ),
        key=BODY_KEY,
        kid="b",
    )
    keys = [dict(WALLET.public_jwk(Body.MEDICAL))]
    return ReceiptProof(
        format=FORMAT,
        evidence=evidence,
        directive=text,
        withdrawal=order,
        deletion=gone,
        keys=keys,
        text=TEXT,
    )


def refused(**changes: Any) -> ReceiptProof:
    """Return the proof that a clinic asked and was refused."""
    told: dict[str, Any] = {"organisation": "clinic-c", "reason": "denied_by_person", "outcome": "refused"}
    told |= {
        "purpose": "TREAT",
        "categories": ["imaging"],
        "years": [2024, 2026],
        "operator": "dr-x",
    } | changes
    return ReceiptProof(
        format=FORMAT,
        evidence=logged(Body.MEDICAL, (event("records_read", Body.MEDICAL, **told), "s")),
    )


DENIAL = replace(
    TERMS,
    recipient=EVERYBODY,
    effect=Effect.DENY,
    conditions=Conditions(),
    notice=replace(NOTICE, medium=Medium(MediumKind.COUNTER, OperatorId("op-1"))),
)
ON_PAPER = replace(TERMS, notice=replace(NOTICE, medium=Medium.paper(OperatorId("op-1"), b"scan")))
BANK = replace(
    TERMS,
    recipient=Recipient(OrganisationId("bank"), professional=OperatorId("teller")),
    purposes=frozenset({Purpose.IDENTITY_VERIFICATION}),
    scope=BasicScope(frozenset({BasicItem.NAME}), "loan", frozenset({ConfirmationReason.OPENING})),
)
PROOFS = {
    "permission": proof(text=TEXT),
    "refusal": proof(DENIAL),
    "paper": proof(ON_PAPER),
    "basic items": proof(BANK, Body.REGISTRY),
    "withdrawal": withdrawn(),
    "refused request": refused(),
    "request without purpose": refused(reason="statement_refused"),
}


def read(receipt: Receipt) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(receipt.content)
    return told
