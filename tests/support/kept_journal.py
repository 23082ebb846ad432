"""A journal in a database of its own, with a witness beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import MetaData

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.columns import ColumnCipher
from services.kit.database import Database
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent, Journal
from services.kit.journal_tables import JournalTables, journal_tables
from services.kit.log.completeness import WholeHistory, verify_whole
from services.kit.log.evidence import Evidence, Trust, VerifiedEntry, parse_evidence, verify_evidence
from services.kit.log.note import Cosigner, NoteSigner, UnverifiedNote

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
EVENT = Event(kind=EventKind.NOTICE_READ, outcome=Outcome.DONE)
SUMMARY = Event(kind=EventKind.NUMBER_LOOKED_UP, outcome=Outcome.DONE)


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = NoteSigner("sekisho/medical", key(1))
COSIGNER = Cosigner("sekisho/oversight/witness", key(2))
TRUST = Trust({LOG.verifier.name: LOG.verifier}, (COSIGNER.verifier,), 1)


@dataclass(frozen=True)
class KeptJournal:
    """One log, its tables and its database."""

    database: Database
    tables: JournalTables
    journal: Journal

    def add(self, *persons: Pseudonym | None) -> None:
        """Record an entry of each."""
        with self.database.write() as conn:
            self.journal.record_all(conn, [DatedEvent(person, EVENT) for person in persons])

    def add_bulk(self, persons: Sequence[Pseudonym]) -> None:
        """Record one bulk entry with a part of each."""
        with self.database.write() as conn:
            self.journal.record_bulk(conn, SUMMARY, [DatedEvent(person, EVENT) for person in persons])

    def count(self) -> None:
        """Have the log count all histories."""
        with self.database.write() as conn:
            self.journal.count_histories(conn)

    def cosign(self) -> None:
        """Sign the head, and co-sign it as a witness that checks nothing."""
        with self.database.write() as conn:
            signed = self.journal.checkpoints.sign_head(conn, now=NOW)
            line = COSIGNER.cosign(UnverifiedNote.parse(signed.note).text, now=NOW).format()
            self.journal.checkpoints.record_cosignature(
                conn, size=signed.checkpoint.size, response=line, witness=COSIGNER.verifier
            )

    def evidence(self, person: Pseudonym) -> Evidence:
        """Return what the person is handed, as it comes over the wire."""
        with self.database.read() as conn:
            return parse_evidence(self.journal.evidence(conn, person).model_dump_json().encode())

    def findings(self) -> set[str]:
        """Audit, and return the tables that were found wrong."""
        with self.database.read() as conn:
            found = self.journal.audit(conn, witnesses=[COSIGNER.verifier])
        return {each.table for each in found}


def keep(url: str) -> KeptJournal:
    """Make a journal with an empty log."""
    metadata = MetaData()
    tables = journal_tables(metadata)
    database = Database(url)
    metadata.create_all(database.engine)
    kept = KeptJournal(database, tables, journal_on(tables))
    with database.write() as conn:
        kept.journal.initialise(conn)
    return kept


def keep_in(folder: Path) -> KeptJournal:
    """Make a journal in a folder."""
    return keep(f"sqlite:///{folder / 'journal.sqlite'}")


def journal_on(tables: JournalTables, *, now: datetime = NOW) -> Journal:
    """Return a journal over tables, with the same keys each time."""
    return Journal(
        tables,
        body=Body.MEDICAL,
        signer=LOG,
        cipher=ColumnCipher(bytes(32), randomness=Random(1).randbytes),
        clock=lambda: now,
        randomness=Random(2).randbytes,
    )


def proved(evidence: Evidence) -> tuple[list[VerifiedEntry], list[WholeHistory]]:
    """Verify as a person does. Raises: kit's LogError."""
    entries = verify_evidence(evidence, TRUST)
    return entries, verify_whole(evidence, entries, TRUST)
