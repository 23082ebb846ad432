"""What the repository holds, and what it must not hold."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home|Users)/\w")
# in pieces, so that this file itself names no host
REGISTRY_HOST = re.compile(
    r"py"
    r"pi\.(?:org|python\.org)|python"
    r"hosted\.org|registry"
    r"\.npm"
    r"js\.org|yarn"
    r"pkg\.com|conda"
    r"\.io"
)
LOCKS = ("requirements.lock", "requirements-dev.lock")


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("reads the files that git tracks, and an unpacked archive has no git")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def _texts() -> dict[Path, str]:
    found = {}
    for file in _tracked():
        try:
            found[file.relative_to(ROOT)] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_names_a_machines_path_or_a_registry_host() -> None:
    own = Path(__file__).relative_to(ROOT)
    found = [
        f"{file}: {match[0]}"
        for file, text in _texts().items()
        if file != own
        for pattern in (MACHINE_PATH, REGISTRY_HOST)
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_search_for_machine_paths_would_find_one() -> None:
    assert MACHINE_PATH.search("see /home/somebody/notes")
    assert not MACHINE_PATH.search("`tests/home/x`, https://maker.example/tmp/x, ./tmp/y")
    assert REGISTRY_HOST.search("".join(("https://files.python", "hosted.org/packages")))


@pytest.mark.parametrize("name", LOCKS)
def test_locked_requirements_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert "://" not in text
    assert "--index-url" not in text
    for entry in pinned:
        if re.match(r"[A-Za-z0-9]", entry):
            assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+", entry), entry[:60]
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:60]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in _tracked()
        if file.suffix == ".py" and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-2000:]


def test_bodies_have_the_same_file_names() -> None:
    expected = {
        "__init__.py",
        "app.py",
        "settings.py",
        "tables.py",
        "egress.py",
        "errors.py",
        "api",
        "migrations",
    }
    for body in ("identity", "registry", "medical", "product_safety", "research", "portal"):
        assert expected <= {each.name for each in (ROOT / "services" / body).iterdir()}, body


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later_in_the_code(word: str) -> None:
    own = Path(__file__).relative_to(ROOT)
    found = [
        str(file)
        for file, text in _texts().items()
        if file.suffix in (".py", ".js") and file != own and re.search(rf"\b{word}\b", text)
    ]
    assert found == []
