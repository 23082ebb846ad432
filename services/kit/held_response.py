"""What is held is held until the answer was sent, and the hold always ends (R8 on the wire)."""

from contextlib import AbstractContextManager, ExitStack

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.kit import put_off


class HeldResponse(Response):
    """An answer that is sent while something is held; the hold is entered here and left when sending is over.

    Guarantees: the hold is left also when the caller is gone or the task is cancelled. When entering raises, there is
    no answer, and the error is answered in its place. Make it where waiting is allowed, as the last step of a route.
    """

    def __init__(
        self, content: bytes, *, hold: AbstractContextManager[object], media_type: str = "application/json"
    ) -> None:
        super().__init__(content, media_type=media_type)
        put_off.settle()  # a hold never waits for the database's writer, who may wait for it
        self._held = ExitStack()
        self._held.enter_context(hold)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and let go."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                # A slot of its own: the common ones may all be taken by withdrawals that wait for this hold to end.
                await to_thread.run_sync(self._held.close, limiter=CapacityLimiter(1))
