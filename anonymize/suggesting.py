"""A first draft of a schema, guessed from the names and the values of the columns."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd

from anonymize.errors import SchemaError
from anonymize.hierarchy import Hierarchy
from anonymize.hierarchy_dates import as_date
from anonymize.hierarchy_intervals import as_number
from anonymize.ladder import Occurrences
from anonymize.schema import Schema, check_columns

Words = tuple[re.Pattern[str], tuple[str, ...]]
"""English words, and parts of Japanese names, which have no spaces."""

_NUMBERS: Final = (
    re.compile(r"id|uuid|guid|mrn|ssn|no|number|passport|iban|e?mail|phone|tel|fax|mobile|url|ip"),
    ("番号", "電話", "メール", "記号"),
)
_NAMES: Final = (
    re.compile(r"(sur|first|last|fore|full|user|)names?|address|street"),
    ("氏名", "名前", "住所", "姓", "ふりがな", "フリガナ"),
)
_SENSITIVE: Final = (
    re.compile(
        r"diseases?|diagnos[ie]s|conditions?|illness|symptoms?|drugs?|medications?|prescriptions?|treatments?"
        r"|salary|income|wages?|debts?|religion|party|convictions?|hiv|icd"
    ),
    ("病名", "疾患", "診断", "症状", "処方", "薬", "年収", "収入", "給与", "宗教", "犯罪"),
)
_CODES: Final = (re.compile(r"zip|zipcode|postal|postcode|code"), ("郵便", "コード"))
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")

_MANY_ROWS: Final = 20
_FEW_VALUES: Final = 3
_MOST_CATEGORIES: Final = 1000
_LONG_TEXT: Final = 40
_CODE_LENGTHS: Final = range(3, 13)


@dataclass(frozen=True, slots=True)
class _Column:
    """What is looked at in a column. Shape: `counts` has the rows of each value."""

    name: str
    rows: int
    values: tuple[object, ...]
    texts: tuple[str, ...]
    counts: Sequence[int]

    @classmethod
    def of(cls, series: pd.Series, name: str) -> "_Column":
        found = Occurrences.of(series, name)
        counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.values))
        return cls(name, len(series), found.values, found.texts, counts.tolist())

    @property
    def numbers(self) -> list[Decimal] | None:
        """The finite ones, if all values are numbers."""
        found = [as_number(value) for value in self.values]
        numbers = [number for number in found if number is not None]
        return [number for number in numbers if number.is_finite()] if len(numbers) == len(found) else None

    def named(self, words: Words) -> bool:
        english, japanese = words
        return any(part in self.name for part in japanese) or any(
            english.fullmatch(word.lower()) for word in _WORD.findall(self.name)
        )

    @property
    def distinct_everywhere(self) -> bool:
        """Whether no two of the rows that have a value share it."""
        return max(self.counts) == 1

    def all(self, holds: Callable[[str], bool]) -> bool:
        return all(map(holds, self.texts))


def suggest(df: pd.DataFrame) -> Schema:
    """As `Schema.suggest`."""
    check_columns(df, [])
    quasi: dict[str, Hierarchy] = {}
    sensitive, identifying, notes = [], [], {}
    for name in df.columns:
        if not isinstance(name, str):
            raise SchemaError(f"Column {name!r} is not named by a text; rename it.")
        column = _Column.of(df[name], name)
        if len(column.values) <= 1:
            notes[name] = "has one value only and is kept as it is."
        elif why := _identifying(column):
            identifying.append(name)
            notes[name] = f"identifying: {why}"
        elif column.named(_SENSITIVE):
            sensitive.append(name)
            notes[name] = (
                "sensitive? Its name only says so; if others may know it, make it a quasi-identifier."
            )
        else:
            quasi[name], notes[name] = _generalised(column)
    if not quasi:
        raise SchemaError("No column looks like a quasi-identifier; write the schema by hand.")
    return Schema(quasi, sensitive=sensitive, identifying=identifying, notes=notes)


def _identifying(column: _Column) -> str | None:
    often_new = 10 * len(column.values) >= column.rows
    if often_new and column.named(_NUMBERS):
        return "its name says that it is somebody's number or contact."
    if often_new and column.named(_NAMES):
        return "its name says that it names or locates somebody."
    if column.all(lambda text: bool(_EMAIL.fullmatch(text))):
        return "its values are e-mail addresses."
    if sum(map(len, column.texts)) > _LONG_TEXT * len(column.texts):
        return "its values are long texts, which may name anybody."
    if column.rows >= _MANY_ROWS and column.distinct_everywhere and _is_numbering(column):
        return "every row has another value."
    return None


def _is_numbering(column: _Column) -> bool:
    """Whether distinct values count rows or are codes and names, rather than measurements and dates."""
    if (numbers := column.numbers) is None:
        return any(as_date(value) is None for value in column.values)
    return all(number % 1 == 0 for number in numbers) and (
        numbers == sorted(numbers) or max(numbers) - min(numbers) < 2 * len(numbers)
    )


def _generalised(column: _Column) -> tuple[Hierarchy, str]:
    if all(as_date(value) is not None for value in column.values):
        return Hierarchy.dates(), "quasi-identifier: dates, by calendar."
    lengths = {len(text) for text in column.texts}
    alike = len(lengths) == 1 and lengths <= set(_CODE_LENGTHS) and column.all(_has_digit)
    coded = alike and (column.named(_CODES) or any(text.startswith("0") for text in column.texts))
    if coded and column.named(_CODES):
        return _codes(lengths.pop())
    if len(column.values) <= _FEW_VALUES:
        return Hierarchy.suppression(), "quasi-identifier: few values, shown or not."
    if not coded and (numbers := column.numbers) and min(numbers) < max(numbers):
        return _numeric(numbers, bounded=len(numbers) < len(column.values))
    if alike:
        return _codes(lengths.pop())
    if len(column.values) <= _MOST_CATEGORIES:
        return _categories(column), (
            "quasi-identifier: categories, the most frequent shown longest. Groups by meaning (mapping, csv)"
            " or in their order (order) lose less."
        )
    return (
        Hierarchy.redaction(),
        "quasi-identifier: texts, masked from the right; list groups (csv) if you can.",
    )


def _codes(length: int) -> tuple[Hierarchy, str]:
    return Hierarchy.redaction(length=length), "quasi-identifier: codes, masked from the right."


def _has_digit(text: str) -> bool:
    return any(each.isdigit() for each in text)


def _numeric(numbers: Sequence[Decimal], *, bounded: bool) -> tuple[Hierarchy, str]:
    lowest, highest = min(numbers), max(numbers)
    width = _round_up((highest - lowest) / 20)
    if all(number % 1 == 0 for number in numbers):
        width = max(width, Decimal(2))
    widths = [width * 2**level for level in range(5) if level == 0 or width * 2**level < highest - lowest]
    bottom, top = (lowest, highest) if bounded else (None, None)
    note = "quasi-identifier: numbers; choose widths and boundaries that mean something, and bottom and top."
    return Hierarchy.intervals(widths, bottom=bottom, top=top), note


def _round_up(number: Decimal) -> Decimal:
    """The next number of the form 1, 2, 5 or 10 times a power of ten."""
    power = Decimal(1).scaleb(number.adjusted())
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= number)


def _categories(column: _Column) -> Hierarchy:
    order = sorted(range(len(column.texts)), key=lambda at: (-column.counts[at], column.texts[at]))
    keep = [len(order) >> level for level in range(1, 5) if len(order) >> level]
    return Hierarchy.priority([column.texts[at] for at in order], keep=keep)
