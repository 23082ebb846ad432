"""What the product safety centre promises, kept by the real one and by its fake alike."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.product_safety_app import InProcess, running
from support.product_safety_world import (
    GTIN,
    MAKER,
    OTHER_MAKER,
    ROLES,
    SHOP,
    World,
    make_world,
    recall_record,
)

from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from services.contracts.product_safety.client import ProductSafety, ProductSafetyClient
from services.contracts.product_safety.fake import FakeProductSafety
from services.contracts.product_safety.messages import (
    ProductRequest,
    PurchaseRequest,
    ReadRequest,
    RecallProgress,
    RecallRequest,
    RecallStatusName,
    SerialList,
    SerialRange,
    TradeItemRequest,
)
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, SignedInBy
from services.kit.http import RemoteProblemError, Token

TRIES = 200


class Bench:
    """The centre under test with everybody's tokens."""

    def __init__(self, centre: ProductSafety, world: World) -> None:
        self.centre = centre
        self.world = world
        self.named: dict[str, Pseudonym] = {}
        self.holders: dict[str, Caller] = {}
        self.today = int(time.time())

    def caller(self, token: Token) -> Caller:
        """Say who holds an access token (for the fake)."""
        return self.holders[token.value]

    def operator(self, organisation: OrganisationId) -> Token:
        """Return an operator's token."""
        token = self.world.operator_token(organisation)
        self.holders[token.value] = OperatorCaller(
            organisation,
            OperatorId(f"{organisation}-operator"),
            TerminalId(f"{organisation}-terminal"),
            frozenset({ROLES[organisation][1].value}),
        )
        return token

    def person(self, name: str) -> Token:
        """Return a person's token."""
        token = self.world.person_token(name)
        self.holders[token.value] = PersonCaller(self.world.pseudonym(name), SignedInBy.CARD)
        return token

    def buy(self, name: str, serial: str, *, lot: str | None = None, days_ago: int = 10) -> str:
        """Register a purchase by the shop."""
        return self.centre.register_purchase(
            self.purchase(name, serial, lot=lot, days_ago=days_ago), token=self.operator(SHOP)
        ).ownership

    def purchase(
        self, name: str, serial: str, *, lot: str | None = None, days_ago: int = 10
    ) -> PurchaseRequest:
        """Return the message of a purchase."""
        named = self.world.pseudonym_token(name)
        self.named[named] = self.world.pseudonym(name)
        moment = self.today - days_ago * 86_400
        return PurchaseRequest(token=named, gtin=GTIN, serial=serial, lot=lot, purchased_at=moment)

    def recall(self, serials: SerialRange | SerialList | None = None, lots: list[str] | None = None) -> str:
        """Start a recall of the maker's trade item and wait until it is complete."""
        self.centre.register_trade_item(
            TradeItemRequest(gtin=GTIN, name="Heater"), token=self.operator(MAKER)
        )
        request = RecallRequest(recall=recall_record(), gtin=GTIN, serials=serials, lots=lots)
        started = self.centre.start_recall(request, token=self.operator(MAKER))
        assert self.finished(started.recall).status is RecallStatusName.COMPLETED
        return started.recall

    def finished(self, recall: str) -> RecallProgress:
        """Return the progress of a recall once it is complete."""
        for _ in range(TRIES):
            progress = self.centre.recall_progress(recall, token=self.operator(MAKER))
            if progress.status is RecallStatusName.COMPLETED:
                return progress
            time.sleep(0.05)
        raise AssertionError("the recall did not complete")

    def serials(self, name: str) -> list[str]:
        """Return which articles a person's notices are about."""
        notices = self.centre.inbox(token=self.person(name)).notices
        return sorted(each.product.rpartition("serial ")[2].rstrip(")") for each in notices)


