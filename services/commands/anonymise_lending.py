"""Releasing a table through a ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

import anonymize as an
from services.commands.options import gathered
from services.commands.table_failures import told


@dataclass(frozen=True, slots=True)
class Lending:
    """Through which ledger a table leaves, to whom, and which column says whose row it is."""

    url: str
    recipient: str
    person: str
    key_file: Path | None
    anchor: Path | None

    @classmethod
    def of(
        cls,
        *,
        ledger: str | None,
        recipient: str | None,
        person: str | None,
        key_file: Path | None,
        anchor: Path | None,
    ) -> "Lending | None":
        """Raises: UsageError when some of the options are there and others are missing."""
        if all(each is None for each in (ledger, recipient, person, key_file, anchor)):
            return None
        if ledger is None or recipient is None or person is None:
            raise click.UsageError("A release needs all of --ledger, --recipient and --person.")
        return cls(ledger, recipient, person, key_file, anchor)

    def check(self, schema: an.Schema) -> None:
        """Raises: UsageError when the column that names the persons would leave with the table."""
        if self.person not in schema.identifying:
            raise click.UsageError(
                f"--person {self.person!r} is not among the schema's identifying columns; add it there, or it"
                " would leave with the table."
            )

    def opened(self, table: pd.DataFrame) -> "Leaving":
        """Raises: LedgerError."""
        with _usable():
            ledger = an.ReleaseLedger(
                self.url,
                key=None if self.key_file is None else self.key_file.read_bytes(),
                anchor=None if self.anchor is None else an.FileAnchor(self.anchor),
            )
        return Leaving(ledger, self.recipient, tuple(table[self.person].tolist()))


@dataclass(frozen=True, slots=True)
class Leaving:
    """A table on its way out through an open ledger. Shape: `persons` has the person of each row."""

    ledger: an.ReleaseLedger
    recipient: str
    persons: tuple[str, ...]

    def anonymized(self, anonymize: Callable[..., an.Result]) -> an.Result:
        """Search among the tables that the ledger lets leave now. Raises: as `anonymize`; LedgerError."""
        with _usable():
            return anonymize(ledger=self.ledger, recipient=self.recipient, persons=self.persons)

    def release(self, result: an.Result) -> pd.DataFrame:
        """Hand the table out, rows in random order. Raises: JointDisclosureError, LedgerError."""
        with _usable():
            return self.ledger.release(result, recipient=self.recipient, persons=self.persons).frame


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, ModuleNotFoundError) as cause:
        raise an.LedgerError("The ledger's database cannot be used; check --ledger.") from cause


lending_options = gathered(
    "lending",
    [
        click.option(
            "--ledger",
            help="Release through this ledger, which checks the table with all earlier ones: sqlite:///FILE.",
        ),
        click.option("--recipient", help="Who gets the table, named as in every other release."),
        click.option("--person", help="Identifying column that says whose row it is."),
        click.option(
            "--key-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="The ledger's secret, at least 32 bytes; without it, a file beside a SQLite ledger.",
        ),
        click.option(
            "--anchor",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Keep the ledger's newest state here too: a lost or older ledger is not used.",
        ),
    ],
    told(Lending.of),
)
