"""The evidence file: verified offline from trusted keys, every false entry named by number and part."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.log.checkpoint import Checkpoint, verify_checkpoint
from services.kit.log.entry import Event, LogLeaf, Opening, open_event, verify_logged, verify_opening
from services.kit.log.errors import LogFormatError, LogProofError, OpeningError
from services.kit.log.evidence import (
    EvidenceError,
    EvidencePart,
    Trust,
    parse_evidence,
    parse_trust,
    verify_evidence,
)
from services.kit.log.evidence_building import build_evidence
from services.kit.log.merkle import leaf_hash, node_hash, root_from_leaves
from services.kit.log.note import Cosigner, NoteSigner, encode_base64
from services.kit.log.proven import ProvenEntry

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
ORIGIN = "medical.example/log"
STATEMENT = b"eyJhbGciOiJFZDI1NTE5In0.e30.c2ln"
EVENTS: list[Event] = [
    {"what": "read", "who": "診療所B"},
    {"what": "refused", "count": 2},
    {"what": "withdrawn"},
]


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = NoteSigner(ORIGIN, key(1))
COSIGNER = Cosigner("oversight.example/witness", key(2))
TWIN = Cosigner("twin.example/witness", key(2)).verifier
THIRD_COSIGNER = Cosigner("third.example", key(3)).verifier
THIRD_LOG = NoteSigner("third.example", key(3)).verifier
OPENINGS = [
    open_event(EVENTS[0], salt=b"\x01" * 32, statement=STATEMENT),
    open_event(EVENTS[1], salt=b"\x02" * 32, statement=STATEMENT),
    open_event(EVENTS[2], salt=b"\x03" * 32, statement=None),
]
LEAVES = [opening.leaf() for opening in OPENINGS]
ROOT = root_from_leaves([leaf.data for leaf in LEAVES])
PROOFS = [
    (LEAVES[1].hash, LEAVES[2].hash),
    (LEAVES[0].hash, LEAVES[2].hash),
    (node_hash(LEAVES[0].hash, LEAVES[1].hash),),
]


def cosigned(checkpoint: Checkpoint, log: NoteSigner = LOG) -> str:
    text = checkpoint.format()
    return log.sign(text).with_signature(COSIGNER.cosign(text, now=NOW)).format()


NOTE = cosigned(Checkpoint(ORIGIN, 3, ROOT))
TRUST_FILE = {
    "logs": {ORIGIN: LOG.verifier.vkey()},
    "witnesses": {COSIGNER.verifier.name: COSIGNER.verifier.vkey()},
}


def trust(**changes: object) -> Trust:
    return parse_trust(json.dumps({**TRUST_FILE, **changes}).encode())


def evidence_file() -> dict[str, Any]:
    entries = [
        ProvenEntry(opening, index, proof, NOTE)
        for index, (opening, proof) in enumerate(zip(OPENINGS, PROOFS, strict=True))
    ]
    written: dict[str, Any] = json.loads(build_evidence(entries).model_dump_json())
    return written


def failures(file: dict[str, Any], trusted: Trust) -> list[tuple[int, EvidencePart]]:
    with pytest.raises(EvidenceError) as refused:
        verify_evidence(parse_evidence(json.dumps(file).encode()), trusted)
    return [(failure.entry, failure.part) for failure in refused.value.failures]


def test_leaf_is_made_as_documented() -> None:
    leaf = open_event({"b": 1, "a": "é"}, salt=b"\x05" * 32, statement=STATEMENT).leaf()
    assert leaf.e.hex() == _sha(b"\x05" * 32 + '{"a":"é","b":1}'.encode())
    assert leaf.s.hex() == _sha(STATEMENT)
    silent = open_event({}, salt=b"\x05" * 32, statement=None).leaf()
    assert silent.s.hex() == _sha(b"\x05" * 32 + b"no statement")
    assert leaf.hash == leaf_hash(leaf.e + leaf.s)


def _sha(value: bytes) -> str:
    return sha256(value).hexdigest()


def test_second_body_finds_the_statement_without_the_event() -> None:
    checkpoint = verify_checkpoint(LOG.sign(Checkpoint(ORIGIN, 3, ROOT).format()), log=LOG.verifier)
    leaf = LogLeaf.for_statement(LEAVES[0].e, statement=STATEMENT)
    verify_logged(leaf, index=0, proof=PROOFS[0], checkpoint=checkpoint)
    other = LogLeaf.for_statement(LEAVES[0].e, statement=STATEMENT + b"x")
    with pytest.raises(LogProofError):
        verify_logged(other, index=0, proof=PROOFS[0], checkpoint=checkpoint)


@pytest.mark.parametrize(
    "opening",
    [
        Opening(b"\x02" * 32, EVENTS[0], OPENINGS[0].statement_digest),
        Opening(b"\x01" * 32, {**EVENTS[0], "who": "診療所C"}, OPENINGS[0].statement_digest),
        Opening(b"\x01" * 32, EVENTS[0], None),
        Opening(b"\x01" * 32, EVENTS[0], b""),
        Opening(b"\x01" * 31, EVENTS[0], OPENINGS[0].statement_digest),
    ],
)
def test_other_salt_event_or_statement_does_not_open_the_leaf(opening: Opening) -> None:
    verify_opening(OPENINGS[0], LEAVES[0])
    with pytest.raises(OpeningError):
        verify_opening(opening, LEAVES[0])


@pytest.mark.parametrize("event", [{"n": 2**53 + 1}, {"x": float("nan")}, {"x": "\ud800"}])
def test_event_without_one_canonical_form_cannot_be_logged(event: dict[str, Any]) -> None:
    with pytest.raises(LogFormatError):
        open_event(event, salt=b"\x01" * 32, statement=None).leaf()


def test_empty_statement_digest_is_not_the_absence_of_a_statement() -> None:
    verify_opening(OPENINGS[2], LEAVES[2])
    with pytest.raises(OpeningError):
        verify_opening(Opening(b"\x03" * 32, EVENTS[2], b""), LEAVES[2])


@pytest.mark.parametrize("size", [0, 31, 33])
def test_entry_with_a_salt_of_another_size_cannot_be_logged(size: int) -> None:
    with pytest.raises(LogFormatError):
        open_event(EVENTS[0], salt=b"\x01" * size, statement=None).leaf()


def test_printed_opening_shows_neither_salt_nor_event() -> None:
    assert "診療所B" not in repr(OPENINGS[0])
    assert "x01" not in repr(OPENINGS[0])


def test_evidence_verifies_offline_and_holds_each_checkpoint_once() -> None:
    file = evidence_file()
    assert file["checkpoints"] == [NOTE]
    verified = verify_evidence(parse_evidence(json.dumps(file).encode()), trust())
    assert [(entry.origin, entry.index, entry.event) for entry in verified] == [
        (ORIGIN, index, event) for index, event in enumerate(EVENTS)
    ]
    assert {entry.checkpoint.at for entry in verified} == {NOW}


OTHER_HASH = encode_base64(b"\x07" * 32)
FORGERIES: list[tuple[str, Callable[[dict[str, Any]], object], EvidencePart]] = [
    ("event", lambda e: e["opening"]["event"].update(what="nothing"), EvidencePart.OPENING),
    ("salt", lambda e: e["opening"].update(salt=OTHER_HASH), EvidencePart.OPENING),
    ("statement", lambda e: e["opening"].update(statement_digest=OTHER_HASH), EvidencePart.OPENING),
    ("number", lambda e: e["opening"]["event"].update(count=2**60), EvidencePart.OPENING),
    ("leaf", lambda e: e.update(leaf=encode_base64(b"\x07" * 64)), EvidencePart.OPENING),
    ("leaf size", lambda e: e.update(leaf=OTHER_HASH), EvidencePart.LEAF),
    ("index", lambda e: e.update(index=0), EvidencePart.PROOF),
    ("index outside", lambda e: e.update(index=3), EvidencePart.PROOF),
    ("proof", lambda e: e["proof"].reverse(), EvidencePart.PROOF),
    ("proof shorter", lambda e: e["proof"].pop(), EvidencePart.PROOF),
    ("proof hash", lambda e: e["proof"].__setitem__(0, OTHER_HASH), EvidencePart.PROOF),
    ("origin", lambda e: e.update(origin="product.example/log"), EvidencePart.ORIGIN),
    ("reference", lambda e: e.update(checkpoint=1), EvidencePart.REFERENCE),
]


@pytest.mark.parametrize(("name", "forge", "part"), FORGERIES, ids=[name for name, _, _ in FORGERIES])
def test_forged_part_of_one_entry_is_named(
    name: str, forge: Callable[[dict[str, Any]], object], part: EvidencePart
) -> None:
    file = evidence_file()
    forge(file["entries"][1])
    assert failures(file, trust()) == [(2, part)]


def test_all_false_entries_are_listed_without_their_values() -> None:
    file = evidence_file()
    file["entries"][0]["opening"]["event"]["who"] = "診療所C"
    file["entries"][2]["proof"] = []
    with pytest.raises(EvidenceError) as refused:
        verify_evidence(parse_evidence(json.dumps(file).encode()), trust())
    assert str(refused.value) == (
        "entry 1: the opening does not match the log leaf; entry 3: the inclusion proof does not verify"
    )


def test_changed_checkpoint_is_named_for_every_entry_under_it() -> None:
    file = evidence_file()
    file["checkpoints"][0] = NOTE.replace("\n3\n", "\n4\n")
    assert failures(file, trust()) == [(entry, EvidencePart.CHECKPOINT) for entry in (1, 2, 3)]


def test_checkpoint_that_no_witness_cosigned_is_refused() -> None:
    file = evidence_file()
    file["checkpoints"][0] = LOG.sign(Checkpoint(ORIGIN, 3, ROOT).format()).format()
    assert {part for _, part in failures(file, trust())} == {EvidencePart.CHECKPOINT}


def test_checkpoint_below_the_trusted_quorum_is_refused() -> None:
    third = {**TRUST_FILE["witnesses"], THIRD_COSIGNER.name: THIRD_COSIGNER.vkey()}
    verify_evidence(parse_evidence(json.dumps(evidence_file()).encode()), trust(witnesses=third))
    found = failures(evidence_file(), trust(witnesses=third, quorum=2))
    assert {part for _, part in found} == {EvidencePart.CHECKPOINT}


def test_log_without_a_trusted_key_is_refused() -> None:
    assert {part for _, part in failures(evidence_file(), trust(logs={}))} == {EvidencePart.LOG}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"format":"sekisho-evidence/2","checkpoints":[],"entries":[]}',
        b'{"format":"sekisho-evidence/1","checkpoints":[]}',
        b'{"format":"sekisho-evidence/1","checkpoints":[],"entries":[],"note":""}',
        b'{"format":"sekisho-evidence/1","checkpoints":[],"checkpoints":[],"entries":[]}',
        b'{"format":"sekisho-evidence/1","checkpoints":[],"entries":[{}]}',
    ],
)
def test_malformed_evidence_is_refused_as_such(raw: bytes) -> None:
    with pytest.raises(LogFormatError):
        parse_evidence(raw)


@pytest.mark.parametrize(
    ("field", "value"), [("index", -1), ("index", "1"), ("index", 2**63), ("leaf", "§"), ("proof", [""] * 65)]
)
def test_malformed_field_is_named_without_its_value(field: str, value: object) -> None:
    file = evidence_file()
    file["entries"][1][field] = value
    with pytest.raises(LogFormatError, match=rf"'entries\.1\.{field}") as refused:
        parse_evidence(json.dumps(file).encode())
    assert "§" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum": 2},
        {"quorum": 0},
        {"logs": {"other.example/log": LOG.verifier.vkey()}},
        {"logs": {THIRD_COSIGNER.name: THIRD_COSIGNER.vkey()}},
        {"witnesses": {THIRD_LOG.name: THIRD_LOG.vkey()}},
        {"witnesses": {**TRUST_FILE["witnesses"], TWIN.name: TWIN.vkey()}},
        {"witnesses": {"broken": "broken"}},
        {"more": 1},
    ],
)
def test_trust_file_that_would_trust_too_much_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(LogFormatError):
        trust(**changes)
