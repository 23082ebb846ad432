"""The release ledger with a database of its own."""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, MetaData, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from anonymize.classes import Mask
from anonymize.errors import LedgerError
from anonymize.ledger_anchor import Anchor, Head
from anonymize.ledger_connected import DEFAULT_POLICY, KEY_BYTES, ConnectedLedger, Prospect
from anonymize.ledger_decision import Refusal
from anonymize.ledger_policy import LedgerPolicy
from anonymize.ledger_store import LedgerEntry
from anonymize.ledger_tables import LedgerTables, ledger_tables
from anonymize.releases import SYSTEM_RANDOM, Release, error_of
from anonymize.result import Result


class ReleaseLedger:
    """A ledger with a database of its own (a SQLite or PostgreSQL URL), each decision in one transaction.

    `key` is its secret; without one, a SQLite ledger keeps it in a file beside the database, named like it with
    `.key` behind: whoever has both files knows who was in which class. With an `anchor` a database that was
    lost, rolled back or exchanged is not used. Order: an entry is committed, then the anchor advances, then the
    table leaves; a crash between loses the table, never the memory of it.
    Raises: LedgerError.
    """

    def __init__(
        self,
        url: str,
        *,
        key: bytes | None = None,
        rng: random.Random = SYSTEM_RANDOM,
        policy: LedgerPolicy = DEFAULT_POLICY,
        anchor: Anchor | None = None,
    ) -> None:
        found = supported_url(url)
        self._key = own_key(found, rng) if key is None else key
        metadata = MetaData()
        self._tables = ledger_tables(metadata)
        self._engine = create_engine(found)
        metadata.create_all(self._engine)
        self._rng = rng
        self._policy = policy
        self._anchor = anchor

    @staticmethod
    def tables(metadata: MetaData) -> LedgerTables:
        """Add the ledger's tables to a service's own metadata, for use with ConnectedLedger."""
        return ledger_tables(metadata)

    def release(
        self, result: Result, *, recipient: str, persons: Sequence[str | int], k: int | None = None
    ) -> Release:
        """As ConnectedLedger.decide, committed. Raises: JointDisclosureError when it is refused; LedgerError."""
        with self._transaction() as connected:
            outcome = connected.decide(result, recipient=recipient, persons=persons, k=k)
        if isinstance(outcome, Refusal):
            raise error_of(outcome)
        return outcome

    def release_counts(
        self, cells: Sequence[str | None], *, recipient: str, persons: Sequence[str | int], k: int
    ) -> LedgerEntry:
        """As ConnectedLedger.decide_counts, committed. Raises: as `release`."""
        with self._transaction() as connected:
            outcome = connected.decide_counts(cells, recipient=recipient, persons=persons, k=k)
        if isinstance(outcome, Refusal):
            raise error_of(outcome)
        return outcome

    def withdraw(self, persons: Sequence[str | int]) -> None:
        """As ConnectedLedger.withdraw, committed."""
        with self._transaction() as connected:
            connected.withdraw(persons)

    def readmit(self, persons: Sequence[str | int]) -> None:
        """As ConnectedLedger.readmit, committed."""
        with self._transaction() as connected:
            connected.readmit(persons)

    def withdrawn(self, persons: Sequence[str | int]) -> Mask:
        """As ConnectedLedger.withdrawn."""
        with self._transaction() as connected:
            return connected.withdrawn(persons)

    def prospect(self, recipient: str, persons: Sequence[str | int]) -> Prospect:
        """As ConnectedLedger.prospect."""
        with self._transaction() as connected:
            return connected.prospect(recipient, persons)

    def records(self) -> list[LedgerEntry]:
        """All releases so far, oldest first."""
        with self._transaction() as connected:
            return connected.records()

    def refusals(self) -> list[Refusal]:
        """As ConnectedLedger.refusals."""
        with self._transaction() as connected:
            return connected.refusals()

    def verify(self) -> int:
        """As ConnectedLedger.verify."""
        with self._transaction() as connected:
            return connected.verify()

    def head(self) -> Head:
        """The newest entry."""
        with self._engine.begin() as connection:
            return ConnectedLedger(connection, self._tables, key=self._key).head()

    @contextmanager
    def _transaction(self) -> Iterator[ConnectedLedger]:
        expected = self._anchor.read() if self._anchor else None
        with self._engine.begin() as connection:
            connected = ConnectedLedger(
                connection,
                self._tables,
                key=self._key,
                rng=self._rng,
                policy=self._policy,
                expected=expected,
            )
            if self._anchor and expected is None and connected.head().entries:
                raise LedgerError(
                    "The ledger has entries but its anchor has none; restore the anchor, or advance it to"
                    " head() if there never was one."
                )
            yield connected
            head = connected.head() if self._anchor else None
        if self._anchor and head and head.entries:
            self._anchor.advance(head)


def supported_url(url: str) -> URL:
    """Raises: LedgerError unless the URL is of a database that a ledger can use."""
    try:
        found = make_url(url)
    except ArgumentError as cause:
        raise LedgerError("The ledger's URL cannot be read; write sqlite:///FILE.") from cause
    if found.get_backend_name() not in {"sqlite", "postgresql"}:
        raise LedgerError("The ledger needs a sqlite:// or postgresql+psycopg:// URL.")
    return found


def own_key(url: URL, rng: random.Random) -> bytes:
    """The key that lies beside a SQLite database, made when the database is. Raises: LedgerError."""
    if url.get_backend_name() != "sqlite":
        raise LedgerError("A ledger on PostgreSQL needs key=, at least 32 random bytes.")
    if url.database in (None, "", ":memory:"):
        return rng.randbytes(KEY_BYTES)
    database = Path(str(url.database))
    path = database.with_name(database.name + ".key")
    if path.exists():
        return path.read_bytes()
    if database.exists():
        raise LedgerError("The ledger's key file is missing; restore it, or give the key as key=.")
    key = rng.randbytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key
