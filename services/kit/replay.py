"""Single use of nonces and token ids, kept in the body's database so that a restart forgets none."""

import hashlib

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, delete, insert
from sqlalchemy.exc import IntegrityError

from services.kit.columns import clear
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

    Units: `expires` and `now` are epoch seconds. Raises: ReplayError the second time.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._insert = insert(table)

    def use(self, connection: Connection, *, kind: str, value: str, expires: int, now: int) -> None:
        """Mark `value` as used within the caller's transaction."""
        digest = hashlib.sha256(f"{kind}\n{value}".encode()).digest()
        if digest[0] % 64 == 0 and digest[1] % (SWEEP_EVERY // 64) == 0:
            connection.execute(delete(self._table).where(self._table.c.expires < now))
        try:
            connection.execute(self._insert, {"id": digest, "expires": expires})
        except IntegrityError as error:
            raise ReplayError(f"this {kind} was already used") from error