@pytest.fixture(params=["fake", "real"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    world = make_world(tmp_path)
    if request.param == "real":
        with running(world, recall_batch=2) as client:
            yield Bench(ProductSafetyClient(InProcess(client, world)), world)
        return
    found: list[Bench] = []
    fake = FakeProductSafety(
        callers=lambda token: found[0].caller(token),
        people=lambda token: found[0].named.get(token),
        now=lambda: int(time.time()),
    )
    found.append(Bench(fake, world))
    yield found[0]


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of the problem that a call ends in."""
    with pytest.raises(RemoteProblemError) as raised:
        call()
    return raised.value.status, raised.value.code


def test_every_present_owner_has_one_notice_and_the_maker_sees_counts(bench: Bench) -> None:
    for number in range(5):
        bench.buy(f"owner {number}", f"{number}")
    recall = bench.recall()
    for number in range(5):
        assert bench.serials(f"owner {number}") == [f"{number}"]
    assert bench.finished(recall) == RecallProgress(
        status=RecallStatusName.COMPLETED, owners=5, notified=5, read=0
    )


def test_notice_carries_what_the_maker_published(bench: Bench) -> None:
    bench.buy("owner", "7")
    bench.recall()
    record = recall_record()
    (notice,) = bench.centre.inbox(token=bench.person("owner")).notices
    assert notice.title == record.title
    assert notice.hazard == record.hazards[0].name
    assert notice.remedy == record.remedies[0].name
    assert notice.contact == record.consumer_contact
    assert notice.url == record.url
    assert notice.product == f"Heater (GTIN {GTIN}, serial 7)"
    assert notice.read_at is None


def test_former_owner_gets_no_notice_of_a_later_recall(bench: Bench) -> None:
    bench.buy("first", "7", days_ago=10)
    bench.buy("second", "7", days_ago=2)
    bench.recall()
    assert bench.serials("first") == []
    assert bench.serials("second") == ["7"]


def test_who_buys_a_recalled_article_is_told_at_once_and_counted(bench: Bench) -> None:
    bench.buy("first", "7")
    recall = bench.recall()
    bench.buy("second", "7", days_ago=0)
    assert bench.serials("first") == ["7"]
    assert bench.serials("second") == ["7"]
    assert bench.finished(recall).owners == bench.finished(recall).notified == 2


def test_serial_ranges_compare_as_numbers(bench: Bench) -> None:
    for serial in ("9", "10", "0099", "100", "A50"):
        bench.buy(f"owner of {serial}", serial)
    bench.recall(serials=SerialRange(first="10", last="99"))
    told = [serial for serial in ("9", "10", "0099", "100", "A50") if bench.serials(f"owner of {serial}")]
    assert told == ["10", "0099"]


def test_serial_lists_compare_exactly(bench: Bench) -> None:
    for serial in ("A-1", "A-2", "1", "01"):
        bench.buy(f"owner of {serial}", serial)
    bench.recall(serials=SerialList(listed=["A-1", "01"]))
    told = [serial for serial in ("A-1", "A-2", "1", "01") if bench.serials(f"owner of {serial}")]
    assert told == ["A-1", "01"]


def test_recall_of_lots_reaches_those_lots_and_articles_of_unknown_lot(bench: Bench) -> None:
    bench.buy("in", "1", lot="L1")
    bench.buy("out", "2", lot="L2")
    bench.buy("unknown", "3")
    bench.recall(lots=["L1"])
    assert (bench.serials("in"), bench.serials("out"), bench.serials("unknown")) == (["1"], [], ["3"])


def test_same_recall_again_is_the_same_recall(bench: Bench) -> None:
    bench.buy("owner", "7")
    assert bench.recall() == bench.recall()
    assert bench.serials("owner") == ["7"]


def test_recall_number_cannot_stand_for_another_recall(bench: Bench) -> None:
    bench.recall()
    request = RecallRequest(recall=recall_record(), gtin=GTIN, lots=["L1"])
    assert refusal(lambda: bench.centre.start_recall(request, token=bench.operator(MAKER))) == (
        409,
        "recall_conflict",
    )


def test_only_its_maker_recalls_a_trade_item_or_sees_the_counts(bench: Bench) -> None:
    recall = bench.recall()
    request = RecallRequest(recall=recall_record(), gtin=GTIN)
    other = bench.operator(OTHER_MAKER)
    assert refusal(lambda: bench.centre.start_recall(request, token=other)) == (403, "not_own_trade_item")
    assert refusal(lambda: bench.centre.recall_progress(recall, token=other)) == (404, "not_found")
    item = TradeItemRequest(gtin=GTIN, name="Mine")
    assert refusal(lambda: bench.centre.register_trade_item(item, token=other)) == (409, "trade_item_taken")


def test_purchase_told_twice_is_one_ownership(bench: Bench) -> None:
    assert bench.buy("owner", "7") == bench.buy("owner", "7")
    bench.recall()
    assert bench.serials("owner") == ["7"]


def test_late_report_of_an_earlier_purchase_does_not_end_the_present_ownership(bench: Bench) -> None:
    first = bench.buy("first", "7", days_ago=10)
    bench.buy("second", "7", days_ago=2)
    assert bench.buy("first", "7", days_ago=10) == first
    late = bench.purchase("third", "7", days_ago=5)
    assert refusal(lambda: bench.centre.register_purchase(late, token=bench.operator(SHOP))) == (
        409,
        "later_purchase",
    )
    bench.recall()
    assert bench.serials("second") == ["7"]
    assert bench.serials("third") == []


def test_pseudonym_token_is_good_once(bench: Bench) -> None:
    purchase = bench.purchase("owner", "7")
    bench.centre.register_purchase(purchase, token=bench.operator(SHOP))
    again = purchase.model_copy(update={"serial": "8"})
    assert refusal(lambda: bench.centre.register_purchase(again, token=bench.operator(SHOP))) == (
        409,
        "replayed",
    )


def test_unusable_purchases_are_refused_with_their_reason(bench: Bench) -> None:
    shop = bench.operator(SHOP)
    future = bench.purchase("owner", "7", days_ago=-2)
    assert refusal(lambda: bench.centre.register_purchase(future, token=shop)) == (400, "purchase_date")
    nobody = bench.purchase("owner", "7").model_copy(update={"token": "AAAA"})
    assert refusal(lambda: bench.centre.register_purchase(nobody, token=shop)) == (400, "pseudonym_token")
    bench.centre.register_product(ProductRequest(gtin=GTIN, serial="7", lot="L1"), token=shop)
    other_lot = bench.purchase("owner", "7", lot="L2")
    assert refusal(lambda: bench.centre.register_purchase(other_lot, token=shop)) == (
        409,
        "product_conflict",
    )


def test_articles_gather_what_is_told_of_them(bench: Bench) -> None:
    shop = bench.operator(SHOP)
    bench.centre.register_product(ProductRequest(gtin=GTIN, serial="7", lot="L1"), token=shop)
    kept = bench.centre.register_product(ProductRequest(gtin=GTIN, serial="7", name="Red heater"), token=shop)
    assert (kept.lot, kept.name) == ("L1", "Red heater")


def test_owner_reads_once_and_nobody_elses_notice(bench: Bench) -> None:
    bench.buy("owner", "7")
    recall = bench.recall()
    (notice,) = bench.centre.inbox(token=bench.person("owner")).notices
    request = ReadRequest(notice=notice.id)
    stranger = bench.person("stranger")
    assert refusal(lambda: bench.centre.mark_read(request, token=stranger)) == (404, "not_found")
    first = bench.centre.mark_read(request, token=bench.person("owner"))
    assert bench.centre.mark_read(request, token=bench.person("owner")) == first
    assert bench.finished(recall).read == 1


@pytest.mark.parametrize("holder", ["owner", SHOP, MAKER])
def test_roles_do_only_what_is_theirs(bench: Bench, holder: str) -> None:
    token = bench.person("owner") if holder == "owner" else bench.operator(OrganisationId(holder))
    calls: dict[str, list[Callable[[], object]]] = {
        "owner": [
            lambda: bench.centre.inbox(token=token),
        ],
        SHOP: [
            lambda: bench.centre.register_purchase(bench.purchase("owner", "7"), token=token),
        ],
        MAKER: [
            lambda: bench.centre.register_trade_item(TradeItemRequest(gtin=GTIN, name="H"), token=token),
            lambda: bench.centre.start_recall(RecallRequest(recall=recall_record(), gtin=GTIN), token=token),
        ],
    }
    for whose, each in calls.items():
        for call in each:
            if whose == holder:
                call()
            else:
                assert refusal(call) == (403, "forbidden")
