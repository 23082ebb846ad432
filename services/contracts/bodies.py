"""Assembling a body: the one way from a context and routers to a served application."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import anyio
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from sqlalchemy import Connection

from consent import base64url
from services.contracts.gossip import Gossip, gossip
from services.contracts.oversight.register_reader import RegisterReader
from services.contracts.oversight.register_view import DirectorySource, RegisterView, WithTokens
from services.contracts.proposals_routes import proposal_routes, scan_proposals
from services.contracts.published import OPEN_LOG_PATHS
from services.contracts.published_routes import published_routes
from services.contracts.shared_routes import shared_routes
from services.contracts.witnessing import WitnessClient, sync_witnesses
from services.kit import access
from services.kit.context import BodyContext
from services.kit.credentials.authentication import Authenticator, Credentials
from services.kit.credentials.callers import Caller
from services.kit.credentials.standing import STATUS_PATH, standing_reader
from services.kit.dual_control.workflows import DualControl
from services.kit.gate import Gate
from services.kit.high_water import MarkInFolder
from services.kit.log.audit import Finding
from services.kit.problems import Problem, install_problems, told
from services.kit.straight import straight_routes

logger = logging.getLogger("sekisho")
REGISTER_SEEN: Final = "register-seen"
"""In a body's folder: the highest edition of the register that it used, so that a restart takes no older one."""
OPEN_PATHS = frozenset({"/healthz", "/.well-known/sekisho"}) | OPEN_LOG_PATHS
DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "A problem document (RFC 9457): refused, with a stable code and what to do next."},
    503: {"description": "A problem document: a body that is needed does not answer; nothing was done."},
}
UNTOLD: Final = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""What a body does is in its log; nobody else is told of requests, however the machine is set up."""
Scan = Callable[[Connection], tuple[int, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something that a body does again and again while it is up, one run at a time in this process.

    Units: `seconds` between runs. `run` does a bounded piece of work; an error is logged and the next run comes.
    """

    seconds: float
    run: Callable[[], None]


@dataclass(frozen=True)
class Parts:
    """What one body adds to the common frame.

    `scan` looks at every stored row for the audit and returns (rows seen, findings).
    """

    routers: Sequence[APIRouter]
    problems: Mapping[type[Exception], Problem]
    scan: Scan
    dual_control: DualControl | None = None
    open_paths: frozenset[str] = frozenset()
    authenticate: Callable[[Credentials], Caller] | None = None
    witnesses: Sequence[WitnessClient] = ()
    on_start: Sequence[Callable[[], None]] = ()
    on_stop: Sequence[Callable[[], None]] = ()
    periodic: Sequence[Periodic] = ()


def register_reader(context: BodyContext) -> RegisterView:
    """Return a reader of the oversight body's register over the body's own connection."""
    settings = context.settings
    oversight = context.http(settings.oversight_url, timeout=settings.register_timeout_seconds)
    reader = RegisterReader(
        lambda: str(oversight.get("/register")["register"]),
        key=Ed25519PublicKey.from_public_bytes(base64url.decode(settings.register_key)),
        clock=context.clock,
        max_age=settings.register_max_age_seconds,
        stale_limit=settings.register_stale_seconds,
        at=context.body,
        seen=MarkInFolder(settings.data / REGISTER_SEEN),
    )
    return with_tokens(context, reader)


def with_tokens(context: BodyContext, register: DirectorySource) -> RegisterView:
    """Return the register with the state of access tokens, fetched from the ID centre."""
    settings = context.settings
    identity = context.http(settings.identity_url, timeout=settings.register_timeout_seconds)
    return checking_tokens(context, register, lambda: identity.send("GET", STATUS_PATH).text)


def checking_tokens(
    context: BodyContext, register: DirectorySource, fetch: Callable[[], str]
) -> RegisterView:
    """Return the register with the state of access tokens that `fetch` returns, signed."""
    settings = context.settings
    standing = standing_reader(
        fetch,
        url=settings.identity_url + STATUS_PATH,
        key=lambda: register.directory().token_key(),
        clock=context.clock,
        max_age=settings.token_status_max_age_seconds,
        stale_limit=settings.token_status_stale_seconds,
    )
    return WithTokens(register, standing)


def authenticator(context: BodyContext, register: RegisterView) -> Callable[[Credentials], Caller]:
    """Return the verification of credentials for this body."""
    return Authenticator(
        audience=context.settings.public_url,
        sealing_key=context.sealing_key,
        nonces=context.nonces,
        accreditations=register,
        database=context.database,
        replays=context.replays,
        people=context.people,
        clock=context.clock,
    ).authenticate


def build_app(context: BodyContext, register: RegisterView, parts: Parts) -> FastAPI:
    """Return the body's application, gate outermost.

    Raises: UndeclaredRouteError when a route declares no access rule.
    """
    open_paths = OPEN_PATHS | parts.open_paths
    app = FastAPI(
        title=f"Sekisho {context.body.value}",
        lifespan=_lifespan(context, parts, gossip(context, register)),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses=DOCUMENTED,
        telemetry=UNTOLD,
    )
    # in this order they are tried: a body's own work comes more often than the care of the body
    for router in parts.routers:
        _take(app, router)
    if parts.dual_control is not None:
        _take(app, proposal_routes(parts.dual_control, register))
    _take(app, shared_routes(context, register, _whole_scan(parts), parts.witnesses))
    _take(app, published_routes(context))
    app.state.access_rules = access.rules(app, open_paths, at=context.body)
    app.state.context = context
    install_problems(app, parts.problems)
    app.add_middleware(
        Gate,
        authenticate=parts.authenticate or authenticator(context, register),
        public_url=context.settings.public_url,
        open_paths=open_paths,
        max_body=context.settings.max_body_bytes,
        nonce=lambda: context.nonces.present(context.clock()),
        straight=straight_routes(app, open_paths),
        told=told(app),
    )
    return app


def _take(app: FastAPI, router: APIRouter) -> None:
    """Take a router's routes as they are: `include_router` makes each a second time, for prefixes that none has."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.responses = {**DOCUMENTED, **route.responses}
        app.router.routes.append(route)


def _whole_scan(parts: Parts) -> Scan:
    control = parts.dual_control
    if control is None:
        return parts.scan

    def scan(conn: Connection) -> tuple[int, list[Finding]]:
        rows, found = parts.scan(conn)
        return rows + len(control.store.ids(conn)), [*found, *scan_proposals(control, conn)]

    return scan


def _lifespan(
    context: BodyContext, parts: Parts, asking: Gossip
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for start in parts.on_start:
            await to_thread.run_sync(start)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_keep_witnessed, context, parts.witnesses)
                tasks.start_soon(_repeat, Periodic(context.settings.gossip_interval_seconds, asking.run))
                for each in parts.periodic:
                    tasks.start_soon(_repeat, each)
                yield
                tasks.cancel_scope.cancel()
        finally:
            for stop in parts.on_stop:
                stop()
            context.close()

    return lifespan


async def _repeat(periodic: Periodic) -> None:
    while True:
        await anyio.sleep(periodic.seconds)
        try:
            await to_thread.run_sync(periodic.run)
        except Exception as error:  # whatever it is, the work is tried again; its text could name somebody
            logger.error("periodic work failed: %s", type(error).__name__)


async def _keep_witnessed(context: BodyContext, witnesses: Sequence[WitnessClient]) -> None:
    while True:
        await anyio.sleep(context.settings.witness_interval_seconds)
        with suppress(OSError):
            await to_thread.run_sync(sync_witnesses, context, witnesses)
