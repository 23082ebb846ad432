"""An honest fake of the product safety centre, in memory; the contract tests keep it true."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.product_safety import messages
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller
from services.kit.http import RemoteProblemError, Token


@dataclass(frozen=True)
class _Ownership:
    id: str
    gtin: str
    serial: str
    person: Pseudonym
    purchased_at: int


@dataclass
class _Recall:
    id: str
    maker: OrganisationId
    told: messages.RecallRequest
    notices: dict[str, messages.Notice] = field(default_factory=dict)


class FakeProductSafety:
    """Serves `ProductSafety`; a recall is complete when `start_recall` returns.

    `callers` says who holds an access token, `people` whom a pseudonym token names (None: it does not verify).
    Units: `now` returns epoch seconds.
    """

    def __init__(
        self,
        *,
        callers: Callable[[Token], Caller],
        people: Callable[[str], Pseudonym | None],
        now: Callable[[], int],
    ) -> None:
        self._callers = callers
        self._people = people
        self._now = now
        self._ids = (f"fake-{number}" for number in count())
        self._makers: dict[str, tuple[OrganisationId, str]] = {}
        self._products: dict[tuple[str, str], messages.ProductAnswer] = {}
        self._present: dict[tuple[str, str], _Ownership] = {}
        self._owned: dict[str, _Ownership] = {}
        self._recalls: dict[str, _Recall] = {}
        self._used: set[str] = set()

    def register_trade_item(
        self, message: messages.TradeItemRequest, *, token: Token
    ) -> messages.TradeItemAnswer:
        """See `ProductSafety`."""
        caller = self._operator(token, "recaller")
        maker, _ = self._makers.get(message.gtin, (caller.organisation, ""))
        if maker != caller.organisation:
            raise _refusal(409, "trade_item_taken")
        self._makers[message.gtin] = (maker, message.name)
        return messages.TradeItemAnswer(gtin=message.gtin, name=message.name)

    def register_product(self, message: messages.ProductRequest, *, token: Token) -> messages.ProductAnswer:
        """See `ProductSafety`."""
        self._operator(token, "seller", "recaller")
        article = self._merged(message.gtin, message.serial, lot=message.lot, name=message.name)
        self._products[message.gtin, message.serial] = article
        return article

    def register_purchase(
        self, message: messages.PurchaseRequest, *, token: Token
    ) -> messages.PurchaseAnswer:
        """See `ProductSafety`."""
        self._operator(token, "seller")
        person = self._people(message.token)
        if person is None:
            raise _refusal(400, "pseudonym_token")
        if message.purchased_at > self._now() + 300:
            raise _refusal(400, "purchase_date")
        if message.token in self._used:
            raise _refusal(409, "replayed")
        wanted = _Ownership(
            next(self._ids), message.gtin, message.serial, person, purchased_at=message.purchased_at
        )
        ownership = self._own(wanted, lot=message.lot)
        self._used.add(message.token)
        return messages.PurchaseAnswer(ownership=ownership)

    def start_recall(self, message: messages.RecallRequest, *, token: Token) -> messages.RecallAnswer:
        """See `ProductSafety`."""
        caller = self._operator(token, "recaller")
        if self._makers.get(message.gtin, (None, ""))[0] != caller.organisation:
            raise _refusal(403, "not_own_trade_item")
        for known in self._recalls.values():
            told = known.told
            same = (known.maker, told.gtin, told.recall.recall_number)
            if same == (caller.organisation, message.gtin, message.recall.recall_number):
                if told != message:
                    raise _refusal(409, "recall_conflict")
                return _started(known)
        recall = _Recall(next(self._ids), caller.organisation, message)
        self._recalls[recall.id] = recall
        for ownership in self._present.values():
            self._notify(recall, ownership)
        return _started(recall)

    def recall_progress(self, recall: str, *, token: Token) -> messages.RecallProgress:
        """See `ProductSafety`."""
        caller = self._operator(token, "recaller")
        found = self._recalls.get(recall)
        if found is None or found.maker != caller.organisation:
            raise _refusal(404, "not_found")
        read = sum(each.read_at is not None for each in found.notices.values())
        owners = len(found.notices)
        return messages.RecallProgress(
            status=messages.RecallStatusName.COMPLETED, owners=owners, notified=owners, read=read
        )

    def inbox(self, *, token: Token) -> messages.Inbox:
        """See `ProductSafety`."""
        person = self._person(token)
        mine = [
            notice
            for recall in self._recalls.values()
            for ownership, notice in recall.notices.items()
            if self._owned[ownership].person == person
        ]
        return messages.Inbox(notices=sorted(mine, key=lambda each: (-each.created_at, each.id)))

    def mark_read(self, message: messages.ReadRequest, *, token: Token) -> messages.ReadAnswer:
        """See `ProductSafety`."""
        person = self._person(token)
        for recall in self._recalls.values():
            for ownership, notice in recall.notices.items():
                if notice.id == message.notice and self._owned[ownership].person == person:
                    read_at = self._now() if notice.read_at is None else notice.read_at
                    recall.notices[ownership] = notice.model_copy(update={"read_at": read_at})
                    return messages.ReadAnswer(notice=notice.id, read_at=read_at)
        raise _refusal(404, "not_found")

    def _operator(self, token: Token, *roles: str) -> OperatorCaller:
        caller = self._callers(token)
        if not isinstance(caller, OperatorCaller) or caller.roles.isdisjoint(roles):
            raise _refusal(403, "forbidden")
        return caller

    def _person(self, token: Token) -> Pseudonym:
        caller = self._callers(token)
        if not isinstance(caller, PersonCaller):
            raise _refusal(403, "forbidden")
        return caller.pseudonym

    def _merged(self, gtin: str, serial: str, *, lot: str | None, name: str | None) -> messages.ProductAnswer:
        known = self._products.get((gtin, serial))
        if known is not None:
            if (lot and known.lot and lot != known.lot) or (name and known.name and name != known.name):
                raise _refusal(409, "product_conflict")
            lot, name = known.lot or lot, known.name or name
        return messages.ProductAnswer(gtin=gtin, serial=serial, name=name, lot=lot)

    def _own(self, wanted: _Ownership, *, lot: str | None) -> str:
        article = (wanted.gtin, wanted.serial)
        merged = self._merged(*article, lot=lot, name=None)
        present = self._present.get(article)
        same = [known.id for known in self._owned.values() if replace(known, id=wanted.id) == wanted]
        if present is not None and present.person == wanted.person:
            same = same or [present.id]
        elif present is not None and not same and wanted.purchased_at < present.purchased_at:
            raise _refusal(409, "later_purchase")
        self._products[article] = merged
        if same:
            return same[0]
        self._present[article] = self._owned[wanted.id] = wanted
        for recall in self._recalls.values():
            self._notify(recall, wanted)
        return wanted.id

    def _notify(self, recall: _Recall, ownership: _Ownership) -> None:
        product = self._products[ownership.gtin, ownership.serial]
        if ownership.gtin != recall.told.gtin or not _concerns(recall.told, product):
            return
        told = recall.told.recall
        name = product.name or self._makers[product.gtin][1]
        recall.notices[ownership.id] = messages.Notice(
            id=next(self._ids),
            recall=recall.id,
            title=told.title,
            hazard="\n".join(each.name for each in told.hazards),
            remedy="\n".join(each.name for each in told.remedies),
            product=f"{name} (GTIN {product.gtin}, serial {product.serial})",
            contact=told.consumer_contact or "",
            url=told.url,
            created_at=self._now(),
            read_at=None,
        )


def _concerns(told: messages.RecallRequest, product: messages.ProductAnswer) -> bool:
    if told.lots is not None and product.lot is not None and product.lot not in told.lots:
        return False
    match told.serials:
        case None:
            return True
        case messages.SerialList(listed=listed):
            return product.serial in listed
        case messages.SerialRange(first=first, last=last):
            return product.serial.isdigit() and int(first) <= int(product.serial) <= int(last)


def _started(recall: _Recall) -> messages.RecallAnswer:
    return messages.RecallAnswer(recall=recall.id, status=messages.RecallStatusName.COMPLETED)


def _refusal(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
