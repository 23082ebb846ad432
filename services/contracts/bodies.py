"""Assembling a body: the one way from a context and routers to a served application."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, FastAPI
from sqlalchemy import Connection
from starlette.middleware import Middleware

from consent import base64url
from services.contracts.oversight.register import RegisterReader, RegisterView
from services.contracts.shared_routes import shared_routes
from services.contracts.witnessing import WitnessClient, sync_witnesses
from services.kit import access
from services.kit.context import BodyContext
from services.kit.credentials.authentication import Authenticator, Credentials
from services.kit.credentials.callers import Caller
from services.kit.gate import Gate
from services.kit.log.audit import Finding
from services.kit.problems import Problem, install_problems

OPEN_PATHS = frozenset({"/healthz", "/.well-known/sekisho"})
Scan = Callable[[Connection], tuple[int, list[Finding]]]


@dataclass(frozen=True)
class Parts:
    """What one body adds to the common frame.

    `scan` looks at every stored row for the audit and returns (rows seen, findings); `background` are functions run
    in threads of their own while the body is up, told to stop by the event they get.
    """

    routers: Sequence[APIRouter]
    problems: Mapping[type[Exception], Problem]
    scan: Scan
    open_paths: frozenset[str] = frozenset()
    authenticate: Callable[[Credentials], Caller] | None = None
    witnesses: Sequence[WitnessClient] = ()
    on_start: Sequence[Callable[[], None]] = ()
    on_stop: Sequence[Callable[[], None]] = ()
    middleware: Sequence[Middleware] = field(default=())


def register_reader(context: BodyContext) -> RegisterReader:
    """Return a reader of the oversight body's register over the body's own connection."""
    settings = context.settings
    oversight = context.http(settings.oversight_url, timeout=settings.register_timeout_seconds)
    return RegisterReader(
        lambda: str(oversight.get("/register")["register"]),
        key=Ed25519PublicKey.from_public_bytes(base64url.decode(settings.register_key)),
        clock=context.clock,
        max_age=settings.register_max_age_seconds,
        stale_limit=settings.register_stale_seconds,
    )


def authenticator(context: BodyContext, register: RegisterView) -> Callable[[Credentials], Caller]:
    """Return the verification of credentials for this body."""
    return Authenticator(
        audience=context.settings.public_url,
        sealing_key=context.sealing_key,
        accreditations=register,
        database=context.database,
        replays=context.replays,
        clock=context.clock,
    ).authenticate


def build_app(context: BodyContext, register: RegisterView, parts: Parts) -> FastAPI:
    """Return the body's application, gate outermost.

    Raises: UndeclaredRouteError when a route declares no access rule.
    """
    open_paths = OPEN_PATHS | parts.open_paths
    app = FastAPI(
        title=f"Sekisho {context.body.value}",
        lifespan=_lifespan(context, parts),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=list(parts.middleware),
    )
    app.include_router(shared_routes(context, register, parts.scan, parts.witnesses))
    for router in parts.routers:
        app.include_router(router)
    app.state.access_rules = access.rules(app, open_paths)
    app.state.context = context
    install_problems(app, parts.problems)
    app.add_middleware(
        Gate,
        authenticate=parts.authenticate or authenticator(context, register),
        public_url=context.settings.public_url,
        open_paths=open_paths,
        max_body=context.settings.max_body_bytes,
    )
    return app


def _lifespan(context: BodyContext, parts: Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for start in parts.on_start:
            await to_thread.run_sync(start)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_keep_witnessed, context, parts.witnesses)
                yield
                tasks.cancel_scope.cancel()
        finally:
            for stop in parts.on_stop:
                stop()
            context.close()

    return lifespan


async def _keep_witnessed(context: BodyContext, witnesses: Sequence[WitnessClient]) -> None:
    while True:
        await anyio.sleep(context.settings.witness_interval_seconds)
        with suppress(OSError):
            await to_thread.run_sync(sync_witnesses, context, witnesses)
