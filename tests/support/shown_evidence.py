"""Evidence as a log shows it, honest and forged, for whoever verifies it: the command line, and the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from support.kept_journal import COSIGNER, EVENT, LOG, NOW, KeptJournal, journal_on, keep_in, key
from support.kept_journal import TRUST as KEYS

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.completeness import CLOCKS_APART
from services.kit.log.entry import open_event
from services.kit.log.evidence import Evidence, EvidenceHead, EvidenceHistory, verify_evidence
from services.kit.log.evidence_building import build_evidence
from services.kit.log.history import digest_of, roll_row
from services.kit.log.merkle import EMPTY_ROOT, leaf_hash, root_from_leaves
from services.kit.log.note import Cosigner, NoteSigner, UnverifiedNote, encode_base64
from services.kit.log.proven import ProvenEntry

ONE, OTHER = Pseudonym("one"), Pseudonym("other")
WITNESS = "oversight"
STATEMENT = b"the reader's statement"
TRUST: dict[str, Any] = {
    "logs": {LOG.verifier.name: LOG.verifier.vkey()},
    "witnesses": {COSIGNER.verifier.name: COSIGNER.verifier.vkey()},
    "quorum": 1,
    "signing_keys": {},
}
LATE = timedelta(minutes=11)
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class Shown:
    """One file, the moment at which it is looked at, and what is to be said of it."""

    name: str
    evidence: Evidence
    now: datetime
    verdict: str


@dataclass
class Log:
    """A medical centre's log, with entries of two people and what witnesses see of it."""

    kept: KeptJournal

    def note(self, size: int | None = None, *, signer: NoteSigner = LOG) -> str:
        """Return a signed head of the log as it is, or was at a size."""
        with self.kept.database.read() as conn:
            tree = self.kept.journal.tree
            wanted = tree.size(conn) if size is None else size
            (root,) = tree.roots(conn, [wanted]) if wanted else [EMPTY_ROOT]
        return signer.sign(Checkpoint(LOG.verifier.name, wanted, root).format()).format()

    def held(self, evidence: Evidence, note: str, *, witness: str = WITNESS) -> Evidence:
        """Return the evidence with a head that a witness saw, and the log's own proof where it has one."""
        here, seen = (_head(each) for each in (evidence.checkpoints[0], note))
        old, new = sorted((here.size, seen.size))
        with self.kept.database.read() as conn:
            proof = self.kept.journal.tree.consistency(conn, old, new) if old else []
        head = EvidenceHead(
            checkpoint=0, witness=witness, note=note, proof=[encode_base64(each) for each in proof]
        )
        return evidence.model_copy(update={"heads": [*evidence.heads, head]})

    def count(self, *, ahead: timedelta) -> None:
        """Have the log count with a date to come."""
        with self.kept.database.write() as conn:
            journal_on(self.kept.tables, now=NOW + ahead).count_histories(conn)


def _head(note: str) -> Checkpoint:
    return Checkpoint.parse(UnverifiedNote.parse(note).text)


def shown_evidence(folder: Path) -> list[Shown]:
    """Return files that a person may be shown: good, frozen, stale, dated ahead, of another log, cut, made up."""
    return [*_of_heads(folder), *_of_counts(folder), *_of_entries(folder)]


def _log(folder: Path, name: str) -> Log:
    (folder / name).mkdir()
    log = Log(keep_in(folder / name))
    log.kept.add(ONE, OTHER, None, ONE, ONE)
    log.kept.add_bulk([OTHER, ONE])
    log.kept.count()
    log.kept.cosign()
    return log


