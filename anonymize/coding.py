"""Tables as integers: equal rows are compressed into one record with a row count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anonymize.classes import Codes, Mask, combine
from anonymize.hierarchy import Hierarchy
from anonymize.ladder import TOP, Ladder, Occurrences
from anonymize.schema import Schema


@dataclass(frozen=True, slots=True, eq=False)
class CodedTable:
    """A table's quasi-identifiers and sensitive columns as codes of its distinct records.

    Shape: `record_of` has one entry per row of the table; `rows`, and each array of `leaves` and
    `sensitive`, one per record. `ladders`, `hierarchies` and `leaves` follow the schema's order.
    """

    columns: tuple[str, ...]
    ladders: tuple[Ladder, ...]
    hierarchies: tuple[Hierarchy, ...]
    leaves: tuple[Codes, ...]
    sensitive: Mapping[str, Codes]
    rows: Codes
    record_of: Codes

    @property
    def row_count(self) -> int:
        """Rows of the table."""
        return len(self.record_of)

    def at(self, levels: Sequence[int]) -> list[Codes]:
        """The group number of every record in every column on the given levels."""
        return [
            ladder.groups[level][leaves]
            for ladder, level, leaves in zip(self.ladders, levels, self.leaves, strict=True)
        ]

    def radices(self, levels: Sequence[int]) -> list[int]:
        """How many groups each column has on the given levels."""
        return [len(ladder.labels[level]) for ladder, level in zip(self.ladders, levels, strict=True)]


def code_table(df: pd.DataFrame, schema: Schema, *, sensitive: Iterable[str]) -> CodedTable:
    """Code the quasi-identifiers and the given sensitive columns.

    Raises: SchemaError or HierarchyError when the table does not fit schema and hierarchies.
    """
    schema.check(df)
    ladders, hierarchies, leaves = [], [], []
    for column, hierarchy in schema.quasi.items():
        occurrences = Occurrences.of(df[column], column)
        ladder = Ladder.of(hierarchy.rows(occurrences))
        index = {leaf: position for position, leaf in enumerate(ladder.leaves)}
        # The appended entry is picked by code -1: the missing value's leaf, if rows lack a value.
        leaf_of = [index[text] for text in occurrences.texts] + [index.get(None, 0)]
        ladders.append(ladder)
        hierarchies.append(hierarchy.settled(occurrences))
        leaves.append(np.array(leaf_of, dtype=np.int64)[occurrences.codes])
    secret = {column: value_codes(df[column], column) for column in dict.fromkeys(sensitive)}
    record_of, count = combine(
        [*leaves, *secret.values()],
        [*(len(ladder.leaves) for ladder in ladders), *(int(codes.max()) + 1 for codes in secret.values())],
        records=len(df),
    )
    example = np.empty(count, dtype=np.int64)
    example[record_of] = np.arange(len(df))
    return CodedTable(
        columns=tuple(schema.quasi),
        ladders=tuple(ladders),
        hierarchies=tuple(hierarchies),
        leaves=tuple(codes[example] for codes in leaves),
        sensitive={column: codes[example] for column, codes in secret.items()},
        rows=np.bincount(record_of, minlength=count).astype(np.int64),
        record_of=record_of,
    )


def value_codes(series: pd.Series, column: str) -> Codes:
    """Number the values of a column; a missing value has a number of its own."""
    occurrences = Occurrences.of(series, column)
    return np.where(occurrences.codes < 0, len(occurrences.values), occurrences.codes)


def recode(
    df: pd.DataFrame, schema: Schema, *, table: CodedTable, levels: Sequence[int], suppressed: Mask
) -> pd.DataFrame:
    """Write the table on the given levels, '*' in all quasi-identifiers of suppressed records.

    Shape: rows, their order and index as in `df`; identifying columns left out. A column on level 0
    keeps its type unless a row is suppressed.
    """
    hidden = suppressed[table.record_of]
    frame = df.drop(columns=list(schema.identifying))
    for column, ladder, level, leaves in zip(table.columns, table.ladders, levels, table.leaves, strict=True):
        if level == 0 and not hidden.any():
            continue
        if level == 0:
            cells = df[column].astype(object).to_numpy(dtype=object, copy=True)
        else:
            labels = np.array(ladder.labels[level], dtype=object)
            cells = labels[ladder.groups[level][leaves][table.record_of]]
        cells[hidden] = TOP
        frame[column] = pd.Series(cells, index=df.index).infer_objects()
    return frame
