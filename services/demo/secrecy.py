"""Check 7: no body's files hold content, and no two bodies share an identifier."""

import sqlite3
from itertools import combinations
from pathlib import Path
from typing import Final

from consent.vocabulary import Body
from services.demo.checks import Steps, expect
from services.demo.scene import Scene
from services.demo.search import ENCODINGS, find_texts

SHORTEST_IDENTIFIER: Final = 12
DIGEST_BYTES: Final = 32
PUBLIC_TABLES: Final = frozenset(
    {
        "log_checkpoint",  # signed tree heads: the body that signed and its witness both keep them, they are public
        "witnessed_log",
        "log_view",  # the same heads, as this body was shown them
        "organisation",  # the public register: organisations, terminals, operators, bodies
        "terminal",
        "operator",
        "body",
        "alembic_version",
    }
)
NAMES_OF_BODIES = frozenset(each.value.encode() for each in Body)
"""They stand for nobody."""


def nothing_in_the_clear(scene: Scene, steps: Steps) -> str:
    """Search every file of every body for the planted texts; compare all stored values between bodies."""
    canaries = sorted({text for texts in scene.data.canaries.values() for text in texts})
    expect(canaries, "no texts were planted")
    control = scene.layout.folder / "control"
    control.mkdir(exist_ok=True)
    (control / "planted").write_bytes(canaries[0].encode("utf-16-le") + canaries[-1].encode().hex().encode())
    expect(len(find_texts(control, canaries)) == 2, "the search does not find texts that are there")
    steps.begin("searching all files for content", len(Body))
    size = 0
    for body in Body:
        folder = scene.layout.body(body)
        found = find_texts(folder, canaries)
        expect(not found, f"{body.value}: content of records in {', '.join(found)}")
        size += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        steps.advance()
    steps.begin("comparing identifiers between bodies", None)
    values = {body: _values(scene.layout.body(body) / "database.sqlite") for body in Body}
    for one, other in combinations(Body, 2):
        shared = values[one].keys() & values[other].keys()
        where = sorted({f"{values[one][each]} = {values[other][each]}" for each in shared})
        expect(
            not shared, f"{one.value} and {other.value} share {len(shared)} values: {', '.join(where[:3])}"
        )
    compared = sum(map(len, values.values()))
    return (
        f"{len(canaries)} planted texts in {len(ENCODINGS)} encodings ({', '.join(ENCODINGS)}) are in none of "
        f"{size / 1e6:.1f} MB of database, WAL and log files; {compared} stored values of {len(Body)} bodies compared "
        f"in {len(list(combinations(Body, 2)))} pairs, none in common"
    )


def _pieces(raw: bytes) -> list[bytes]:
    """Return a value and, where it is a row of digests, each of them: a shared part links as well as a shared whole."""
    pieces = [raw] if len(raw) >= SHORTEST_IDENTIFIER else []
    if len(raw) > DIGEST_BYTES and len(raw) % DIGEST_BYTES == 0:
        pieces += [raw[at : at + DIGEST_BYTES] for at in range(0, len(raw), DIGEST_BYTES)]
    return pieces


def _values(file: Path) -> dict[bytes, str]:
    """Return every stored text or blob long enough to identify somebody, with where it stands."""
    found: dict[bytes, str] = {}
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in sorted(set(tables) - PUBLIC_TABLES):
            cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the schema itself
            columns = [each[0] for each in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    raw = value.encode() if isinstance(value, str) else value
                    if isinstance(raw, bytes) and raw not in NAMES_OF_BODIES:
                        found |= dict.fromkeys(_pieces(raw), f"{table}.{column}")
    connection.close()
    return found
