"""GTINs by GS1's check digit, and recall records as they are published."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.shared_data import SHARED, needs

from services.contracts.product_safety.messages import (
    GTIN_LENGTHS,
    ProductRequest,
    RecallRecord,
    RecallRequest,
    SerialRange,
    normalise_gtin,
)

OWN = Path(__file__).parents[2] / "support" / "product_safety_recall.json"
PUBLISHED = SHARED / "data" / "recalls" / "cpsc"


def with_check_digit(body: str) -> str:
    """Append the digit that makes the weighted sum, threes from the right, a multiple of ten."""
    weighted = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return body + str(-weighted % 10)


gtins = st.sampled_from(GTIN_LENGTHS).flatmap(
    lambda size: st.text("0123456789", min_size=size - 1, max_size=size - 1).map(with_check_digit)
)


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_printed_gtins_are_kept_with_fourteen_digits(printed: str, kept: str) -> None:
    assert normalise_gtin(printed) == kept


@given(gtins)
def test_gtin_of_every_length_is_kept_once_normalised(gtin: str) -> None:
    assert normalise_gtin(normalise_gtin(gtin)) == gtin.zfill(14)


@given(gtins, st.data())
def test_one_wrong_digit_is_noticed(gtin: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(gtin) - 1))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != gtin[place]]))
    with pytest.raises(ValueError, match="check digit"):
        normalise_gtin(gtin[:place] + digit + gtin[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "123", "123456789", "400638133393a", "４００６３８１３３３９３１", " 96385074"]
)
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="8, 12, 13 or 14 digits"):
        normalise_gtin(text)


def own_record() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(OWN.read_text(encoding="utf-8"))[0]
    return record


@needs(PUBLISHED)
def test_published_recalls_are_taken_as_they_are() -> None:
    published = json.loads((PUBLISHED / "gsa-cpsc-18218.json").read_text(encoding="utf-8"))
    for record in published:
        taken = RecallRecord.from_cpsc(record)
        assert (taken.recall_number, taken.title) == (record["RecallNumber"], record["Title"])
        assert [each.name for each in taken.hazards] == [each["Name"] for each in record["Hazards"]]
        assert [each.name for each in taken.remedies] == [each["Name"] for each in record["Remedies"]]


def test_fields_beyond_ours_are_left_out_of_a_published_record() -> None:
    taken = RecallRecord.from_cpsc(own_record()).model_dump(by_alias=True)
    assert "LastPublishDate" not in taken
    assert "NumberOfUnits" not in taken["Products"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("RecallNumber", ""),
        ("RecallDate", "15 January 2026"),
        ("Title", None),
        ("Title", "x" * 1001),
        ("Description", ""),
        ("URL", "javascript:alert(1)"),
        ("Products", []),
        ("Hazards", []),
        ("Hazards", [{"Name": ""}]),
        ("Remedies", None),
        ("RecallNumber", 18218),
    ],
)
def test_recall_record_without_a_required_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        RecallRecord.from_cpsc(own_record() | {field: value})


def test_wire_refuses_what_is_not_in_the_message() -> None:
    wire = {"recall": own_record(), "gtin": "4006381333931"}
    with pytest.raises(ValidationError, match="extra"):
        RecallRequest.model_validate_json(json.dumps(wire))


@pytest.mark.parametrize(("first", "last"), [("A1", "A9"), ("1", "A9"), ("", "9"), ("10", "9"), ("1.5", "2")])
def test_serial_range_is_for_plain_numbers_in_order(first: str, last: str) -> None:
    with pytest.raises(ValidationError):
        SerialRange(first=first, last=last)


@pytest.mark.parametrize("serial", ["", "x" * 21, "a b", "é", "a\n"])
def test_serial_outside_gs1_characters_is_refused(serial: str) -> None:
    with pytest.raises(ValidationError):
        ProductRequest(gtin="96385074", serial=serial)
