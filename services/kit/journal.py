"""A body's journal: events of people, committed to the Merkle log in the transaction of their effect."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, insert, select

from consent import base64url
from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.clock import Clock, Randomness
from services.kit.columns import ColumnCipher, ColumnError, clear, sealed
from services.kit.database import Database
from services.kit.entry_tags import EntryTags
from services.kit.events import Event
from services.kit.log.audit import Finding
from services.kit.log.checkpoint_store import CheckpointStore, StoredCheckpoint
from services.kit.log.entry import SALT_BYTES, LogLeaf, Opening, open_event, verify_opening
from services.kit.log.errors import CheckpointConflictError, LogError
from services.kit.log.evidence import Evidence, ProvenEntry, build_evidence
from services.kit.log.note import NoteSigner, NoteVerifier
from services.kit.log.tables import LogTables, log_tables
from services.kit.log.tree import LogTree
from services.kit.log.witness import AddCheckpoint
from services.kit.prepared import Prepared

T = TypeVar("T")
CONFLICT_TRIES = 4
ENTRIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class JournalTables:
    """The log's tables and the sealed events that its leaves commit to."""

    log: LogTables
    entry: Table


def journal_tables(metadata: MetaData) -> JournalTables:
    """Define the journal on `metadata`; call once for each metadata."""
    log = log_tables(metadata)
    for table in (log.node, log.leaf, log.head, log.checkpoint, log.witnessed):
        for column in table.columns:
            column.info.update(clear("the log can be published: hashes, positions and signed tree heads"))
    entry = Table(
        "journal_entry",
        metadata,
        Column(
            "position", BigInteger, primary_key=True, autoincrement=False, info=clear("position of the leaf")
        ),
        Column(
            "person", LargeBinary, unique=True, info=sealed("whose it is and the how-many-th, for look-up")
        ),
        Column("opening", LargeBinary, nullable=False, info=sealed("the event and its salt")),
    )
    return JournalTables(log, entry)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event went: the leaf's position and its bytes."""

    index: int
    leaf: LogLeaf


@dataclass(frozen=True, slots=True)
class Submission:
    """What a witness is shown: a signed head, and the inclusion proof of one leaf if one was asked for."""

    origin: str
    size: int
    request: AddCheckpoint
    inclusion: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DatedEvent:
    """One event for `record_all`: whose it is and what the reader stated, if anybody."""

    person: Pseudonym | None
    event: Event
    statement: bytes | None = None


