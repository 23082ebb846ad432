"""Tables as integers: equal rows are compressed into one record with a row count; and recodings back to text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anonymize.classes import Codes, Mask, Secret, combine
from anonymize.hierarchy import Hierarchy
from anonymize.ladder import TOP, Ladder, Occurrences
from anonymize.schema import Schema


@dataclass(frozen=True, slots=True, eq=False)
class CodedTable:
    """A table's quasi-identifiers and sensitive columns as codes of its distinct records.

    Shape: `record_of` has one entry per row that was given; `rows`, each array of `leaves` and the codes of each
    secret one per record. `ladders`, `hierarchies` and `leaves` follow the schema's order. `row_count` is how
    many rows the table has: as many as were given, unless each of these stood for several.
    """

    columns: tuple[str, ...]
    ladders: tuple[Ladder, ...]
    hierarchies: tuple[Hierarchy, ...]
    leaves: tuple[Codes, ...]
    secrets: Mapping[str, Secret]
    rows: Codes
    record_of: Codes
    row_count: int

    def by_row(self) -> "CodedTable":
        """The same table with one record per row."""
        each = replace(self, rows=np.ones(len(self.rows), dtype=np.int64))
        return each.part(self.record_of)

    def part(self, records: Codes) -> "CodedTable":
        """Only these records, with as many rows each; the secrets' counts are still those of the whole table."""
        return replace(
            self,
            leaves=tuple(codes[records] for codes in self.leaves),
            secrets={
                column: Secret(secret.values, secret.codes[records], secret.rows)
                for column, secret in self.secrets.items()
            },
            rows=self.rows[records],
            record_of=np.repeat(np.arange(len(records)), self.rows[records]),
            row_count=int(self.rows[records].sum()),
        )

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
    return code_records(df, schema.quasi, sensitive=sensitive)


def code_records(
    df: pd.DataFrame,
    quasi: Mapping[str, Hierarchy],
    *,
    sensitive: Iterable[str],
    weights: Codes | None = None,
) -> CodedTable:
    """Code columns that are there; `weights` says how many rows of the table each row of `df` stands for.

    Raises: SchemaError or HierarchyError when the table does not fit the hierarchies.
    """
    ladders, hierarchies, leaves = [], [], []
    for column, hierarchy in quasi.items():
        occurrences = Occurrences.of(df[column], column)
        ladder = hierarchy.ladder(occurrences)
        index = {leaf: position for position, leaf in enumerate(ladder.leaves)}
        # The appended entry is picked by code -1: the missing value's leaf, if rows lack a value.
        leaf_of = [index[text] for text in occurrences.texts] + [index.get(None, 0)]
        ladders.append(ladder)
        hierarchies.append(hierarchy.settled(occurrences))
        leaves.append(np.array(leaf_of, dtype=np.int64)[occurrences.codes])
    secrets = {column: secret_of(df[column], column, weights) for column in dict.fromkeys(sensitive)}
    record_of, count = combine(
        [*leaves, *(secret.codes for secret in secrets.values())],
        [*(len(ladder.leaves) for ladder in ladders), *(len(secret.values) for secret in secrets.values())],
        records=len(df),
    )
    example = np.empty(count, dtype=np.int64)
    example[record_of] = np.arange(len(df))
    return CodedTable(
        columns=tuple(quasi),
        ladders=tuple(ladders),
        hierarchies=tuple(hierarchies),
        leaves=tuple(codes[example] for codes in leaves),
        secrets={
            column: Secret(secret.values, secret.codes[example], secret.rows)
            for column, secret in secrets.items()
        },
        rows=np.bincount(record_of, weights=weights, minlength=count).astype(np.int64),
        record_of=record_of,
        row_count=len(df) if weights is None else int(weights.sum()),
    )


def secret_of(series: pd.Series, column: str, weights: Codes | None = None) -> Secret:
    """Number the values of a sensitive column, row by row; a missing value is one value, the last."""
    occurrences = Occurrences.of(series, column)
    codes = np.where(occurrences.codes < 0, len(occurrences.values), occurrences.codes)
    rows = np.bincount(codes, weights=weights, minlength=len(occurrences.leaves)).astype(np.int64)
    return Secret(occurrences.leaves, codes, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Recoding:
    """Which class every record is published in, and on which levels.

    Shape: `of` has one entry per record, `sizes` (rows) and `suppressed` one per class; `levels` is
    classes × columns, or 1 × columns where all classes are on the same levels.
    """

    of: Codes
    sizes: Codes
    levels: Codes
    suppressed: Mask

    @property
    def hidden(self) -> Mask:
        """Which records are suppressed."""
        return self.suppressed[self.of]

    @property
    def suppressed_rows(self) -> int:
        """How many rows are suppressed."""
        return int(self.sizes[self.suppressed].sum())


def recode(df: pd.DataFrame, schema: Schema, *, table: CodedTable, recoding: Recoding) -> pd.DataFrame:
    """Write the table as the recoding says, '*' in all quasi-identifiers of suppressed records.

    Shape: rows, their order and index as in `df`; identifying columns left out. A column that is on level 0
    in every row keeps its type.
    """
    frame = df.drop(columns=list(schema.identifying))
    hidden = recoding.hidden[table.record_of] if recoding.suppressed.any() else None
    for at, column in enumerate(table.columns):
        levels = recoding.levels[:, at]
        if hidden is None and not levels.any():
            continue
        label, labels = _labels(table, recoding, at)
        shown = label[table.record_of]
        if levels.all() and None not in labels:
            # A level's labels are few: make them an array of text once, and pick.
            if hidden is not None:
                shown[hidden] = len(labels) - 1
            frame[column] = pd.Series(pd.array(labels, dtype="str").take(shown), index=df.index)
            continue
        cells = np.array(labels, dtype=object)[shown]
        as_is = levels[recoding.of][table.record_of] == 0 if len(levels) > 1 else levels == 0
        np.copyto(cells, df[column].astype(object).to_numpy(dtype=object), where=as_is)
        if hidden is not None:
            cells[hidden] = TOP
        frame[column] = pd.Series(cells, index=df.index).infer_objects()
    return frame


def _labels(table: CodedTable, recoding: Recoding, at: int) -> tuple[Codes, list[str | None]]:
    """For each record which of the labels it is shown as; the last label is that of suppressed cells."""
    ladder, leaves, levels = table.ladders[at], table.leaves[at], recoding.levels[:, at]
    labels: list[str | None] = []
    label = np.zeros(len(leaves), dtype=np.int64)
    for level in np.unique(levels).tolist():
        there = slice(None) if len(levels) == 1 else (levels == level)[recoding.of]
        label[there] = ladder.groups[level][leaves[there]] + len(labels)
        labels += ladder.labels[level]
    return label, [*labels, TOP]
