"""A body's journal: events of people, committed to the Merkle log in the transaction of their effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from consent import base64url
from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.clock import Clock, Randomness
from services.kit.columns import ColumnCipher
from services.kit.entry_tags import WHOLE, Place
from services.kit.events import Event, EventKind, Outcome
from services.kit.histories import Histories, HistoryState
from services.kit.journal_audit import audit_entries, audit_histories
from services.kit.journal_rows import JournalRows, Part, Written
from services.kit.journal_tables import JournalTables
from services.kit.log.audit import Finding
from services.kit.log.checkpoint_store import CheckpointStore
from services.kit.log.entry import SALT_BYTES, LogLeaf, Opening, WrittenOpening, open_event
from services.kit.log.entry import Event as Wire
from services.kit.log.errors import LogCorruptError
from services.kit.log.evidence import Evidence
from services.kit.log.evidence_building import build_evidence
from services.kit.log.history import BULK, BULK_ROOT, BULK_SIZE, HISTORY, ROLL_ROOT
from services.kit.log.note import NoteSigner, NoteVerifier
from services.kit.log.proven import ProvenEntry, ProvenHistory, ProvenPart
from services.kit.log.small_tree import prove_part, root_of_hashes
from services.kit.log.tree import LogTree
from services.kit.staff import Acted, Masks


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event went: the leaf's position and its bytes."""

    index: int
    leaf: LogLeaf


@dataclass(frozen=True, slots=True)
class DatedEvent:
    """One event for `record_all`: whose it is and what the reader stated, if anybody."""

    person: Pseudonym | None
    event: Event
    statement: bytes | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An entry for the body's own eyes: where it is masked, with the operator and the terminal."""

    event: Wire


