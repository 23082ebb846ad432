"""Legal rules for anonymised data, looked at by software: a report of what it saw, no proof of anything."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal

import pandas as pd

from anonymize.errors import ModelError
from anonymize.rules_signs import SIGNS, Column, Place, rare, unique_in_every_row
from anonymize.rules_texts import JAPAN, SAFE_HARBOR, Rule, Text
from anonymize.schema import Schema, check_columns

Verdict = Literal["found", "none", "cannot be told"]
RARE_BELOW: Final = 5


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """What was seen of one rule. "none" is said only where what the rule names has a form that values show."""

    rule: str
    title: Text
    verdict: Verdict
    places: tuple[Place, ...]
    advice: Text


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What software sees of two sets of rules in a table; who answers for the table judges.

    `safe_harbor` has the 18 identifiers (A) to (R) and the actual knowledge of 45 CFR 164.514(b)(2); `japan` the
    five standards of article 34 of the enforcement rules of Japan's Act on the Protection of Personal
    Information. Columns and row counts only: no value of the table is in it.
    """

    rows: int
    rare_below: int
    safe_harbor: tuple[RuleCheck, ...]
    japan: tuple[RuleCheck, ...]

    @property
    def found(self) -> tuple[RuleCheck, ...]:
        """The rules of which a sign was seen."""
        return tuple(check for check in (*self.safe_harbor, *self.japan) if check.verdict == "found")

    def to_dict(self) -> dict[str, object]:
        """The report as JSON-able values."""
        return asdict(self)


def check_rules(
    df: pd.DataFrame, schema: Schema | None = None, *, rare_below: int = RARE_BELOW
) -> RuleReport:
    """Look at names and values of the columns for what the rules want removed.

    Columns that the schema calls identifying are left out, since they never leave. Categories of fewer than
    `rare_below` rows count as idiosyncratic.
    Raises: SchemaError when the table is unusable; ModelError for an impossible `rare_below`.
    Source: 45 CFR 164.514(b)(2); 個人情報の保護に関する法律施行規則 第34条.
    """
    check_columns(df, [])
    if isinstance(rare_below, bool) or not isinstance(rare_below, int) or rare_below < 1:
        raise ModelError("rare_below must be a whole number of rows, 1 or more.")
    gone = set(schema.identifying) if schema is not None else set()
    columns = [Column.of(df[name], str(name)) for name in df.columns if name not in gone]
    return RuleReport(
        rows=len(df),
        rare_below=rare_below,
        safe_harbor=tuple(_check(rule, columns, rare_below) for rule in SAFE_HARBOR),
        japan=tuple(_check(rule, columns, rare_below) for rule in JAPAN),
    )


def _check(rule: Rule, columns: Iterable[Column], rare_below: int) -> RuleCheck:
    places = tuple(place for column in columns if (place := _place(rule, column, rare_below)) is not None)
    verdict: Verdict = "found" if places else ("none" if rule.visible else "cannot be told")
    return RuleCheck(rule.name, rule.title, verdict, places, rule.advice)


def _place(rule: Rule, column: Column, rare_below: int) -> Place | None:
    """The strongest sign of the rule in the column: the one that most rows show."""
    found = [SIGNS[sign].place(column) for sign in rule.signs]
    if rule.unique:
        found.append(unique_in_every_row(column))
    if rule.rare:
        found.append(rare(column, rare_below))
    seen = [place for place in found if place is not None]
    return max(seen, key=lambda place: place.rows, default=None)
