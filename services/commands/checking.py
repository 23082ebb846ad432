"""`sekisho check`: what software sees of legal rules in a table, and who is unique in the population."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import pandas as pd

import anonymize as an
from anonymize.rules_signs import Place
from anonymize.schema import check_columns
from services.commands.anonymise import EXISTING, encoding_option, read, separator_option
from services.commands.table_failures import told
from services.commands.table_files import TableFile

SETS: Final = (
    ("HIPAA safe harbor, 45 CFR 164.514(b)(2)", "HIPAAセーフハーバー", "safe_harbor"),
    (
        "Japan: enforcement rules of the Act on the Protection of Personal Information, article 34",
        "個人情報の保護に関する法律施行規則 第34条",
        "japan",
    ),
)
SEEN: Final = {
    "name": ("by the column's name", "列名から"),
    "values": ("by the form of the values", "値の形から"),
    "unique": ("no two rows share a value", "すべての行で値が異なる"),
    "rare": ("values that few rows have, or far from all others", "まれな値・極端な値"),
}
HEADINGS: Final = {
    "found": "Signs seen / 兆候あり",
    "cannot be told": "Cannot be told by software; look yourself / ソフトウェアでは判断不能。人が確認してください",
    "none": "No sign seen / 兆候なし",
}
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", re.ASCII)


@click.command()
@click.argument("source", type=EXISTING)
@click.option(
    "--schema", "schema_file", required=True, type=EXISTING, help="Schema (TOML); see `sekisho suggest`."
)
@click.option(
    "--sampling-fraction",
    type=float,
    metavar="F",
    help="The table is this part of a population, drawn at random: estimate who is unique there.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@separator_option
@encoding_option
@told
def check(
    source: Path,
    schema_file: Path,
    *,
    sampling_fraction: float | None,
    as_json: bool,
    separator: str | None,
    encoding: str | None,
) -> None:
    """Tell which signs of what legal rules want removed are in a table, before or after it is anonymised."""
    schema = an.Schema.from_toml(schema_file)
    table = read(source, separator, encoding)
    check_columns(table.frame, [*schema.quasi, *schema.sensitive])
    rules = an.check_rules(_typed(table.frame), schema)
    unique = None
    if sampling_fraction is not None:
        unique = an.population_uniqueness(
            table.frame, quasi=list(schema.quasi), sampling_fraction=sampling_fraction
        )
    if as_json:
        found: dict[str, object] = {"rules": rules.to_dict()}
        if unique is not None:
            found["population_uniqueness"] = unique.to_dict()
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for line in _told(rules, table, schema=schema):
        click.echo(line)
    for line in _uniqueness(unique, list(schema.quasi)) if unique is not None else ():
        click.echo(line)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of plain numbers as numbers: extreme ones are told apart from rare categories."""
    numbers = [
        name
        for name in frame.columns
        if (present := frame[name].dropna().unique()).size and all(map(_NUMBER.fullmatch, present))
    ]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})


def _told(rules: an.RuleReport, table: TableFile, *, schema: an.Schema) -> Iterator[str]:
    left_out = [name for name in schema.identifying if name in table.frame.columns]
    yield f"{rules.rows} rows read ({table.encoding}, separator {table.separator!r})"
    if left_out:
        yield f"left out, as they never leave / 出力されないため対象外の列: {', '.join(left_out)}"
    for title, title_ja, name in SETS:
        yield ""
        yield f"{title} / {title_ja}"
        yield from _checks(getattr(rules, name))
    yield ""
    yield "This tells what software sees and is no legal assessment: that nothing is found proves nothing."
    yield "ソフトウェアで分かる兆候の報告であり、法的な判断ではありません。兆候がないことは安全の証明にはなりません。"


def _checks(checks: Sequence[an.RuleCheck]) -> Iterator[str]:
    for verdict, heading in HEADINGS.items():
        groups: dict[object, list[an.RuleCheck]] = {}
        for each in (check for check in checks if check.verdict == verdict):
            # Rules without a finding that ask for the same are told together.
            groups.setdefault(each.rule if each.places else each.advice, []).append(each)
        if groups:
            yield f"  {heading}"
        for alike in groups.values():
            for each in alike:
                yield f"    {each.rule}: {each.title.en} / {each.title.ja}"
                yield from map(_place, each.places)
            if verdict != "none":
                yield f"      What to do: {alike[0].advice.en}"
                yield f"      対応: {alike[0].advice.ja}"


def _place(place: Place) -> str:
    seen, seen_ja = SEEN[place.seen]
    rows = "1 row" if place.rows == 1 else f"{place.rows} rows"
    return f"      {place.column}: {rows}, {seen} / {place.rows}行（{seen_ja}）"


def _uniqueness(unique: an.Uniqueness, quasi: Sequence[str]) -> Iterator[str]:
    columns, part = ", ".join(quasi), f"{unique.sampling_fraction:.4g}"
    yield ""
    yield "Who is unique in the population / 母集団で唯一の人"
    yield f"  If the table is a random part of it ({part}) and others know {columns}:"
    yield f"  表が母集団から無作為に抽出された一部（割合{part}）で、他者が {columns} を知る場合："
    rows, people = _share(unique.sample_uniqueness), _share(unique.dankar)
    yield f"  {rows} of the rows are the only one of their kind in the table / 表の中で唯一の行: {rows}"
    if people is None:
        yield "  no estimate for the population / 母集団については推定できません"
    else:
        yield (
            f"  {people} of the people are estimated to be the only one of their kind in the population"
            f" ({unique.chosen}) / 母集団で唯一と推定される人: {people}（{unique.chosen}）"
        )
    for name, found in (("zayatz", unique.zayatz), ("pitman", unique.pitman), ("snb", unique.snb)):
        yield f"    {name}: {_share(found) or unique.reasons.get(name, 'no estimate')}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2%}"