class Journal:
    """The journal of one body.

    Guarantees: an event is in the journal if and only if the caller's transaction commits.
    """

    def __init__(
        self,
        tables: JournalTables,
        *,
        body: Body,
        signer: NoteSigner,
        cipher: ColumnCipher,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self.origin = signer.verifier.name
        self.verifier = signer.verifier
        self.tree = LogTree(tables.log)
        self.checkpoints = CheckpointStore(tables.log, tree=self.tree, signer=signer)
        self._entry = tables.entry
        self._tags = EntryTags(cipher, tables.entry)
        self._add_entries = Prepared(insert(tables.entry))
        self._leaf = tables.log.leaf
        self._body = body
        self._cipher = cipher
        self._clock = clock
        self._randomness = randomness

    def record(
        self, conn: Connection, *, person: Pseudonym | None, event: Event, statement: bytes | None = None
    ) -> Recorded:
        """Append one event of `person` (None: of nobody in particular) within the caller's transaction."""
        return self.record_all(conn, [DatedEvent(person, event, statement)])[0]

    def record_all(self, conn: Connection, events: Sequence[DatedEvent]) -> list[Recorded]:
        """Append several events in order, in one batch."""
        at = self._clock()
        openings = [
            open_event(
                each.event.wire(body=self._body, at=at),
                salt=self._randomness(SALT_BYTES),
                statement=each.statement,
            )
            for each in events
        ]
        leaves = [opening.leaf() for opening in openings]
        indexes = self.tree.append(conn, [leaf.data for leaf in leaves])
        # behind the append: whoever holds the log's head counts alone
        tags = self._tags.next(conn, [each.person for each in events])
        rows = [
            {"position": index, "person": tag, "opening": self._seal(opening, index, tag)}
            for index, tag, opening in zip(indexes, tags, openings, strict=True)
        ]
        self._add_entries.run_each(conn, rows)
        return [Recorded(index, leaf) for index, leaf in zip(indexes, leaves, strict=True)]

    def openings(self, conn: Connection, positions: Sequence[int]) -> dict[int, Opening]:
        """Return the openings at `positions`, each checked against its leaf.

        Raises: ColumnError, LogError when a stored entry was changed; its position is in the message.
        """
        found: dict[int, Opening] = {}
        for start in range(0, len(positions), ENTRIES_AT_ONCE):
            wanted = positions[start : start + ENTRIES_AT_ONCE]
            rows = conn.execute(
                select(self._entry.c.position, self._entry.c.person, self._entry.c.opening, self._leaf.c.leaf)
                .join(self._leaf, self._leaf.c.position == self._entry.c.position)
                .where(self._entry.c.position.in_(wanted))
            )
            for position, tag, stored, leaf in rows:
                opening = self._open(stored, position, tag)
                verify_opening(opening, LogLeaf.parse(leaf))
                found[position] = opening
        return found

    def positions(self, conn: Connection, person: Pseudonym) -> list[int]:
        """Return where the entries of `person` are, oldest first."""
        return sorted(self._tags.positions(conn, person))

    def evidence(self, conn: Connection, person: Pseudonym) -> Evidence:
        """Return all entries of `person` up to the newest co-signed checkpoint, each with its proof."""
        newest = self.checkpoints.latest_cosigned(conn)
        if newest is None or newest.cosigned_note is None:
            return build_evidence([])
        size = newest.checkpoint.size
        positions = [each for each in self._tags.positions(conn, person) if each < size]
        openings = self.openings(conn, positions)
        proofs = self.tree.inclusions(conn, positions, size)
        return build_evidence(
            ProvenEntry(openings[position], position, tuple(proof), newest.cosigned_note)
            for position, proof in zip(positions, proofs, strict=True)
        )

    def of_person(self, conn: Connection, person: Pseudonym) -> list[Opening]:
        """Return all entries of a person, oldest first, also those that no witness has seen. Raises: as `openings`."""
        openings = self.openings(conn, self._tags.positions(conn, person))
        return [openings[position] for position in sorted(openings)]

    def told(self, conn: Connection, positions: range) -> list[tuple[Pseudonym | None, Opening]]:
        """Return the entries at `positions` in order, each with whose it is. Raises: as `openings`."""
        openings, row = self.openings(conn, positions), self._entry.c
        within = row.position.between(positions.start, positions.stop - 1)
        tags = conn.execute(select(row.position, row.person).where(within).order_by(row.position))
        return [(self._whose(tag), openings[position]) for position, tag in tags]

    def persons(self, conn: Connection) -> list[tuple[int, Pseudonym | None]]:
        """Return whose each entry is, in order; None where it is nobody's or cannot be read (the audit names those)."""
        row = self._entry.c
        return [
            (position, self._whose(tag))
            for position, tag in conn.execute(select(row.position, row.person).order_by(row.position))
        ]

    def audit(self, conn: Connection, *, witnesses: Sequence[NoteVerifier]) -> list[Finding]:
        """Compare tree, checkpoints and sealed events with each other; name every row that does not fit."""
        found = self.tree.recompute(conn) + self.checkpoints.audit(conn, witnesses=witnesses)
        return found + list(self._audit_entries(conn))

    def _audit_entries(self, conn: Connection) -> Iterable[Finding]:
        rows = conn.execute(
            select(self._leaf.c.position, self._leaf.c.leaf, self._entry.c.person, self._entry.c.opening)
            .join(self._entry, self._leaf.c.position == self._entry.c.position, isouter=True)
            .order_by(self._leaf.c.position)
        )
        tags: list[tuple[int, bytes]] = []
        for position, data, tag, stored in rows:
            where = f"position={position}"
            if stored is None:
                yield Finding(self._entry.name, where, "missing")
                continue
            try:
                verify_opening(self._open(stored, position, tag), LogLeaf.parse(data))
            except (ColumnError, LogError, ValueError, KeyError):
                yield Finding(self._entry.name, where, "does not open, or is not what its leaf commits to")
            if tag is not None:
                tags.append((position, tag))
        for at, problem in self._tags.faults(tags):
            yield Finding(self._entry.name, "person" if at is None else f"position={at}", problem)

    def _whose(self, tag: bytes | None) -> Pseudonym | None:
        try:
            return None if tag is None else self._tags.whose(tag)
        except (ColumnError, ValueError):
            return None

    def _seal(self, opening: Opening, position: int, tag: bytes | None) -> bytes:
        digest = opening.statement_digest
        told = {
            "salt": base64url.encode(opening.salt),
            "event": opening.event,
            "statement_digest": None if digest is None else base64url.encode(digest),
        }
        return self._cipher.seal(json.dumps(told, separators=(",", ":")).encode(), cell=_cell(position, tag))

    def _open(self, stored: bytes, position: int, tag: bytes | None) -> Opening:
        told = json.loads(self._cipher.open(stored, cell=_cell(position, tag)))
        digest = told["statement_digest"]
        statement = None if digest is None else base64url.decode(digest)
        return Opening(base64url.decode(told["salt"]), told["event"], statement)


class WitnessLink:
    """The exchange with one witness: one at a time in this process, from the size it last co-signed."""

    def __init__(self, journal: Journal, *, database: Database, clock: Clock) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known_size = 0

    def exchange(
        self,
        ask: Callable[[Submission], tuple[str, T]],
        *,
        witness: Callable[[], NoteVerifier],
        index: int | None = None,
    ) -> T:
        """Show the witness a signed head, keep its cosignature, return its answer: with `index` one that has this leaf,
        else the newest.

        `ask` sends the submission and returns (signature lines, answer); it raises CheckpointConflictError when the
        witness knows another size, and is then called again with a proof from that size.
        Raises: what `ask` raises; LogError when the answer is not the witness's cosignature.
        """
        with self._lock:
            for remaining in reversed(range(CONFLICT_TRIES)):
                submission = self._submission(index)
                try:
                    response, answer = ask(submission)
                except CheckpointConflictError as conflict:
                    if not remaining:
                        raise
                    self._known_size = conflict.known_size
                    continue
                with self._database.write() as conn:
                    self._journal.checkpoints.record_cosignature(
                        conn, size=submission.size, response=response, witness=witness()
                    )
                self._known_size = submission.size
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    def _submission(self, index: int | None) -> Submission:
        journal = self._journal
        if index is not None:
            with self._database.read() as conn:
                signed = journal.checkpoints.latest(conn)
                if signed is not None and index < signed.checkpoint.size:
                    return self._shown(conn, signed, index)
        with self._database.write() as conn:
            return self._shown(conn, journal.checkpoints.sign_head(conn, now=self._clock()), index)

    def _shown(self, conn: Connection, signed: StoredCheckpoint, index: int | None) -> Submission:
        journal, size = self._journal, signed.checkpoint.size
        request = journal.checkpoints.submission_of(conn, signed, known_size=self._known_size)
        inclusion = journal.tree.inclusion(conn, index, size) if index is not None else []
        return Submission(journal.origin, size, request, tuple(inclusion))


def _cell(position: int, tag: bytes | None) -> str:
    return (
        f"journal_entry.opening/{position}/{'' if tag is None else tag.hex()}"  # no entry can be given away
    )
