"""The product safety centre, wired."""

from pathlib import Path

from fastapi import FastAPI

from consent.vocabulary import Body
from services.contracts.bodies import Parts, build_app, register_reader
from services.contracts.oversight.register_view import RegisterView
from services.contracts.witnessing import witness
from services.kit.context import BodyContext, open_body
from services.product_safety import notifying, store, tables
from services.product_safety.api.problems import PROBLEMS
from services.product_safety.api.routes import inbox_routes, recall_routes, trade_routes
from services.product_safety.audit import scan
from services.product_safety.centre import Centre
from services.product_safety.dispatch import DurableDispatch
from services.product_safety.model import RecallId
from services.product_safety.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_body(Body.PRODUCT_SAFETY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    return assemble(context, register_reader(context), settings)


def assemble(context: BodyContext, register: RegisterView, settings: Settings) -> FastAPI:
    """Return the application over an opened body and any view of the register."""
    centre = Centre(context, register)
    dispatch = DurableDispatch(
        database_url=settings.workflow_database,
        executor=settings.workflow_executor,
        pace=settings.recall_pace_seconds,
        notify=lambda recall: notifying.notify_batch(centre, recall, limit=settings.recall_batch),
        unfinished=lambda: _unfinished(context),
    )
    parts = Parts(
        routers=[trade_routes(centre), recall_routes(centre, dispatch), inbox_routes(centre)],
        problems=PROBLEMS,
        scan=lambda conn: scan(context.journal, conn),
        witnesses=[witness(context, register, Body.OVERSIGHT, url=settings.oversight_url)],
        on_start=[dispatch.start],
        on_stop=[dispatch.stop],
    )
    return build_app(context, register, parts)


def _unfinished(context: BodyContext) -> list[RecallId]:
    with context.database.read() as conn:
        return store.unfinished(conn)
