"""A folder with a small table and its schema, and the command that anonymises it."""

from pathlib import Path

from support.command_line import within

Words = list[str | Path]

SCHEMA = """\
sensitive = ["disease"]
identifying = ["name"]

[quasi.age]
hierarchy = "intervals"
widths = [5, 10, 20]

[quasi.zip]
hierarchy = "redaction"
"""
ROWS = [
    f"{name},{age},{postcode},{disease},{visit}"
    for name, age, postcode, disease, visit in zip(
        "ABCDEFGH",
        [20, 21, 22, 23, 35, 36, 37, 38],
        ["123", "124", "125", "126", "201", "202", "203", "204"],
        ["flu", "flu", "ulcer", "=1+1", "flu", "ulcer", "asthma", "flu"],
        range(8),
        strict=True,
    )
]
TABLE = "name,age,zip,disease,visit\n" + "\n".join(ROWS) + "\n"


def fill(folder: Path) -> Path:
    """Write `in.csv`, `s.toml` and a ledger's `key`."""
    (folder / "in.csv").write_text(TABLE, encoding="utf-8")
    (folder / "s.toml").write_text(SCHEMA, encoding="utf-8")
    (folder / "key").write_bytes(bytes(range(32)))
    return folder


ANONYMIZE: Words = ["anonymize", "in.csv", "--schema", "s.toml", "--out", "out.csv", "--report", "r.json"]


def gives(*words: str | Path) -> str:
    done = within(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout
