"""The closed list of look-up forms (J1), and one spelling for what people take for the same."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.vocabulary import BasicItem
from services.contracts.registry.forms import Form, Question, question_of
from services.contracts.registry.look_ups import LookUpRefusal, Match, Query, Sought
from services.contracts.registry.municipalities import split_address
from services.contracts.registry.spelling import fold_address, fold_address_start, fold_name

BORN = "1984-02-29"
ADDRESS = "東京都千代田区霞が関二丁目1番2号"
ITEMS = {
    BasicItem.NAME: "渡邉 髙子",
    BasicItem.ADDRESS: ADDRESS,
    BasicItem.SEX: "female",
    BasicItem.BIRTH_DATE: BORN,
}
TABLE = Path(__file__).resolve().parents[3] / "services/contracts/registry/variants.toml"
TEXTS = st.text(
    alphabet="ｶﾞがガヶケ髙高邉霞関一二十1１-ー－の番地丁目号室 　゛\U000e0100東京都千代田区Aａ", max_size=16
)


def sought(text: str) -> Sought:
    """A trailing * means the beginning."""
    return Sought(text=text.rstrip("*"), match=Match.PREFIX if text.endswith("*") else Match.FULL)


def query(name: str | None, address: str | None = None, born: str | None = None, **more: str) -> Query:
    return Query(
        name=None if name is None else sought(name),
        address=None if address is None else sought(address),
        birth_date=born,
        **more,
    )


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (Query(token="x"), Form.NUMBER),
        (query("渡辺高子", ADDRESS), Form.NAME_ADDRESS),
        (query("渡辺高子", born=BORN), Form.NAME_BIRTH_DATE),
        (query("渡*", ADDRESS), Form.NAME_START_ADDRESS),
        (query("渡辺高子", "東京都千代田区霞*"), Form.NAME_ADDRESS_START),
        (query("渡*", born=BORN), Form.NAME_START_BIRTH_DATE),
    ],
)
def test_six_forms_are_allowed_and_find_the_person(asked: Query, form: Form) -> None:
    question = question_of(asked)
    assert isinstance(question, Question)
    assert question.form is form
    assert question.fits(ITEMS) is (form is not Form.NUMBER)
    assert "渡" not in repr(question)


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (query("渡辺高子", token="x"), LookUpRefusal.NUMBER_ALONE),
        (Query(token="x", birth_date=BORN), LookUpRefusal.NUMBER_ALONE),
        (query(None), LookUpRefusal.NAME_MISSING),
        (query(None, ADDRESS, BORN), LookUpRefusal.NAME_MISSING),
        (query("渡辺高子"), LookUpRefusal.NAME_ALONE),
        (query("渡*"), LookUpRefusal.NAME_ALONE),
        (query("渡辺高子", ADDRESS, BORN), LookUpRefusal.ONE_FORM),
        (query("　*", born=BORN), LookUpRefusal.NAME_EMPTY),
        (query("渡辺高子", born="1984"), LookUpRefusal.BIRTH_DATE_INCOMPLETE),
        (query("渡辺高子", born="1984-02"), LookUpRefusal.BIRTH_DATE_INCOMPLETE),
        (query("渡辺高子", born="1983-02-29"), LookUpRefusal.BIRTH_DATE_INCOMPLETE),
        (query("渡*", "東京都千代田区霞*"), LookUpRefusal.TWO_PREFIXES),
        (query("渡辺高子", "霞が関*"), LookUpRefusal.MUNICIPALITY_MISSING),
        (query("渡辺高子", "東京都*"), LookUpRefusal.MUNICIPALITY_MISSING),
        (query("渡辺高子", "東京都千代田区*"), LookUpRefusal.BEHIND_MUNICIPALITY),
        (query("渡辺高子", "東京都 千代田区　*"), LookUpRefusal.BEHIND_MUNICIPALITY),
    ],
)
def test_anything_less_is_refused_with_the_rule_named(asked: Query, rule: LookUpRefusal) -> None:
    assert question_of(asked) is rule


NAMES = st.none() | st.sampled_from(["渡辺高子", "渡*", "渡辺*"]).map(sought)
ADDRESSES = st.none() | st.sampled_from(
    [ADDRESS, "東京都千代田区霞*", "東京都千代田区*", "東京都*", "東*"]
).map(sought)
BIRTHS = st.none() | st.sampled_from([BORN, "1984", "1984-02"])


@given(st.builds(Query, token=st.none() | st.just("x"), name=NAMES, address=ADDRESSES, birth_date=BIRTHS))
def test_what_is_allowed_is_what_the_rule_says_and_nothing_else(asked: Query) -> None:
    """J1, written a second time as the requirement says it."""
    rest = (asked.name, asked.address, asked.birth_date)
    full_name = asked.name is not None and asked.name.match is Match.FULL
    full_address = asked.address is not None and asked.address.match is Match.FULL
    behind = asked.address is not None and asked.address.text == "東京都千代田区霞"
    full_birth_date = asked.birth_date == BORN
    allowed = (
        (asked.token is not None and rest == (None, None, None))
        or (asked.token is None and asked.name is not None and full_address and asked.birth_date is None)
        or (asked.token is None and asked.name is not None and full_birth_date and asked.address is None)
        or (asked.token is None and full_name and behind and asked.birth_date is None)
    )
    assert isinstance(question_of(asked), Question) is allowed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("渡邉　髙子", "渡辺高子"),
        ("山﨑 ﾊﾅｺ", "山崎はなこ"),
        ("ヴァレリー", "ゔぁれりー"),
        ("Ｊohn SMITH", "john smith"),
        ("葛\U000e0100城", "葛城"),
        ("が", "か\u3099"),
    ],
)
def test_names_that_people_take_for_the_same_are_the_same(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("山田", "山本"), ("しょう", "しよう"), ("か", "が"), ("斉藤", "斎藤")]
)
def test_names_that_are_different_stay_different(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize(
    "other",
    [
        "東京都千代田区霞が関２－１－２",
        "東京都千代田区霞ヶ関2丁目1-2",
        "東京都 千代田区 霞ケ関 二丁目１番地の２",
        "東京都千代田区霞ガ関2ー1ー2",
        "東京都千代田区霞が関2の1の2",
    ],
)
def test_addresses_that_people_take_for_the_same_are_the_same(other: str) -> None:
    assert fold_address(other) == fold_address(ADDRESS)


@pytest.mark.parametrize(
    "other",
    ["東京都千代田区霞が関21番2号", "東京都千代田区霞が関2-12", "東京都千代田区霞が関2-1-2 202号室"],
)
def test_other_places_stay_other_places(other: str) -> None:
    assert fold_address(other) != fold_address(ADDRESS)


@pytest.mark.parametrize("town", ["一番町1", "二番町3", "三田1"])
def test_numerals_that_are_part_of_a_name_are_left_alone(town: str) -> None:
    assert fold_address(f"東京都千代田区{town}") == f"東京都千代田区{town}"


def test_beginning_that_ends_with_a_numbered_part_does_not_reach_into_the_next_number() -> None:
    start = question_of(query("渡辺高子", "東京都千代田区霞が関2丁目*"))
    assert isinstance(start, Question)
    assert start.fits(ITEMS)
    assert start.fits(ITEMS | {BasicItem.ADDRESS: "東京都千代田区霞が関2丁目"})
    assert not start.fits(ITEMS | {BasicItem.ADDRESS: "東京都千代田区霞が関21丁目1"})


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
    assert fold_address(fold_address(text)) == fold_address(text)
    assert fold_address_start(text).rstrip("-") == fold_address(text)


@pytest.mark.parametrize(
    ("municipality", "rest"),
    [
        ("東京都千代田区", "丸の内1-1"),
        ("神奈川県横浜市", "中区日本大通1"),
        ("千葉県市川市", "八幡1-1-1"),
        ("三重県四日市市", "諏訪町1-5"),
        ("石川県野々市市", "三納1-1"),
        ("東京都町田市", "森野2-2-22"),
        ("東京都武蔵村山市", "本町1-1-1"),
        ("福島県郡山市", "朝日1-23-7"),
        ("奈良県大和郡山市", "北郡山町248-4"),
        ("鹿児島県鹿児島市", "郡元1-2"),
        ("奈良県高市郡明日香村", "岡55"),
        ("北海道余市郡余市町", "朝日町26"),
        ("山形県東村山郡山辺町", "緑が丘5"),
        ("群馬県佐波郡玉村町", "下新田201"),
        ("兵庫県赤穂郡上郡町", "大持278"),
        ("富山県中新川郡上市町", "法音寺1"),
        ("東京都大島町", "元町1-1-14"),
        ("福岡県小郡市", "小郡255-1"),
    ],
)
def test_municipality_ends_where_it_does(municipality: str, rest: str) -> None:
    assert split_address(municipality + rest) == (municipality, rest)
    assert split_address(municipality) == (municipality, "")


@pytest.mark.parametrize("address", ["", "千代田区丸の内1-1", "1 Main Street", "東京", "東京都", "県市町村"])
def test_address_without_prefecture_has_no_municipality(address: str) -> None:
    assert split_address(address) is None


def test_table_of_variants_leads_nowhere_twice() -> None:
    pairs = [pair for part in tomllib.loads(TABLE.read_text()).values() for pair in part["pairs"].split()]
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)
    read_as: dict[str, set[str]] = {}
    for one, other in pairs:
        read_as.setdefault(one, set()).add(other)
    assert all(len(others) == 1 for others in read_as.values())
    assert {other for _, other in pairs}.isdisjoint(read_as)
    assert all(fold_name(one) == fold_name(other) for one, other in pairs)
