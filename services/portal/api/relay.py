"""One route for each passage of the relay, and none besides."""

from collections.abc import Awaitable, Callable, Iterable

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request, Response

from consent.vocabulary import Body
from services.kit.problems import MalformedRequestError
from services.portal.api.sessions import SignedIn, single_header
from services.portal.egress import PASSED_ON, Relay, Sent
from services.portal.policy import Access, Passage


class RelayRoutes:
    """Makes the routes. A body that is slow keeps only its own requests waiting: each has its own threads."""

    def __init__(self, relay: Relay, signed_in: SignedIn, *, at_once: int) -> None:
        self._relay = relay
        self._signed_in = signed_in
        self._at_once = at_once
        self._limiters: dict[Body, CapacityLimiter] = {}

    def router(self, passages: Iterable[Passage]) -> APIRouter:
        """Return the router of these passages."""
        router = APIRouter()
        for passage in passages:
            router.add_api_route(
                passage.portal_path,
                self._route(passage),
                methods=[passage.method],
                name=f"relay {passage.method} {passage.body.value}{passage.path}",
                dependencies=[Depends(self._signed_in)] if passage.access is Access.SESSION else [],
                response_class=Response,
            )
        return router

    def _route(self, passage: Passage) -> Callable[[Request], Awaitable[Response]]:
        async def relayed(request: Request) -> Response:
            headers = {name: single_header(request, name) for name in PASSED_ON}
            query = request.scope["query_string"].decode("latin-1")
            for part, text in {"query": query, **headers}.items():
                _require_plain(part, text or "")
            sent = Sent(
                query=query.encode("ascii"),
                headers={name: value for name, value in headers.items() if value is not None},
                content=await request.body(),
            )
            limiter = self._limiters.setdefault(passage.body, CapacityLimiter(self._at_once))
            answer = await to_thread.run_sync(self._relay.forward, passage, sent, limiter=limiter)
            return Response(answer.content, answer.status, dict(answer.headers))

        return relayed


def _require_plain(part: str, text: str) -> None:
    if not (text.isascii() and text.isprintable()):
        raise MalformedRequestError(f"{part}: only visible ASCII signs are passed on")
