"""Files stay short enough to be read at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES: Final[Mapping[str, int]] = {
    "consent": 350,
    "anonymize": 350,
    "services": 350,
    "benchmarks": 350,
    "docs": 350,
    "tests": 500,
}
"""About 300 is meant; a table of cases or a world of a test may be longer than what a body runs."""

LONGER: Final[Mapping[str, str]] = {
    "services/directives/release.py": "R7 step by step, in the order of the protocol",
    "services/portal/pages/umbral.js": "built by Umbral's own package, not written here",
}


def _files(folder: str) -> dict[str, int]:
    found = [each for ending in ("py", "js") for each in (ROOT / folder).rglob(f"*.{ending}")]
    return {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in found
        if "migrations" not in file.parts
    }


@pytest.mark.parametrize("folder", MOST_LINES)
def test_file_is_short_or_says_why_not(folder: str) -> None:
    files = _files(folder)
    assert files
    assert {name for name, lines in files.items() if lines > MOST_LINES[folder]} <= set(LONGER)


def test_exceptions_are_still_too_long() -> None:
    for name in LONGER:
        file = ROOT / name
        if file.is_file():  # what is built is not there without npm
            folder = name.partition("/")[0]
            assert len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES[folder], name
