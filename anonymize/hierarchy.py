"""Generalisation hierarchies: where they come from. Their validated form is `anonymize.ladder.Ladder`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from anonymize.delimited import SEPARATORS, decode, records, separator_of
from anonymize.errors import FileFormatError, HierarchyError
from anonymize.hierarchy_dates import Dates
from anonymize.hierarchy_groups import Order, Priority, Tabulated, counts, is_count, listed
from anonymize.hierarchy_intervals import Intervals, Number
from anonymize.hierarchy_kinds import Kind, Redaction, Suppression
from anonymize.ladder import TOP, LabelRow, Ladder, Occurrences


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Says which group each value of a column belongs to on each level; level 0 is the value itself.

    Make one with the named constructors. A missing value is a value of its own: it stays missing on every
    level but those with a single group.
    """

    kind: Kind

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        """List leaf and labels of every value in the domain (missing ones as None).

        Raises: HierarchyError when an occurring value is outside the domain.
        """
        return self.kind.rows(occurrences)

    def ladder(self, occurrences: Occurrences) -> Ladder:
        """The hierarchy in numbers. Raises: HierarchyError when an occurring value is outside the domain."""
        rows = self.rows(occurrences)
        if isinstance(self.kind, Tabulated) and rows is self.kind.table:
            return self.kind.ladder
        return Ladder.of(rows)

    def settled(self, occurrences: Occurrences) -> "Hierarchy":
        """Fix whatever was derived from the table, so that levels keep their meaning on other tables."""
        return Hierarchy(self.kind.settled(occurrences))

    def preview(self, values: pd.Series) -> pd.DataFrame:
        """Show the labels that the values of a column get.

        Shape: one row per value of the hierarchy's domain, one column per level, the value itself on level 0.
        Raises: HierarchyError when a value is outside the domain.
        """
        rows = self.rows(Occurrences.of(values, str(values.name)))
        return pd.DataFrame(rows, columns=range(len(rows[0])), dtype=object)

    @staticmethod
    def from_levels(rows: Iterable[Sequence[object]]) -> "Hierarchy":
        """Take rows of leaf, then its label on level 1, 2, ...; a leaf None or '' is the missing value.

        Raises: HierarchyError for unequal lengths, repeated leaves, empty labels, a group with two parents.
        """
        return Hierarchy(Tabulated.of(rows))

    @staticmethod
    def from_csv(
        path: str | Path, *, separator: str | None = None, encoding: str | None = None
    ) -> "Hierarchy":
        """Read ARX's form: ';' separated, no header, column 0 the leaf, then one column per level.

        Without `encoding`, UTF-8, UTF-16 and Shift_JIS are recognised; without `separator`, ';' is taken where
        it occurs, else tab, comma or '|'.
        Raises: HierarchyError naming the row and what to correct.
        """
        name = Path(path).name
        try:
            text, _ = decode(Path(path).read_bytes(), encoding)
            table = list(records(text, separator or _separator(text)))
        except OSError as cause:
            raise HierarchyError(
                f"The hierarchy {name} cannot be read; check path and permissions."
            ) from cause
        except FileFormatError as cause:
            raise HierarchyError(f"The hierarchy {name} cannot be read: {cause}") from cause
        try:
            return Hierarchy.from_levels(table)
        except HierarchyError as cause:
            raise HierarchyError(f"{name}: {cause}", row=cause.row) from cause

    @staticmethod
    def mapping(*steps: Mapping[object, str]) -> "Hierarchy":
        """Group by mappings: the first takes values to labels of level 1, each further one labels upward.

        A level '*' is put on top unless the last step leads to a single label.
        """
        if not steps or not all(isinstance(step, Mapping) for step in steps):
            raise HierarchyError(
                "A mapping needs at least one step, each a dictionary; for value and '*' only use suppression()."
            )
        table: list[list[object]] = []
        for number, leaf in enumerate(steps[0]):
            row: list[object] = [leaf]
            for level, step in enumerate(steps, start=1):
                if row[-1] not in step:
                    raise HierarchyError(
                        f"Step {level} has no group for {row[-1]!r} (value {leaf!r}, row {number}); add it.",
                        row=number,
                    )
                row.append(step[row[-1]])
            table.append(row)
        if len({row[-1] for row in table}) > 1:
            table = [[*row, TOP] for row in table]
        return Hierarchy.from_levels(table)

    @staticmethod
    def intervals(
        widths: Sequence[Number],
        *,
        origin: Number | Sequence[Number] = 0,
        bottom: Number | None = None,
        top: Number | None = None,
    ) -> "Hierarchy":
        """Group numbers into half-open intervals [lower, upper), one width per level, and '*' on top.

        `origin` is a boundary of the intervals: one for all levels, or one per level. Each width is a
        multiple of the one before, and each level's origin lies on a boundary of the level before, so
        that intervals never split on the way up. From level 1 on, all numbers below `bottom` are one group
        and all from `top` on another (bottom and top coding). Numbers may be written as text.
        Raises: HierarchyError when the levels do not nest.
        """
        return Hierarchy(Intervals.of(widths, origin, bottom=bottom, top=top))

    @staticmethod
    def redaction(*, length: int | None = None, start: Literal["right", "left"] = "right") -> "Hierarchy":
        """Mask one character more on each level, from the right or the left, and '*' on top.

        Shorter values count as padded on the side that is masked. Without `length`, it is the longest
        value's of the table.
        """
        if length is not None and not (is_count(length) and length >= 1):
            raise HierarchyError("length must be at least 1; leave it out to take the longest value's.")
        if start not in ("right", "left"):
            raise HierarchyError('start must be "right" or "left".')
        return Hierarchy(Redaction(length, start))

    @staticmethod
    def order(values: Sequence[object], *, sizes: Sequence[int]) -> "Hierarchy":
        """Group ordered categories, lowest first: runs of sizes[0] neighbours on level 1, and so on; '*' on top.

        A group is written '[first, last]'. Each size is a multiple of the one before; the last run of a
        level may be shorter.
        Raises: HierarchyError when the sizes do not nest or a value is listed twice.
        """
        recipe = Order(listed("order", values), counts("order", "sizes", sizes))
        return Hierarchy(Tabulated.of(recipe.table(), recipe))

    @staticmethod
    def priority(values: Sequence[object], *, keep: Sequence[int]) -> "Hierarchy":
        """Give up the least important values first: level 1 shows the first keep[0] values, and so on.

        `values` has every value, the most important first; what is not shown is '*', as is everything on
        the top level.
        Raises: HierarchyError when `keep` does not fall or a value is listed twice.
        """
        recipe = Priority(listed("priority", values), counts("priority", "keep", keep))
        return Hierarchy(Tabulated.of(recipe.table(), recipe))

    @staticmethod
    def dates(periods: Sequence[str] = ("month", "quarter", "year", "decade")) -> "Hierarchy":
        """Group dates by calendar: 'day', 'month', 'quarter', 'year', 'decade', finest first; '*' on top.

        Values are dates, timestamps, or text in ISO 8601 ('2024-12-31'). A time of day counts for level 0
        only; one with a zone belongs to the day that it has there.
        Raises: HierarchyError when the periods are unknown or not in order.
        """
        return Hierarchy(Dates.of(periods))

    @staticmethod
    def suppression() -> "Hierarchy":
        """Keep the value (level 0) or replace it by '*' (level 1); any value is allowed."""
        return Hierarchy(Suppression())


def _separator(text: str) -> str:
    # Labels such as "[0, 5)" hold commas, so ARX's own separator counts wherever it occurs.
    return SEPARATORS[0] if SEPARATORS[0] in text[: text.find("\n")] else separator_of(text)