def _of_heads(folder: Path) -> Iterator[Shown]:
    log = _log(folder, "heads")
    before = log.note()
    shown = log.kept.evidence(ONE)
    yield Shown("good", log.held(shown, before), NOW + SOON, "good")
    yield Shown("a witness saw less of it", log.held(shown, log.note(3)), NOW + SOON, "good")
    yield Shown("a witness saw it empty", log.held(shown, log.note(0)), NOW + SOON, "good")
    yield Shown("no witness was reached", shown, NOW + SOON, "good")
    yield Shown("witness unknown", log.held(shown, before, witness="somebody"), NOW + SOON, "good")
    log.kept.add(OTHER, ONE, OTHER)
    frozen = log.held(shown, log.note())
    yield Shown("frozen head", frozen, NOW + SOON, "behind")
    beside = {  # a newer head, under which nothing of what is shown stands
        "checkpoints": [*shown.checkpoints, _cosigned(log.note())],
        "heads": [EvidenceHead(checkpoint=1, witness=WITNESS, note=log.note(), proof=[])],
    }
    yield Shown("frozen beside a newer head", shown.model_copy(update=beside), NOW + SOON, "behind")
    for size in (3, 7, 10):
        leaves = [bytes([200, at]) * 32 for at in range(size)]
        forged = LOG.sign(Checkpoint(LOG.verifier.name, size, root_from_leaves(leaves)).format()).format()
        yield Shown(f"another history of {size}", log.held(shown, forged), NOW + SOON, "split")
    (good,) = frozen.heads
    for what, change in (
        ("no proof", {"proof": []}),
        ("half a proof", {"proof": good.proof[:-1]}),
        ("a proof too long", {"proof": [*good.proof, good.proof[0]]}),
        ("a proof of 31 bytes", {"proof": [encode_base64(bytes(31)), *good.proof[1:]]}),
    ):
        changed = frozen.model_copy(update={"heads": [good.model_copy(update=change)]})
        yield Shown(what, changed, NOW + SOON, "split")
    yield from _of_strangers(log, shown, good)


def _of_strangers(log: Log, shown: Evidence, good: EvidenceHead) -> Iterator[Shown]:
    """Heads that the log did not sign, and checkpoints that no known witness did."""
    stranger, other = NoteSigner(LOG.verifier.name, key(7)), NoteSigner("sekisho/registry", key(7))
    leaf = root_from_leaves([bytes(64)])
    of_registry = other.sign(Checkpoint("sekisho/registry", 1, leaf).format()).format()
    for what, change in (
        ("another log's head", {"note": of_registry}),
        ("a head by another key", {"note": log.note(signer=stranger)}),
        ("noise for a head", {"note": "noise"}),
        ("a head of no checkpoint", {"checkpoint": 7}),
    ):
        changed = shown.model_copy(update={"heads": [good.model_copy(update=change)]})
        yield Shown(what, changed, NOW + SOON, "head")
    unknown = Cosigner(COSIGNER.verifier.name, key(9))
    alone = {"checkpoints": [_cosigned(log.note(_head(shown.checkpoints[0]).size), by=unknown)]}
    yield Shown("co-signed by nobody known", shown.model_copy(update=alone), NOW + SOON, "entries")


def _cosigned(note: str, *, by: Cosigner = COSIGNER) -> str:
    parsed = UnverifiedNote.parse(note)
    return parsed.with_signature(by.cosign(parsed.text, now=NOW)).format()


def _of_counts(folder: Path) -> Iterator[Shown]:
    log = _log(folder, "stale")
    yield Shown("an old count and nothing since", log.kept.evidence(ONE), NOW + 9 * LATE, "good")
    log.kept.add(ONE)
    log.kept.cosign()
    stale = log.kept.evidence(ONE)
    minutes = timedelta(minutes=10)
    yield Shown("a count of ten minutes", stale, NOW + minutes, "good")
    yield Shown("a count older than that", stale, NOW + minutes + timedelta(seconds=1), "outdated")
    cut = stale.model_copy(update={"entries": stale.entries[:-1]})
    yield Shown("a stale count that hides what followed", cut, NOW + LATE, "outdated")
    for what, ahead, verdict in (
        ("a clock that is ahead", CLOCKS_APART, "good"),
        ("a clock that is too far ahead", CLOCKS_APART + timedelta(seconds=1), "incomplete"),
        ("a count dated ahead", timedelta(days=400), "incomplete"),
    ):
        log = _log(folder, what)
        log.kept.add(ONE)
        log.count(ahead=ahead)
        log.kept.cosign()
        yield Shown(what, log.kept.evidence(ONE), NOW + SOON, verdict)
    yield _counted_for_one(_log(folder, "one"))


