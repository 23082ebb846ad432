"""A log in a database of its own or beside the release ledger's, sealed and encrypted as that is."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import MetaData, create_engine

from anonymize.errors import LedgerError
from anonymize.ledger_anchor import Anchor, Head
from anonymize.ledger_connected import KEY_BYTES
from anonymize.ledger_content import Tagging, mac
from anonymize.ledger_database import own_key, supported_url
from anonymize.ledger_store import LedgerStore
from anonymize.ledger_tables import ledger_tables
from anonymize.releases import SYSTEM_RANDOM

PATIENCE: Final = 60
"""Seconds that a writer waits for others on SQLite."""


class SealedLog:
    """Entries that only the key's holder can read, each bound to the one before it.

    `name` begins the names of its tables and separates its keys from other logs'. For the other arguments see
    `ReleaseLedger`: a log that was altered, or that lacks the anchor's entry, is not used.
    Raises: LedgerError.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        key: bytes | None = None,
        rng: random.Random = SYSTEM_RANDOM,
        anchor: Anchor | None = None,
    ) -> None:
        found = supported_url(url)
        secret = own_key(found, rng) if key is None else key
        if len(secret) < KEY_BYTES:
            raise LedgerError(f"The key must have at least {KEY_BYTES} bytes; make a new random one.")
        self._key = mac(secret, "key of log", name.encode())
        metadata = MetaData()
        self._tables = ledger_tables(metadata, prefix=name)
        patience = {"timeout": PATIENCE} if found.get_backend_name() == "sqlite" else {}
        self._engine = create_engine(found, connect_args=patience)
        metadata.create_all(self._engine)
        self._anchor = anchor
        self.tagging = Tagging(self._key)

    @contextmanager
    def transaction(self) -> Iterator[LedgerStore]:
        """The log, locked until the block ends; what it appended is committed then, and the anchor advanced.

        Guarantees: a block that raises leaves nothing.
        """
        expected = self._anchor.read() if self._anchor else None
        with self._engine.begin() as connection:
            store = LedgerStore(connection, self._tables, key=self._key, expected=expected)
            store.lock()
            if self._anchor and expected is None and store.entries():
                raise LedgerError("The log has entries but its anchor has none; restore the anchor.")
            yield store
            entries = store.entries() if self._anchor else []
        if self._anchor and entries:
            self._anchor.advance(Head(len(entries), entries[-1].seal))
