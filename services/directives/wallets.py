"""Every query about people's wallets: one row each, with the present public key and what came before it."""

import json
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Table, bindparam, select, update

from consent.identifiers import Pseudonym
from services.directives.errors import StoredDirectiveChangedError
from services.directives.model import KeptWallet
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent
from services.kit.prepared import Prepared


@dataclass(frozen=True, slots=True)
class WalletStore:
    """The wallets of one body."""

    table: Table
    cipher: ColumnCipher

    def lock(self, conn: Connection, person: Pseudonym) -> None:
        """Let one after the other change the wallet, and what rests on it (PostgreSQL; SQLite writes alone)."""
        row = self.table.c
        conn.execute(select(row.pseudonym).where(row.pseudonym == person).with_for_update())

    def get(self, conn: Connection, person: Pseudonym) -> KeptWallet | None:
        """Return the person's wallet. Raises: StoredDirectiveChangedError."""
        row = _wallet_of(self.table).row(conn, {"person": person})
        return None if row is None else self.open(row[0], person)

    def add(self, conn: Connection, person: Pseudonym, kept: KeptWallet) -> bool:
        """Store the person's first wallet; tells whether there was none."""
        row = {"pseudonym": person, "signing_key": self._seal(kept, person)}
        return insert_if_absent(conn, self.table, row)

    def replace(self, conn: Connection, person: Pseudonym, kept: KeptWallet) -> None:
        """Store what became of the wallet."""
        changed = update(self.table).where(self.table.c.pseudonym == person)
        conn.execute(changed.values(signing_key=self._seal(kept, person)))

    def open(self, stored: bytes, person: Pseudonym) -> KeptWallet:
        """Open a wallet's cell. Raises: StoredDirectiveChangedError."""
        try:
            told = json.loads(self.cipher.open(stored, cell=_cell(person)))
        except ColumnError as error:
            raise StoredDirectiveChangedError("wallet: a signing key does not open") from error
        if "kty" in told:  # a wallet that was never renewed is its key alone
            return KeptWallet(told)
        return KeptWallet(told["key"], tuple(told["former"]), tuple(told["renewals"]), told["announced"])

    def _seal(self, kept: KeptWallet, person: Pseudonym) -> bytes:
        told: dict[str, object] = dict(kept.key)
        if kept.renewals or kept.announced is not None:
            told = {
                "key": dict(kept.key),
                "former": [dict(each) for each in kept.former],
                "renewals": list(kept.renewals),
                "announced": kept.announced,
            }
        return self.cipher.seal(json.dumps(told).encode(), cell=_cell(person))


@cache
def _wallet_of(table: Table) -> Prepared:
    return Prepared(select(table.c.signing_key).where(table.c.pseudonym == bindparam("person")))


def _cell(person: Pseudonym) -> str:
    return f"wallet.signing_key/{person}"
