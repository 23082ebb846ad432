"""What the columns of a table are to an attacker."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from anonymize.errors import SchemaError
from anonymize.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True)
class Schema:
    """Names the quasi-identifiers with their hierarchies, the sensitive and the identifying columns.

    Identifying columns never leave; columns that are not named at all are kept as they are.
    Raises: SchemaError when a column has two roles or there is no quasi-identifier.
    """

    quasi: Mapping[str, Hierarchy]
    sensitive: Sequence[str] = field(default=())
    identifying: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "quasi", MappingProxyType(dict(self.quasi)))
        object.__setattr__(self, "sensitive", _names("sensitive", self.sensitive))
        object.__setattr__(self, "identifying", _names("identifying", self.identifying))
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

    def check(self, df: pd.DataFrame) -> None:
        """Raises: SchemaError when the table is empty, repeats a column or lacks one of the schema."""
        check_columns(df, [*self.quasi, *self.sensitive, *self.identifying])


def check_columns(df: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raises: SchemaError when the table is empty, repeats a column or lacks one of `columns`."""
    if not df.columns.is_unique:
        twice = df.columns[df.columns.duplicated()][0]
        raise SchemaError(f"The table has more than one column {twice!r}; rename or drop one.")
    for column in columns:
        if column not in df.columns:
            raise SchemaError(f"The table has no column {column!r}; correct the name or the table.")
    if not len(df):
        raise SchemaError("The table has no rows; there is nothing to anonymise.")


def _names(role: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise SchemaError(f"{role} must be a list of column names; write [{names!r}].")
    return tuple(names)
