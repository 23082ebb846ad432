"""The registry's pure rules: one spelling of a value, and nothing told but what was asked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import MalformedError
from consent.vocabulary import BasicItem
from services.contracts.oversight.register import Role
from services.registry.model import Resident, normalise
from services.registry.policy import compare, may_confirm

ITEMS = {
    BasicItem.NAME: "山田 花子",
    BasicItem.ADDRESS: "東京都千代田区一番町1",
    BasicItem.SEX: "female",
    BasicItem.BIRTH_DATE: "1984-02-29",
}
TEXTS = st.text(alphabet="アｱガｶﾞ１1Ａa 　\t山-ー", min_size=1, max_size=12)


@pytest.mark.parametrize("role", Role)
def test_only_confirmers_may_ask(role: Role) -> None:
    assert may_confirm([role]) is (role is Role.CONFIRMER)


@given(TEXTS)
def test_there_is_one_spelling_and_it_stays(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once == normalise(unicodedata.normalize("NFKC", text))
    assert normalise(f"  {text}　") == once


@pytest.mark.parametrize(
    ("one", "other"),
    [("ﾔﾏﾀﾞ　ﾊﾅｺ", "ヤマダ ハナコ"), ("一番町１－２", "一番町1-2"), (" 山田  花子 ", "山田 花子")],
)
def test_what_people_take_for_the_same_is_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@given(st.dictionaries(st.sampled_from(BasicItem), TEXTS, min_size=1))
def test_answer_names_what_was_asked_and_tells_changed_values_only(believed: dict[BasicItem, str]) -> None:
    resident = Resident(ITEMS)
    told = {each.item: each.value for each in compare(resident, believed)}
    assert told.keys() == believed.keys()
    for item, value in told.items():
        same = normalise(believed[item]) == resident.items[item]
        assert value == (None if same else resident.items[item])


@pytest.mark.parametrize(
    "items",
    [
        {BasicItem.NAME: "山田"},
        ITEMS | {BasicItem.BIRTH_DATE: "1983-02-29"},
        ITEMS | {BasicItem.BIRTH_DATE: "yesterday"},
    ],
)
def test_incomplete_or_impossible_items_are_refused(items: dict[BasicItem, str]) -> None:
    with pytest.raises(MalformedError):
        Resident(items)


def test_items_are_not_shown() -> None:
    resident = Resident(ITEMS)
    assert repr(resident) == "Resident(...)"
    assert "花子" not in repr(compare(resident, {BasicItem.NAME: "somebody"}))
