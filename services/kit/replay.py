"""Single use of nonces and token ids, kept in the body's database so that a restart forgets none."""

import hashlib

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, delete

from services.kit.columns import clear
from services.kit.log.tables import insert_if_absent
from services.kit.problems import ReplayError

SWEEP_EVERY = 512


def replay_table(metadata: MetaData) -> Table:
    """Return the table of used ids: a hash and until when it matters."""
    return Table(
        "used_once",
        metadata,
        Column("id", LargeBinary, primary_key=True, info=clear("hash of a random id; stands for nobody")),
        Column(
            "expires", BigInteger, nullable=False, index=True, info=clear("when the row may be forgotten")
        ),
    )


class ReplayCache:
    """Accepts an id once.

    Units: `expires` and `now` are epoch seconds.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def use(self, connection: Connection, *, kind: str, value: str, expires: int, now: int) -> None:
        """Mark `value` as used within the caller's transaction. Raises: ReplayError the second time."""
        if not self.first(connection, kind=kind, value=value, expires=expires, now=now):
            raise ReplayError(f"this {kind} was already used")

    def first(self, connection: Connection, *, kind: str, value: str, expires: int, now: int) -> bool:
        """Mark `value` as used, and tell whether it was not; for who has to log the second time, too."""
        digest = hashlib.sha256(f"{kind}\n{value}".encode()).digest()
        if digest[0] % 64 == 0 and digest[1] % (SWEEP_EVERY // 64) == 0:
            connection.execute(delete(self._table).where(self._table.c.expires < now))
        return insert_if_absent(connection, self._table, {"id": digest, "expires": expires})
