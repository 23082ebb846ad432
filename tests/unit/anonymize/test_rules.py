"""What software sees of legal rules in a table."""

import json
from collections.abc import Sequence

import pandas as pd
import pytest

import anonymize as an
from anonymize.rules_signs import is_personal_number

ROWS = 30


def table(**columns: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame({"sex": ["f", "m"] * (ROWS // 2), **columns})


def letters(df: pd.DataFrame, schema: an.Schema | None = None) -> dict[str, list[tuple[str, int, str]]]:
    """What was found, by the last part of the rule's number."""
    return {
        check.rule.removeprefix("164.514(b)(2)(i)").strip("()"): [
            (place.column, place.rows, place.seen) for place in check.places
        ]
        for check in an.check_rules(df, schema).found
    }


SEEN: list[tuple[str, Sequence[object], str]] = [
    ("who", ["ada@example.org"] * ROWS, "F"),
    ("contact", ["03-1234-5678"] * ROWS, "D"),
    ("contact", ["+1 (212) 555-0199"] * ROWS, "D"),
    ("note", ["078-05-1120"] * ROWS, "G"),
    ("page", ["see https://example.org/a"] * ROWS, "N"),
    ("origin", ["192.0.2.7"] * ROWS, "O"),
    ("origin", ["2001:db8::1"] * ROWS, "O"),
    ("seen", ["2020-05-17"] * ROWS, "C"),
    ("seen", pd.to_datetime(["2020-05-17"] * ROWS).tolist(), "C"),
    ("来院", ["令和2年5月17日"] * ROWS, "C"),
    ("age", [91] * ROWS, "C"),
    ("年齢", ["[95, 100["] * ROWS, "C"),
    ("zip", ["02139"] * ROWS, "B"),
    ("zip", ["036**"] * ROWS, "B"),
    ("場所", ["東京都千代田区千代田1-1"] * ROWS, "B"),
    ("vin", ["x"] * ROWS, "L"),
    ("car", ["1HGCM82633A004352"] * ROWS, "L"),
    ("picture", ["a.jpg"] * ROWS, "Q"),
    ("lastName", ["x"] * ROWS, "A"),
    ("patient_name", ["x"] * ROWS, "A"),
    ("氏名", ["x"] * ROWS, "A"),
    ("faxNumber", ["x"] * ROWS, "E"),
    ("カルテ番号", ["x"] * ROWS, "H"),
    ("被保険者番号", ["x"] * ROWS, "I"),
    ("bank_account", ["x"] * ROWS, "J"),
    ("drivingLicence", ["x"] * ROWS, "K"),
    ("serialNumber", ["x"] * ROWS, "M"),
    ("fingerprint", ["x"] * ROWS, "P"),
    ("code", list(range(1000, 1000 + ROWS)), "R"),
    ("マイナンバー", ["123456789018"] * ROWS, "34-2"),
    ("number", ["123456789018", "1234 5678 9018"] * (ROWS // 2), "34-2"),
    ("travel", ["TK1234567"] * ROWS, "34-2"),
    ("年金", ["1234-567890"] * ROWS, "34-2"),
    ("生年月日", ["1980"] * ROWS, "34-1"),
    ("電話", ["x"] * ROWS, "34-1"),
    ("patient_id", ["x"] * ROWS, "34-3"),
    ("region", ["a"] * (ROWS - 2) + ["b"] * 2, "34-4"),
    ("income", [100.5, 101.5, 102.5] * 9 + [100.5, 101.5, 9_000_000.0], "34-4"),
]


@pytest.mark.parametrize(("column", "values", "rule"), SEEN)
def test_sign_of_a_rule_is_seen(column: str, values: Sequence[object], rule: str) -> None:
    found = letters(table(**{column: values}))
    assert [place[0] for place in found[rule]] == [column]
    assert not any(place[0] == "sex" for places in found.values() for place in places)


UNSUSPICIOUS: list[tuple[str, Sequence[object]]] = [
    ("age", ["[20, 40[", "90+", ">= 90"] * (ROWS // 3)),
    ("age", ["[80, 90[", "*"] * (ROWS // 2)),
    ("zip", ["021**", "100"] * (ROWS // 2)),
    ("year", [1980, 1990] * (ROWS // 2)),
    ("years", ["1990-99", "2013-19"] * (ROWS // 2)),
    ("body_mass_index", [20.5 + number / 7 for number in range(ROWS)]),
    ("COVID", ["yes", "no"] * (ROWS // 2)),
    ("no_of_children", [0, 1, 2] * (ROWS // 3)),
    ("cell_count", [1000, 2000] * (ROWS // 2)),
    ("race", ["White", "Asian"] * (ROWS // 2)),
    ("name", ["*"] * ROWS),
]


@pytest.mark.parametrize(("column", "values"), UNSUSPICIOUS)
def test_generalised_and_harmless_values_are_no_sign(column: str, values: Sequence[object]) -> None:
    found = letters(table(**{column: values}))
    assert found == {}


def test_rows_are_counted_not_values_told() -> None:
    values = ["ada@example.org", "bob@example.org", "ada@example.org", *["none"] * (ROWS - 3)]
    report = an.check_rules(table(contact=values))
    text = json.dumps(report.to_dict(), ensure_ascii=False)
    assert '"column": "contact", "rows": 3, "seen": "values"' in text
    assert "ada" not in text
    assert "example.org" not in text


def test_all_rules_are_answered_and_some_only_by_people() -> None:
    report = an.check_rules(table())
    assert len(report.safe_harbor) == 19
    assert [check.rule for check in report.japan] == ["34-1", "34-2", "34-3", "34-4", "34-5"]
    verdicts = {check.rule: check.verdict for check in (*report.safe_harbor, *report.japan)}
    assert verdicts["164.514(b)(2)(i)(F)"] == "none"
    assert verdicts["164.514(b)(2)(i)(A)"] == "cannot be told"
    assert verdicts["164.514(b)(2)(ii)"] == "cannot be told"
    assert verdicts["34-5"] == "cannot be told"
    for check in (*report.safe_harbor, *report.japan):
        assert check.title.en
        assert check.title.ja
        assert check.advice.en
        assert check.advice.ja


def test_identifying_columns_of_the_schema_are_left_out() -> None:
    df = table(name=["x"] * ROWS)
    schema = an.Schema({"sex": an.Hierarchy.suppression()}, identifying=["name"])
    assert "A" in letters(df)
    assert letters(df, schema) == {}


def test_some_twelve_digits_are_no_column_of_personal_numbers() -> None:
    assert is_personal_number("123456789018")
    assert not is_personal_number("123456789019")
    assert not is_personal_number("12345678901")
    some = ["123456789018"] + ["123456789019"] * (ROWS - 1)
    assert "34-2" not in letters(table(measure=some))


def test_threshold_of_rarity_is_a_setting() -> None:
    df = table(region=["a"] * 20 + ["b"] * 10)
    assert an.check_rules(df, rare_below=11).japan[3].places[0].rows == 10
    assert an.check_rules(df, rare_below=10).japan[3].verdict == "none"
    with pytest.raises(an.ModelError, match="whole number of rows"):
        an.check_rules(df, rare_below=0)
