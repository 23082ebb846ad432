"""Erasure at the person's word (UC2): the content key of a bundle is destroyed, and with it everything that it opened.

Z1 the order is signed by the wallet that is registered here, for this body, in time, once;
Z2 key, ciphertext, segments' rows and the log entry are one transaction; who wrote or read the records is told in it;
Z3 the segments of large documents are removed from the storage (what a death leaves, the sweep finds: no key opens it);
Z4 the receipt says what was destroyed when, by which order, and where it is logged.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection

from consent import base64url, jws
from consent.errors import ConsentError
from consent.guardians import Act
from consent.identifiers import BundleId, OrganisationId, Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body
from services.contracts.medical.erasing import (
    FAULT,
    ORDER_TYPE,
    RECEIPT_TYPE,
    ErasedBundle,
    EraseRecords,
    ErasureAnswer,
    ErasureOrder,
    ErasureReceipt,
)
from services.contracts.medical.messages import ApartNotice, LogIndex
from services.directives.errors import RefusedError
from services.directives.guarding import act_refused
from services.kit.clock import epoch_seconds, rfc3339
from services.kit.credentials.callers import PersonCaller
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import ForbiddenError, NotFoundError, Problem
from services.medical import erased_store
from services.medical.centre import Centre
from services.medical.errors import MedicalError, NoWalletError
from services.medical.model import LoggedBundle, read_deposit_detail
from services.medical.setting_apart import SettingApart, seen_by

ORDER_SECONDS = 300


class ErasureRefusedError(MedicalError, ForbiddenError):
    """The order is not the wallet's, not for this body, or not of now."""

    problem = Problem(
        403, "erasure_refused", "The order does not count", "Sign a new order with the registered wallet."
    )


class BundleUnknownError(MedicalError, NotFoundError):
    """A named bundle is not the person's, or was erased already; nothing was erased."""

    problem = Problem(
        404,
        "bundle_unknown",
        "Not every named record is there under your name",
        "Fetch your records again and name those that are there.",
    )


