"""Setting records apart when the ID centre says that their link was wrong, and telling who deposited and read them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.medical.messages import ApartNotice, ApartNotices, SetApart, WasSetApart
from services.contracts.registry.messages import ASKED_BY
from services.kit.clock import epoch_seconds, rfc3339
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ForbiddenError
from services.medical.centre import Centre
from services.medical.errors import IntegrityError
from services.medical.model import LoggedBundle, read_deposit_detail

Reads = Mapping[OrganisationId, Sequence[Mapping[str, JsonValue]]]


class SettingApart:
    """The medical centre's side of undoing a link."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._journal = centre.context.journal
        self._database = centre.context.database

    @egress(
        to="identity",
        fields="how many documents are set apart",
        purpose="undoing a wrong link",
        ground="the ID centre's own token for the link, over its own certificate",
        answers=("POST /links/set-apart",),
    )
    def set_apart(self, message: SetApart) -> WasSetApart:
        """Set apart what was deposited under the link of a token; told again, it only counts.

        Guarantees: the link, the log entry and all notices are one transaction. Raises: ForbiddenError, ReplayError.
        """
        named, handle = self._named(message.token)
        now = self._centre.context.clock()
        with self._database.write() as conn:
            self._centre.store.lock(conn, named.pseudonym)
            self._centre.context.replays.use(
                conn,
                kind="pseudonym token",
                value=named.jti,
                expires=named.expires,
                now=epoch_seconds(now),
            )
            bundles = self._deposited(conn, named.pseudonym, handle)
            documents = sorted({one.id for _, each in bundles for one in each.documents})
            if not self._centre.apart.is_cut(conn, handle):
                event = Event(
                    kind=EventKind.RECORDS_SET_APART,
                    outcome=Outcome.DONE,
                    organisation=message.organisation,
                    reason=message.fault,
                    count=len(documents),
                    categories=tuple(sorted({each.compartment.category.value for _, each in bundles})),
                )
                index = self._journal.record(conn, person=named.pseudonym, event=event).index
                self._centre.apart.cut(conn, handle, position=index)
                self._tell(conn, named.pseudonym, message, bundles=bundles, position=index)
        return WasSetApart(documents=len(documents))

    @egress(
        to="the organisation that deposited or read",
        fields="ids of documents that are set apart, who deposited them, when this organisation read among them",
        purpose="that nobody goes on with records of somebody else",
        ground="the organisation's own deposits and reads, as the log has them",
        answers=("GET /set-apart",),
    )
    def notices(self, caller: OperatorCaller) -> ApartNotices:
        """Return what was set apart of what the caller's organisation deposited or read."""
        with self._database.write() as conn:
            try:
                found = self._centre.apart.notices(conn, caller.organisation)
            except ColumnError as error:
                raise IntegrityError("apart_notice: a row of this organisation was changed") from error
            event = by_operator(caller, EventKind.SET_APART_LISTED, outcome=Outcome.DONE, count=len(found))
            self._journal.record(conn, person=None, event=event)
        return ApartNotices(notices=found)

    def _named(self, token: str) -> tuple[VerifiedPseudonym, str]:
        try:
            named = self._centre.open_token(token, ASKED_BY)
        except PseudonymTokenError as error:
            raise ForbiddenError(str(error)) from error
        if named.handle is None:
            raise ForbiddenError("the token names no link")
        return named, named.handle

    def _deposited(self, conn: Connection, person: Pseudonym, handle: str) -> list[tuple[int, LoggedBundle]]:
        positions = self._centre.apart.under(conn, person, handle)
        openings = self._journal.openings(conn, positions)
        return [
            (position, each)
            for position in positions
            for each in read_deposit_detail(openings[position].event)
        ]

    def _tell(
        self,
        conn: Connection,
        person: Pseudonym,
        message: SetApart,
        *,
        bundles: Sequence[tuple[int, LoggedBundle]],
        position: int,
    ) -> None:
        at = rfc3339(self._centre.context.clock())
        author = OrganisationId(message.organisation)
        everything = sorted({one.id for _, each in bundles for one in each.documents})
        if everything:
            own = ApartNotice(author=author, fault=message.fault, documents=list(everything), reads=[], at=at)
            self._centre.apart.tell(conn, author, own, position=position)
        for reader, events in self.reads_since(conn, person, since=[index for index, _ in bundles]).items():
            seen = sorted({one for event in events for one in seen_by(event, bundles)})
            if seen:
                notice = ApartNotice(
                    author=author,
                    fault=message.fault,
                    documents=list(seen),
                    reads=[str(event["at"]) for event in events],
                    at=at,
                )
                self._centre.apart.tell(conn, reader, notice, position=position)

    def reads_since(self, conn: Connection, person: Pseudonym, *, since: Sequence[int]) -> Reads:
        """Return the permitted reads of the person since the first of some deposits, by reader."""
        found: dict[OrganisationId, list[Mapping[str, JsonValue]]] = defaultdict(list)
        if not since:
            return found
        positions = [each for each in self._journal.positions(conn, person) if each > min(since)]
        for opening in self._journal.openings(conn, positions).values():
            event = opening.event
            read = event["kind"] == EventKind.RECORDS_READ.value
            if read and event["outcome"] == Outcome.PERMITTED.value:
                found[OrganisationId(str(event["organisation"]))].append(event)
        return found


def seen_by(event: Mapping[str, JsonValue], bundles: Sequence[tuple[int, LoggedBundle]]) -> list[str]:
    """Return which documents a read can have shown: by category and year, or all when single ones were named."""
    categories, years = event.get("categories"), event.get("years")
    if not isinstance(categories, list) or not isinstance(years, list):
        return [one.id for _, each in bundles for one in each.documents]
    first, last = (year for year in years if isinstance(year, int))
    return [
        one.id
        for _, each in bundles
        if each.compartment.category.value in categories and first <= each.compartment.year <= last
        for one in each.documents
    ]
