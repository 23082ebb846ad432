"""Stored rows: every change is found, every refusal is logged, every column says why it is clear."""

import pytest
from sqlalchemy import Column, Table, select, text, update
from support.product_safety_office import Office, caller
from support.product_safety_world import GTIN, MAKER, OTHER_MAKER, SHOP, recall_record

from consent.identifiers import Pseudonym
from services.contracts.product_safety.messages import ProductRequest, RecallRequest, TradeItemRequest
from services.kit.columns import ColumnError
from services.kit.events import EventKind, Outcome
from services.product_safety import tables, workflows
from services.product_safety.audit import scan
from services.product_safety.errors import (
    LaterPurchaseError,
    NotOwnTradeItemError,
    ProductSafetyError,
    UnknownNoticeError,
)
from services.product_safety.ledger import TABLE_OF
from services.product_safety.model import NoticeId

LOGGED = [
    (table, column)
    for table in TABLE_OF.values()
    for column in table.columns
    if not column.primary_key and not column.foreign_keys
]


def findings(office: Office) -> set[tuple[str, str]]:
    with office.centre.context.database.read() as conn:
        return {(each.table, each.row) for each in scan(office.centre.context.journal, conn)[1]}


def one_of_everything(office: Office) -> None:
    office.buy("owner", "7", lot="L1")
    recall = office.recall()
    office.dispatch(recall)
    person = office.world.pseudonym("owner")
    notice = workflows.inbox(office.centre, person)[0].notice
    workflows.mark_read(office.centre, person, notice.id)
    workflows.register_product(office.centre, caller(SHOP), ProductRequest(gtin=GTIN, serial="7", name="Red"))


def changed(column: Column[object], value: object) -> object:
    """Return another value of the column's kind."""
    kind = column.type.python_type
    if kind is bool:
        return not value
    return 1 + (value if isinstance(value, int) else 0) if kind is int else f"{value}x"


def test_untouched_rows_yield_no_finding(office: Office) -> None:
    one_of_everything(office)
    office.buy("next owner", "7", purchased_at=1_700_000_001)
    assert findings(office) == set()


@pytest.mark.parametrize(("table", "column"), LOGGED, ids=lambda each: each.name)
def test_changed_cell_is_found_and_its_row_named(
    office: Office, table: Table, column: Column[object]
) -> None:
    """R7."""
    one_of_everything(office)
    with office.centre.context.database.write() as conn:
        row = conn.execute(select(table)).one()._mapping
        conn.execute(update(table).values({column.name: changed(column, row[column.name])}))
    key = " ".join(f"{each.name}={row[each.name]}" for each in table.primary_key.columns)
    assert (table.name, key) in findings(office)


def test_removed_notice_is_found(office: Office) -> None:
    one_of_everything(office)
    with office.centre.context.database.write() as conn:
        conn.execute(tables.notice.delete())
        recall = conn.execute(select(tables.recall.c.id)).scalar_one()
    assert findings(office) == {("recall", f"id={recall}")}


def test_changed_journal_entry_costs_only_its_own_rows(office: Office) -> None:
    office.buy("one", "1")
    office.buy("two", "2")
    entry = office.centre.context.tables.journal.entry
    with office.centre.context.database.write() as conn:
        position, key = conn.execute(
            select(tables.ownership.c.log_index, tables.ownership.c.id).where(
                tables.ownership.c.serial == "1"
            )
        ).one()
        conn.execute(update(entry).where(entry.c.position == position).values(opening=b"x" * 80))
    assert findings(office) == {("ownership", f"id={key}")}


def history(office: Office, person: Pseudonym | None) -> list[tuple[str, str, str | None]]:
    journal = office.centre.context.journal
    with office.centre.context.database.read() as conn:
        told = journal.told(conn, range(journal.tree.size(conn)))
    events = [opening.event for whose, opening in told if whose == person]
    return [(str(e["kind"]), str(e["outcome"]), e.get("reason")) for e in events]  # type: ignore[misc]  # JSON


def test_person_finds_purchase_notice_and_reading_in_their_history(office: Office) -> None:
    """R13."""
    one_of_everything(office)
    office.buy("next owner", "7", purchased_at=1_700_000_001)
    kinds = [kind for kind, _, _ in history(office, office.world.pseudonym("owner"))]
    assert kinds == [
        EventKind.PURCHASE_REGISTERED,
        EventKind.RECALL_NOTICE,
        EventKind.NOTICE_READ,
        EventKind.OWNERSHIP_ENDED,
    ]


def test_refusals_are_logged_with_their_reason(office: Office) -> None:
    """R13: the person sees what was refused about them, the auditor the rest."""
    office.buy("owner", "7")
    office.recall()
    with pytest.raises(LaterPurchaseError):
        office.buy("other", "7", purchased_at=1)
    told = RecallRequest(recall=recall_record(), gtin=GTIN)
    with pytest.raises(NotOwnTradeItemError):
        workflows.start_recall(office.centre, caller(OTHER_MAKER), told)
    with pytest.raises(UnknownNoticeError):
        workflows.mark_read(office.centre, office.world.pseudonym("owner"), NoticeId("none"))
    assert history(office, office.world.pseudonym("other")) == [
        (EventKind.PURCHASE_REGISTERED, Outcome.REFUSED, LaterPurchaseError.code)
    ]
    assert history(office, office.world.pseudonym("owner"))[-1] == (
        EventKind.NOTICE_READ,
        Outcome.REFUSED,
        UnknownNoticeError.code,
    )
    assert history(office, None)[-1] == (
        EventKind.RECALL_STARTED,
        Outcome.REFUSED,
        NotOwnTradeItemError.code,
    )


def test_refused_purchase_leaves_nothing_behind(office: Office) -> None:
    office.buy("owner", "7")
    with pytest.raises(ProductSafetyError):
        office.buy("other", "7", lot="L1", purchased_at=1)
    with office.centre.context.database.read() as conn:
        assert conn.execute(select(tables.product.c.lot)).scalar_one() is None
        assert conn.execute(select(tables.ownership.c.ended_at)).scalar_one() is None


def test_same_gtin_registered_again_is_one_entry_unless_the_name_changes(office: Office) -> None:
    for name in ("Heater", "Heater", "Heater 2"):
        workflows.register_trade_item(office.centre, caller(MAKER), TradeItemRequest(gtin=GTIN, name=name))
    assert len(history(office, None)) == 2


def test_only_pseudonym_columns_stand_for_a_person() -> None:
    """LN1."""
    marked = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.info.get("person")
    }
    assert marked == {"ownership.person"}


def test_no_pseudonym_outside_its_columns(office: Office) -> None:
    """LN1: neither the other columns nor the sealed events' clear parts hold a pseudonym."""
    one_of_everything(office)
    person = office.world.pseudonym("owner")
    with office.centre.context.database.read() as conn:
        for table in tables.metadata.sorted_tables:
            for row in conn.execute(text(f"SELECT * FROM {table.name}")).mappings():
                holding = {f"{table.name}.{name}" for name, cell in row.items() if person in str(cell)}
                assert holding <= {"ownership.person"}


def test_cell_of_the_journal_opens_only_in_its_place(office: Office) -> None:
    office.buy("owner", "7")
    journal, entry = office.centre.context.journal, office.centre.context.tables.journal.entry
    with office.centre.context.database.write() as conn:
        moved = conn.execute(select(entry.c.opening).where(entry.c.position == 0)).scalar_one()
        conn.execute(update(entry).where(entry.c.position == 1).values(opening=moved))
        with pytest.raises(ColumnError):
            journal.openings(conn, [1])
