"""Signs of what identifies people: in a column's name, and in the form of its values."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd

from anonymize.ladder import TOP, leaf_text

Seen = Literal["name", "values", "unique", "rare"]

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MANY_ROWS: Final = 20
_MOSTLY: Final = 0.5
_FEW_VALUES: Final = 1000
_SPREADS: Final = 3.0
_OLDEST: Final = 90


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sign was seen: the column, how many rows, and by what; never a value."""

    column: str
    rows: int
    seen: Seen


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column's values that are present and not suppressed. Shape: `counts` has the rows of each text."""

    name: str
    rows: int
    texts: tuple[str, ...]
    counts: tuple[int, ...]
    numeric: bool

    @classmethod
    def of(cls, series: pd.Series, name: str) -> "Column":
        present = series.dropna()
        found = present.map(leaf_text).value_counts() if len(present) else pd.Series(dtype="int64")
        found = found[found.index != TOP]
        numeric = pd.api.types.is_numeric_dtype(series.dtype) and series.dtype != bool
        return cls(name, len(series), tuple(found.index.tolist()), tuple(found.tolist()), bool(numeric))

    @property
    def present(self) -> int:
        """Rows with a value."""
        return sum(self.counts)

    @property
    def words(self) -> str:
        """The words of the name in small letters."""
        return " ".join(word.lower() for word in _WORD.findall(self.name))

    def rows_where(self, test: Callable[[str], bool]) -> int:
        """How many rows have a value that passes."""
        return sum(count for text, count in zip(self.texts, self.counts, strict=True) if test(text))


@dataclass(frozen=True, slots=True)
class Sign:
    """A pattern of names (English words, parts of Japanese ones) or a test of values.

    `mostly` asks for the test to pass in at least half of the rows, where chance alone passes it in some;
    `only_named` tests only the values of columns that are so named, and then the name alone is no sign.
    """

    english: str = r"(?!)"
    japanese: tuple[str, ...] = ()
    test: Callable[[str], bool] | None = None
    mostly: bool = False
    only_named: bool = False
    unless: str = field(default=r"(?!)")

    def named(self, column: Column) -> bool:
        """Whether the name of the column is such."""
        if any(part in column.name for part in self.japanese):
            return True
        words = column.words
        found = re.search(rf"\b(?:{self.english})\b", words) is not None
        return found and re.search(rf"\b(?:{self.unless})\b", words) is None

    def place(self, column: Column) -> Place | None:
        """Where the sign is seen in the column, if it is."""
        named = self.named(column)
        if named and not self.only_named and column.present:
            return Place(column.name, column.present, "name")
        if self.test is None or (self.only_named and not named):
            return None
        rows = column.rows_where(self.test)
        if not rows or (self.mostly and rows < _MOSTLY * column.present):
            return None
        return Place(column.name, rows, "values")


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.search(text.strip()) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return not text.strip().isdecimal()


