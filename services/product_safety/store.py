"""Every query of the product safety centre, within the caller's transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
)

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.product_safety.messages import RecallRequest, SerialList, SerialRange
from services.product_safety.model import (
    Counts,
    Entity,
    Notice,
    NoticeId,
    Occasion,
    Ownership,
    OwnershipId,
    Product,
    Recall,
    RecallId,
    RecallState,
    TradeItem,
)
from services.product_safety.policy import RANK_DIGITS
from services.product_safety.tables import notice, ownership, product, recall, recall_queue, trade_item

E = TypeVar("E", bound=Entity)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An owner who has no notice of a recall yet."""

    ownership: OwnershipId
    person: Pseudonym


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One notice with what it is about; `product_name` is None where nobody named the article."""

    notice: Notice
    content: str
    gtin: str
    serial: str
    product_name: str | None


def lock_trade_item(conn: Connection, gtin: str) -> None:
    """Make purchases and recalls of one GTIN follow one another; take it before anything is read.

    On SQLite the write transaction is alone already.
    """
    if conn.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(f"trade item {gtin}".encode()).digest()[:8], signed=True)
        conn.execute(select(func.pg_advisory_xact_lock(key)))


def find_trade_item(conn: Connection, gtin: str) -> TradeItem | None:
    """Return the registered trade item."""
    row = conn.execute(select(trade_item).where(trade_item.c.gtin == gtin)).one_or_none()
    return _entity(TradeItem, row) if row else None


def find_product(conn: Connection, gtin: str, serial: str) -> Product | None:
    """Return the registered article."""
    row = conn.execute(
        select(product).where(product.c.gtin == gtin, product.c.serial == serial)
    ).one_or_none()
    return _entity(Product, row) if row else None


def present_ownership(conn: Connection, gtin: str, serial: str) -> Ownership | None:
    """Return the ownership that has not ended."""
    return _ownership(conn, _of_product(gtin, serial), ownership.c.ended_at.is_(None))


def same_purchase(conn: Connection, wanted: Ownership) -> Ownership | None:
    """Return the ownership that this very purchase began, ended or not."""
    return _ownership(
        conn,
        _of_product(wanted.gtin, wanted.serial),
        ownership.c.person == wanted.person,
        ownership.c.purchased_at == wanted.purchased_at,
    )


def find_recall(conn: Connection, recall_id: RecallId, *, maker: OrganisationId) -> Recall | None:
    """Return one recall of one maker."""
    return _recall(conn, select(recall).where(recall.c.id == recall_id, recall.c.maker == maker))


def recall_of_number(conn: Connection, gtin: str, *, maker: OrganisationId, number: str) -> Recall | None:
    """Return the maker's recall of that number for that trade item."""
    same = and_(recall.c.maker == maker, recall.c.number == number, recall.c.gtin == gtin)
    return _recall(conn, select(recall).where(same))


def recalls_of(conn: Connection, gtin: str) -> list[Recall]:
    """Return all recalls of a trade item, oldest first."""
    rows = conn.execute(
        select(recall).where(recall.c.gtin == gtin).order_by(recall.c.started_at, recall.c.id)
    )
    return [_entity(Recall, row) for row in rows]


def lock_recall(conn: Connection, recall_id: RecallId) -> Recall | None:
    """Return a recall and let nobody else dispatch it until the transaction ends; new notices may still refer to it."""
    return _recall(conn, select(recall).where(recall.c.id == recall_id).with_for_update(key_share=True))


def unfinished(conn: Connection) -> list[RecallId]:
    """Return the recalls that still have owners to notify."""
    rows = conn.execute(
        select(recall.c.id)
        .where(recall.c.state == RecallState.DISPATCHING)
        .order_by(recall.c.started_at, recall.c.id)
    )
    return [RecallId(each) for each in rows.scalars()]


def count_affected(conn: Connection, request: RecallRequest) -> int:
    """Count the present owners whom a recall concerns."""
    return conn.execute(select(func.count()).select_from(_affected(request).subquery())).scalar_one()


def queue_affected(conn: Connection, recall_id: RecallId, request: RecallRequest) -> None:
    """List the present owners whom a recall concerns as waiting for a notice; from here on the list stands."""
    listed = _affected(request).add_columns(literal(recall_id))
    conn.execute(insert(recall_queue).from_select(["ownership", "recall"], listed))


