"""My Portal, wired."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI
from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.bodies import OPEN_PATHS, Parts, build_app, register_reader
from services.contracts.oversight.register_view import RegisterView
from services.contracts.portal.client import SESSION_PATH
from services.kit import access
from services.kit.context import BodyContext, open_body
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import Caller
from services.kit.log.audit import Finding
from services.kit.problems import UnauthenticatedError
from services.portal import store, tables
from services.portal.api.pages import page_routes
from services.portal.api.relay import RelayRoutes
from services.portal.api.sessions import SignedIn, session_routes
from services.portal.egress import Relay, connect
from services.portal.headers import BrowserHeaders
from services.portal.pages import PAGE_PATHS
from services.portal.policy import PASSAGES, Access, portal_paths
from services.portal.settings import Settings
from services.portal.workflows import Sessions

MIGRATIONS = Path(__file__).parent / "migrations"
TO_ANYBODY: Final = PAGE_PATHS | portal_paths(Access.LOGIN)
WITH_COOKIE: Final = portal_paths(Access.SESSION) | {SESSION_PATH}


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_body(Body.PORTAL, settings, tables=tables.KIT, migrations=MIGRATIONS)
    clients = connect(settings.urls, context=context.client_tls, timeout=settings.peer_timeout_seconds)
    return assemble(context, settings, register=register_reader(context), clients=clients)


def assemble(
    context: BodyContext,
    settings: Settings,
    *,
    register: RegisterView,
    clients: Mapping[Body, httpx.Client],
) -> FastAPI:
    """Return the application over an opened body, any view of the register, and any way to the bodies.

    The gate knows certificates and tokens, not cookies: it lets the addresses that need a session pass to their
    routes. That each of those declares the session as its rule is checked here.
    Raises: UndeclaredRouteError when one does not.
    """
    sessions = Sessions(context, register, settings.session_seconds)
    relay = Relay(clients, answer_bytes=settings.answer_bytes)
    relay_routes = RelayRoutes(relay, SignedIn(sessions), at_once=settings.relays_at_once)
    parts = Parts(
        routers=[page_routes(settings), session_routes(sessions), relay_routes.router(PASSAGES)],
        problems={},
        scan=_scan,
        open_paths=TO_ANYBODY | WITH_COOKIE,
        authenticate=_refuse,
        on_stop=[relay.close],
    )
    app = build_app(context, register, parts)
    app.state.access_rules = access.rules(app, OPEN_PATHS | TO_ANYBODY, at=Body.PORTAL)
    app.add_middleware(BrowserHeaders)
    return app


def _refuse(_credentials: Credentials) -> Caller:
    raise UnauthenticatedError("My Portal serves its pages and passes on what is on its list, nothing else")


def _scan(conn: Connection) -> tuple[int, list[Finding]]:
    # a session row is a hash and a time: nothing contradicts it
    return store.count_sessions(conn), []