def is_personal_number(text: str) -> bool:
    """Whether these are twelve digits of which the last is the check digit.

    Source: Ordinance No. 85 of 2014 of the Ministry of Internal Affairs and Communications, article 5.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not (len(digits) == 12 and digits.isascii() and digits.isdecimal()):
        return False
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


_RESTRICTED: Final = re.compile(r"036|059|063|102|203|556|692|790|821|823|830|831|878|879|884|890|893")
"""First three digits of ZIP codes whose areas held 20,000 people or fewer in the census of 2000."""


def _fine_zip(text: str) -> bool:
    digits = re.match(r"\s*(\d{3})(\d?)", text)
    return digits is not None and (bool(digits[2]) or _RESTRICTED.match(digits[1]) is not None)


def _old(text: str) -> bool:
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
    if not numbers or re.fullmatch(
        r"\s*(?:(?:>|>=|≥)\s*\d+|\d+\s*(?:\+|以上|歳以上|or (?:more|older)))\s*", text
    ):
        return False
    return max(numbers) > _OLDEST or (len(numbers) == 1 and numbers[0] >= _OLDEST)


_MONTH: Final = r"(0?[1-9]|1[0-2])"
_DATE: Final = (
    rf"^\d{{4}}([-/]{_MONTH}([-/]\d{{1,2}})?|\.{_MONTH}\.\d{{1,2}})([T ]|$)"
    r"|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$|^(19|20)\d{2}(0\d|1[0-2])([0-2]\d|3[01])$"
    r"|年\s*\d{1,2}\s*月|\d{1,2}月\s*\d{1,2}日"
)
_STREET: Final = (
    r"(?i)^\d+\s+\w+.*\b(street|st|avenue|ave|road|rd|lane|ln|boulevard|blvd|drive)\b"
    r"|[都道府県].{1,12}[市区町村郡]"
)
_PHONE: Final = (
    r"^(\+\d{1,3}[\s-]?)?(\(\d{2,4}\)|0\d{1,4}|\d{3})[\s.-]\d{2,4}[\s.-]\d{3,4}$|^\+\d{9,14}$|^0[789]0\d{8}$"
)

SIGNS: Final = {
    "person": Sign(
        r"(?:(?:sur|first|last|fore|full|given|family|middle|maiden|patient|user|person|customer|)\s?names?)|surname",
        ("氏名", "名前", "姓名", "ふりがな", "フリガナ", "患者名", "氏（", "カナ氏"),
    ),
    "address": Sign(
        r"(?:home )?address|street|city|town|village|county|precinct|municipality|ward",
        ("住所", "所在地", "番地", "市区町村", "市町村", "町名", "居住地"),
        _matches(_STREET),
        unless=r"ip|e?mail|mac|web",
    ),
    "zip": Sign(r"zip(?:\s?code)?|postal|postcode", ("郵便番号",), _fine_zip, only_named=True),
    "japanese postal code": Sign(test=_matches(r"^〒?\s?\d{3}-\d{4}$")),
    "date": Sign(test=_matches(_DATE)),
    "birth": Sign(r"birth\s?(?:date|day)|date of birth|dob", ("生年月日", "誕生日"), unless="year"),
    "old": Sign(r"age", ("年齢",), _old, only_named=True),
    "telephone": Sign(r"phones?|telephone|tel|mobile", ("電話", "携帯"), _matches(_PHONE)),
    "fax": Sign(r"fax", ("ファックス", "ファクス", "FAX")),
    "mail": Sign(r"e ?mails?", ("メール",), _matches(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")),
    "social security": Sign(r"ssn|social security", ("社会保障番号",), _matches(r"^\d{3}-\d{2}-\d{4}$")),
    "medical record": Sign(
        r"mrn|medical record|chart|patient (?:id|no|number|code)", ("カルテ", "患者番号", "患者ID", "診察券")
    ),
    "health plan": Sign(
        r"beneficiary|insurance|insured|member (?:id|no|number)|policy (?:id|no|number)|health plan",
        ("被保険者", "保険者番号", "保険証", "記号番号"),
    ),
    "account": Sign(
        r"account|iban|card (?:no|number)|credit card",
        ("口座", "カード番号"),
        _matches(r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$"),
    ),
    "licence": Sign(
        r"licen[cs]e|certificate|permit|passport", ("免許", "資格番号", "証明書番号", "旅券", "パスポート")
    ),
    "vehicle": Sign(
        r"vin|vehicle|plate|registration (?:no|number)",
        ("車台", "車両番号", "登録番号標", "ナンバープレート"),
        _matches(r"^(?=.*[A-Z])(?=.*\d{4})[A-HJ-NPR-Z0-9]{17}$"),
    ),
    "device": Sign(r"serial|udi|device (?:id|no|number)|imei", ("製造番号", "シリアル", "機器番号")),
    "web": Sign(r"urls?|website|homepage", ("URL", "ホームページ"), _matches(r"(?i)\b(https?://|www\.)\S+")),
    "network": Sign(r"ip|ip address|mac address", ("IPアドレス",), _is_address),
    "biometric": Sign(
        r"finger\s?prints?|voice\s?prints?|iris|retina|biometrics?|dna|genome|gait",
        ("指紋", "声紋", "虹彩", "静脈", "歩容", "顔特徴", "ゲノム", "塩基配列"),
    ),
    "photograph": Sign(
        r"photos?|photographs?|pictures?|images?|face|portrait",
        ("写真", "画像", "顔"),
        _matches(r"(?i)\.(jpe?g|png|heic|tiff?|bmp)$|^data:image/"),
    ),
    "personal number": Sign(
        r"my ?number|individual number", ("マイナンバー", "個人番号"), is_personal_number, mostly=True
    ),
    "passport": Sign(r"passport", ("旅券", "パスポート"), _matches(r"^[A-Z]{2}\d{7}$"), mostly=True),
    "driver": Sign(r"driver s? ?licen[cs]e|driving licen[cs]e", ("運転免許",)),
    "pension": Sign(r"pension (?:no|number)", ("基礎年金",), _matches(r"^\d{4}-\d{6}$"), mostly=True),
    "resident record": Sign(japanese=("住民票コード",)),
    "linking": Sign(
        r"ids?|uuid|guid|key|identifier|mrn"
        r"|(?:record|serial|case|customer|member|patient|study|subject|receipt) (?:no|number|code)",
        (
            "患者番号",
            "管理番号",
            "識別番号",
            "会員番号",
            "受付番号",
            "整理番号",
            "通し番号",
            "ＩＤ",
            "符号",
            "識別子",
        ),
        _matches(r"(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    ),
}


def unique_in_every_row(column: Column) -> Place | None:
    """Where no two rows share a value that could be a number or a code of somebody.

    Measurements with decimals are distinct by nature; they are left out.
    """
    if column.present < _MANY_ROWS or max(column.counts) > 1:
        return None
    if column.numeric and any("." in text or "e" in text for text in column.texts):
        return None
    return Place(column.name, column.present, "unique")


def rare(column: Column, least: int) -> Place | None:
    """Where few rows share a category, or a number is far from all others (three quartile distances)."""
    if not column.counts:
        return None
    if column.numeric:
        numbers = np.repeat(np.array([float(text) for text in column.texts]), column.counts)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return None
        low, high = np.quantile(numbers, [0.25, 0.75])
        reach = _SPREADS * (high - low)
        rows = int(((numbers < low - reach) | (numbers > high + reach)).sum()) if reach else 0
    elif len(column.texts) > _FEW_VALUES or max(column.counts) == 1:
        return None
    else:
        rows = sum(count for count in column.counts if count < least)
    return Place(column.name, rows, "rare") if rows else None
