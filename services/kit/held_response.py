"""R8 on the wire: the answer is sent while the final check still holds, and the hold always ends."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class CheckedResponse(Response):
    """An answer that is sent within a context: entered just before sending, left when sending is over.

    Guarantees: the context is left also when the caller is gone or the task is cancelled. When entering raises,
    nothing was sent, and the error is answered in its place.
    """

    def __init__(
        self,
        content: bytes,
        *,
        within: Callable[[], AbstractContextManager[None]],
        media_type: str = "application/json",
    ) -> None:
        super().__init__(content, media_type=media_type)
        self._within = within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Enter, send, leave."""
        held = ExitStack()
        try:
            await _in_thread(lambda: held.enter_context(self._within()))
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await _in_thread(held.close)


async def _in_thread(call: Callable[[], None]) -> None:
    # A slot of its own: the common ones may all be taken by withdrawals that wait for this very hold to end.
    await to_thread.run_sync(call, limiter=CapacityLimiter(1))