@dataclass(frozen=True, slots=True)
class _Opened:
    tag: bytes | None
    opening: WrittenOpening
    leaf: LogLeaf
    acted: Acted | None = None

    @property
    def written(self) -> Written:
        """What is sealed in its row."""
        return Written(self.opening, self.acted)


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
        self.histories = Histories(tables.history, cipher=cipher)
        self._rows = JournalRows(tables, cipher=cipher)
        self._masks = Masks(cipher, randomness)
        self._tables = tables
        self._body = body
        self._clock = clock
        self._randomness = randomness

    def initialise(self, conn: Connection) -> None:
        """Make the empty log, or count the histories of a log that an earlier version of Sekisho wrote."""
        self.tree.initialise(conn)
        if self.histories.is_empty(conn) and self.histories.last_roll(conn) is None:
            states: dict[Pseudonym, HistoryState] = {}
            for _place, person, _number, leaf in self._rows.tagged(conn, since=0):
                start = HistoryState(0, self.histories.start(person))
                states[person] = states.get(person, start).after(leaf)
            self.histories.keep(conn, states)

    def record(
        self, conn: Connection, *, person: Pseudonym | None, event: Event, statement: bytes | None = None
    ) -> Recorded:
        """Append one event of `person` (None: of nobody in particular) within the caller's transaction."""
        return self.record_all(conn, [DatedEvent(person, event, statement)])[0]

    def record_all(self, conn: Connection, events: Sequence[DatedEvent]) -> list[Recorded]:
        """Append several events in order, each as a leaf of its own."""
        places = self.tree.reserve(conn, len(events))
        opened = self._open(conn, events)
        self._append(conn, places, opened)
        return [Recorded(at, each.leaf) for at, each in zip(places, opened, strict=True)]

    def record_bulk(self, conn: Connection, summary: Event, parts: Sequence[DatedEvent]) -> Recorded:
        """Append one leaf for what was done to many people at once; each finds their own part in their history.

        The leaf commits to `summary` and to the root of a tree over the parts, which lie in an order by chance: the
        proof of a part shows its person how many there were, and nothing of anybody else.
        """
        places = self.tree.reserve(conn, 1)
        opened = sorted(self._open(conn, parts), key=lambda each: each.leaf.data)
        root = root_of_hashes([each.leaf.hash for each in opened])
        wire, acted = self._masks.masked(
            summary, summary.wire(body=self._body, at=self._clock()), person=None
        )
        wire[BULK] = {BULK_SIZE: len(opened), BULK_ROOT: base64url.encode(root)}
        opening = open_event(wire, salt=self._randomness(SALT_BYTES), statement=None).written()
        leaf = opening.leaf()
        self._append(conn, places, [_Opened(None, opening, leaf, acted)])
        stored = [(each.leaf, each.written, each.tag) for each in opened if each.tag is not None]
        self._rows.add_parts(conn, places.start, stored)
        return Recorded(places.start, leaf)

    def count_histories(self, conn: Connection) -> bool:
        """H2: have the log say how many entries everybody has, unless it does already; tell whether it was news."""
        self.tree.queue(conn)
        if self.histories_counted(conn):
            return False
        size, last = self.tree.size(conn), self.histories.last_roll(conn)
        since = 0 if last is None else last.position
        persons = {person for _place, person, _number, _leaf in self._rows.tagged(conn, since=since)}
        rows, root = self.histories.count(conn, persons, position=size)
        event = Event(
            kind=EventKind.HISTORIES_COUNTED,
            outcome=Outcome.DONE,
            count=rows,
            detail={ROLL_ROOT: base64url.encode(root)},
        )
        self.record(conn, person=None, event=event)
        return True

    def histories_counted(self, conn: Connection) -> bool:
        """Whether the log's last entry counts all histories, or nobody has one."""
        last = self.histories.last_roll(conn)
        if last is None:
            return self.histories.is_empty(conn)
        return last.position == self.tree.size(conn) - 1

    def openings(self, conn: Connection, positions: Sequence[int]) -> dict[int, Opening]:
        """Return the openings at `positions`, each checked against its leaf; of a bulk entry its summary.

        Raises: ColumnError, LogError when a stored entry was changed; its position is in the message.
        """
        return self._rows.openings(conn, positions)

    def parts(self, conn: Connection, position: int) -> list[tuple[Pseudonym, Opening]]:
        """Return the parts of a bulk entry, each with whose it is. Raises: as `openings`."""
        return [(person, kept.opening) for person, kept in self._rows.parts_at(conn, position)]

    def positions(self, conn: Connection, person: Pseudonym) -> list[int]:
        """Return where the entries of `person` are that are leaves of their own, oldest first."""
        return [place.position for place in self._places(conn, person) if place.slot == WHOLE]

    def evidence(self, conn: Connection, person: Pseudonym) -> Evidence:
        """Return all entries of `person` up to the newest co-signed checkpoint, and that they are all.

        `conn` must see one moment only (`Database.read`).
        """
        newest = self.checkpoints.latest_cosigned(conn)
        if newest is None or newest.cosigned_note is None:
            return build_evidence([])
        note, size = newest.cosigned_note, newest.checkpoint.size
        places = [each for each in self._places(conn, person) if each.position < size]
        parts = self._rows.parts(conn, [each for each in places if each.slot != WHOLE])
        positions = sorted({each.position for each in places})
        entries = self._proven(conn, positions, note=note, size=size)
        found = [
            entries[place.position].with_part(self._proven_part(conn, place, parts[place]))
            if place.slot != WHOLE
            else entries[place.position]
            for place in places
        ]
        return build_evidence(found, self._whole(conn, person, note=note, size=size))

    def entry_evidence(self, conn: Connection, position: int) -> Evidence | None:
        """Return one entry with its proof; None until a witness has seen it.

        `conn` must see one moment only (`Database.read`).
        """
        newest = self.checkpoints.latest_cosigned(conn)
        if newest is None or newest.cosigned_note is None or position >= newest.checkpoint.size:
            return None
        note, size = newest.cosigned_note, newest.checkpoint.size
        return build_evidence(self._proven(conn, [position], note=note, size=size).values())

    def of_person(self, conn: Connection, person: Pseudonym) -> list[Opening]:
        """Return all entries of a person, oldest first, also those that no witness has seen. Raises: as `openings`."""
        places = self._places(conn, person)
        openings = self._rows.at(conn, places)
        return [openings[place] for place in places]

    def newer(self, conn: Connection, person: Pseudonym, number: int) -> list[Opening]:
        """Return the entries of a person from the one of that number on. Raises: as `openings`; LogCorruptError
        when there are fewer or more entries than were counted.
        """
        tags, count = self._rows.tags, self.histories.state(conn, person).count
        if tags.known(conn, person, count):
            # maybe another's transaction ended between our two looks (PostgreSQL)
            count = self.histories.state(conn, person).count
        if count < number or tags.known(conn, person, count):
            raise LogCorruptError("the count of this person's entries was put back")
        places = tags.places(conn, person, count, first=number)
        openings = self._rows.at(conn, places)
        return [openings[place] for place in places]

    def told(self, conn: Connection, positions: range) -> list[tuple[Pseudonym | None, Told]]:
        """Return the entries at `positions` in order, each with whose it is and who acted; of a bulk entry its parts.

        Raises: as `openings`.
        """
        kept, told = self._rows.kept(conn, positions), list[tuple[Pseudonym | None, Told]]()
        for position, person in self._rows.whose(conn, positions):
            whole = kept[position]
            if BULK in whole.opening.event:
                told += [(each, Told(part.event)) for each, part in self._rows.parts_at(conn, position)]
            else:
                told.append((person, Told(whole.event)))
        return told

    def persons(self, conn: Connection) -> list[tuple[int, Pseudonym | None]]:
        """Return whose each entry is, in order; None where it is nobody's or cannot be read (the audit names those)."""
        return self._rows.whose(conn)

    def nobodys(self, conn: Connection, *, since: int) -> list[int]:
        """Return where the entries are that are in nobody's history, from a position on, oldest first."""
        return self._rows.nobodys(conn, since=since)

    def audit(self, conn: Connection, *, witnesses: Sequence[NoteVerifier]) -> list[Finding]:
        """Compare tree, checkpoints, sealed events and histories with each other; name every row that does not fit."""
        found = self.tree.recompute(conn) + self.checkpoints.audit(conn, witnesses=witnesses)
        found += audit_entries(conn, self._rows, self._tables)
        return found + list(audit_histories(conn, self._rows, self.histories, self._tables))

    def _open(self, conn: Connection, events: Sequence[DatedEvent]) -> list[_Opened]:
        """H1: make the openings of events, and count them; the caller holds the log's head, so counts alone."""
        at = self._clock()
        persons = {each.person for each in events if each.person is not None}
        states = self.histories.states(conn, persons) if persons else {}
        opened = []
        for each in events:
            wire, tag, acted = each.event.wire(body=self._body, at=at), None, None
            if each.person is not None:
                wire, acted = self._masks.masked(each.event, wire, person=each.person)
                state = states[each.person]
                wire[HISTORY], tag = state.told(), self._rows.tags.tag(each.person, state.count)
            salt = self._randomness(SALT_BYTES)
            opening = open_event(wire, salt=salt, statement=each.statement).written()
            leaf = opening.leaf()
            if each.person is not None:
                states[each.person] = states[each.person].after(leaf.hash)
            opened.append(_Opened(tag, opening, leaf, acted))
        self.histories.keep(conn, states)
        return opened

    def _append(self, conn: Connection, places: range, opened: Sequence[_Opened]) -> None:
        self.tree.fill(conn, places, [each.leaf.data for each in opened])
        if opened:
            self._rows.add(conn, places, [each.written for each in opened], [each.tag for each in opened])

    def _places(self, conn: Connection, person: Pseudonym) -> list[Place]:
        return self._rows.tags.places(conn, person, self.histories.state(conn, person).count)

    def _proven(
        self, conn: Connection, positions: Sequence[int], *, note: str, size: int
    ) -> dict[int, ProvenEntry]:
        openings = self._rows.openings(conn, positions)
        proofs = self.tree.inclusions(conn, positions, size)
        return {
            position: ProvenEntry(openings[position], position, tuple(proof), note)
            for position, proof in zip(positions, proofs, strict=True)
        }

    def _proven_part(self, conn: Connection, place: Place, part: Part) -> ProvenPart:
        hashes = self._rows.part_hashes(conn, place.position)
        return ProvenPart(part.opening, place.slot, tuple(prove_part(hashes, place.slot)))

    def _whole(self, conn: Connection, person: Pseudonym, *, note: str, size: int) -> list[ProvenHistory]:
        """H3: what shows that a person's entries are all, if anything under this checkpoint does."""
        roll, state = self.histories.last_roll(conn), self.histories.state(conn, person)
        if roll is None or roll.position >= size or state.row is None:
            return []
        counted = self._proven(conn, [roll.position], note=note, size=size)[roll.position]
        proof = self.histories.proof(conn, state.row, roll)
        return [ProvenHistory(self.histories.start(person), state.row, tuple(proof), counted)]
