"""The scan of stored directives: each row against its signature, its seal and the log, and the log against the rows."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from consent.compartments import Compartment
from consent.directives import verify_deletion_receipt
from consent.errors import ConsentError
from consent.identifiers import DirectiveId, Pseudonym
from consent.lifecycle import DirectiveState
from services.directives.errors import StoredDirectiveChangedError
from services.directives.logged import Logged
from services.directives.service import Directives
from services.directives.store import COMPARTMENT_COLUMN
from services.kit.columns import ColumnError
from services.kit.events import EventKind
from services.kit.log.audit import Finding
from services.kit.log.entry import Opening
from services.kit.log.errors import LogError

ENTRIES_AT_ONCE = 500
CHANGED = "is not what was signed, sealed and logged"


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    states: dict[DirectiveId, DirectiveState] = field(default_factory=dict)
    receipts: set[DirectiveId] = field(default_factory=set)
    renewals: dict[Pseudonym, int] = field(default_factory=dict)
    wards: dict[Pseudonym, int] = field(default_factory=dict)


def scan_directives(directives: Directives, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that does not fit."""
    seen = _Seen()
    found = [
        *_wallets(directives, conn, seen),
        *_wards(directives, conn, seen),
        *_directives(directives, conn, seen),
        *_receipts(directives, conn, seen),
        *_fragments(directives, conn, seen),
        *_logged(directives, conn, seen),
    ]
    return seen.rows, found


def _wallets(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    table = directives.store.tables.wallet
    for person in conn.execute(select(table.c.pseudonym)).scalars().all():
        seen.rows += 1
        try:
            kept = directives.store.wallets.get(conn, Pseudonym(person))
            seen.renewals[Pseudonym(person)] = 0 if kept is None else len(kept.renewals)
        except StoredDirectiveChangedError:
            yield Finding(table.name, f"pseudonym={person}", CHANGED)


def _wards(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    wards = directives.store.wards
    for person in wards.everybody(conn):
        seen.rows += 1
        try:
            seen.wards[person] = wards.get(conn, person).number
        except StoredDirectiveChangedError:
            yield Finding(wards.table.name, f"pseudonym={person}", CHANGED)
            seen.wards[person] = 0


def _directives(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    table = directives.store.tables.directive
    for row in conn.execute(select(table.c.id)).scalars().all():
        seen.rows += 1
        try:
            stored = directives.store.get(conn, DirectiveId(row))
        except StoredDirectiveChangedError:
            yield Finding(table.name, f"id={row}", CHANGED)
        else:
            if stored is not None:
                seen.states[stored.id] = stored.state


def _receipts(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    table, key = directives.store.tables.receipt, directives.context.signing_key.public_key()
    for row in conn.execute(select(table.c.directive)).scalars().all():
        seen.rows += 1
        directive = DirectiveId(row)
        try:
            ending = directives.store.endings.of(conn, [directive])[directive]
            told = verify_deletion_receipt(ending.receipt, key)
        except (StoredDirectiveChangedError, ConsentError):
            yield Finding(table.name, f"directive={row}", CHANGED)
            continue
        if told.directive != directive or seen.states.get(directive) is DirectiveState.ACTIVE:
            yield Finding(table.name, f"directive={row}", "the directive it speaks of is not withdrawn")
        seen.receipts.add(directive)
    for directive, state in seen.states.items():
        if state is DirectiveState.WITHDRAWN and directive not in seen.receipts:
            yield Finding(table.name, f"directive={directive}", "missing or changed")


def _fragments(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    table, cipher = directives.store.tables.fragment, directives.context.cipher
    for row in conn.execute(select(table.c.directive, table.c.compartment)).all():
        seen.rows += 1
        directive, where = DirectiveId(row.directive), f"directive={row.directive}"
        try:
            label = cipher.open_lookup(row.compartment, column=COMPARTMENT_COLUMN).decode()
            directives.store.fragments(conn, directive, [Compartment.parse(label)])
        except (ColumnError, ConsentError, StoredDirectiveChangedError):
            yield Finding(table.name, where, "a fragment does not open")
            continue
        state = seen.states.get(directive)
        if state in (DirectiveState.WITHDRAWN, DirectiveState.LAPSED):
            yield Finding(table.name, where, f"a fragment of the {state.value} directive for {label}")


def _logged(directives: Directives, conn: Connection, seen: _Seen) -> Iterator[Finding]:
    """Compare what the log says was stored and ended with what is there; catches deletion and roll-back."""
    tables = directives.store.tables
    persons, told = (
        dict(directives.context.journal.persons(conn)),
        defaultdict[Pseudonym | None, Logged](Logged),
    )
    for position, opening in logged_openings(directives, conn):
        told[persons.get(position)].take(opening.event)
    for logged in told.values():
        for directive in sorted(logged.stored):
            if not directives.store.known(conn, directive):
                yield Finding(
                    tables.directive.name, f"id={directive}", "missing, though the log says it was stored"
                )
        for directive, kind in logged.ended.items():
            if seen.states.get(directive) is DirectiveState.ACTIVE:
                problem = f"in force, though the log says it {_ENDED[kind]}"
                yield Finding(tables.directive.name, f"id={directive}", problem)
    for whose in told.keys() | seen.wards.keys():
        if told[whose].number != seen.wards.get(
            whose or Pseudonym(""), 0
        ):  # a former guardian would count again
            where = f"pseudonym={whose}"
            yield Finding(tables.ward.name, where, "is not the one that the log says")
    for person, count in seen.renewals.items():
        if told[person].renewals != count:  # a former wallet that was brought back would count again
            where = f"pseudonym={person}"
            yield Finding(tables.wallet.name, where, "is not the one that the log says")


_ENDED = {EventKind.DIRECTIVE_WITHDRAWN: "was withdrawn", EventKind.DIRECTIVE_LAPSED: "lapsed"}


def logged_openings(directives: Directives, conn: Connection) -> Iterator[tuple[int, Opening]]:
    """Return the events of this body's journal in order, with their places.

    Those that the journal's own audit names are left out.
    """
    journal = directives.context.journal
    size = journal.tree.size(conn)
    for start in range(0, size, ENTRIES_AT_ONCE):
        positions = list(range(start, min(size, start + ENTRIES_AT_ONCE)))
        try:
            yield from journal.openings(conn, positions).items()
        except (ColumnError, LogError, ValueError, KeyError):
            for position in positions:  # one entry was changed, which the journal's own audit names
                try:
                    yield from journal.openings(conn, [position]).items()
                except (ColumnError, LogError, ValueError, KeyError):
                    continue
