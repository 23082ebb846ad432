"""Former entries are kept for some years and then surely erased (J8).

The work needs no memory of its own: what is due is found by its day, and goes in small transactions, each with its
entries in the log. A death in the middle leaves whole transactions, and the next run takes up what is still due.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import jws
from consent.jwk import thumbprint, to_jwk
from services.contracts.registry.supervision import ERASURE_TYPE, Erased, ErasureProof, ErasureSearch
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.registry import history_store
from services.registry.centre import Registry

AT_ONCE: Final = 200
PLAIN: Final = frozenset(
    {
        "body",
        "at",
        "kind",
        "outcome",
        "organisation",
        "operator",
        "terminal",
        "staff",
        "purpose",
        "categories",
        "years",
        "count",
        "reason",
        "ground",
        "detail",
        "history",
    }
)
ITEM_WORDS: Final = frozenset({"name", "address", "sex", "birth_date", "items", "old", "new", "value"})


def erase_due(registry: Registry) -> int:
    """Erase everything that is due today; return how much that was."""
    erased = 0
    while number := _erase_some(registry):
        erased += number
    return erased


def erase_on_request(registry: Registry, _caller: OperatorCaller) -> Erased:
    """Erase now what would be erased at the next run."""
    return Erased(erased=erase_due(registry))


def prove(registry: Registry, _caller: OperatorCaller) -> ErasureProof:
    """Search everything that is kept for what must be gone, and sign what was found."""
    context = registry.context
    with context.database.read() as conn:
        found = _search(registry, conn)
    payload = dict(found.model_dump(mode="json"))
    key = context.signing_key
    return ErasureProof(
        proof=jws.sign(payload, typ=ERASURE_TYPE, key=key, kid=thumbprint(to_jwk(key.public_key())))
    )


def due_day(today: date, *, years: int) -> date:
    """Return the day on which an entry that ends today is due; the last of February stays in February."""
    try:
        return today.replace(year=today.year + years)
    except ValueError:
        return today.replace(year=today.year + years, day=28)


def _erase_some(registry: Registry) -> int:
    with registry.context.database.write() as conn:
        entries = history_store.due(conn, _today(registry), most=AT_ONCE)
        if entries:
            history_store.erase(conn, entries)
            events = [DatedEvent(each.person, _event({"until": each.until})) for each in entries]
            registry.context.journal.record_bulk(conn, replace(_event(None), count=len(events)), events)
    return len(entries)


def _search(registry: Registry, conn: Connection) -> ErasureSearch:
    today, journal = _today(registry), registry.context.journal
    before = due_day(today, years=-registry.settings.history_years)
    every, left, kept = history_store.counts(conn, today, before=before)
    size = journal.tree.size(conn)
    with_items = 0
    for start in range(0, size, AT_ONCE):
        told = journal.told(conn, range(start, min(start + AT_ONCE, size)))
        with_items += sum(_holds_items(opening.event) for _person, opening in told)
    return ErasureSearch(
        at=epoch_seconds(registry.context.clock()),
        before=before.isoformat(),
        history_entries=every,
        left=left,
        kept_abroad=kept,
        log_entries=size,
        log_entries_with_items=with_items,
    )


def _holds_items(event: Mapping[str, JsonValue]) -> bool:
    detail = event.get("detail")
    names: Iterable[str] = detail if isinstance(detail, dict) else ()
    return not PLAIN.issuperset(event) or not ITEM_WORDS.isdisjoint(names)


def _today(registry: Registry) -> date:
    return registry.context.clock().astimezone(UTC).date()


def _event(detail: dict[str, JsonValue] | None) -> Event:
    return Event(kind=EventKind.HISTORY_ERASED, outcome=Outcome.DONE, detail=detail)
