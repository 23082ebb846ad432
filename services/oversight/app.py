"""The oversight body, wired."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.bodies import Parts, Periodic, build_app, with_tokens
from services.contracts.oversight.register_view import DirectorySource, RegisterView
from services.contracts.proposals_routes import open_dual_control
from services.contracts.witnessing import witness as witness_of
from services.directives.api import directive_routes, release_routes, witness_routes
from services.directives.guarding import LAPSE_SECONDS, lapse_due
from services.directives.release import Releases
from services.directives.service import open_directives, open_witness
from services.kit.certificates import Authority, CertificateError, load_authority
from services.kit.context import BodyContext, open_body
from services.kit.keys import KeyFolderError
from services.kit.log.audit import Finding
from services.oversight import tables
from services.oversight.api.audit_reports import audit_report_routes
from services.oversight.api.emergencies import emergency_routes
from services.oversight.api.problems import PROBLEMS
from services.oversight.api.routes import register_routes
from services.oversight.api.unmasking import unmasking_routes
from services.oversight.api.use_cases import use_case_routes
from services.oversight.api.wrong_fragments import wrong_fragment_routes
from services.oversight.audit import scan, scan_emergencies, scan_unmaskings
from services.oversight.audit_reports import AuditOffice
from services.oversight.editions import Editions
from services.oversight.emergency_relaying import end, on_behalf
from services.oversight.emergency_rules import Emergencies
from services.oversight.emergency_store import EmergencyStore
from services.oversight.founding import found
from services.oversight.kinds import oversight_kinds
from services.oversight.office import Office
from services.oversight.policy_kinds import policy_kinds
from services.oversight.settings import Settings
from services.oversight.store import RegisterStore
from services.oversight.unmasking import Unmasker
from services.oversight.unmasking_kinds import unmasking_kinds
from services.oversight.unmasking_store import UnmaskingStore
from services.oversight.use_case_store import UseCaseStore
from services.oversight.use_cases import UseCaseOffice
from services.oversight.wrong_fragments import scan_wrong_fragments
from services.recovery.api import recovery_routes
from services.recovery.store import RecoveryStore
from services.recovery.workflows import Recovery, any_card
from services.succession.api import succession_routes
from services.succession.workflows import Succession

MIGRATIONS = Path(__file__).parent / "migrations"
ENDING_SECONDS = 60.0
"""How often answers of emergencies that are over are deleted; nobody gets one in between."""


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError, SettingsError."""
    context = open_body(Body.OVERSIGHT, settings, tables=tables.KIT, migrations=MIGRATIONS)
    return assemble(context, settings, with_tokens=partial(with_tokens, context))


def assemble(
    context: BodyContext, settings: Settings, *, with_tokens: Callable[[DirectorySource], RegisterView]
) -> FastAPI:
    """Return the application over an opened body; the state of tokens comes from the ID centre, or is told."""
    office = open_office(context, settings)
    directives = open_directives(context, tables.DIRECTIVES, directory=office.editions.directory)
    recovery = Recovery(directives, RecoveryStore(tables.RECOVERY, context.cipher), any_card)
    own_witness = open_witness(context, directory=office.editions.directory)

    emergencies = Emergencies(directives, EmergencyStore(context.cipher), settings)
    use_cases = UseCaseOffice(context, UseCaseStore(context.cipher), settings, office.editions.directory)
    unmasker = Unmasker(directives, UnmaskingStore(context.cipher), settings)

    audits = AuditOffice(context, office.editions, settings.audit_report_minutes * 60)
    witnesses = [witness_of(context, office.editions, Body.IDENTITY, url=settings.identity_url)]

    def everything(conn: Connection) -> tuple[int, list[Finding]]:
        scans = (
            scan(office.store, directives, conn),
            recovery.store.scan(conn),
            scan_emergencies(emergencies.store, conn),
            scan_wrong_fragments(directives, conn),
            use_cases.store.scan(conn),
            scan_unmaskings(unmasker.store, conn),
            audits.scan(conn),
        )
        return sum(rows for rows, _ in scans), [each for _, found in scans for each in found]

    parts = Parts(
        routers=[
            register_routes(office),
            directive_routes(directives),
            succession_routes(Succession(directives)),
            recovery_routes(recovery),
            release_routes(Releases(directives, own_witness, on_behalf(emergencies))),
            emergency_routes(emergencies),
            wrong_fragment_routes(directives),
            use_case_routes(use_cases),
            unmasking_routes(unmasker),
            witness_routes(context, own_witness),
            audit_report_routes(audits, witnesses),
        ],
        problems=PROBLEMS,
        scan=everything,
        open_paths=frozenset({"/register/public"}),
        dual_control=open_dual_control(
            context,
            tables.PROPOSALS,
            [*oversight_kinds(office), *policy_kinds(office), *unmasking_kinds(unmasker)],
        ),
        periodic=[
            Periodic(ENDING_SECONDS, lambda: end(emergencies)),
            Periodic(LAPSE_SECONDS, partial(lapse_due, directives)),
        ],
        witnesses=witnesses,
    )
    app = build_app(context, with_tokens(office.editions), parts)
    app.state.office = office
    return app


def open_office(context: BodyContext, settings: Settings) -> Office:
    """Return the register's office, with the founding file taken in by a register that is empty."""
    store = RegisterStore(context.cipher)
    with context.database.write() as conn:
        store.initialise(conn)
    office = Office(context, store, Editions(context, store), _authority(context))
    if settings.bootstrap is not None:
        found(office, settings.bootstrap)
    return office


def _authority(context: BodyContext) -> Authority:
    try:
        return load_authority(context.tls.authority.read_bytes(), context.keys.p256("accreditation"))
    except (OSError, CertificateError) as error:
        raise KeyFolderError(
            f"the accreditation authority cannot be loaded ({error}); "
            f"restore {context.tls.authority} and the key folder from one backup"
        ) from error
