"""Writing the evidence file; see `evidence`."""

from collections.abc import Iterable

from services.kit.log.checkpoint import Checkpoint
from services.kit.log.entry import Opening
from services.kit.log.evidence import (
    FORMAT,
    Evidence,
    EvidenceEntry,
    EvidenceHistory,
    EvidenceOpening,
    EvidenceShare,
)
from services.kit.log.note import UnverifiedNote, encode_base64
from services.kit.log.proven import ProvenEntry, ProvenHistory, ProvenPart


def build_evidence(entries: Iterable[ProvenEntry], histories: Iterable[ProvenHistory] = ()) -> Evidence:
    """Put entries into one file, each checkpoint once. Raises: LogFormatError."""
    places: dict[str, int] = {}
    written = [_written(each, places) for each in entries]
    whole = [
        EvidenceHistory(
            start=encode_base64(each.start),
            row=each.row,
            proof=[encode_base64(given) for given in each.proof],
            counted=_written(each.counted, places),
        )
        for each in histories
    ]
    return Evidence(format=FORMAT, checkpoints=list(places), entries=written, histories=whole)


def _written(entry: ProvenEntry, places: dict[str, int]) -> EvidenceEntry:
    return EvidenceEntry(
        origin=Checkpoint.parse(UnverifiedNote.parse(entry.cosigned_note).text).origin,
        checkpoint=places.setdefault(entry.cosigned_note, len(places)),
        index=entry.index,
        leaf=encode_base64(entry.opening.leaf().data),
        proof=[encode_base64(given) for given in entry.proof],
        opening=_opening_of(entry.opening),
        part=None if entry.part is None else _share(entry.part),
    )


def _share(part: ProvenPart) -> EvidenceShare:
    proof = [encode_base64(given) for given in part.proof]
    return EvidenceShare(slot=part.slot, proof=proof, opening=_opening_of(part.opening))


def _opening_of(opening: Opening) -> EvidenceOpening:
    digest = opening.statement_digest
    return EvidenceOpening(
        salt=encode_base64(opening.salt),
        event=dict(opening.event),
        statement_digest=None if digest is None else encode_base64(digest),
    )
