"""What the medical centre's workflows work with, put together once in `app.py`."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from sqlalchemy import Connection

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.oversight.register_view import RegisterView
from services.directives.barrier import Barrier
from services.directives.store import DirectiveStore
from services.kit.blobs import Blobs
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.pseudonyms import VerifiedPseudonym
from services.medical.apart import Apart
from services.medical.errors import LinkUndoneError
from services.medical.second_proxy import SecondProxy
from services.medical.settings import Settings
from services.medical.store import MedicalStore
from services.medical.stream_store import StreamStore


@dataclass(frozen=True, slots=True)
class Centre:
    """The running medical centre; `seconds` are asked in their order."""

    context: BodyContext
    settings: Settings
    register: RegisterView
    directives: DirectiveStore
    barrier: Barrier
    store: MedicalStore
    apart: Apart
    streams: StreamStore
    blobs: Blobs
    seconds: Sequence[SecondProxy]
    workers: Executor

    def open_token(self, token: str, organisation: OrganisationId) -> VerifiedPseudonym:
        """Return whom a participant means. Raises: PseudonymTokenError."""
        return self.context.whom(token, issuer=self.register.token_key(), organisation=organisation)

    def use_token(self, conn: Connection, opened: VerifiedPseudonym) -> Pseudonym:
        """Use up a token within the caller's transaction. Raises: ReplayError, LinkUndoneError."""
        if self.apart.is_cut(conn, opened.handle):
            raise LinkUndoneError
        now = epoch_seconds(self.context.clock())
        self.context.replays.use(
            conn, kind="pseudonym token", value=opened.jti, expires=opened.expires, now=now
        )
        return opened.pseudonym
