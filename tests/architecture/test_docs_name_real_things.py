"""What the written documentation names exists: tests, files, functions, steps, dependencies, settings, commands."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.cli import main
from services.commands.later import loaded

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "docs", "docs/adr", "docs/reference")
PAGES = sorted(page for folder in FOLDERS for page in (ROOT / folder).glob("*.md"))
WITH_TESTS = (
    "CONTRIBUTING.md",
    "docs/threat-model.md",
    "docs/protocol.md",
    "docs/divergences.md",
    "docs/accounts.md",
    "docs/cards-pkcs11.md",
)
STEP = re.compile(r"^\| ([A-Z][1-9][0-9]?) \|", re.MULTILINE)
STEPS_OF = {
    "A": 4,
    "T": 8,
    "K": 4,
    "X": 2,
    "V": 4,
    "D": 7,
    "P": 7,
    "R": 10,
    "F": 5,
    "W": 4,
    "N": 4,
    "S": 6,
    "H": 3,
    "C": 4,
    "G": 7,
    "Z": 4,
    "U": 6,
    "M": 6,
    "Q": 5,
    "Y": 5,
    "E": 7,
}
TEST_PATH = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
CODE_PATH = re.compile(r"`((?:consent|anonymize|services|docs|benchmarks)/[\w/]+\.py)(?::(\w+))?`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"^\$ sekisho ([a-z-]+)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _rows(page: str) -> Iterator[tuple[str, str]]:
    """Return (step, row) for each row of a step."""
    for line in _text(page).splitlines():
        match = STEP.match(line)
        if match is not None:
            yield match[1], line


@cache
def _defined(path: str) -> frozenset[str]:
    tree = ast.parse(_text(path))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize("page", WITH_TESTS)
def test_every_named_test_exists(page: str) -> None:
    named = TEST_PATH.findall(_text(page))
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or (name and name not in _defined(path))
    ]
    assert named
    assert missing == []


@pytest.mark.parametrize("page", [str(each.relative_to(ROOT)) for each in PAGES])
def test_every_named_file_and_function_exists(page: str) -> None:
    missing = [
        f"{path}:{name}"
        for path, name in CODE_PATH.findall(_text(page))
        if not (ROOT / path).is_file() or (name and name not in _defined(path))
    ]
    assert missing == []


@pytest.mark.parametrize("page", [str(each.relative_to(ROOT)) for each in PAGES])
def test_every_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    assert [target for target in LINK.findall(_text(page)) if not (folder / target).exists()] == []


def test_protocol_numbers_every_step_once() -> None:
    steps = [step for step, _ in _rows("docs/protocol.md")]
    assert steps == [
        f"{letter}{number}" for letter, count in STEPS_OF.items() for number in range(1, count + 1)
    ]


def test_every_step_stands_at_its_code_and_in_its_tests() -> None:
    missing = []
    for step, row in _rows("docs/protocol.md"):
        number = re.compile(rf"\b{step}[a-e]?\b")
        code, tests = (
            [path for path, _ in CODE_PATH.findall(row)],
            [path for path, _ in TEST_PATH.findall(row)],
        )
        assert code, step
        assert tests, step
        missing += [
            f"{step}: {path}" for path in [*code, *tests] if not number.search(_with_ranges(_text(path)))
        ]
    assert missing == []


def _with_ranges(text: str) -> str:
    """Write `P4 to P7` and `D5-D7` out."""

    def spelled(match: re.Match[str]) -> str:
        letter, first, last = match[1], int(match[2]), int(match[3])
        return " ".join(f"{letter}{number}" for number in range(first, last + 1))

    return re.sub(r"\b([A-Z])(\d+)(?: to |-)\1(\d+)\b", spelled, text)


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads(_text("pyproject.toml"))
    wanted = {
        re.split(r"[\[<>=~!; ]", each)[0]
        for each in [
            *project["project"]["dependencies"],
            *project["project"]["optional-dependencies"]["spark"],
            *project["dependency-groups"]["dev"],
            *project["dependency-groups"]["npm"],
        ]
    } | set(json.loads(_text("browser/package.json"))["dependencies"])
    listed = set(re.findall(r"^\| `([\w@/-]+)` \|", _text("docs/dependencies.md"), re.MULTILINE))
    assert listed == wanted


def test_commands_of_the_readme_exist_with_their_options() -> None:
    readme = _text("README.md").replace("\\\n", " ")
    named = COMMAND.findall(readme)
    assert named
    assert set(named) <= set(main.commands)
    for line in re.findall(r"^\$ sekisho .*$", readme, re.MULTILINE):
        command = loaded(main.commands[line.split()[2]])
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(OPTION.findall(line)) <= known, line


def test_settings_named_in_pages_exist() -> None:
    known = (
        _text("docs/settings.md")
        + _text("tests/support/database.py")
        + _text("tests/conftest.py")
        + _text("services/gateway/card_tokens.py")
        + _text("tests/conftest.py")
    )
    for page in PAGES:
        for name in re.findall(r"SEKISHO_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8")):
            assert name in known, f"{page.name}: {name}"


def test_adr_list_names_every_record() -> None:
    records = sorted(each.name for each in (ROOT / "docs/adr").glob("0*.md"))
    index = _text("docs/adr/README.md")
    assert [name for name in records if name not in index] == []
