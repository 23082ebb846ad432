"""A product safety centre without its web part: context, ledger and callers."""

from dataclasses import dataclass

from support.product_safety_world import GTIN, MAKER, ROLES, SHOP, World, recall_record

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from services.contracts.product_safety.messages import (
    PurchaseRequest,
    RecallRequest,
    SerialList,
    SerialRange,
    TradeItemRequest,
)
from services.kit.credentials.callers import OperatorCaller
from services.product_safety import notifying, workflows
from services.product_safety.centre import Centre
from services.product_safety.model import OwnershipId, Recall


def caller(organisation: OrganisationId) -> OperatorCaller:
    """Return an organisation's operator, as the gate would have verified them."""
    return OperatorCaller(
        organisation,
        OperatorId(f"{organisation}-operator"),
        TerminalId(f"{organisation}-terminal"),
        frozenset({ROLES[organisation][1].value}),
    )


@dataclass(frozen=True)
class Office:
    """A centre with short ways to do common things."""

    world: World
    centre: Centre

    def buy(
        self, person: str, serial: str, *, lot: str | None = None, purchased_at: int = 1_700_000_000
    ) -> OwnershipId:
        """Register a purchase."""
        told = PurchaseRequest(
            token=self.world.pseudonym_token(person),
            gtin=GTIN,
            serial=serial,
            lot=lot,
            purchased_at=purchased_at,
        )
        return workflows.register_purchase(self.centre, caller(SHOP), told)

    def recall(
        self, serials: SerialRange | SerialList | None = None, lots: list[str] | None = None
    ) -> Recall:
        """Start a recall; nobody is notified yet."""
        maker = caller(MAKER)
        workflows.register_trade_item(self.centre, maker, TradeItemRequest(gtin=GTIN, name="Heater"))
        told = RecallRequest(recall=recall_record(), gtin=GTIN, serials=serials, lots=lots)
        return workflows.start_recall(self.centre, maker, told)

    def dispatch(self, recall: Recall, *, limit: int = 100) -> None:
        """Notify everybody."""
        while notifying.notify_batch(self.centre, recall.id, limit=limit):
            pass

    def notices(self, person: str) -> int:
        """Count a person's notices."""
        return len(workflows.inbox(self.centre, self.world.pseudonym(person)))
