"""What a request costs in operations, which no load of the machine changes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from consent import jws
from services.contracts import bodies
from services.kit.columns import ColumnCipher
from services.kit.credentials import passkeys

_VALUE = re.compile(r"X'[0-9A-F]*'|'(?:[^']|'')*'|\b\d+\b|\bNULL\b", re.IGNORECASE)
_LIST = re.compile(r"\((?:\?(?:, )?)+\)")
_BY_CHANCE = re.compile(r"DELETE FROM (used_once|live_token) WHERE \1\.expires < \?")
"""Rows that time has passed over are deleted in one request of some hundred, by a random draw (`SWEEP_EVERY`,
`SWEEP_ONE_IN`) that no name in the request has a part in."""


@dataclass
class Operations:
    """Statements that SQLite ran, without their values, without how often one is repeated and without tidying by
    chance; signatures verified; sealed cells opened."""

    ran: list[str] = field(default_factory=list)
    verified: int = 0
    opened: int = 0

    @property
    def statements(self) -> list[str]:
        shapes = (_LIST.sub("(...)", _VALUE.sub("?", each)) for each in self.ran)
        return [shape for shape, _ in groupby(each for each in shapes if not _BY_CHANCE.fullmatch(each))]


@contextmanager
def counted() -> Iterator[Operations]:
    """Count what all bodies of this process do; each function still does what it does."""
    operations = Operations()
    traced: list[Any] = []

    def trace(connection: Any, *_: object) -> None:
        connection.set_trace_callback(operations.ran.append)
        traced.append(connection)

    def counting(verify: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            operations.verified += 1
            return verify(*arguments, **named)

        return run

    def opening(open_cell: Callable[..., bytes]) -> Callable[..., bytes]:
        def run(*arguments: Any, **named: Any) -> bytes:
            operations.opened += 1
            return open_cell(*arguments, **named)

        return run

    event.listen(Pool, "checkout", trace)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jws, "check_signature", counting(jws.check_signature))
        patch.setattr(ColumnCipher, "open", opening(ColumnCipher.open))
        name = "verify_authentication_response"
        patch.setattr(passkeys, name, counting(getattr(passkeys, name)))
        try:
            yield operations
        finally:
            event.remove(Pool, "checkout", trace)
            for each in traced:
                each.set_trace_callback(None)


@contextmanager
def nothing_by_itself() -> Iterator[None]:
    """Let bodies that start meanwhile do nothing between requests: it would be counted with whatever is asked then."""

    async def nothing(*_: object) -> None:
        """End at once."""

    with pytest.MonkeyPatch.context() as patch:
        for each in ("_repeat", "_keep_witnessed"):
            patch.setattr(bodies, each, nothing)
        yield
