"""The anonymiser, wired."""

from collections.abc import Callable, Sequence
from pathlib import Path

from fastapi import FastAPI

from consent.vocabulary import Body
from services.contracts.bodies import Parts, build_app, register_reader
from services.contracts.oversight.register_view import RegisterView
from services.contracts.witnessing import WitnessClient, witness
from services.gateway.organisation import Organisation
from services.kit.context import BodyContext, open_body
from services.research import tables
from services.research.api.routes import research_routes
from services.research.audit import scan
from services.research.centre import Centre, OwnOrganisation
from services.research.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_body(Body.RESEARCH, settings, tables=tables.KIT, migrations=MIGRATIONS)
    register, own = register_reader(context), OwnOrganisation(settings.organisation_folder)
    return assemble(
        context,
        settings,
        register=register,
        organisation=own,
        witnesses=[witness(context, register, Body.OVERSIGHT, url=settings.oversight_url)],
        on_stop=[own.close],
    )


def assemble(
    context: BodyContext,
    settings: Settings,
    *,
    register: RegisterView,
    organisation: Callable[[], Organisation],
    witnesses: Sequence[WitnessClient],
    on_stop: Sequence[Callable[[], None]] = (),
) -> FastAPI:
    """Return the application over an opened body, any view of the register, and itself as a reader of records."""
    centre = Centre(context, settings, organisation)
    parts = Parts(
        routers=[research_routes(centre)],
        problems={},
        scan=lambda conn: scan(centre, conn),
        witnesses=witnesses,
        on_stop=on_stop,
    )
    return build_app(context, register, parts)
