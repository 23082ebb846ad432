"""What a body is made of when it runs: its keys, its database, its journal, its view of the others."""

import ssl
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import MetaData, Table, exists, select

from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.kit.circuit import Circuit
from services.kit.clock import Clock, Randomness, system_clock, system_randomness
from services.kit.columns import ColumnCipher
from services.kit.credentials.dpop import DpopNonces
from services.kit.credentials.pseudonyms import (
    PseudonymTokenError,
    VerifiedPseudonym,
    open_pseudonym_token,
)
from services.kit.database import Database
from services.kit.http import Http, client_context
from services.kit.journal import Journal
from services.kit.journal_tables import JournalTables, journal_tables
from services.kit.keys import KeyFolder
from services.kit.log.note import NoteSigner
from services.kit.log.views import Views, ViewTables, view_tables
from services.kit.people import People, PeopleTables, RetiredNameError, people_tables
from services.kit.replay import ReplayCache, replay_table
from services.kit.server import Tls
from services.kit.settings import BodySettings


@dataclass(frozen=True, slots=True)
class KitTables:
    """The tables that every body has besides its own."""

    journal: JournalTables
    used_once: Table
    people: PeopleTables
    views: ViewTables


def kit_tables(metadata: MetaData) -> KitTables:
    """Define the common tables on a body's metadata; call once, in its `tables.py`."""
    return KitTables(
        journal_tables(metadata), replay_table(metadata), people_tables(metadata), view_tables(metadata)
    )


def log_origin(body: Body) -> str:
    """Return the name of a body's log and of its keys (C2SP origin)."""
    return f"sekisho/{body.value}"


def witness_name(body: Body) -> str:
    """Return the name under which a body co-signs other logs."""
    return f"{log_origin(body)}/witness"


def tls_files(settings: BodySettings) -> Tls:
    """Return where the body's TLS files lie."""
    folder = settings.data / "tls"
    return Tls(
        certificate=settings.tls_certificate or folder / "certificate.pem",
        key=settings.tls_key or folder / "key.pem",
        authority=settings.tls_authority or folder / "authority.pem",
    )


@dataclass(frozen=True)
class BodyContext:
    """One running body. Built by `open_body`; tests build it with another clock and randomness."""

    body: Body
    settings: BodySettings
    clock: Clock
    randomness: Randomness
    keys: KeyFolder
    database: Database
    tables: KitTables
    cipher: ColumnCipher
    replays: ReplayCache
    journal: Journal
    people: People
    views: Views
    _connections: dict[tuple[str, float], Http] = field(default_factory=dict, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def signing_key(self) -> Ed25519PrivateKey:
        """Signs receipts and what else the body states."""
        return self.keys.ed25519("signing")

    @cached_property
    def sealing_key(self) -> X25519PrivateKey:
        """Opens what others sealed to this body."""
        return self.keys.x25519("sealing")

    @cached_property
    def nonces(self) -> DpopNonces:
        """The nonces that DPoP proofs for this body must carry."""
        return DpopNonces(self.keys.secret("dpop-nonces"), self.settings.dpop_nonce_seconds)

    @cached_property
    def tls(self) -> Tls:
        """The body's TLS files."""
        return tls_files(self.settings)

    @cached_property
    def client_tls(self) -> ssl.SSLContext:
        """The body as a TLS client."""
        return client_context(authority=self.tls.authority, tls=self.tls)

    def http(self, url: str, *, timeout: float | None = None) -> Http:
        """Return the connection pool to another body, with this body's certificate.

        One that does not answer is left alone for a while; not so for who brings a `timeout` of their own and holds off
        by themselves (`kit.fresh`). Units: `timeout` is seconds.
        """
        limit = timeout or self.settings.peer_timeout_seconds
        with self._opening:
            if (url, limit) not in self._connections:
                self._connections[url, limit] = Http(
                    url,
                    context=self.client_tls,
                    timeout=limit,
                    circuit=None if timeout else Circuit(self.settings.circuit, clock=self.clock),
                    clock=self.clock,
                    randomness=self.randomness,
                )
            return self._connections[url, limit]

    def whom(
        self, token: str, *, issuer: Ed25519PublicKey, organisation: OrganisationId
    ) -> VerifiedPseudonym:
        """Return whom an organisation's pseudonym token means, by this body's own name.

        The caller uses the token up. Raises: PseudonymTokenError, UnavailableError.
        """
        named = open_pseudonym_token(
            token,
            key=self.sealing_key,
            issuer=issuer,
            body=self.body,
            organisation=organisation,
            now=self.clock(),
        )
        try:
            with self.database.read() as conn:
                return replace(named, pseudonym=self.people.own_name(conn, named.pseudonym))
        except RetiredNameError as error:
            raise PseudonymTokenError(str(error)) from error

    def close(self) -> None:
        """Close connections and the database."""
        for each in self._connections.values():
            each.close()
        self.database.dispose()


def open_body(
    body: Body,
    settings: BodySettings,
    *,
    tables: KitTables,
    migrations: Path,
    clock: Clock = system_clock,
    randomness: Randomness = system_randomness,
) -> BodyContext:
    """Open a body's keys and database, brought to this version.

    Raises: DataVersionError, KeyFolderError, LogCorruptError.
    """
    keys = KeyFolder(settings.key_folder, randomness=randomness)
    database = Database(settings.database, connections=settings.database_connections)
    database.migrate(migrations)
    with database.read() as conn:
        if conn.execute(select(exists().where(tables.journal.log.leaf.c.position >= 0))).scalar():
            keys.require_keys()
    cipher = ColumnCipher(keys.secret("columns"), randomness=randomness)
    signer = NoteSigner(log_origin(body), keys.ed25519("log"))
    journal = Journal(
        tables.journal, body=body, signer=signer, cipher=cipher, clock=clock, randomness=randomness
    )
    people = People(tables.people, cipher=cipher, key=keys.secret("columns"))
    with database.write() as conn:
        journal.initialise(conn)
        people.initialise(conn, logged=journal.persons)
    return BodyContext(
        body=body,
        settings=settings,
        clock=clock,
        randomness=randomness,
        keys=keys,
        database=database,
        tables=tables,
        cipher=cipher,
        replays=ReplayCache(tables.used_once),
        journal=journal,
        people=people,
        views=Views(tables.views, witnessed=tables.journal.log.witnessed),
    )
