"""Telling owners of a recall, exactly once each, however often the process dies in between.

N1 `start_recall` writes the recall and the list of its owners in one transaction;
N2 the workflow engine calls `notify_batch` until it says that nobody is left, and again after a crash;
N3 each call takes owners off the list and writes their notices and one journal entry, of which each finds their own
   part in their history, in one transaction, so a call
   that is repeated finds only those who have none (stops double notices), and one that died changed nothing
   (stops missed ones); the database refuses a second notice for an ownership in any case;
N4 whoever buys after N1 is told by `notify_new_owner` in the transaction of the purchase.
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.kit.events import Event, EventKind, Outcome
from services.product_safety import policy, store
from services.product_safety.centre import Centre
from services.product_safety.ledger import Entry
from services.product_safety.model import (
    Notice,
    NoticeId,
    Occasion,
    Ownership,
    OwnershipId,
    Product,
    Recall,
    RecallId,
    RecallState,
    advance,
)


def notify_batch(centre: Centre, recall_id: RecallId, *, limit: int) -> bool:
    """Notify up to `limit` waiting owners; tell whether owners may be left."""
    with centre.context.database.write() as conn:
        recall = store.lock_recall(conn, recall_id)
        if recall is None or recall.state is RecallState.COMPLETED:
            return False
        owners = store.waiting(conn, recall_id, limit=limit)
        told = [(recall, each.ownership, each.person) for each in owners]
        centre.ledger.add_bulk(
            conn, _summary(recall, len(told)), _notices(centre, told, occasion=Occasion.RECALL)
        )
        store.strike(conn, recall_id, owners)
        if len(owners) == limit:
            return True
        _complete(centre, conn, recall)
        return False


def notify_new_owner(centre: Centre, conn: Connection, ownership: Ownership, product: Product) -> None:
    """Give a new owner the notices of all recalls that concern the article."""
    concerned = [
        (recall, ownership.id, ownership.person)
        for recall in store.recalls_of(conn, product.gtin)
        if policy.covers(recall.request, serial=product.serial, lot=product.lot)
    ]
    centre.ledger.add(conn, _notices(centre, concerned, occasion=Occasion.PURCHASE))


def _notices(
    centre: Centre, owners: list[tuple[Recall, OwnershipId, Pseudonym]], *, occasion: Occasion
) -> list[Entry]:
    moment = centre.now()
    entries = []
    for recall, ownership, person in owners:
        notice = Notice(NoticeId(centre.new_id()), recall.id, ownership, occasion, moment, None)
        entries.append(Entry(notice, person, _event(recall, notice)))
    return entries


def _summary(recall: Recall, count: int) -> Event:
    return Event(
        kind=EventKind.RECALL_NOTICE,
        outcome=Outcome.DONE,
        organisation=recall.maker,
        count=count,
        detail={"recall": recall.id, "gtin": recall.gtin},
    )


def _event(recall: Recall, notice: Notice) -> Event:
    return Event(
        kind=EventKind.RECALL_NOTICE,
        outcome=Outcome.DONE,
        organisation=recall.maker,
        detail={"recall": recall.id, "notice": notice.id, "gtin": recall.gtin},
    )


def _complete(centre: Centre, conn: Connection, recall: Recall) -> None:
    completed = replace(recall, state=advance(recall.state, RecallState.COMPLETED))
    summary = _summary(recall, recall.listed)
    event = replace(summary, detail={**(summary.detail or {}), "state": completed.state.value})
    centre.ledger.change(conn, Entry(completed, None, event))
