"""The medical centre, wired."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.bodies import Parts, Periodic, Scan, build_app, register_reader
from services.contracts.medical.authzen import METADATA
from services.contracts.oversight.register_view import RegisterView
from services.contracts.oversight.use_cases import UseCases, UseCasesClient
from services.contracts.witnessing import WitnessClient, witness
from services.directives.api import directive_routes
from services.directives.audit import scan_directives
from services.directives.guarding import LAPSE_SECONDS, lapse_due
from services.directives.service import Directives, open_directives
from services.directives.simulating import simulation_routes
from services.kit.blobs import Blobs, FileBlobs
from services.kit.clock import Clock, Randomness, epoch_seconds, system_clock, system_randomness
from services.kit.context import BodyContext, open_body
from services.kit.log.audit import Finding
from services.kit.object_storage import Bucket, open_bucket
from services.medical import tables
from services.medical.apart import Apart
from services.medical.api.authzen import authzen_routes
from services.medical.api.erasing import erasure_routes
from services.medical.api.headers import header_routes
from services.medical.api.own_records import own_record_routes
from services.medical.api.relationships import relationship_routes
from services.medical.api.routes import medical_routes
from services.medical.api.set_apart import set_apart_routes
from services.medical.api.streams import stream_routes
from services.medical.centre import Centre
from services.medical.depositing import Depositing
from services.medical.erasing import Erasing
from services.medical.evaluating import Evaluating
from services.medical.granting import Granting
from services.medical.handing_over import HandingOver
from services.medical.inspection import Inspection
from services.medical.own_records import OwnRecordsOffice
from services.medical.pace import ReadingPace
from services.medical.reading import Reading
from services.medical.relating import Relating
from services.medical.relationship_store import RelationshipStore
from services.medical.second_proxy import SecondProxy
from services.medical.setting_apart import SettingApart
from services.medical.settings import Settings
from services.medical.store import MedicalStore
from services.medical.stream_store import StreamStore
from services.medical.streaming import Streaming
from services.medical.sweeping import sweep
from services.medical.uploading import Uploading
from services.medical.use_store import UseStore
from services.medical.verifying import Verifying
from services.medical.watching import Watching
from services.recovery.api import recovery_routes
from services.recovery.store import RecoveryStore
from services.recovery.workflows import Recovery, any_card
from services.succession.api import succession_routes
from services.succession.workflows import Succession

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_medical(settings)
    register = register_reader(context)
    witnesses = [
        witness(context, register, Body.OVERSIGHT, url=settings.oversight_url),
        witness(context, register, Body.IDENTITY, url=settings.identity_url),
    ]
    seconds = [SecondProxy(each.body, each.client, each.link, each.verifier) for each in witnesses]
    return assemble(context, settings, register=register, seconds=seconds, witnesses=witnesses)


def open_medical(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    randomness: Randomness = system_randomness,
) -> BodyContext:
    """Open keys and database. Raises: DataVersionError, KeyFolderError."""
    return open_body(
        Body.MEDICAL, settings, tables=tables.kit, migrations=MIGRATIONS, clock=clock, randomness=randomness
    )


def assemble(
    context: BodyContext,
    settings: Settings,
    *,
    register: RegisterView,
    seconds: Sequence[SecondProxy],
    witnesses: Sequence[WitnessClient],
    use_cases: UseCases | None = None,
) -> FastAPI:
    """Put the application together over an opened body; `seconds` are asked for fragments in their order.

    `use_cases` are the oversight body's, by default over HTTP.
    """
    directives = open_directives(context, tables.directives, directory=register.directory)
    recovery = Recovery(directives, RecoveryStore(tables.recovery, context.cipher), any_card)
    workers = ThreadPoolExecutor(settings.reencryption_threads, thread_name_prefix="reencrypt")
    centre = Centre(
        context=context,
        settings=settings,
        register=register,
        directives=directives.store,
        barrier=directives.barrier,
        store=MedicalStore(context.cipher),
        apart=Apart(context.cipher, context.randomness),
        streams=StreamStore(context.cipher),
        blobs=open_blobs(settings),
        seconds=seconds,
        workers=workers,
    )
    watching = Watching.over(centre, use_cases or UseCasesClient(context.http(settings.oversight_url)))
    handing_over = HandingOver(centre)
    helpers = ThreadPoolExecutor(settings.signature_threads, thread_name_prefix="verify")
    depositing = Depositing(centre, Verifying(register, helpers, settings.signature_threads))
    routes = medical_routes(depositing, Reading(centre), Granting(centre))
    parts = Parts(
        routers=[
            directive_routes(directives),
            simulation_routes(directives),
            recovery_routes(recovery),
            routes,
            own_record_routes(OwnRecordsOffice(centre), depositing),
            set_apart_routes(SettingApart(centre)),
            erasure_routes(Erasing(centre)),
            stream_routes(Uploading(centre), Streaming(centre)),
            succession_routes(Succession(directives, handing_over.announced, handing_over.renewed)),
            header_routes(handing_over),
            authzen_routes(Evaluating(centre), url=context.settings.public_url),
            relationship_routes(Relating(centre)),
        ],
        open_paths=frozenset({METADATA}),
        problems={},
        scan=_scans(directives, recovery, Inspection(centre), _uses_scan(context, settings)),
        witnesses=witnesses,
        on_stop=[workers.shutdown, helpers.shutdown],
        periodic=[
            Periodic(settings.sweep_interval_seconds, lambda: _sweep(centre)),
            Periodic(settings.watch_interval_seconds, watching.run),
            Periodic(LAPSE_SECONDS, partial(lapse_due, directives)),
        ],
    )
    app = build_app(context, register, parts)
    app.state.watching = watching
    return app


def open_blobs(settings: Settings) -> Blobs:
    """Return where segments of large documents are kept. Raises: ObjectStorageError."""
    if not settings.blob_bucket:
        return FileBlobs(settings.blob_folder or settings.data / "blobs")
    bucket = Bucket(
        name=settings.blob_bucket,
        endpoint=settings.blob_endpoint,
        region=settings.blob_region,
        prefix=settings.blob_prefix,
        timeout=settings.blob_timeout_seconds,
    )
    return open_bucket(
        bucket, settings.blob_credentials or settings.key_folder / "object-storage.credentials"
    )


def _sweep(centre: Centre) -> None:
    sweep(centre)
    with centre.context.database.write() as conn:
        now = epoch_seconds(centre.context.clock())
        RelationshipStore(centre.context.cipher).forget(conn, now=now)


def _scans(directives: Directives, recovery: Recovery, inspection: Inspection, uses: Scan) -> Scan:
    def scan(conn: Connection) -> tuple[int, list[Finding]]:
        rows, found = scan_directives(directives, conn)
        more, others = inspection.scan(conn)
        parts, changed = recovery.store.scan(conn)
        told, edited = uses(conn)
        return rows + more + parts + told, found + others + changed + edited

    return scan


def _uses_scan(context: BodyContext, settings: Settings) -> Scan:
    cipher = context.cipher
    stores = (RelationshipStore(cipher), UseStore(cipher), ReadingPace(cipher, settings))

    def scan(conn: Connection) -> tuple[int, list[Finding]]:
        scans = [each.scan(conn) for each in stores]
        return sum(rows for rows, _ in scans), [each for _, found in scans for each in found]

    return scan
