"""What sellers, makers and owners do at the product safety centre; one transaction each.

The durable part of a recall, telling the owners, is in `notifying`.
"""

from dataclasses import replace

import rfc8785
from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.contracts.product_safety.messages import (
    ProductRequest,
    PurchaseRequest,
    RecallRequest,
    TradeItemRequest,
)
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.events import Event, EventKind, Outcome
from services.product_safety import policy, store
from services.product_safety.centre import Centre, by
from services.product_safety.errors import (
    RecallConflictError,
    UnknownNoticeError,
    UnknownPersonError,
    UnknownRecallError,
)
from services.product_safety.ledger import Entry
from services.product_safety.model import (
    Counts,
    Notice,
    NoticeId,
    Ownership,
    OwnershipId,
    Product,
    Recall,
    RecallId,
    RecallState,
    TradeItem,
)
from services.product_safety.notifying import notify_new_owner


def register_trade_item(centre: Centre, caller: OperatorCaller, told: TradeItemRequest) -> TradeItem:
    """Name a trade item as the caller's own; the first maker keeps it. Raises: TradeItemTakenError."""
    event = by(caller, EventKind.PRODUCT_REGISTERED, told.gtin)
    item = TradeItem(told.gtin, caller.organisation, told.name)
    with centre.logged(event), centre.context.database.write() as conn:
        store.lock_trade_item(conn, told.gtin)
        known = store.find_trade_item(conn, told.gtin)
        policy.check_registrant(known, caller.organisation)
        if known is None:
            centre.ledger.add(conn, [Entry(item, None, event)])
        elif known != item:
            centre.ledger.change(conn, Entry(item, None, event))
    return item


def register_product(centre: Centre, caller: OperatorCaller, told: ProductRequest) -> Product:
    """Register one article, or add what was not known of it. Raises: ProductConflictError."""
    event = by(caller, EventKind.PRODUCT_REGISTERED, told.gtin)
    product = Product(told.gtin, told.serial, policy.serial_rank(told.serial), told.lot, told.name)
    with centre.logged(event), centre.context.database.write() as conn:
        store.lock_trade_item(conn, told.gtin)
        return _keep_product(centre, conn, product, event)


def register_purchase(centre: Centre, caller: OperatorCaller, told: PurchaseRequest) -> OwnershipId:
    """Make a person the present owner of an article; the one before, if any, is owner no longer.

    Guarantees: a recall under way or past that concerns the article reaches the new owner at once.
    Raises: UnknownPersonError, PurchaseDateError, LaterPurchaseError, ProductConflictError, ReplayError.
    """
    event = by(caller, EventKind.PURCHASE_REGISTERED, told.gtin)
    with centre.logged(event) as attempt:
        verified = _open_token(centre, told.token, caller)
        attempt.person = verified.pseudonym
        policy.check_purchase_date(told.purchased_at, now=centre.now())
        with centre.context.database.write() as conn:
            centre.context.replays.use(
                conn,
                kind="pseudonym token",
                value=verified.jti,
                expires=verified.expires,
                now=centre.now(),
            )
            store.lock_trade_item(conn, told.gtin)
            article = Product(told.gtin, told.serial, policy.serial_rank(told.serial), told.lot, None)
            product = _keep_product(centre, conn, article, event)
            wanted = _wanted(centre, told, caller, person=verified.pseudonym)
            return _own(centre, conn, wanted, product=product, event=event)


