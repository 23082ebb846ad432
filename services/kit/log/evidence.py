"""The evidence file: entries with openings and proofs, verifiable by anybody, offline, from trusted keys.

Format ``sekisho-evidence/1``: JSON, bytes as standard base64; ``entries`` point by position to ``checkpoints``, which
are co-signed notes. An entry with a ``part`` is a bulk entry of which one part is the person's; ``histories`` show that
the entries of a log are all that it has about one person (see ``completeness``).
Trust file: JSON; ``logs`` and ``witnesses`` map names to verifier keys, ``quorum`` counts the witnesses that a
checkpoint needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, JsonValue, ValidationError

from consent import base64url
from consent.errors import MalformedError
from services.kit.encoding import Message
from services.kit.log.checkpoint import Checkpoint, CosignedCheckpoint, verify_cosigned
from services.kit.log.entry import Event, LogLeaf, Opening, verify_logged, verify_opening
from services.kit.log.errors import (
    CheckpointSignatureError,
    LogError,
    LogFormatError,
    LogProofError,
    OpeningError,
)
from services.kit.log.history import BULK, BULK_ROOT, BULK_SIZE, member
from services.kit.log.merkle import MAX_SIZE, verify_inclusion
from services.kit.log.note import NoteVerifier, SignatureType, UnverifiedNote, decode_base64
from services.kit.strict_json import StrictJsonError, loads

FORMAT: Literal["sekisho-evidence/1"] = "sekisho-evidence/1"

M = TypeVar("M", bound=Message)


def _check_base64(text: str) -> str:
    try:
        decode_base64(text)
    except LogFormatError as error:
        raise ValueError(str(error)) from error
    return text


Base64 = Annotated[str, AfterValidator(_check_base64)]


class EvidencePart(StrEnum):
    """What of an entry was found false."""

    REFERENCE = "its checkpoint is not in the file"
    LOG = "no trusted key for its log"
    CHECKPOINT = "the checkpoint's signatures do not verify"
    ORIGIN = "its checkpoint is of another log"
    LEAF = "the log leaf is malformed"
    OPENING = "the opening does not match the log leaf"
    PROOF = "the inclusion proof does not verify"
    PART = "the part is not one that the bulk entry commits to"
    TWICE = "the file has it already"


@dataclass(frozen=True, slots=True)
class EvidenceFailure:
    """One false entry; ``entry`` counts from 1."""

    entry: int
    part: EvidencePart

    def __str__(self) -> str:
        return f"entry {self.entry}: {self.part}"


class EvidenceError(LogError):
    """Some entries of an evidence file are false; ``failures`` lists them all."""

    def __init__(self, failures: tuple[EvidenceFailure, ...]) -> None:
        super().__init__("; ".join(str(failure) for failure in failures))
        self.failures = failures


class EvidenceOpening(Message):
    """An opening on the wire."""

    salt: Base64
    event: dict[str, JsonValue]
    statement_digest: Base64 | None


class EvidenceShare(Message):
    """A person's part of a bulk entry on the wire."""

    slot: int = Field(ge=0, le=MAX_SIZE)
    proof: list[Base64] = Field(max_length=64)
    opening: EvidenceOpening


class EvidenceEntry(Message):
    """One entry on the wire; ``checkpoint`` is a position in the file's checkpoints, from 0."""

    origin: str
    checkpoint: int = Field(ge=0)
    index: int = Field(ge=0, le=MAX_SIZE)
    leaf: Base64
    proof: list[Base64] = Field(max_length=64)
    opening: EvidenceOpening
    part: EvidenceShare | None = None


class EvidenceHistory(Message):
    """That the entries of a log are all of one person's: their row under ``counted``, an entry that counts all."""

    start: Base64
    row: int = Field(ge=0, le=MAX_SIZE)
    proof: list[Base64] = Field(max_length=64)
    counted: EvidenceEntry


class EvidenceHead(Message):
    """A head of a log as a witness showed it, and that one history has it and a checkpoint of the file."""

    checkpoint: int = Field(ge=0)
    witness: str
    note: str
    proof: list[Base64] = Field(max_length=64)


class Evidence(Message):
    """The whole file, well-formed and not verified."""

    format: Literal["sekisho-evidence/1"]
    checkpoints: list[str]
    entries: list[EvidenceEntry]
    histories: list[EvidenceHistory] = Field(default_factory=list)
    heads: list[EvidenceHead] = Field(default_factory=list)


