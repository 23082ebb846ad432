"""How often an operator's card may look people up, and that it is stopped when it asks for more (J3).

What one human asks with several cards counts together, and a stop of one of them is a stop of all, as far as the
register tells.

The counts lie in the database and change in the transaction of the look-up, under a lock on the card's row: neither a
restart nor requests at the same time start them anew.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.oversight.humans import Account
from services.kit.columns import ColumnCipher
from services.kit.log.tables import insert_if_absent
from services.registry.tables import look_up_card

PARTS: Final = 10
CARD_COLUMN: Final = "look_up_card.card"
_STATE = select(look_up_card.c.state).where(look_up_card.c.card == bindparam("its_card")).with_for_update()
_KEEP = update(look_up_card).where(look_up_card.c.card == bindparam("its_card"))


class Pace(StrEnum):
    """Single questions and batches are counted apart."""

    SINGLE = "single"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted lately, in parts of `width` seconds, the newest first; `newest` is that part's number.

    Guarantees: `total` counts everything of the last PARTS x width seconds, and nothing older than one part more.
    """

    width: int = 1
    newest: int = 0
    counts: tuple[int, ...] = ()

    def counted(self, number: int, *, now: int, limit: Limit) -> "Window":
        """Return the window after `number` more. Units: `now` is epoch seconds."""
        width = max(1, -(-limit.seconds // PARTS))
        if width != self.width:  # the setting was changed: what was counted counts as just now
            return Window(width, now // width, (sum(self.counts) + number,))
        part = max(now // width, self.newest)  # a clock that was set back forgets nothing
        kept = (0,) * min(part - self.newest, PARTS + 1) + self.counts
        return Window(width, part, (kept[0] + number if kept else number, *kept[1 : PARTS + 1]))

    @property
    def total(self) -> int:
        """How many are counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class CardState:
    """One operator's counts, and since when the card is stopped, epoch seconds."""

    single: Window = Window()
    batch: Window = Window()
    stopped: int | None = None

    def counted(
        self,
        pace: Pace,
        number: int,
        *,
        now: int,
        limit: Limit,
        besides: Iterable["CardState"] = (),
    ) -> "CardState":
        """Return the state after `number` more: stopped when that, and what `besides` asked, is over the limit."""
        window = self._window(pace).counted(number, now=now, limit=limit)
        others = sum(each._window(pace).counted(0, now=now, limit=limit).total for each in besides)
        stopped = now if window.total + others > limit.count else self.stopped
        return replace(self, **{pace.value: window}, stopped=stopped)

    def _window(self, pace: Pace) -> Window:
        return self.single if pace is Pace.SINGLE else self.batch


@dataclass(frozen=True, slots=True)
class StoppedCard:
    """An operator whose card is stopped. Units: epoch seconds."""

    organisation: OrganisationId
    operator: OperatorId
    since: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """The cards' rows, sealed with `cipher`."""

    cipher: ColumnCipher

    def held(self, conn: Connection, card: Account) -> CardState:
        """Return a card's state and lock its row. Raises: ColumnError."""
        return self._state(conn, self._card(*card))

    def keep(self, conn: Connection, card: Account, state: CardState) -> None:
        """Keep the state of a card whose row is held."""
        self._keep(conn, self._card(*card), state)

    def stopped(self, conn: Connection) -> Iterator[StoppedCard]:
        """Return every card that is stopped."""
        for card, sealed in conn.execute(select(look_up_card.c.card, look_up_card.c.state)).all():
            state = self._open(card, sealed)
            if state.stopped is not None:
                organisation, _, operator = (
                    self.cipher.open_lookup(card, column=CARD_COLUMN).decode().partition("\n")
                )
                yield StoppedCard(OrganisationId(organisation), OperatorId(operator), state.stopped)

    def stopped_since(
        self, conn: Connection, organisation: OrganisationId, operator: OperatorId
    ) -> int | None:
        """Return since when a card is stopped; None: it is not. Locks the card's row if there is one."""
        card = self._card(organisation, operator)
        stored = conn.execute(_STATE, {"its_card": card}).scalar_one_or_none()
        return None if stored is None else self._open(card, stored).stopped

    def lift(self, conn: Connection, organisation: OrganisationId, operator: OperatorId) -> None:
        """Let a card ask again, counting from zero."""
        self._keep(conn, self._card(organisation, operator), CardState())

    def _state(self, conn: Connection, card: bytes) -> CardState:
        stored = conn.execute(_STATE, {"its_card": card}).scalar_one_or_none()
        if stored is None:
            insert_if_absent(conn, look_up_card, {"card": card, "state": self._seal(card, CardState())})
            stored = conn.execute(_STATE, {"its_card": card}).scalar_one()
        return self._open(card, stored)

    def _keep(self, conn: Connection, card: bytes, state: CardState) -> None:
        conn.execute(_KEEP, {"its_card": card, "state": self._seal(card, state)})

    def _card(self, organisation: OrganisationId, operator: OperatorId) -> bytes:
        return self.cipher.lookup(f"{organisation}\n{operator}".encode(), column=CARD_COLUMN)

    def _seal(self, card: bytes, state: CardState) -> bytes:
        told = [_told(state.single), _told(state.batch), state.stopped]
        return self.cipher.seal(json.dumps(told).encode(), cell=_cell(card))

    def _open(self, card: bytes, stored: bytes) -> CardState:
        single, batch, stopped = json.loads(self.cipher.open(stored, cell=_cell(card)))
        return CardState(_window(single), _window(batch), stopped)


def _told(window: Window) -> list[int]:
    return [window.width, window.newest, *window.counts]


def _window(told: list[int]) -> Window:
    return Window(told[0], told[1], tuple(told[2:]))


def _cell(card: bytes) -> str:
    return f"look_up_card.state/{card.hex()}"
