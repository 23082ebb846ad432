"""Which permissions an organisation has, told without naming anybody."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from consent.identifiers import OrganisationId
from consent.terms import Effect
from services.contracts.medical.messages import GrantEntry, Grants
from services.directives.errors import StoredDirectiveChangedError
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.medical.centre import Centre
from services.medical.errors import StoredDirectiveDamagedError


class Granting:
    """Lists grants for their recipient."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    @egress(
        to="the recipient of the permissions (the anonymiser; a participant for its own)",
        fields="the directive's id here, handles, the reader's notice and the wallet's public key; no pseudonym",
        purpose="the anonymiser reads by grant, without naming anybody; others know what they may read",
        ground="directives in force that name the caller's organisation",
        answers=("GET /grants",),
    )
    def grants(self, caller: OperatorCaller) -> Grants:
        """Return the permissions in force for the caller's organisation. Raises: StoredDirectiveDamagedError."""
        context = self._centre.context
        with context.database.read() as conn:
            try:
                found = list(self._in_force(conn, caller.organisation, now=context.clock()))
            except StoredDirectiveChangedError as error:
                raise StoredDirectiveDamagedError(error.detail) from error
        event = by_operator(caller, EventKind.GRANTS_LISTED, outcome=Outcome.DONE, count=len(found))
        with context.database.write() as conn:
            context.journal.record(conn, person=None, event=event)
        return Grants(grants=found)

    def _in_force(
        self, conn: Connection, recipient: OrganisationId, *, now: datetime
    ) -> Iterator[GrantEntry]:
        store = self._centre.directives
        for each in store.of_recipient(conn, recipient):
            terms = each.terms
            if terms.effect is Effect.DENY or not terms.valid_from <= now < terms.valid_until:
                continue
            wallet = store.wallet(conn, each.person)
            if each.reader_notice is not None and wallet is not None and each.signed_by(wallet):
                yield GrantEntry(
                    grant=each.id,
                    handles=dict(each.handles),
                    reader_notice=each.reader_notice,
                    subject_key=dict(wallet),
                )