class Erasing:
    """Destroys records at their person's word."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._context = centre.context
        self._apart = SettingApart(centre)

    def erase(self, caller: PersonCaller, message: EraseRecords) -> ErasureAnswer:
        """Z1 to Z4. Raises: NoWalletError, RefusedError, ErasureRefusedError, BundleUnknownError; all are logged."""
        try:
            order = self._verified(caller, message.order)  # Z1
            with self._context.database.write() as conn:  # Z2
                self._centre.store.lock(conn, caller.pseudonym)
                self._use_once(conn, message.order)
                erased, blobs, index = self._destroy(conn, caller.pseudonym, order, message.order)
        except (MedicalError, RefusedError) as refusal:
            with self._context.database.write() as conn:
                event = Event(
                    kind=EventKind.RECORDS_ERASED, outcome=Outcome.REFUSED, reason=refusal.problem.code
                )
                self._context.journal.record(conn, person=caller.pseudonym, event=event)
            raise
        self._centre.blobs.remove(blobs)  # Z3
        return ErasureAnswer(receipt=self._receipt(message.order, erased, index))  # Z4

    def _verified(self, caller: PersonCaller, token: str) -> ErasureOrder:
        with self._context.database.read() as conn:
            wallet = self._centre.directives.wallet(conn, caller.pseudonym)
            # to erase is to take back for good: a child does that no more alone than withdraw
            fault = act_refused(self._centre.directives, conn, caller, Act.WITHDRAW)
        if fault is not None:
            raise RefusedError(fault)
        if wallet is None:
            raise NoWalletError
        try:
            payload = jws.verify_with_jwk(token, typ=ORDER_TYPE, jwk=wallet).payload
            order = ErasureOrder.model_validate_json(payload)
        except (ConsentError, ValidationError) as error:
            raise ErasureRefusedError from error
        if order.body is not Body.MEDICAL or abs(self._now() - order.at) > ORDER_SECONDS:
            raise ErasureRefusedError
        return order

    def _use_once(self, conn: Connection, token: str) -> None:
        now = self._now()
        self._context.replays.use(
            conn, kind="erasure order", value=token, expires=now + 2 * ORDER_SECONDS, now=now
        )

    def _destroy(
        self, conn: Connection, person: Pseudonym, order: ErasureOrder, token: str
    ) -> tuple[list[ErasedBundle], list[str], int]:
        wanted = [BundleId(each) for each in order.bundles]
        deposits = erased_store.deposits_of(conn, person, wanted)
        if len(deposits) != len(wanted):
            raise BundleUnknownError
        logged = self._logged(conn, deposits)
        authors = {name: each.author for name, each in self._centre.store.bundles(conn, wanted).items()}
        blobs = self._centre.streams.discard(conn, erased_store.uploads_of(conn, wanted))
        event = Event(
            kind=EventKind.RECORDS_ERASED,
            outcome=Outcome.DONE,
            categories=tuple(sorted({each.compartment.category.value for each in logged})),
            count=sum(len(each.documents) for each in logged),
            detail=erasure_detail(logged),
        )
        index = self._context.journal.record(conn, person=person, event=event, statement=token.encode()).index
        self._tell(conn, person, [(deposits[each.id], each) for each in logged], authors, position=index)
        erased_store.destroy(conn, person, logged, position=index)
        erased = [
            ErasedBundle(
                bundle=each.id,
                author=authors[each.id],
                documents=sorted({one.id for one in each.documents}),
            )
            for each in logged
        ]
        return erased, blobs, index

    def _logged(self, conn: Connection, deposits: Mapping[BundleId, int]) -> list[LoggedBundle]:
        openings = self._context.journal.openings(conn, sorted(set(deposits.values())))
        bundles = [each for opening in openings.values() for each in read_deposit_detail(opening.event)]
        return [each for each in bundles if each.id in deposits]

    @egress(
        to="the organisations that wrote or read the erased records",
        fields="ids of erased documents, who wrote them, when this organisation read among them",
        purpose="that they know the person had them erased, and look at their own copies",
        ground="the person's order, and the organisation's own deposits and reads, as the log has them",
    )
    def _tell(
        self,
        conn: Connection,
        person: Pseudonym,
        bundles: Sequence[tuple[int, LoggedBundle]],
        authors: Mapping[BundleId, OrganisationId],
        *,
        position: int,
    ) -> None:
        at = rfc3339(self._context.clock())
        told: dict[OrganisationId, list[tuple[int, LoggedBundle]]] = defaultdict(list)
        for at_position, each in bundles:
            told[authors[each.id]].append((at_position, each))
        directory = self._centre.register.directory()
        reads = self._apart.reads_since(conn, person, since=[each for each, _ in bundles])
        for author, own in told.items():
            names = sorted({one.id for _, each in own for one in each.documents})
            notice = ApartNotice(author=author, fault=FAULT, documents=list(names), reads=[], at=at)
            if directory.organisation(author) is not None:
                self._centre.apart.tell(conn, author, notice, position=position)
            for reader, events in reads.items():
                seen = sorted({one for event in events for one in seen_by(event, own)})
                if seen:
                    times = [str(event["at"]) for event in events]
                    found = notice.model_copy(update={"documents": seen, "reads": times})
                    self._centre.apart.tell(conn, reader, found, position=position)

    def _receipt(self, order: str, erased: Sequence[ErasedBundle], index: int) -> str:
        key = self._context.signing_key
        receipt = ErasureReceipt(
            order=base64url.encode(sha256(order.encode()).digest()),
            at=self._now(),
            bundles=list(erased),
            log=LogIndex(index=index),
        )
        kid = thumbprint(to_jwk(key.public_key()))
        return jws.sign(receipt.model_dump(mode="json"), typ=RECEIPT_TYPE, key=key, kid=kid)

    def _now(self) -> int:
        return epoch_seconds(self._context.clock())


def erasure_detail(bundles: Sequence[LoggedBundle]) -> dict[str, JsonValue]:
    """Return the part of an erasure's event that names every erased document."""
    return {"erased": [[each.id, *sorted({one.id for one in each.documents})] for each in bundles]}


def read_erasure_detail(event: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Read what `erasure_detail` wrote, as (bundle, document); nothing for a refused one."""
    detail = event.get("detail")
    told = detail.get("erased") if isinstance(detail, dict) else None
    if not isinstance(told, list):
        return []
    return [
        (str(each[0]), str(name)) for each in told if isinstance(each, list) and each for name in each[1:]
    ]
