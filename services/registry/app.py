"""The resident registry, wired."""

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.bodies import Parts, Periodic, build_app, register_reader
from services.contracts.directives import SecondProxyClient
from services.contracts.oversight.register_view import RegisterView
from services.contracts.proposals_routes import open_dual_control
from services.contracts.witnessing import WitnessClient
from services.directives.api import directive_routes
from services.directives.audit import scan_directives
from services.directives.guarding import LAPSE_SECONDS, lapse_due
from services.directives.service import open_directives
from services.directives.simulating import simulation_routes
from services.kit.context import BodyContext, open_body
from services.kit.log.audit import Finding
from services.kit.witness_link import WitnessLink
from services.registry import erasing, tables
from services.registry.api.attributes import attribute_routes
from services.registry.api.disclosures import disclosure_routes
from services.registry.api.identification import identification_routes
from services.registry.api.look_ups import look_up_routes
from services.registry.api.problems import PROBLEMS
from services.registry.api.routes import registry_routes
from services.registry.api.supervision import supervision_routes
from services.registry.audit import scan, scan_look_ups
from services.registry.centre import Registry
from services.registry.identification import enter_missing
from services.registry.kinds import registry_kinds
from services.registry.settings import Settings
from services.registry.store import Store
from services.succession.api import succession_routes
from services.succession.workflows import Succession

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_body(Body.REGISTRY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    return assemble(context, register=register_reader(context))


def assemble(context: BodyContext, *, register: RegisterView) -> FastAPI:
    """Return the application over an opened body and any view of the register."""
    directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
    store = Store(context.cipher, context.randomness)
    registry = Registry(context, register, store, directives)
    oversight = WitnessClient(
        Body.OVERSIGHT,
        SecondProxyClient(context.http(context.settings.oversight_url)),
        WitnessLink(context.journal, database=context.database, clock=context.clock),
        register,
    )

    def everything(conn: Connection) -> tuple[int, list[Finding]]:
        scans = [scan(store, conn), scan_look_ups(registry, conn), scan_directives(directives, conn)]
        return sum(rows for rows, _ in scans), [finding for _, found in scans for finding in found]

    parts = Parts(
        routers=[
            registry_routes(registry),
            attribute_routes(registry),
            disclosure_routes(registry),
            look_up_routes(registry),
            identification_routes(registry),
            supervision_routes(registry),
            directive_routes(directives),
            simulation_routes(directives),
            succession_routes(Succession(directives)),
        ],
        problems=PROBLEMS,
        scan=everything,
        dual_control=open_dual_control(context, tables.PROPOSALS, registry_kinds(registry)),
        witnesses=[oversight],
        on_start=[registry.bring_index_up_to_date, partial(enter_missing, registry)],
        periodic=[
            Periodic(registry.settings.erasure_interval_seconds, lambda: _erase(registry)),
            Periodic(LAPSE_SECONDS, partial(lapse_due, directives)),
        ],
    )
    return build_app(context, register, parts)


def _erase(registry: Registry) -> None:
    erasing.erase_due(registry)
