"""Records deposited under a link that was wrong: kept, but not listed and not read; and who is told of them.

Nothing of a record changes. A deposit is set apart when its link is among the cut ones, so that a deposit on its way
when the link is cut is refused, and telling twice changes nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select

from consent import base64url
from consent.identifiers import BundleId, OrganisationId, Pseudonym
from services.contracts.medical.messages import ApartNotice
from services.kit.clock import Randomness
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent
from services.kit.prepared import Prepared, PreparedIn
from services.medical.tables import apart_notice, bundle, cut_link, deposit

LINK_COLUMN = "deposit.link"
RECIPIENT_COLUMN = "apart_notice.recipient"

_IS_CUT = Prepared(select(cut_link.c.position).where(cut_link.c.id == bindparam("id")))
_UNDER = (
    select(deposit.c.position)
    .where(deposit.c.person == bindparam("person"), deposit.c.link == bindparam("link"))
    .order_by(deposit.c.position)
)
_APART = PreparedIn(
    lambda ids: (
        select(bundle.c.id)
        .join(deposit, deposit.c.position == bundle.c.deposit)
        .join(cut_link, cut_link.c.id == deposit.c.link)
        .where(bundle.c.id.in_(ids))
        .limit(1)
    )
)
_NOTICES = (
    select(apart_notice.c.id, apart_notice.c.content)
    .where(apart_notice.c.recipient == bindparam("recipient"))
    .order_by(apart_notice.c.position, apart_notice.c.id)
)
_ADD_NOTICE = insert(apart_notice)


@dataclass(frozen=True, slots=True)
class Apart:
    """The rows of cut links and notices. Each method works within the caller's transaction."""

    cipher: ColumnCipher
    randomness: Randomness

    def link(self, handle: str | None) -> bytes | None:
        """Return how a deposit's row names the link of a token."""
        return None if handle is None else self.cipher.lookup(handle.encode(), column=LINK_COLUMN)

    def is_cut(self, conn: Connection, handle: str | None) -> bool:
        """Tell whether the link of a token was wrong."""
        link = self.link(handle)
        return link is not None and _IS_CUT.row(conn, {"id": link}) is not None

    def cut(self, conn: Connection, handle: str, *, position: int) -> None:
        """Remember that a link was wrong."""
        insert_if_absent(conn, cut_link, {"id": self.link(handle), "position": position})

    def under(self, conn: Connection, person: Pseudonym, handle: str) -> list[int]:
        """Return the log positions of what was deposited about a person under a link."""
        row = {"person": person, "link": self.link(handle)}
        return list(conn.execute(_UNDER, row).scalars())

    def holds_any(self, conn: Connection, bundles: Sequence[BundleId]) -> bool:
        """Tell whether one of the bundles came under a link that was wrong."""
        return bool(_APART.rows(conn, bundles))

    def tell(
        self, conn: Connection, recipient: OrganisationId, notice: ApartNotice, *, position: int
    ) -> None:
        """Leave a notice for an organisation."""
        name = base64url.encode(self.randomness(16))
        conn.execute(
            _ADD_NOTICE,
            {
                "id": name,
                "recipient": self.cipher.lookup(recipient.encode(), column=RECIPIENT_COLUMN),
                "position": position,
                "content": self.cipher.seal(notice.model_dump_json().encode(), cell=_cell(name)),
            },
        )

    def notices(self, conn: Connection, recipient: OrganisationId) -> list[ApartNotice]:
        """Return the notices for an organisation, oldest first. Raises: ColumnError."""
        key = self.cipher.lookup(recipient.encode(), column=RECIPIENT_COLUMN)
        rows = conn.execute(_NOTICES, {"recipient": key}).all()
        return [self.open(row.id, row.content) for row in rows]

    def open(self, name: str, content: bytes) -> ApartNotice:
        """Open a notice's row. Raises: ColumnError."""
        return ApartNotice.model_validate_json(self.cipher.open(content, cell=_cell(name)))

    def faults(self, conn: Connection, logged: Collection[int]) -> Iterator[tuple[str, str, str]]:
        """Compare the rows with the positions of the log's entries that set something apart: (table, row, problem)."""
        stored: Sequence[tuple[bytes, int]] = [
            (row.id, row.position) for row in conn.execute(select(cut_link.c.id, cut_link.c.position))
        ]
        for key, position in stored:
            try:
                self.cipher.open_lookup(key, column=LINK_COLUMN)
                known = position in logged
            except ColumnError:
                known = False
            if not known:
                yield cut_link.name, f"id={key.hex()}", "is not in the log, or was changed"
        for missing in sorted(set(logged) - {position for _, position in stored}):
            yield cut_link.name, f"position={missing}", "missing: what was set apart is shown again"
        for row in conn.execute(select(apart_notice.c.id, apart_notice.c.content)).all():
            try:
                self.open(row.id, row.content)
            except (ColumnError, ValueError):
                yield apart_notice.name, f"id={row.id}", "does not open: it was changed"

    def rows(self, conn: Connection) -> int:
        """Return how many rows there are."""
        tables = (cut_link, apart_notice)
        return sum(conn.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)


def _cell(name: str) -> str:
    return f"apart_notice.content/{name}"
