"""The page of permissions, which tests/attacks/test_permission_matrix.py holds against the live decisions."""

from pathlib import Path

from consent.vocabulary import Body

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
Cell = tuple[str, str, str]


def table() -> dict[Cell, tuple[str, str, frozenset[str]]]:
    """Return (body, method, path) -> (who, action, names), as the page prints it."""
    found: dict[Cell, tuple[str, str, frozenset[str]]] = {}
    body = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            body = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split(" |")]
        if body in set(Body) and len(cells) == 5 and cells[1].startswith("`"):
            names = frozenset(name for name in cells[4].split(", ") if name)
            found[body, cells[0], cells[1].strip("`")] = (cells[2], cells[3], names)
    return found
