"""What `sekisho anonymize` is asked for: models, levels and a ledger, as they are written on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

import anonymize as an


def of_column(option: str, text: str, sign: str = ":") -> tuple[str, str]:
    """Split `disease:3`; the column may hold the sign itself. Raises: UsageError when it has no two parts."""
    column, _, rest = text.rpartition(sign)
    if not column or not rest:
        raise click.UsageError(f"{option} {text!r}: write COLUMN{sign}VALUE.")
    return column, rest


def whole(option: str, text: str) -> int:
    """Raises: UsageError unless the text is a whole number."""
    try:
        return int(text)
    except ValueError as cause:
        raise click.UsageError(f"{option}: {text!r} is not a whole number.") from cause


def models_of(*, k: int | None, l: Sequence[str]) -> list[an.Model]:  # noqa: E741 - the option's own name
    """Raises: UsageError without any model, ModelError for parameters that make no sense."""
    models: list[an.Model] = [] if k is None else [an.KAnonymity(k)]
    for column, number in (of_column("--l", each) for each in l):
        models.append(an.DistinctLDiversity(column, whole("--l", number)))
    if not models:
        raise click.UsageError("Name at least one model, for example --k 5.")
    return models


def levels_of(given: Sequence[str]) -> dict[str, list[int]]:
    """Raises: UsageError for a column named twice or a level that is no number."""
    chosen: dict[str, list[int]] = {}
    for column, levels in (of_column("--levels", each, "=") for each in given):
        if column in chosen:
            raise click.UsageError(
                f"--levels names {column!r} twice; give its levels once, separated by commas."
            )
        chosen[column] = [whole("--levels", level) for level in levels.split(",")]
    return chosen


@dataclass(frozen=True, slots=True)
class Lending:
    """Through which ledger a table leaves, to whom, and which column says whose row it is."""

    url: str
    recipient: str
    person: str
    key_file: Path

    @classmethod
    def of(
        cls, *, url: str | None, recipient: str | None, person: str | None, key_file: Path | None
    ) -> "Lending | None":
        """Raises: UsageError when some of the options are there and others are missing."""
        if url is None and recipient is None and person is None and key_file is None:
            return None
        if url is None or recipient is None or person is None or key_file is None:
            raise click.UsageError("A release needs all of --ledger, --recipient, --person and --key-file.")
        return cls(url, recipient, person, key_file)

    def check(self, schema: an.Schema) -> None:
        """Raises: UsageError when the column that names the persons would leave with the table."""
        if self.person not in schema.identifying:
            raise click.UsageError(
                f"--person {self.person!r} is not among the schema's identifying columns; add it there, or it"
                " would leave with the table."
            )

    def release(self, result: an.Result, table: pd.DataFrame) -> pd.DataFrame:
        """Hand the table out through the ledger, rows in random order.

        Raises: JointDisclosureError, LedgerError.
        """
        try:
            ledger = an.ReleaseLedger(self.url, key=self.key_file.read_bytes())
            release = ledger.release(result, recipient=self.recipient, persons=table[self.person].tolist())
        except (SQLAlchemyError, ModuleNotFoundError) as cause:
            raise an.LedgerError("The ledger's database cannot be used; check --ledger.") from cause
        return release.frame