class TrustFile(Message):
    """The trust file on the wire; `signing_keys` (JWK by body) verify what bodies state beside their logs."""

    logs: dict[str, str]
    witnesses: dict[str, str]
    quorum: int = Field(default=1, ge=1)
    signing_keys: dict[str, dict[str, str]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that a verifier trusts, and how many witnesses a checkpoint needs."""

    logs: Mapping[str, NoteVerifier]
    witnesses: tuple[NoteVerifier, ...]
    quorum: int
    signing_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry that is in its log; made by ``verify_evidence`` only.

    ``digest`` is what the person's history is counted by; ``statement`` the SHA-256 of what a reader stated.
    """

    origin: str
    index: int
    event: Event = field(repr=False)
    checkpoint: CosignedCheckpoint
    digest: bytes
    statement: bytes | None = None


def parse_evidence(raw: bytes) -> Evidence:
    """Read an evidence file. Raises: LogFormatError, naming the field and no value."""
    return _parse(raw, Evidence)


def parse_trust(raw: bytes) -> Trust:
    """Read a trust file. Raises: LogFormatError."""
    file = _parse(raw, TrustFile)
    logs = {name: _trusted(name, vkey, SignatureType.LOG) for name, vkey in file.logs.items()}
    witnesses = [_trusted(name, vkey, SignatureType.COSIGNATURE) for name, vkey in file.witnesses.items()]
    keys = {verifier.public_key for verifier in (*logs.values(), *witnesses)}
    if len(keys) < len(logs) + len(witnesses):
        raise LogFormatError("two names of the trust file share a key: one key speaks for one body only")
    if file.quorum > len(witnesses):
        raise LogFormatError("the trust file asks for more witnesses than it names: lower quorum or add keys")
    return Trust(logs, tuple(witnesses), file.quorum, signing_keys=file.signing_keys)


def verify_evidence(evidence: Evidence, trust: Trust) -> list[VerifiedEntry]:
    """Verify every entry against its checkpoint and every checkpoint against the trusted keys.

    Raises: EvidenceError, listing each false entry by number and by what is false in it.
    """
    heads = verify_heads(evidence, trust)
    verified: list[VerifiedEntry] = []
    failures: list[EvidenceFailure] = []
    seen: set[tuple[str, int, int | None]] = set()
    for number, entry in enumerate(evidence.entries, start=1):
        place = entry.origin, entry.index, None if entry.part is None else entry.part.slot
        result = verify_entry(entry, heads)
        if isinstance(result, VerifiedEntry) and place in seen:
            result = EvidencePart.TWICE
        if isinstance(result, VerifiedEntry):
            seen.add(place)
            verified.append(result)
        else:
            failures.append(EvidenceFailure(number, result))
    if failures:
        raise EvidenceError(tuple(failures))
    return verified


Head = CosignedCheckpoint | EvidencePart


def verify_heads(evidence: Evidence, trust: Trust) -> list[Head]:
    """Verify each checkpoint of a file; what is wrong stands in the place of one that does not verify."""
    return [_verify_checkpoint(note, trust) for note in evidence.checkpoints]


def _verify_checkpoint(raw: str, trust: Trust) -> Head:
    try:
        note = UnverifiedNote.parse(raw)
        log = trust.logs.get(Checkpoint.parse(note.text).origin)
        if log is None:
            return EvidencePart.LOG
        return verify_cosigned(note, log=log, witnesses=trust.witnesses, quorum=trust.quorum)
    except (LogFormatError, CheckpointSignatureError):
        return EvidencePart.CHECKPOINT


def verify_entry(entry: EvidenceEntry, heads: list[Head]) -> VerifiedEntry | EvidencePart:
    """Verify one entry under verified checkpoints; what is wrong is returned."""
    if entry.checkpoint >= len(heads):
        return EvidencePart.REFERENCE
    head = heads[entry.checkpoint]
    if isinstance(head, EvidencePart):
        return head
    if head.checkpoint.origin != entry.origin:
        return EvidencePart.ORIGIN
    opening = _opening(entry.opening)
    try:
        leaf = LogLeaf.parse(decode_base64(entry.leaf))
        verify_opening(opening, leaf)
        proof = [decode_base64(given) for given in entry.proof]
        verify_logged(leaf, index=entry.index, proof=proof, checkpoint=head)
        if entry.part is not None:
            opening, leaf = _verify_part(entry.part, opening.event)
    except LogFormatError:
        return EvidencePart.LEAF
    except OpeningError:
        return EvidencePart.OPENING
    except LogProofError:
        return EvidencePart.PROOF
    except _PartError:
        return EvidencePart.PART
    return VerifiedEntry(
        entry.origin, entry.index, opening.event, head, leaf.hash, statement=opening.statement_digest
    )


class _PartError(Exception):
    """A part that is not under the root of its bulk entry."""


def _verify_part(part: EvidenceShare, summary: Event) -> tuple[Opening, LogLeaf]:
    bulk = summary.get(BULK)
    told = bulk if isinstance(bulk, dict) else {}
    size, root = member(told, BULK_SIZE, int), member(told, BULK_ROOT, str)
    opening = _opening(part.opening)
    try:
        leaf = opening.leaf()
        verify_inclusion(
            leaf_hash=leaf.hash,
            index=part.slot,
            size=size if isinstance(size, int) else 0,
            proof=[decode_base64(given) for given in part.proof],
            root=base64url.decode(root) if isinstance(root, str) else b"",
        )
    except (LogProofError, LogFormatError, MalformedError) as error:
        raise _PartError from error
    return opening, leaf


def _opening(told: EvidenceOpening) -> Opening:
    digest = None if told.statement_digest is None else decode_base64(told.statement_digest)
    return Opening(decode_base64(told.salt), told.event, digest)


def _trusted(name: str, vkey: str, kind: SignatureType) -> NoteVerifier:
    verifier = NoteVerifier.parse(vkey)
    if verifier.name != name or verifier.kind is not kind:
        raise LogFormatError(
            "a trust file names each key as the key names itself: copy name and key together"
        )
    return verifier


def _parse(raw: bytes, message: type[M]) -> M:
    try:
        return message.model_validate(loads(raw))
    except StrictJsonError as error:
        raise LogFormatError(f"the file is not strict JSON ({error}): fetch it again") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise LogFormatError(
            f"the file's field '{where}' is not as its format says: fetch it again"
        ) from None