def _counted_for_one(log: Log) -> Shown:
    """One entry counts otherwise for each person, as each is shown another part of it."""
    start = log.kept.journal.histories.start(ONE)
    known = verify_evidence(log.kept.evidence(ONE), KEYS)[:-1]
    row = leaf_hash(roll_row(len(known), digest_of(start, [each.digest for each in known])))
    told: dict[str, JsonValue] = {"root": base64url.encode(row)}
    counting = Event(kind=EventKind.HISTORIES_COUNTED, outcome=Outcome.DONE, count=1, detail=told)
    with log.kept.database.write() as conn:
        log.kept.journal.record_bulk(conn, EVENT, [DatedEvent(OTHER, counting)])
    log.kept.cosign()
    own, counted = log.kept.evidence(ONE), log.kept.evidence(OTHER).entries[-1]
    false = EvidenceHistory(start=encode_base64(start), row=0, proof=[], counted=counted)
    update = {"entries": own.entries[: len(known)], "histories": [false]}
    return Shown("a count shown to one only", own.model_copy(update=update), NOW + SOON, "incomplete")


def _of_entries(folder: Path) -> Iterator[Shown]:
    log = _log(folder, "entries")
    shown, others = log.kept.evidence(ONE), log.kept.evidence(OTHER)
    count = len(shown.entries)
    (told,) = shown.histories
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "no count at all": ({"histories": []}, "good"),
        "an entry told twice": ({"entries": [*shown.entries, shown.entries[0]]}, "entries"),
        "an entry of somebody else put in": (
            {"entries": [*shown.entries, *others.entries[:1]]},
            "incomplete",
        ),
        "the row of somebody else": ({"histories": others.histories}, "incomplete"),
        "an entry that counts nothing": (
            {"histories": [told.model_copy(update={"counted": others.entries[0]})]},
            "incomplete",
        ),
    }
    for at in range(count):
        left = [each for place, each in enumerate(shown.entries) if place != at]
        changes[f"entry {at} left out"] = ({"entries": left}, "incomplete")
    for what, (update, verdict) in changes.items():
        yield Shown(what, shown.model_copy(update=update), NOW + SOON, verdict)


def released_unseen(folder: Path, place: str) -> tuple[Evidence, Evidence, dict[str, Any]]:
    """Return a medical centre's and a second body's evidence, and whom to trust.

    The second body took part in a read that the centre has `shown`, `hidden` as somebody else's, or `behind the count`.
    """
    kept = keep_in(folder)
    kept.add(ONE)
    read = Event(kind=EventKind.RECORDS_READ, outcome=Outcome.PERMITTED)
    if place == "behind the count":
        kept.count()
    with kept.database.write() as conn:
        person = OTHER if place == "hidden" else ONE
        index = kept.journal.record(conn, person=person, event=read, statement=STATEMENT).index
    if place != "behind the count":
        kept.count()
    kept.cosign()
    signer = NoteSigner("sekisho/oversight", key(3))
    digest = base64url.encode(sha256(STATEMENT).digest())
    event: dict[str, JsonValue] = {
        "body": "oversight",
        "at": "2026-11-01T09:00:00.000Z",
        "kind": EventKind.FRAGMENTS_RELEASED.value,
        "outcome": Outcome.PERMITTED.value,
        "detail": {"statement": digest, "log_index": index},
    }
    opening = open_event(event, salt=bytes(32), statement=None)
    head = Checkpoint(signer.verifier.name, 1, root_from_leaves([opening.leaf().data]))
    note = _cosigned(signer.sign(head.format()).format())
    oversight = build_evidence([ProvenEntry(opening, 0, (), note)])
    logs = {**TRUST["logs"], signer.verifier.name: signer.verifier.vkey()}
    shown = kept.evidence(ONE)
    if place == "behind the count":
        shown = shown.model_copy(update={"entries": shown.entries[:1]})
    return shown, oversight, {**TRUST, "logs": logs}
