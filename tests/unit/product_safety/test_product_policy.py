"""The rules of the product safety centre."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.product_safety_world import GTIN, recall_record

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.product_safety.messages import RecallRequest, SerialList, SerialRange
from services.product_safety import policy
from services.product_safety.errors import (
    LaterPurchaseError,
    NotOwnTradeItemError,
    ProductConflictError,
    PurchaseDateError,
    RecallStateError,
    TradeItemTakenError,
)
from services.product_safety.model import (
    RECALL_TRANSITIONS,
    Ownership,
    OwnershipId,
    Product,
    RecallState,
    TradeItem,
    advance,
)

MAKER, OTHER = OrganisationId("maker"), OrganisationId("other")
numbers = st.integers(0, 10**20 - 1)


def request(serials: SerialRange | SerialList | None = None, lots: list[str] | None = None) -> RecallRequest:
    return RecallRequest(recall=recall_record(), gtin=GTIN, serials=serials, lots=lots)


@given(numbers, numbers)
def test_ranks_order_as_numbers_do(one: int, other: int) -> None:
    first, second = policy.serial_rank(str(one)), policy.serial_rank(f"{other:020}")
    assert first is not None
    assert second is not None
    assert (first < second) == (one < other)


@pytest.mark.parametrize("serial", ["A1", "1A", "-1", "1.0", "٣"])
def test_serial_that_is_no_plain_number_has_no_rank(serial: str) -> None:
    assert policy.serial_rank(serial) is None


@given(numbers, numbers, numbers)
def test_range_covers_exactly_the_numbers_in_it(one: int, other: int, serial: int) -> None:
    first, last = sorted((one, other))
    told = request(SerialRange(first=str(first), last=str(last)))
    assert policy.covers(told, serial=str(serial), lot=None) == (first <= serial <= last)


def test_range_covers_no_serial_with_letters() -> None:
    told = request(SerialRange(first="0", last="9" * 20))
    assert not policy.covers(told, serial="A5", lot=None)


@pytest.mark.parametrize(
    ("serial", "lot", "concerned"),
    [
        ("1", "L1", True),
        ("1", None, True),
        ("1", "L2", False),
        ("2", "L1", False),
    ],
)
def test_recall_of_serials_and_lots_concerns_what_is_in_both(
    serial: str, lot: str | None, concerned: bool
) -> None:
    told = request(SerialList(listed=["1"]), lots=["L1"])
    assert policy.covers(told, serial=serial, lot=lot) is concerned


def test_only_the_registered_maker_recalls() -> None:
    item = TradeItem(GTIN, MAKER, "Heater")
    assert policy.check_maker(item, MAKER) == item
    for found in (item, None):
        with pytest.raises(NotOwnTradeItemError):
            policy.check_maker(found, OTHER)


def test_first_maker_keeps_a_gtin() -> None:
    policy.check_registrant(None, OTHER)
    policy.check_registrant(TradeItem(GTIN, MAKER, "Heater"), MAKER)
    with pytest.raises(TradeItemTakenError):
        policy.check_registrant(TradeItem(GTIN, MAKER, "Heater"), OTHER)


def test_article_keeps_what_is_known_of_it() -> None:
    known = Product(GTIN, "1", policy.serial_rank("1"), "L1", None)
    told = Product(GTIN, "1", policy.serial_rank("1"), None, "Red")
    assert policy.merge(known, told) == Product(GTIN, "1", policy.serial_rank("1"), "L1", "Red")
    with pytest.raises(ProductConflictError):
        policy.merge(known, Product(GTIN, "1", policy.serial_rank("1"), "L2", None))


def test_purchase_of_tomorrow_is_refused() -> None:
    policy.check_purchase_date(1000 + policy.CLOCK_SKEW_SECONDS, now=1000)
    with pytest.raises(PurchaseDateError):
        policy.check_purchase_date(1001 + policy.CLOCK_SKEW_SECONDS, now=1000)


def test_earlier_purchase_does_not_end_a_later_ownership() -> None:
    present = Ownership(OwnershipId("o"), GTIN, "1", Pseudonym("p"), OrganisationId("shop"), 100, False, None)
    policy.check_succession(present, purchased_at=100)
    with pytest.raises(LaterPurchaseError):
        policy.check_succession(present, purchased_at=99)


@pytest.mark.parametrize("state", RecallState)
@pytest.mark.parametrize("to", RecallState)
def test_recall_goes_only_where_the_table_says(state: RecallState, to: RecallState) -> None:
    if to in RECALL_TRANSITIONS[state]:
        assert advance(state, to) is to
    else:
        with pytest.raises(RecallStateError):
            advance(state, to)
