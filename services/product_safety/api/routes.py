"""Routes for sellers, makers and owners."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.product_safety import messages
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.product_safety import egress, workflows
from services.product_safety.centre import Centre
from services.product_safety.dispatch import Dispatch
from services.product_safety.model import NoticeId, RecallId, RecallState

Maker = Annotated[OperatorCaller, Depends(operator("keep-trade-items"))]
Recaller = Annotated[OperatorCaller, Depends(operator("recall-products"))]
Seller = Annotated[OperatorCaller, Depends(operator("register-purchases"))]
SellerOrMaker = Annotated[OperatorCaller, Depends(operator("register-products"))]
Owner = Annotated[PersonCaller, Depends(person())]


def trade_routes(centre: Centre) -> APIRouter:
    """Return the routes by which articles and their purchases become known."""
    router = APIRouter()

    @router.post("/gtins")
    def register_gtin(caller: Maker, message: messages.TradeItemRequest) -> messages.TradeItemAnswer:
        """Name a trade item as the maker's own."""
        item = workflows.register_trade_item(centre, caller, message)
        return messages.TradeItemAnswer(gtin=item.gtin, name=item.name)

    @router.post("/products")
    def register_product(caller: SellerOrMaker, message: messages.ProductRequest) -> messages.ProductAnswer:
        """Register one article."""
        product = workflows.register_product(centre, caller, message)
        return messages.ProductAnswer(
            gtin=product.gtin, serial=product.serial, name=product.name, lot=product.lot
        )

    @router.post("/purchases")
    def register_purchase(caller: Seller, message: messages.PurchaseRequest) -> messages.PurchaseAnswer:
        """Register who owns an article from now on."""
        return messages.PurchaseAnswer(ownership=workflows.register_purchase(centre, caller, message))

    return router


def recall_routes(centre: Centre, dispatch: Dispatch) -> APIRouter:
    """Return the routes by which a maker recalls."""
    router = APIRouter()

    @router.post("/recalls")
    def start_recall(caller: Recaller, message: messages.RecallRequest) -> messages.RecallAnswer:
        """Start a recall, or find the one that the same request started."""
        recall = workflows.start_recall(centre, caller, message)
        if recall.state is RecallState.DISPATCHING:
            dispatch.begin(recall.id)
        return messages.RecallAnswer(recall=recall.id, status=messages.RecallStatusName(recall.state.value))

    @router.get("/recalls/{recall}")
    def recall_progress(caller: Recaller, recall: str) -> messages.RecallProgress:
        """Tell a maker how far its recall has come, in counts."""
        return egress.progress(*workflows.recall_progress(centre, caller, RecallId(recall)))

    return router


def inbox_routes(centre: Centre) -> APIRouter:
    """Return the routes of an owner's inbox."""
    router = APIRouter()

    @router.get("/inbox")
    def inbox(caller: Owner) -> messages.Inbox:
        """Return the person's notices, newest first."""
        entries = workflows.inbox(centre, caller.pseudonym)
        return messages.Inbox(notices=[egress.notice_message(each) for each in entries])

    @router.post("/inbox/read")
    def mark_read(caller: Owner, message: messages.ReadRequest) -> messages.ReadAnswer:
        """Remember that the person read a notice."""
        notice = workflows.mark_read(centre, caller.pseudonym, NoticeId(message.notice))
        return messages.ReadAnswer(notice=notice.id, read_at=notice.read_at or 0)

    return router
