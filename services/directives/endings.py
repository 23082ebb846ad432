"""How withdrawn directives ended: the person's order and the receipt that was given for it (W3), sealed."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, insert, select

from consent.identifiers import DirectiveId
from services.directives.errors import StoredDirectiveChangedError
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.prepared import AT_ONCE


@dataclass(frozen=True, slots=True)
class Ending:
    """The signed order to withdraw, and the signed receipt that the fragments are gone."""

    withdrawal: str
    receipt: str


class EndingStore:
    """The endings of one body's directives; `table` is its `deletion_receipt`."""

    def __init__(self, table: Table, cipher: ColumnCipher) -> None:
        self._cipher = cipher
        self._add = insert(table)
        self._of = select(table.c.directive, table.c.receipt).where(
            table.c.directive.in_(bindparam("directives", expanding=True))
        )

    def add(self, conn: Connection, directive: DirectiveId, ending: Ending) -> None:
        """W3: keep an ending, as evidence and for who asks again."""
        told = json.dumps({"withdrawal": ending.withdrawal, "receipt": ending.receipt}).encode()
        conn.execute(
            self._add, {"directive": directive, "receipt": self._cipher.seal(told, cell=_cell(directive))}
        )

    def of(self, conn: Connection, directives: Collection[DirectiveId]) -> dict[DirectiveId, Ending]:
        """Return the endings of those directives that have one. Raises: StoredDirectiveChangedError."""
        found: dict[DirectiveId, Ending] = {}
        named = list(directives)
        for start in range(0, len(named), AT_ONCE):
            rows = conn.execute(self._of, {"directives": named[start : start + AT_ONCE]})
            found |= {DirectiveId(name): self._open(DirectiveId(name), sealed) for name, sealed in rows}
        return found

    def _open(self, directive: DirectiveId, sealed: bytes) -> Ending:
        try:
            told = json.loads(self._cipher.open(sealed, cell=_cell(directive)))
        except ColumnError as error:
            raise StoredDirectiveChangedError(f"deletion_receipt directive={directive}") from error
        return Ending(told["withdrawal"], told["receipt"])


def _cell(directive: DirectiveId) -> str:
    return f"deletion_receipt.receipt/{directive}"
