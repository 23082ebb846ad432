"""Commands

`sekisho suggest`, `anonymize`, `measure` and `check` do with CSV files what the library does with tables. `check`
tells the signs of [legal rules](risk.md), and with `--sampling-fraction` who is unique in the population, in plain
English and Japanese or as JSON (`--json`). Separator and encoding are recognised or given (`--separator`,
`--encoding`). Every cell is read as text, and an empty one is a missing value, so that whatever is not recoded leaves
as it came; text that a spreadsheet would take for a formula is marked with `'`, which these commands take away again
when they read the file. Results are written as UTF-8, with the input's separator, when everything has passed; nothing
is replaced without `--force`. An error is one line and exit status 1 (2 for a wrong use of options).
"""

from pathlib import Path

import pytest
from support.spec import prints

TABLE = """\
name,age,zip,disease
A,20,123,flu
B,21,124,flu
C,22,125,ulcer
D,23,126,asthma
E,35,201,flu
F,36,202,ulcer
G,37,203,asthma
H,38,204,flu
"""
SCHEMA = """\
sensitive = ["disease"]
identifying = ["name"]

[quasi.age]
hierarchy = "intervals"
widths = [5, 10, 20]

[quasi.zip]
hierarchy = "redaction"
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text(TABLE, encoding="utf-8")
    Path("schema.toml").write_text(SCHEMA, encoding="utf-8")
    Path("fewer.csv").write_text(TABLE.replace("H,38,204,flu\n", ""), encoding="utf-8")


def test_suggest() -> None:
    """A first draft of a schema

    With a note on each column; see [schemas](schema.md).
    """
    prints(
        "sekisho suggest in.csv --out draft.toml",
        "2 quasi-identifiers, 1 identifying and 1 sensitive columns guessed; correct them in draft.toml",
    )


def test_anonymize() -> None:
    """Anonymise

    Models that look at a sensitive column are given per column and may be given again. `--levels` allows some
    levels only, `--suppression` how large a share of the rows may be suppressed. The rows leave in an order from the
    system's random source, without any number.
    """
    prints(
        """
        sekisho anonymize in.csv --schema schema.toml --k 2 --l disease:2 --levels age=1,2 \\
            --suppression 0.1 --out out.csv --report report.json
        """,
        """
        8 rows read (utf-8, separator ',')
        levels: age=2, zip=1
        loss 0.4286, 0 rows suppressed (0.0%)
        written to out.csv, rows in random order
        """,
    )


def test_prepared() -> None:
    """Transform columns first

    See [transformations](transformations.md): numbers are rounded and then bounded (`--round`, `--bottom`, `--top`),
    dates are cut to the first day of their period (`--truncate`). The report says so.
    """
    prints(
        """
        sekisho anonymize in.csv --schema schema.toml --k 4 --round age=10 --top age=30 \\
            --levels age=0 --out out.csv --report report.html
        """,
        """
        8 rows read (utf-8, separator ',')
        age: rounding, 7 cells changed
        age: top coding, 4 cells changed
        levels: age=0, zip=1
        loss 0.1952, 0 rows suppressed (0.0%)
        written to out.csv, rows in random order
        """,
    )


def test_impossible() -> None:
    """What cannot be done

    Nothing is written.
    """
    prints(
        "sekisho anonymize in.csv --schema schema.toml --k 9 --out out.csv",
        """
        Error: No allowed transformation satisfies the models. Even on age=4, zip=3 8 rows are in classes that fail \\
        (model k-anonymity, k 9); the suppression limit allows 0 of 8. Allow coarser levels, raise the limit, weaken \\
        the model, or add rows.
        """,
    )


def test_ledger() -> None:
    """Through a ledger

    The best table is searched among those that expose nobody together with what the recipient can hold already; see
    [the release ledger](ledger.md).
    `--person` names the identifying column that says whose row it is. In the second table H alone is missing.
    """
    prints(
        """
        sekisho anonymize in.csv --schema schema.toml --k 4 --out first.csv \\
            --ledger sqlite:///ledger.sqlite --recipient univ-x --person name --anchor head.json
        """,
        """
        8 rows read (utf-8, separator ',')
        levels: age=2, zip=2
        loss 0.4286, 0 rows suppressed (0.0%)
        written to first.csv, rows in random order
        """,
    )
    prints(
        """
        sekisho anonymize fewer.csv --schema schema.toml --k 3 --out second.csv \\
            --ledger sqlite:///ledger.sqlite --recipient univ-x --person name --anchor head.json
        """,
        """
        Error: No table of these persons can leave: even with all in one class, it leaves fewer than 4 persons in a \\
        joint class, next to earlier releases. Wait until enough persons have joined or left, or choose others.
        """,
    )
