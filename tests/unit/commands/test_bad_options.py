"""What cannot be meant ends with one line that says what to do, before any body is asked."""

from pathlib import Path

import pytest
from support.command_line import assert_one_line, within

SPAN = "A span of years needs four-digit years, the first not after the last."
TURNED = ["--category", "checkup", "--years", "2026", "2024", "--purpose", "TREAT"]
RIGHT = ["--category", "checkup", "--years", "2024", "2026", "--purpose", "TREAT"]
TO = ["--to", "clinic-b"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that is nothing of what is asked for, and no text."""
    made = tmp_path / "picture"
    made.write_bytes(bytes(range(256)))
    return made


@pytest.mark.parametrize("words", [["grant", *TO], ["refuse", "--everybody"], ["simulate", *TO]])
def test_years_the_wrong_way_round(words: list[str], file: Path) -> None:
    assert_one_line(within(*words, "--card", file, *TURNED), SPAN)


def test_folder_of_nobody_at_a_counter(file: Path) -> None:
    done = within("grant", *TO, *RIGHT, "--card", file, "--at-counter", file.parent)
    assert_one_line(done, "organisation.json is missing; name a credential folder")


def test_file_that_is_no_wards(file: Path) -> None:
    done = within("as-guardian", "--ward", file, "grant", *TO, *RIGHT, "--card", file)
    assert_one_line(done, "is not a readable file of a ward")


@pytest.mark.parametrize("content", [b"", b"{}", bytes(range(256))])
def test_opening_that_nobody_printed(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    done = within("unmask", "propose", "--as", file.parent, "--opening", file, "--reason", "x", "A" * 22)
    assert_one_line(done, "is not what `sekisho staff opening` prints")


def test_parameters_that_are_no_text(file: Path) -> None:
    done = within(
        "propose",
        "--as",
        file.parent,
        "--at",
        "identity",
        "--kind",
        "x",
        "--with",
        f"@{file}",
        "--reason",
        "x",
    )
    assert_one_line(done, "is not text in UTF-8; name a text file", status=2)


def test_folder_where_a_file_is_meant(file: Path) -> None:
    line = assert_one_line(within("verify", file.parent, "--trust", file), f"{file.parent}: Is a directory")
    assert "Errno" not in line


def test_no_secret_is_put_into_what_is_no_credential_folder(file: Path) -> None:
    assert_one_line(within("staff", "renew", "--as", file.parent), "name a credential folder")
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_no_card_is_issued_where_its_file_cannot_be_written(file: Path) -> None:
    done = within(
        "guardian", "first-card", "--as", file.parent, "--reference", "x", "--card", file, "--pin", "2583",
        "--signature-pin", "kaki5678",
    )  # fmt: skip
    assert_one_line(done, f"{file} exists already; choose another name")


@pytest.mark.parametrize("words", [["enrol"], ["guardian", "enrol"]])
def test_nobody_is_born_in_times_to_come(words: list[str], file: Path) -> None:
    items = ["--name", "x", "--address", "y", "--sex", "other", "--birth-date", "2999-01-01"]
    assert_one_line(within(*words, "--as", file.parent, *items), "2999-01-01 has not come yet", status=2)


def test_reason_that_says_nothing(file: Path) -> None:
    done = within("unmask", "propose", "--as", file.parent, "--reason", " ", "A" * 22)
    assert_one_line(done, "it is empty; say it in a few words", status=2)