def waiting(conn: Connection, recall_id: RecallId, *, limit: int) -> list[Waiting]:
    """Return the next owners without a notice."""
    rows = conn.execute(
        select(recall_queue.c.ownership, ownership.c.person)
        .join(ownership, ownership.c.id == recall_queue.c.ownership)
        .where(recall_queue.c.recall == recall_id)
        .order_by(recall_queue.c.ownership)
        .limit(limit)
    )
    return [Waiting(OwnershipId(row.ownership), Pseudonym(row.person)) for row in rows]


def strike(conn: Connection, recall_id: RecallId, owners: list[Waiting]) -> None:
    """Take owners who now have their notice off the list."""
    done = [each.ownership for each in owners]
    conn.execute(
        delete(recall_queue).where(recall_queue.c.recall == recall_id, recall_queue.c.ownership.in_(done))
    )


def counts(conn: Connection, recall_id: RecallId) -> Counts:
    """Count owners concerned, notified, and those who read the notice."""
    waiting_now = select(func.count()).where(recall_queue.c.recall == recall_id).scalar_subquery()
    row = conn.execute(
        select(func.count(), func.count(notice.c.read_at), waiting_now)
        .select_from(notice)
        .where(notice.c.recall == recall_id)
    ).one()
    return Counts(owners=row[0] + row[2], notified=row[0], read=row[1])


def inbox(conn: Connection, person: Pseudonym) -> list[InboxEntry]:
    """Return a person's notices, newest first, those of former ownerships too."""
    rows = conn.execute(_INBOX.where(ownership.c.person == person))
    return [
        InboxEntry(_entity(Notice, row), row.content, row.gtin, row.serial, row.product_name) for row in rows
    ]


def lock_notice(conn: Connection, notice_id: NoticeId, *, person: Pseudonym) -> Notice | None:
    """Return a notice of a person, kept from others until the transaction ends."""
    row = conn.execute(
        select(notice)
        .join(ownership, ownership.c.id == notice.c.ownership)
        .where(notice.c.id == notice_id, ownership.c.person == person)
        .with_for_update(of=notice)
    ).one_or_none()
    return _entity(Notice, row) if row else None


_INBOX = (
    select(
        notice,
        recall.c.content,
        ownership.c.gtin,
        ownership.c.serial,
        func.coalesce(product.c.name, trade_item.c.name).label("product_name"),
    )
    .join(ownership, ownership.c.id == notice.c.ownership)
    .join(recall, recall.c.id == notice.c.recall)
    .join(product, and_(product.c.gtin == ownership.c.gtin, product.c.serial == ownership.c.serial))
    .join(trade_item, trade_item.c.gtin == ownership.c.gtin, isouter=True)
    .order_by(notice.c.created_at.desc(), notice.c.id)
)


def _affected(request: RecallRequest) -> Select[tuple[str]]:
    """Select the ownerships whom `policy.covers` concerns, in SQL."""
    lots = or_(product.c.lot.is_(None), product.c.lot.in_(request.lots)) if request.lots else true()
    return (
        select(ownership.c.id)
        .join(product, and_(product.c.gtin == ownership.c.gtin, product.c.serial == ownership.c.serial))
        .where(
            ownership.c.gtin == request.gtin,
            ownership.c.ended_at.is_(None),
            _in_serials(request.serials),
            lots,
        )
    )


def _in_serials(serials: SerialRange | SerialList | None) -> ColumnElement[bool]:
    match serials:
        case None:
            return true()
        case SerialList(listed=listed):
            return product.c.serial.in_(listed)
        case SerialRange(first=first, last=last):
            return product.c.serial_rank.between(first.zfill(RANK_DIGITS), last.zfill(RANK_DIGITS))


def _of_product(gtin: str, serial: str) -> ColumnElement[bool]:
    return and_(ownership.c.gtin == gtin, ownership.c.serial == serial)


def _ownership(conn: Connection, *conditions: ColumnElement[bool]) -> Ownership | None:
    row = conn.execute(select(ownership).where(*conditions)).first()
    return _entity(Ownership, row) if row else None


def _recall(conn: Connection, query: Select[Any]) -> Recall | None:
    row = conn.execute(query).one_or_none()
    return _entity(Recall, row) if row else None


def _entity(make: Callable[..., E], row: Row[Any]) -> E:
    kind = cast(type[Entity], make)
    columns = {each.name: getattr(row, each.name) for each in fields(kind)}
    return make(**{name: _CODED.get((kind, name), _as_stored)(value) for name, value in columns.items()})


def _as_stored(value: Any) -> Any:
    return value


_CODED: dict[tuple[type[Entity], str], Callable[[Any], Any]] = {
    (Notice, "occasion"): Occasion,
    (Recall, "state"): RecallState,
}
