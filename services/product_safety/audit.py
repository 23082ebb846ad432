"""The scan of stored rows: each row against the journal entry of its last change, each recall against its list."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import Connection, Row, Table, func, select

from services.kit.columns import ColumnError
from services.kit.journal import Journal
from services.kit.log.audit import Finding
from services.kit.log.errors import LogError
from services.kit.log.history import BULK
from services.product_safety.ledger import DIGEST, TABLE_OF, row_digest
from services.product_safety.model import Occasion, RecallState
from services.product_safety.tables import notice, recall, recall_queue

ROWS_AT_ONCE = 500
LOG_INDEX = "log_index"


def scan(journal: Journal, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that is not as it was logged."""
    seen = 0
    found: list[Finding] = []
    for table in TABLE_OF.values():
        for rows in conn.execute(select(table).order_by(*table.primary_key)).partitions(ROWS_AT_ONCE):
            seen += len(rows)
            found += _compare(journal, conn, table, rows)
    return seen, found + list(_count_owners(conn))


def _compare(
    journal: Journal, conn: Connection, table: Table, rows: Sequence[Row[tuple[JsonValue, ...]]]
) -> Iterator[Finding]:
    columns = [dict(row._mapping) for row in rows]
    logged = _logged_digests(journal, conn, [each[LOG_INDEX] for each in columns])
    for each in columns:
        position = each.pop(LOG_INDEX)
        where = " ".join(f"{key.name}={each[key.name]}" for key in table.primary_key.columns)
        if position not in logged:
            yield Finding(table.name, where, f"its journal entry {position} is missing or does not open")
        elif row_digest(table, each) not in logged[position]:
            yield Finding(table.name, where, f"is not what journal entry {position} says")


def _logged_digests(journal: Journal, conn: Connection, positions: list[int]) -> dict[int, set[JsonValue]]:
    """Return the digests of rows that entries name, by position; a bulk entry names one for each of its parts."""
    wanted = sorted(set(positions))
    try:
        return _digests(journal, conn, wanted)
    except (ColumnError, LogError):
        found = dict[int, set[JsonValue]]()
        for position in wanted:  # one entry was changed: find the others one by one
            try:
                found |= _digests(journal, conn, [position])
            except (ColumnError, LogError):
                continue
        return found


def _digests(journal: Journal, conn: Connection, positions: list[int]) -> dict[int, set[JsonValue]]:
    return {
        position: {_digest(opening.event)}
        if BULK not in opening.event
        else {_digest(part.event) for _person, part in journal.parts(conn, position)}
        for position, opening in journal.openings(conn, positions).items()
    }


def _digest(event: Mapping[str, JsonValue]) -> JsonValue:
    detail = event.get("detail")
    return detail.get(DIGEST) if isinstance(detail, dict) else None


def _count_owners(conn: Connection) -> Iterator[Finding]:
    told = (
        select(func.count())
        .where(notice.c.recall == recall.c.id, notice.c.occasion == Occasion.RECALL)
        .scalar_subquery()
    )
    queued = select(func.count()).where(recall_queue.c.recall == recall.c.id).scalar_subquery()
    for row in conn.execute(select(recall.c.id, recall.c.listed, recall.c.state, told, queued)):
        recall_id, listed, state, notified, waiting = row
        if notified + waiting != listed or (state == RecallState.COMPLETED and waiting):
            problem = f"listed {listed} owners, but {notified} were notified and {waiting} wait"
            yield Finding(recall.name, f"id={recall_id}", problem)
