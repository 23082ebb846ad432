"""Hierarchies in files: separators, encodings, and what is said about those that cannot be read."""

from pathlib import Path

import pytest

import anonymize as an
from anonymize.delimited import decode, records, separator_of
from anonymize.hierarchy_groups import Tabulated

TOWNS = "東京;関東;*\n大阪;関西;*\n"
ROWS = (("東京", "関東", "*"), ("大阪", "関西", "*"))


def table(path: Path, **how: str) -> tuple[tuple[str | None, ...], ...]:
    kind = an.Hierarchy.from_csv(path, **how).kind
    assert isinstance(kind, Tabulated)
    return kind.table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "h.csv").write_bytes(TOWNS.encode(encoding))
    assert table(tmp_path / "h.csv") == ROWS


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    (tmp_path / "h.csv").write_text(TOWNS.replace(";", separator), encoding="utf-8")
    assert table(tmp_path / "h.csv") == ROWS


def test_comma_within_a_label_is_no_separator(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("1;[0, 5);*\n7;[5, 10);*\n", encoding="utf-8")
    assert table(tmp_path / "h.csv")[0] == ("1", "[0, 5)", "*")


def test_given_separator_and_encoding_count(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_bytes("Müller:a;b:*\n".encode("cp1252"))
    assert table(tmp_path / "h.csv", separator=":", encoding="cp1252") == (("Müller", "a;b", "*"),)


def test_latin_text_is_not_taken_for_japanese(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_bytes("Bär;Säugetier;*\n".encode("cp1252"))
    with pytest.raises(an.HierarchyError, match=r"h\.csv .* name its encoding"):
        an.Hierarchy.from_csv(tmp_path / "h.csv")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'"a;b\n', "line 1 on has broken quoting"),
        (b'a;*\n"b"c;*\n', "line 2 on has broken quoting"),
        (b"a\x00b;*\n", "NUL"),
        (b"\x81\xff;*\n", "neither UTF-8 nor UTF-16 nor Shift_JIS"),
        (b"", "no rows"),
        (b"a;*\nb\n", "h.csv: Row 1 ('b') has 1 columns"),
        (b"a;x;*\nb;*\n", "give every value the same number of levels"),
        (b"a;x\nb;y\na;z\n", "'a' stands in rows 0 and 2; keep one"),
    ],
)
def test_malformed_file_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "h.csv").write_bytes(content)
    with pytest.raises(an.HierarchyError, match=r"h\.csv") as refused:
        an.Hierarchy.from_csv(tmp_path / "h.csv")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("content", "encoding", "says"),
    [
        (b"ok\n\xff\n", "utf-8", "Line 2 is not utf-8"),
        (b"ok", "no-such-thing", "no encoding 'no-such-thing'"),
        (b"ok", "hex", "no encoding 'hex'"),
    ],
)
def test_text_that_is_not_in_the_named_encoding_is_refused(content: bytes, encoding: str, says: str) -> None:
    with pytest.raises(an.FileFormatError, match=says):
        decode(content, encoding)


@pytest.mark.parametrize("separator", ["", ";;", '"', "\n"])
def test_separator_that_separates_nothing_is_refused(separator: str) -> None:
    with pytest.raises(an.FileFormatError, match="one character"):
        list(records("a;b", separator))


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b;c;d\n1,2;3;4\n", ";"),
        ('a;"b,c,d,e"\n1;2\n', ";"),
        ("a,b\n1,2\n3\n", ","),
        ("alone\n1\n", ";"),
        ("a,b\n" + '"x\ny",2\n' * 20_000, ","),
    ],
)
def test_separator_gives_equally_many_columns(text: str, separator: str) -> None:
    assert separator_of(text) == separator
