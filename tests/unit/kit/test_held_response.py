"""R8 on the wire: the hold covers the sending, and ends whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from starlette.types import Message

from services.kit.held_response import HeldResponse

SCOPE = {"type": "http", "method": "POST", "path": "/reads", "headers": []}


class Hold:
    """Counts entering and leaving; `refused` makes entering fail."""

    def __init__(self, *, refused: bool = False) -> None:
        self.held = 0
        self.entered = 0
        self._refused = refused

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if self._refused:
            raise PermissionError
        self.held += 1
        self.entered += 1
        try:
            yield
        finally:
            self.held -= 1


async def _receive() -> Message:
    await anyio.sleep_forever()
    raise AssertionError("unreachable")


def test_every_part_is_sent_within_the_hold() -> None:
    hold, seen = Hold(), list[int]()

    async def send(_message: Message) -> None:
        seen.append(hold.held)

    anyio.run(HeldResponse(b"{}", hold=hold()), SCOPE, _receive, send)
    assert seen == [1, 1]
    assert hold.held == 0


def test_hold_ends_when_sending_fails() -> None:
    hold = Hold()

    async def send(_message: Message) -> None:
        raise OSError("the reader is gone")

    with pytest.raises(OSError, match="gone"):
        anyio.run(HeldResponse(b"{}", hold=hold()), SCOPE, _receive, send)
    assert (hold.entered, hold.held) == (1, 0)


def test_hold_ends_when_the_task_is_cancelled_while_sending() -> None:
    hold = Hold()

    async def scenario() -> None:
        sending = anyio.Event()

        async def send(_message: Message) -> None:
            sending.set()
            await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(HeldResponse(b"{}", hold=hold()), SCOPE, _receive, send)
            await sending.wait()
            assert hold.held == 1
            tasks.cancel_scope.cancel()

    anyio.run(scenario)
    assert (hold.entered, hold.held) == (1, 0)


def test_refused_check_makes_no_answer() -> None:
    with pytest.raises(PermissionError):
        HeldResponse(b"{}", hold=Hold(refused=True)())
