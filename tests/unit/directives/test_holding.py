"""A hold lasts until the answer was sent, and the barrier keeps no memory of who passed."""

from contextlib import ExitStack
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.directives.api import holding
from services.directives.barrier import Turnstile


class Watched:
    """Notes what the application sends."""

    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self._app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def sending(message: Message) -> None:
            await send(message)
            self._seen.append(message["type"])

        await self._app(scope, receive, sending)


@pytest.mark.parametrize("path", ["/answer", "/refusal"])
def test_a_hold_ends_after_the_answer_was_sent(path: str) -> None:
    app, seen = FastAPI(), list[str]()

    @app.get("/answer")
    def answer(hold: Annotated[ExitStack, Depends(holding)]) -> str:
        hold.callback(seen.append, "let go")
        return "answer"

    @app.get("/refusal")
    def refusal(hold: Annotated[ExitStack, Depends(holding)]) -> str:
        hold.callback(seen.append, "let go")
        raise ValueError

    TestClient(Watched(app, seen), raise_server_exceptions=False).get(path)
    if path == "/answer":
        assert seen == ["http.response.start", "http.response.body", "let go"]
    else:
        assert seen.count("let go") == 1


def test_a_turnstile_forgets_names_that_nobody_uses() -> None:
    turnstile = Turnstile()
    with turnstile.shared("a"), turnstile.shared("a"), turnstile.exclusive("b"):
        assert turnstile.names() == {"a", "b"}
    assert turnstile.names() == set()


def test_a_turnstile_lets_go_when_the_holder_fails() -> None:
    turnstile = Turnstile()
    for way in (turnstile.shared, turnstile.exclusive):
        with pytest.raises(KeyError), way("a"):
            raise KeyError
    assert turnstile.names() == set()