def start_recall(centre: Centre, caller: OperatorCaller, told: RecallRequest) -> Recall:
    """N1: begin a recall; the list of owners to notify stands when this returns, whatever happens then.

    Guarantees: the same request again returns the same recall. Raises: NotOwnTradeItemError, RecallConflictError.
    """
    event = by(caller, EventKind.RECALL_STARTED, told.gtin)
    content = rfc8785.dumps(told.model_dump(mode="json", by_alias=True)).decode()
    with centre.logged(event), centre.context.database.write() as conn:
        store.lock_trade_item(conn, told.gtin)
        policy.check_maker(store.find_trade_item(conn, told.gtin), caller.organisation)
        number = told.recall.recall_number
        known = store.recall_of_number(conn, told.gtin, maker=caller.organisation, number=number)
        if known is not None:
            if known.content != content:
                raise RecallConflictError("this recall number stands for another recall; use a new number")
            return known
        recall = Recall(
            id=RecallId(centre.new_id()),
            maker=caller.organisation,
            number=number,
            gtin=told.gtin,
            content=content,
            state=RecallState.DISPATCHING,
            listed=store.count_affected(conn, told),
            started_at=centre.now(),
        )
        started = replace(event, count=recall.listed, detail={"gtin": told.gtin, "recall": recall.id})
        centre.ledger.add(conn, [Entry(recall, None, started)])
        store.queue_affected(conn, recall.id, told)
        return recall


def recall_progress(centre: Centre, caller: OperatorCaller, recall_id: RecallId) -> tuple[Recall, Counts]:
    """Return the caller's own recall and how far it has come. Raises: UnknownRecallError."""
    with centre.context.database.read() as conn:
        recall = store.find_recall(conn, recall_id, maker=caller.organisation)
        if recall is None:
            raise UnknownRecallError("this organisation has no recall of that id")
        return recall, store.counts(conn, recall_id)


def inbox(centre: Centre, person: Pseudonym) -> list[store.InboxEntry]:
    """Return a person's notices, newest first."""
    with centre.context.database.read() as conn:
        return store.inbox(conn, person)


def mark_read(centre: Centre, person: Pseudonym, notice_id: NoticeId) -> Notice:
    """Remember when a person first read a notice. Raises: UnknownNoticeError."""
    event = Event(kind=EventKind.NOTICE_READ, outcome=Outcome.DONE)
    with centre.logged(event, person), centre.context.database.write() as conn:
        notice = store.lock_notice(conn, notice_id, person=person)
        if notice is None:
            raise UnknownNoticeError("your inbox has no notice of that id")
        if notice.read_at is not None:
            return notice
        read = replace(notice, read_at=centre.now())
        told = replace(event, detail={"notice": notice.id, "recall": notice.recall})
        centre.ledger.change(conn, Entry(read, person, told))
        return read


def _open_token(centre: Centre, token: str, caller: OperatorCaller) -> VerifiedPseudonym:
    try:
        return centre.context.whom(
            token, issuer=centre.register.token_key(), organisation=caller.organisation
        )
    except PseudonymTokenError as error:
        raise UnknownPersonError(str(error)) from error


def _keep_product(centre: Centre, conn: Connection, told: Product, event: Event) -> Product:
    known = store.find_product(conn, told.gtin, told.serial)
    registered = replace(event, kind=EventKind.PRODUCT_REGISTERED)
    if known is None:
        centre.ledger.add(conn, [Entry(told, None, registered)])
        return told
    merged = policy.merge(known, told)
    if merged != known:
        centre.ledger.change(conn, Entry(merged, None, registered))
    return merged


def _wanted(centre: Centre, told: PurchaseRequest, caller: OperatorCaller, *, person: Pseudonym) -> Ownership:
    return Ownership(
        id=OwnershipId(centre.new_id()),
        gtin=told.gtin,
        serial=told.serial,
        person=person,
        seller=caller.organisation,
        purchased_at=told.purchased_at,
        disclosure=told.disclosure,
        ended_at=None,
    )


def _own(
    centre: Centre, conn: Connection, wanted: Ownership, *, product: Product, event: Event
) -> OwnershipId:
    known = store.same_purchase(conn, wanted)
    if known is not None:
        return known.id
    present = store.present_ownership(conn, wanted.gtin, wanted.serial)
    if present is not None:
        if present.person == wanted.person:
            return present.id
        policy.check_succession(present, purchased_at=wanted.purchased_at)
        ended = replace(present, ended_at=centre.now())
        end = replace(event, kind=EventKind.OWNERSHIP_ENDED)
        centre.ledger.change(conn, Entry(ended, present.person, end))
    centre.ledger.add(conn, [Entry(wanted, wanted.person, event)])
    notify_new_owner(centre, conn, wanted, product)
    return wanted.id
