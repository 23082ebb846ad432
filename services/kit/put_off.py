"""What a request uses up is written with its first effect, in one transaction and one commit (ADR 0047)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Write = Callable[[Connection], None]
Work = TypeVar("Work", bound=Callable[..., object])
_MARK = "sekisho_effect_first"


class Settling(Protocol):
    """A database, as far as what was put off needs it."""

    def settle(self) -> None:
        """Write what this request has put off here, in a transaction of its own."""


class _PutOff:
    def __init__(self) -> None:
        self.lock = Lock()
        self.left: dict[Settling, list[Write]] = {}


_OF_REQUEST: ContextVar[_PutOff | None] = ContextVar("put_off", default=None)


def effect_first(work: Work) -> Work:
    """Say of a route's function that nothing leaves this body before its first transaction or its answer."""
    setattr(work, _MARK, True)
    return work


def is_effect_first(work: Callable[..., object]) -> bool:
    """Tell whether `effect_first` was said of it."""
    return getattr(work, _MARK, False) is True


def begin() -> None:
    """Let this request put writes off, in this task and in the threads that work for it; each request anew."""
    _OF_REQUEST.set(_PutOff())


def write_at_once() -> None:
    """Let this request put nothing off, also where it is asked by one that may."""
    _OF_REQUEST.set(None)


def add(database: Settling, write: Write) -> bool:
    """Put a write off if this request may; tell whether it was. Where `write` raises, its transaction has no effect."""
    here = _OF_REQUEST.get()
    if here is None:
        return False
    with here.lock:
        here.left.setdefault(database, []).append(write)
    return True


@contextmanager
def taken(database: Settling) -> Iterator[list[Write]]:
    """Give a transaction what this request has put off for its database; take it back if that does not commit.

    Guarantees: no write is given to two transactions at once, nor to one after another that committed.
    """
    here = _OF_REQUEST.get()
    if here is None:
        yield []
        return
    with here.lock:
        writes = here.left.pop(database, [])
    try:
        yield writes
    except BaseException:
        with here.lock:
            here.left[database] = [*writes, *here.left.get(database, [])]
        raise


def settle() -> None:
    """Write whatever this request has put off and not written yet. Raises: what the writes raise."""
    here = _OF_REQUEST.get()
    if here is None:
        return
    with here.lock:
        left = [database for database, writes in here.left.items() if writes]
    for database in left:
        database.settle()
