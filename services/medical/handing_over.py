"""Handing records over from one wallet's keys to the next one's, which this centre cannot open in either.

Y3 another successor is announced: what waited for the one before is forgotten;
Y4 the person's device opens each content key by the former wallet and seals it to the successor's key of the same
   category and year; what waits changes nothing for anybody yet (stops a loss when the device dies on the way);
Y5 the successor takes over: in one transaction every header that waits is in force, the former wallet's publications
   make way for the successor's, and the author's message kits are gone. Refused unless every bundle has its header
   (stops records from being left behind, among them what arrived meanwhile).
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from consent import jws
from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import BundleId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.publication import VerifiedPublication, verify_publication
from consent.sealing import capsule_of
from consent.succession import VerifiedRenewal, verify_succession
from consent.wire import Count, WireModel, parse
from services.contracts.medical.headers import (
    HEADERS_TYPE,
    MAX_HEADERS,
    Header,
    Headers,
    StageHeaders,
)
from services.contracts.succession import RenewWallet
from services.directives.model import KeptWallet
from services.kit.columns import ColumnError
from services.kit.credentials.callers import PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.medical import policy
from services.medical.centre import Centre
from services.medical.errors import (
    HeadersRefusedError,
    IntegrityError,
    MedicalError,
    PublicationRefusedError,
    RenewalIncompleteError,
)
from services.medical.model import NewHeader, hand_over_detail


class _HeadersClaims(WireModel):
    headers: list[Annotated[list[str], Field(min_length=3, max_length=3)]]
    at: Count


class HandingOver:
    """What the medical centre does about a wallet's successor."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._headers = centre.store.headers
        self._journal = centre.context.journal

    def left(self, caller: PersonCaller) -> Headers:
        """Y4: return some headers of the person that are still to be handed over. Raises: HeadersRefusedError."""
        with self._centre.context.database.read() as conn:
            self._successor(self._kept(conn, caller.pseudonym))
            return self._left(conn, caller.pseudonym)

    def stage(self, caller: PersonCaller, message: StageHeaders) -> Headers:
        """Y4: keep headers that the announced wallet signed; they wait. Raises: HeadersRefusedError."""
        person, store = caller.pseudonym, self._centre.store
        try:
            with self._centre.context.database.write() as conn:
                store.lock(conn, person)
                kept = self._kept(conn, person)
                headers = self._verified(conn, person, kept, message)
                event = Event(
                    kind=EventKind.RECORDS_HANDED_OVER,
                    outcome=Outcome.DONE,
                    count=len(headers),
                    detail=hand_over_detail(headers, thumbprint(self._successor(kept))),
                )
                recorded = self._journal.record(
                    conn, person=person, event=event, statement=message.statement.encode()
                )
                self._headers.stage(conn, person, headers, position=recorded.index)
                return self._left(conn, person)
        except MedicalError as refusal:
            event = Event(
                kind=EventKind.RECORDS_HANDED_OVER, outcome=Outcome.REFUSED, reason=refusal.problem.code
            )
            with self._centre.context.database.write() as conn:
                self._journal.record(conn, person=person, event=event)
            raise

    def announced(self, conn: Connection, person: Pseudonym) -> None:
        """Y3: forget what waited for another successor."""
        self._headers.forget_staged(conn, person)

    def renewed(
        self, conn: Connection, person: Pseudonym, renewal: VerifiedRenewal, message: RenewWallet
    ) -> None:
        """Y5: put everything in force at once.

        Raises: PublicationRefusedError, RenewalIncompleteError; nothing has happened then.
        """
        told = renewal.succession
        published = self._publication(conn, person, renewal, message)
        staged = self._headers.staged(conn, person)
        if self._headers.count_left(conn, person):
            raise RenewalIncompleteError
        if not {each.header.compartment for each in staged} <= published.keys.keys():
            raise RenewalIncompleteError(
                "the keys that wait are not those that are published; announce again"
            )
        former = SubjectKeyId(thumbprint(told.former))
        self._headers.put_in_force(conn, person, staged, former=former)
        event = Event(kind=EventKind.COMPARTMENTS_PUBLISHED, outcome=Outcome.DONE, count=len(published.keys))
        token = message.publication or ""
        position = self._journal.record(conn, person=person, event=event, statement=token.encode()).index
        self._centre.store.replace_publications(conn, position=position, person=person, token=token)

    def _publication(
        self, conn: Connection, person: Pseudonym, renewal: VerifiedRenewal, message: RenewWallet
    ) -> VerifiedPublication:
        told = renewal.succession
        try:
            subject = SubjectKeyId(thumbprint(told.successor))
            published = verify_publication(message.publication or "", told.successor, subject)
        except ConsentError as error:
            raise PublicationRefusedError(str(error)) from error
        if published.keys.keys() != set(self._next(conn, person, told.former)):
            raise RenewalIncompleteError(
                "the successor publishes the next version of every category and year; make its keys again"
            )
        return published

    def _next(self, conn: Connection, person: Pseudonym, wallet: PublicJwk) -> list[Compartment]:
        subject = SubjectKeyId(thumbprint(wallet))
        try:
            tokens = self._centre.store.publications(conn, person)
            known = [verify_publication(each, wallet, subject) for each in tokens]
        except (ColumnError, ConsentError) as error:
            raise IntegrityError("compartment_publication: a row of this person was changed") from error
        return policy.next_versions(known)

    def _verified(
        self, conn: Connection, person: Pseudonym, kept: KeptWallet, message: StageHeaders
    ) -> list[NewHeader]:
        headers = [_new_header(each) for each in message.headers]
        try:
            signed = jws.verify_with_jwk(message.statement, typ=HEADERS_TYPE, jwk=self._successor(kept))
            claims = parse(_HeadersClaims, signed.payload)
            for each in headers:
                capsule_of(each.message_kit)
        except ConsentError as error:
            raise HeadersRefusedError(str(error)) from error
        if claims.headers != [each.logged() for each in headers]:
            raise HeadersRefusedError("what is signed is not what was sent")
        self._require_places(conn, person, kept, headers)
        return headers

    def _require_places(
        self, conn: Connection, person: Pseudonym, kept: KeptWallet, headers: Sequence[NewHeader]
    ) -> None:
        """A content key goes to the next version of its own category and year, and to no other."""
        following = {(each.category, each.year): each for each in self._next(conn, person, kept.key)}
        ids = [each.bundle for each in headers]
        own = self._headers.own(conn, person, ids)
        rows = self._centre.store.bundles(conn, [each for each in ids if each in own])
        for each in headers:
            row = rows.get(each.bundle)
            if row is None:
                raise HeadersRefusedError("a bundle is not one of yours")
            place = (row.compartment.category, row.compartment.year)
            if following.get(place) != each.compartment:
                raise HeadersRefusedError(
                    "a content key goes to the next version of its own category and year"
                )
        if len(set(ids)) != len(ids):
            raise HeadersRefusedError("a bundle is named twice")

    def _left(self, conn: Connection, person: Pseudonym) -> Headers:
        names = self._headers.left(conn, person, most=MAX_HEADERS)
        rows = self._centre.store.bundles(conn, names)
        return Headers(
            headers=[
                Header(
                    bundle=name, compartment=rows[name].compartment.label, message_kit=rows[name].message_kit
                )
                for name in names
            ],
            left=self._headers.count_left(conn, person),
        )

    def _kept(self, conn: Connection, person: Pseudonym) -> KeptWallet:
        kept = self._centre.directives.wallets.get(conn, person)
        if kept is None or kept.announced is None:
            raise HeadersRefusedError("no successor of the wallet is announced")
        return kept

    @staticmethod
    def _successor(kept: KeptWallet) -> PublicJwk:
        return verify_succession(kept.announced or "").successor


def _new_header(header: Header) -> NewHeader:
    try:
        return NewHeader(BundleId(header.bundle), Compartment.parse(header.compartment), header.message_kit)
    except ConsentError as error:
        raise HeadersRefusedError(str(error)) from error
