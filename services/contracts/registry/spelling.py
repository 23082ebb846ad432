"""One spelling for names and addresses that people take for the same, for searching and for nothing else.

Width, case and kana (hiragana), variant characters, spaces, and in addresses the many ways to write 2-3-4. What cannot
be told from another place is left alone: 字, and kanji numerals other than before 丁目.
"""

import hashlib
import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

import jaconv

VARIANTS: Final = "variants.toml"
RULES: Final = b"1"
"""Change it when the rules of this module change: every index of spellings is then made anew."""

_SELECTORS: Final = re.compile("[︀-️\U000e0100-\U000e01ef]")
_KANJI: Final = "[㐀-鿿々\U00020000-\U0003ffff]"
_SMALL_KE: Final = re.compile(f"(?<={_KANJI})[ゖゕけが](?={_KANJI})")
_DASHES: Final = re.compile(r"(?<=\d)[-‐‑‒–—―−─ー－~〜の之ノ](?=\d)")
_NUMERALS: Final = re.compile("([一二三四五六七八九十]{1,3})(?=丁目)")
_CHOME: Final = re.compile(r"(?<=\d)丁目")
_BANCHI: Final = re.compile(r"(?<=\d)番(?:地の?|の)?(?=[\d-]|$)|(?<=\d)番地")
_NUMBER: Final = re.compile(r"(?<=\d)号(?![室棟館])")
_RUNS: Final = re.compile("-{2,}")


def edition() -> bytes:
    """Return what names the rules and the table in force. Shape: 32 bytes."""
    return hashlib.sha256(RULES + _table_file()).digest()


def fold_name(name: str) -> str:
    """Return the searched spelling of a name. Guarantees: folding it again changes nothing."""
    return _settled(name)


def fold_address(address: str) -> str:
    """Return the searched spelling of a whole address. Guarantees: folding it again changes nothing."""
    return fold_address_start(address).rstrip("-")


def fold_address_start(start: str) -> str:
    """Return the searched spelling of how an address begins: a last 丁目 stays visible as "-"."""
    text = _SMALL_KE.sub("が", _settled(start))
    while (numbered := _numbered(text)) != text:
        text = numbered
    return text


def _numbered(text: str) -> str:
    text = _NUMERALS.sub(lambda found: str(_number(found[1])), text)
    for rule in (_DASHES, _CHOME, _BANCHI):
        text = rule.sub("-", text)
    text = _NUMBER.sub(lambda found: "-" if found.string[found.end() :][:1].isdigit() else "", text)
    return _RUNS.sub("-", text)


def _number(kanji: str) -> int:
    tens, ten, ones = kanji.rpartition("十")
    digits = {each: value for value, each in enumerate("一二三四五六七八九", start=1)}
    if not ten:
        return int("".join(str(digits[each]) for each in kanji))
    return 10 * digits.get(tens, 1) + digits.get(ones, 0)


def _settled(text: str) -> str:
    # some characters need a second round: a sound mark joins its letter when the space between is gone
    while (folded := _fold(text)) != text:
        text = folded
    return text


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", _SELECTORS.sub("", text)).casefold()
    text = "".join(each for each in text if not each.isspace() and unicodedata.category(each) != "Cf")
    return str(jaconv.kata2hira(text)).translate(_variants())


@cache
def _variants() -> dict[int, str]:
    table = tomllib.loads(_table_file().decode())
    return {ord(pair[0]): pair[1] for part in table.values() for pair in part["pairs"].split()}


@cache
def _table_file() -> bytes:
    return (files("services.contracts.registry") / VARIANTS).read_bytes()
