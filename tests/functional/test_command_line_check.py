"""A table checked by command: signs of what rules want removed, and who is unique in the population."""

import json
from pathlib import Path

import pandas as pd
import pytest
from support.anonymise_folder import Words, gives
from support.command_line import assert_one_line, within

import anonymize as an

HEADER = "name,age,sex,phone,income,code\n"
ROWS = [
    f"P{n},{20 + n // 2 if n < 36 else 91 + n},{'fm'[n % 2]},090-1234-56{n:02},{300 + n % 5},0{n % 7}"
    for n in range(40)
]
SCHEMA = """\
identifying = ["name"]
sensitive = ["income"]

[quasi.age]
hierarchy = "intervals"
widths = [5]

[quasi.sex]
hierarchy = "suppression"
"""
COMMAND: Words = ["check", "in.csv", "--schema", "s.toml"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(HEADER + "\n".join(ROWS) + "\n", encoding="utf-8")
    (tmp_path / "s.toml").write_text(SCHEMA, encoding="utf-8")
    return tmp_path


def block(said: str, rule: str) -> tuple[str, str]:
    """The heading under which a rule of the first set that has it stands, and what is said of it."""
    lines = said.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"    {rule}: "))
    rest = [number for number, line in enumerate(lines) if number > first and not line.startswith("      ")]
    heading = [line for line in lines[:first] if not line.startswith("    ")][-1]
    return heading.strip(), "\n".join(lines[first : rest[0]])


def test_signs_are_told_in_both_languages_with_place_and_advice() -> None:
    said = gives(*COMMAND)
    assert "40 rows read (utf-8, separator ',')" in said
    assert "left out, as they never leave / 出力されないため対象外の列: name" in said
    heading, phones = block(said, "164.514(b)(2)(i)(D)")
    assert heading == "Signs seen / 兆候あり"
    assert phones.startswith("    164.514(b)(2)(i)(D): Telephone numbers / 電話番号")
    assert "phone: 40 rows, by the column's name / 40行（列名から）" in phones
    assert "What to do: Name the column as identifying" in phones
    assert "対応: 列を識別子として指定し、出力から除いてください。" in phones
    assert block(said, "164.514(b)(2)(i)(F)")[0] == "No sign seen / 兆候なし"
    heading, last = block(said, "164.514(b)(2)(i)(Q)")
    assert "人が確認してください" in heading
    assert "Read free text for it" in last
    assert block(said, "34-1")[0] == "Signs seen / 兆候あり"
    assert "Compare with the original database" in block(said, "34-5")[1]
    assert "proves nothing" in said
    assert "Who is unique" not in said
    assert "090-1234" not in said


def test_json_is_the_librarys_report(folder: Path) -> None:
    found = json.loads(gives(*COMMAND, "--json", "--sampling-fraction", "0.05"))
    table = pd.read_csv(folder / "in.csv", dtype={"code": object})
    schema = an.Schema.from_toml(folder / "s.toml")
    assert found["rules"] == json.loads(json.dumps(an.check_rules(table, schema).to_dict()))
    unique = an.population_uniqueness(table, quasi=["age", "sex"], sampling_fraction=0.05)
    assert found["population_uniqueness"] == unique.to_dict()
    assert "population_uniqueness" not in json.loads(gives(*COMMAND, "--json"))


def test_population_uniqueness_is_told_in_plain_words(folder: Path) -> None:
    said = gives(*COMMAND, "--sampling-fraction", "1")
    assert (
        "100.00% of the rows are the only one of their kind in the table / 表の中で唯一の行: 100.00%" in said
    )
    assert "母集団で唯一と推定される人: 100.00%（exact）" in said
    said = gives(*COMMAND, "--sampling-fraction", "0.05")
    assert "pitman: Every row is unique, so nothing tells how large classes are." in said
    assert "others know age, sex:" in said


def test_table_that_was_anonymised_is_checked_too(folder: Path) -> None:
    words: Words = ["anonymize", "in.csv", "--schema", "s.toml", "--k", "2", "--out", "out.csv"]
    gives(*words, "--top", "age=60")
    said = gives("check", "out.csv", "--schema", "s.toml", "--sampling-fraction", "0.5")
    assert "left out" not in said
    assert "0.00% of the rows are the only one of their kind" in said


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        (["check", "in.csv"], "--schema", 2),
        (["check", "none.csv", "--schema", "s.toml"], "does not exist", 2),
        ([*COMMAND, "--sampling-fraction", "5"], "above 0 and at most 1, for example 0.01", 1),
        ([*COMMAND, "--sampling-fraction", "nan"], "above 0 and at most 1", 1),
        ([*COMMAND, "--sampling-fraction", "some"], "'some' is not a valid float", 2),
        ([*COMMAND, "--separator", ";"], "no column 'age'", 1),
        ([*COMMAND, "--encoding", "klingon"], "no encoding 'klingon'", 1),
        (["check", "in.csv", "--schema", "in.csv"], "in.csv is no TOML", 1),
        (["check", "empty.csv", "--schema", "s.toml"], "empty.csv: The file is empty", 1),
        (["check", "short.csv", "--schema", "s.toml"], "The table has no rows", 1),
    ],
)
def test_what_cannot_be_checked_is_told(folder: Path, words: Words, expected: str, status: int) -> None:
    (folder / "empty.csv").touch()
    (folder / "short.csv").write_text(HEADER, encoding="utf-8")
    assert_one_line(within(*words), expected, status=status)
