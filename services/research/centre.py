"""What the workflows share: the running body, its limits, and itself as an accredited organisation."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection

from anonymize import ConnectedLedger, LedgerPolicy
from consent import base64url
from services.gateway.errors import CredentialFolderError
from services.gateway.organisation import Organisation
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.research import tables
from services.research.errors import MedicalUnavailableError
from services.research.policy import Limits
from services.research.records import Records
from services.research.settings import Settings

ID_BYTES = 16


@dataclass(frozen=True)
class Centre:
    """The anonymiser as its workflows see it; `organisation` is itself as a reader of records."""

    context: BodyContext
    settings: Settings
    organisation: Callable[[], Organisation]

    @cached_property
    def limits(self) -> Limits:
        """What this deployment asks for at least, and opens at most."""
        told = self.settings
        return Limits(told.min_k, told.min_diversity, told.max_persons, told.max_search_seconds)

    @cached_property
    def records(self) -> Records:
        """Writes rows with their journal entries."""
        return Records(self.context.journal)

    def ledger(self, conn: Connection) -> ConnectedLedger:
        """Return the release ledger within a transaction; its key is not in the database."""
        policy = LedgerPolicy(k_union=self.settings.k_union, refusals=self.settings.refusals)
        key = self.context.keys.secret("release-ledger")
        return ConnectedLedger(conn, tables.LEDGER, key=key, policy=policy)

    def now(self) -> int:
        """Return the present moment in epoch seconds."""
        return epoch_seconds(self.context.clock())

    def new_id(self) -> str:
        """Return a random id."""
        return base64url.encode(self.context.randomness(ID_BYTES))


class OwnOrganisation:
    """The organisation whose credentials lie in a folder, loaded when it is first needed.

    The folder may appear after the body has started: the oversight body accredits a running anonymiser.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loading = threading.Lock()
        self._loaded: Organisation | None = None

    def __call__(self) -> Organisation:
        """Return it. Raises: MedicalUnavailableError while there are no usable credentials."""
        with self._loading:
            if self._loaded is None:
                try:
                    self._loaded = Organisation.at(self._folder)
                except CredentialFolderError as error:
                    raise MedicalUnavailableError(
                        "the anonymiser has no usable credentials yet; have it accredited"
                    ) from error
            return self._loaded

    def close(self) -> None:
        """Close its connections, if it was ever loaded."""
        with self._loading:
            if self._loaded is not None:
                self._loaded.close()
