"""Every query about parts of wallets. Each function works within the caller's transaction."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, delete, select

from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.audit import Finding
from services.kit.log.tables import insert_if_absent

DIGEST_BYTES = 32
NUMBER_BYTES = 4
CHANGED = "a sealed cell does not open: it, or what it is sealed for, was changed"


@dataclass(frozen=True, slots=True)
class KeptPart:
    """One part, and the digest that a proof of the paper must have; `number` tells which of a person's came first."""

    id: str
    part: bytes = field(repr=False)
    paper_digest: bytes
    number: int = 0


@dataclass(frozen=True, slots=True)
class RecoveryStore:
    """The rows of one body."""

    table: Table
    cipher: ColumnCipher

    def put(self, conn: Connection, person: Pseudonym, kept: KeptPart) -> None:
        """Keep a part; the same id again changes nothing."""
        row = {
            "pseudonym": person,
            "id": kept.id,
            "part": self.cipher.seal(kept.part, cell=_cell("part", person, kept.id)),
            "paper_digest": self.cipher.seal(
                kept.paper_digest + kept.number.to_bytes(NUMBER_BYTES),
                cell=_cell("paper_digest", person, kept.id),
            ),
        }
        insert_if_absent(conn, self.table, row)

    def of(self, conn: Connection, person: Pseudonym) -> list[KeptPart]:
        """Return a person's parts. Raises: ColumnError."""
        row = self.table.c
        wanted = select(row.id, row.part, row.paper_digest).where(row.pseudonym == person).order_by(row.id)
        return [self._open(person, *found) for found in conn.execute(wanted)]

    def forget(self, conn: Connection, person: Pseudonym, name: str) -> None:
        """Forget one part."""
        row = self.table.c
        conn.execute(delete(self.table).where(row.pseudonym == person, row.id == name))

    def forget_others(self, conn: Connection, person: Pseudonym, keep: str) -> None:
        """Forget all parts of a person but one."""
        row = self.table.c
        conn.execute(delete(self.table).where(row.pseudonym == person, row.id != keep))

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many rows were looked at, and every row that does not open."""
        row = self.table.c
        rows = conn.execute(select(row.pseudonym, row.id, row.part, row.paper_digest)).all()
        found = []
        for person, name, part, digest in rows:
            try:
                self._open(Pseudonym(person), name, part, digest)
            except ColumnError:
                found.append(Finding(self.table.name, f"pseudonym={person} id={name}", CHANGED))
        return len(rows), found

    def _open(self, person: Pseudonym, name: str, part: bytes, digest: bytes) -> KeptPart:
        opened = self.cipher.open(part, cell=_cell("part", person, name))
        told = self.cipher.open(digest, cell=_cell("paper_digest", person, name))
        # parts that were laid down before they were numbered end with the digest, and are the first
        return KeptPart(name, opened, told[:DIGEST_BYTES], int.from_bytes(told[DIGEST_BYTES:]))


def _cell(column: str, person: Pseudonym, name: str) -> str:
    return f"recovery_part.{column}/{person}/{name}"
