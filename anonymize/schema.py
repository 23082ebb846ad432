"""What the columns of a table are to an attacker."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from anonymize.errors import SchemaError
from anonymize.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True)
class Schema:
    """Names the quasi-identifiers with their hierarchies, the sensitive and the identifying columns.

    Identifying columns never leave; columns that are not named at all are kept as they are. `notes` are
    remarks on columns for whoever reads the schema; they change nothing.
    Raises: SchemaError when a column has two roles or there is no quasi-identifier.
    """

    quasi: Mapping[str, Hierarchy]
    sensitive: Sequence[str] = field(default=())
    identifying: Sequence[str] = field(default=())
    notes: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.quasi, Mapping):
            raise SchemaError(
                "quasi must map columns to hierarchies; write {'age': Hierarchy.intervals([5])}."
            )
        object.__setattr__(self, "quasi", MappingProxyType(dict(self.quasi)))
        object.__setattr__(self, "sensitive", _names("sensitive", self.sensitive))
        object.__setattr__(self, "identifying", _names("identifying", self.identifying))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))
        if not self.quasi:
            raise SchemaError("The schema has no quasi-identifier; name at least one with its hierarchy.")
        for column, hierarchy in self.quasi.items():
            if not isinstance(hierarchy, Hierarchy):
                raise SchemaError(
                    f"Quasi-identifier {column!r} has no Hierarchy; make one with Hierarchy.from_csv."
                )
        roles = [*self.quasi, *self.sensitive, *self.identifying]
        if twice := sorted({name for name in roles if roles.count(name) > 1}):
            raise SchemaError(f"Column {twice[0]!r} has two roles; leave it in one.")

    @staticmethod
    def from_toml(path: str | Path) -> "Schema":
        """Read a schema file; the hierarchies' files are found from its folder. Its form: docs/reference/schema.md.

        Raises: SchemaError, HierarchyError naming the file, the column and what to correct.
        """
        # Only whoever reads such files waits for the parser of their forms.
        from anonymize.schema_file import read_schema

        return read_schema(Path(path))

    def to_toml(self) -> str:
        """Write the schema as a file that `from_toml` reads as an equal one, notes as comments."""
        from anonymize.schema_text import schema_text

        return schema_text(self)

    @staticmethod
    def suggest(df: pd.DataFrame) -> "Schema":
        """Draft a schema from the names and values of the columns, with a note on each.

        A draft only: what others know of people, and what people would keep to themselves, is in no table.
        Whoever answers for the table reads it, best as `to_toml`, and corrects it. Categories are listed as
        they occur, so the draft holds values of the table.
        Raises: SchemaError when the table is unusable or no column looks like a quasi-identifier.
        """
        from anonymize.suggesting import suggest

        return suggest(df)

    def check(self, df: pd.DataFrame) -> None:
        """Raises: SchemaError when the table is empty, repeats a column or lacks one of the schema."""
        check_columns(df, [*self.quasi, *self.sensitive, *self.identifying])


def check_columns(df: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raises: SchemaError when the table is empty, repeats a column or lacks one of `columns`."""
    if not isinstance(df, pd.DataFrame):
        raise SchemaError("The table must be a pandas DataFrame; make one with pandas.DataFrame.")
    check_names(df.columns, columns)
    check_rows(len(df))


def check_names(names: pd.Index, columns: Iterable[str]) -> None:
    """Raises: SchemaError when a table with columns of these names repeats one or lacks one of `columns`."""
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise SchemaError(f"The table has more than one column {twice!r}; rename or drop one.")
    for column in columns:
        if column not in names:
            raise SchemaError(f"The table has no column {column!r}; correct the name or the table.")


def check_rows(rows: int) -> None:
    """Raises: SchemaError when there is no row."""
    if not rows:
        raise SchemaError("The table has no rows; there is nothing to anonymise.")


def _names(role: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise SchemaError(f"{role} must be a list of column names; write [{names!r}].")
    if not isinstance(names, Iterable) or not all(isinstance(name, Hashable) for name in names):
        raise SchemaError(f"{role} must be a list of column names; leave it out if there is none.")
    return tuple(names)
