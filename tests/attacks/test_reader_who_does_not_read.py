"""A reader that asks and does not take the answer: it cannot keep the person from withdrawing."""

import anyio
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Message, Scope

from services.directives.barrier import Turnstile
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import Caller
from services.kit.gate import Gate
from services.kit.held_response import HeldResponse

DIRECTIVE = "directive"
PATIENCE_SECONDS = 20
SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "path": "/answer",
    "raw_path": b"/answer",
    "query_string": b"",
    "headers": [],
}


def nobody(_credentials: Credentials) -> Caller:
    raise AssertionError("the address is open")


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def never_taken(_message: Message) -> None:
    # what uvicorn does while the connection's buffer is full of an earlier answer that nobody takes
    await anyio.sleep_forever()


def test_an_answer_that_is_not_taken_lets_go_of_the_directive() -> None:
    """SC2: the hold of an answer under way ends in bounded time, whatever the reader does with its connection."""
    turnstile, app = Turnstile(), FastAPI()

    @app.get("/answer")
    def answer() -> Response:
        return HeldResponse(b"answer", hold=turnstile.shared(DIRECTIVE))

    gate = Gate(
        app,
        authenticate=nobody,
        public_url="https://medical.example",
        open_paths=frozenset({"/answer"}),
        max_body=1,
        nonce=lambda: "nonce",
        send_seconds=0.01,
    )

    async def ask() -> bool:
        with anyio.move_on_after(PATIENCE_SECONDS) as patience:
            try:
                await gate({**SCOPE, "state": {}}, receive, never_taken)
            except TimeoutError:
                return turnstile.names() == set()
        assert not patience.cancelled_caught, "the directive is still held"
        return False

    assert anyio.run(ask)
