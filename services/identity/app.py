"""The ID centre, wired."""

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.bodies import Parts, Periodic, build_app, checking_tokens, register_reader
from services.contracts.directives import SecondProxyClient
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import SetApart, WasSetApart
from services.contracts.oversight.register_view import RegisterView
from services.contracts.proposals_routes import open_dual_control
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import (
    ComparedIdentity,
    CompareIdentity,
    MatchedIdentity,
    MatchIdentity,
    Presence,
)
from services.contracts.shared import SharedClient
from services.contracts.witnessing import WitnessClient
from services.directives.api import directive_routes, release_routes, witness_routes
from services.directives.audit import logged_openings, scan_directives
from services.directives.guarding import LAPSE_SECONDS, lapse_due
from services.directives.release import Releases
from services.directives.service import open_directives, open_witness
from services.identity import egress, tables
from services.identity.api import (
    accounts,
    cards,
    guardianships,
    number_look_ups,
    numbers,
    oauth,
    ocsp,
    passkeys,
    patients,
    people,
)
from services.identity.api import sectors as sector_keys
from services.identity.api.problems import PROBLEMS
from services.identity.audit import scan
from services.identity.card_rows_audit import scan_card_rows
from services.identity.centre import Peers, RecordKeeper, RegistryQuestions, open_centre
from services.identity.guardian_audit import scan_guardianships
from services.identity.kinds import identity_kinds
from services.identity.settings import Settings
from services.identity.workflows import guarding, linking_undo, sectors, wallet_renewal
from services.kit.context import BodyContext, open_body
from services.kit.log.audit import Finding
from services.kit.witness_link import WitnessLink
from services.recovery.api import recovery_routes
from services.recovery.store import RecoveryStore
from services.recovery.workflows import Recovery
from services.succession.api import succession_routes
from services.succession.workflows import Succession

MIGRATIONS = Path(__file__).parent / "migrations"


class _PeersByRegister:
    """The other bodies, where the register says they listen at the moment of telling them something."""

    def __init__(self, context: BodyContext, register: RegisterView) -> None:
        self._context = context
        self._register = register

    def __call__(self, body: Body) -> SharedClient:
        return SharedClient(self._context.http(self._register.directory().body(body).url))


class _RegistryByRegister:
    """The registry, where the register says it listens at the moment of asking."""

    def __init__(self, context: BodyContext, register: RegisterView) -> None:
        self._context = context
        self._register = register

    def presence(self, token: str) -> Presence:
        return self._client().presence(token)

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        return self._client().compare(message)

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        return self._client().match(message)

    def _client(self) -> RegistryClient:
        url = self._register.directory().body(Body.REGISTRY).url
        return RegistryClient(self._context.http(url))


class _MedicalByRegister:
    """The medical centre, where the register says it listens at the moment of telling it something."""

    def __init__(self, context: BodyContext, register: RegisterView) -> None:
        self._context = context
        self._register = register

    def set_apart(self, message: SetApart) -> WasSetApart:
        url = self._register.directory().body(Body.MEDICAL).url
        return MedicalClient(self._context.http(url)).set_apart(message)


def create_app(settings: Settings) -> FastAPI:
    """Return the served application. Raises: DataVersionError, KeyFolderError."""
    context = open_body(Body.IDENTITY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    register = register_reader(context)
    return assemble(
        context,
        settings,
        register=register,
        registry=_RegistryByRegister(context, register),
        peers=_PeersByRegister(context, register),
        medical=_MedicalByRegister(context, register),
    )


def assemble(
    context: BodyContext,
    settings: Settings,
    *,
    register: RegisterView,
    registry: RegistryQuestions,
    peers: Peers,
    medical: RecordKeeper,
) -> FastAPI:
    """Return the application over an opened body, any view of the register, and any other bodies."""
    centre = open_centre(context, settings, register=register, registry=registry, peers=peers)
    directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
    recovery = Recovery(directives, RecoveryStore(tables.RECOVERY, context.cipher), centre.cards.is_own)
    witness = open_witness(context, directory=register.directory)
    oversight = WitnessClient(
        Body.OVERSIGHT,
        SecondProxyClient(context.http(settings.oversight_url)),
        WitnessLink(context.journal, database=context.database, clock=context.clock),
        register,
    )

    def everything(conn: Connection) -> tuple[int, list[Finding]]:
        own, laid_down = scan(centre, conn), scan_directives(directives, conn)
        parts = recovery.store.scan(conn)
        logged = (opening for _, opening in logged_openings(directives, conn))
        of_cards = list(scan_card_rows(centre, conn, logged))
        again = (opening for _, opening in logged_openings(directives, conn))
        of_guardians = list(scan_guardianships(centre, conn, again))
        found = own[1] + laid_down[1] + parts[1] + of_cards + of_guardians
        return own[0] + laid_down[0] + parts[0], found

    parts = Parts(
        routers=[
            oauth.oauth_routes(centre),
            oauth.discovery_routes(centre),
            oauth.status_routes(centre),
            passkeys.passkey_routes(centre),
            cards.card_routes(centre),
            cards.card_care_routes(centre),
            ocsp.ocsp_routes(centre),
            people.people_routes(centre),
            numbers.number_routes(centre),
            accounts.account_routes(centre),
            number_look_ups.number_look_up_routes(centre),
            patients.patient_routes(centre),
            guardianships.guardianship_routes(centre),
            sector_keys.sector_routes(centre),
            directive_routes(directives),
            succession_routes(Succession(directives, effect=partial(wallet_renewal.renewed, centre))),
            recovery_routes(recovery),
            release_routes(Releases(directives, witness)),
            witness_routes(context, witness),
        ],
        problems=PROBLEMS,
        scan=everything,
        open_paths=oauth.OPEN_PATHS | cards.OPEN_PATHS | ocsp.OPEN_PATHS,
        dual_control=open_dual_control(context, tables.PROPOSALS, identity_kinds(centre)),
        witnesses=[oversight],
        periodic=[
            Periodic(settings.sector_interval_seconds, partial(sectors.carry_on, centre)),
            Periodic(settings.undo_interval_seconds, partial(linking_undo.carry_on, centre, medical)),
            Periodic(LAPSE_SECONDS, partial(lapse_due, directives)),
            Periodic(settings.states_interval_seconds, partial(guarding.carry_on, centre, directives)),
            Periodic(settings.age_interval_seconds, partial(guarding.look_at_ages, centre)),
        ],
    )
    own = checking_tokens(context, register, lambda: egress.token_standing(centre))
    return build_app(context, own, parts)
