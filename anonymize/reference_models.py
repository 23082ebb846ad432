"""What every model says of one class, in plain Python: the oracle of the models' tests.

Each function takes the sensitive value of every row of the table and gives a check of the rows of one class.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from anonymize.reference import Passes

Distribution = Mapping[object, Fraction]

SLACK = 1e-9


def shares(values: Sequence[object]) -> Distribution:
    """Which part of the values each one is."""
    return {value: Fraction(count, len(values)) for value, count in Counter(values).items()}


def entropy_diverse(values: Sequence[object], least: float) -> Passes:
    """Whether the entropy is at least that of so many equally likely values."""
    return lambda rows: entropy(values, rows) >= math.log2(least)


def entropy(values: Sequence[object], rows: Sequence[int]) -> float:
    """In bits."""
    found = shares([values[row] for row in rows])
    return -sum(float(share) * math.log2(share) for share in found.values())


def recursively_diverse(values: Sequence[object], least: int, factor: Fraction) -> Passes:
    """Whether the most frequent value is rarer than `factor` times all from the `least`-th on."""

    def passes(rows: Sequence[int]) -> bool:
        counts = sorted(Counter(values[row] for row in rows).values(), reverse=True)
        return counts[0] < factor * sum(counts[least - 1 :])

    return passes


def close(values: Sequence[object], most: float, *, cost: Callable[[object, object], Fraction]) -> Passes:
    """Whether moving the class's distribution to the table's costs at most so much per unit."""
    return lambda rows: float(transport(values, rows, cost=cost)) <= most + SLACK


def transport(
    values: Sequence[object], rows: Sequence[int], *, cost: Callable[[object, object], Fraction]
) -> Fraction:
    """The least cost of moving the class's distribution to the table's, by canceling cheaper cycles.

    Whole rows are moved one by one along the currently cheapest path (Bellman-Ford), in units that divide both
    distributions.
    """
    table, part = Counter(values), Counter(values[row] for row in rows)
    # One row of the class is as much as `len(values)` units, one row of the table as much as `len(rows)`.
    supply = {value: count * len(values) for value, count in part.items()}
    demand = {value: count * len(rows) for value, count in table.items()}
    moved: Counter[tuple[object, object]] = Counter()
    total = Fraction(0)
    while any(supply.values()):
        path, price = _cheapest(supply, demand, moved, cost=cost)
        steps = list(itertools.pairwise(path))
        amount = min(
            supply[path[0][1]],
            demand[path[-1][1]],
            *(moved[(end[1], start[1])] for start, end in steps if start[0] == "to"),
        )
        for start, end in steps:
            if start[0] == "from":
                moved[(start[1], end[1])] += amount
            else:
                moved[(end[1], start[1])] -= amount
        supply[path[0][1]] -= amount
        demand[path[-1][1]] -= amount
        total += amount * price
    return total / (len(values) * len(rows))


def _cheapest(
    supply: Mapping[object, int],
    demand: Mapping[object, int],
    moved: Mapping[tuple[object, object], int],
    *,
    cost: Callable[[object, object], Fraction],
) -> tuple[list[tuple[str, object]], Fraction]:
    edges = [(("from", low), ("to", high), cost(low, high)) for low in supply for high in demand]
    edges += [
        (("to", high), ("from", low), -cost(low, high)) for (low, high), amount in moved.items() if amount
    ]
    price = {("from", value): Fraction(0) for value, left in supply.items() if left}
    before: dict[tuple[str, object], tuple[str, object]] = {}
    for _ in range(len(supply) + len(demand)):
        for start, end, step in edges:
            if start in price and (end not in price or price[start] + step < price[end]):
                price[end], before[end] = price[start] + step, start
    last = min(
        (node for node in price if node[0] == "to" and demand[node[1]]),
        key=lambda node: (price[node], str(node)),
    )
    path = [last]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1], price[last]


def equal(low: object, high: object) -> Fraction:
    """Different values are at distance 1."""
    return Fraction(low != high)


def ordered(order: Sequence[object]) -> Callable[[object, object], Fraction]:
    """The distance of two values' places, divided by the greatest."""
    return lambda low, high: Fraction(abs(order.index(low) - order.index(high)), max(len(order) - 1, 1))


def hierarchical(rows: Sequence[Sequence[object]]) -> Callable[[object, object], Fraction]:
    """The level on which two values first meet, divided by the number of levels above the leaves."""
    path = {row[0]: row for row in rows}
    return lambda low, high: Fraction(
        next(level for level, (a, b) in enumerate(zip(path[low], path[high], strict=True)) if a == b),
        len(rows[0]) - 1,
    )


def beta_like(values: Sequence[object], most: float) -> Passes:
    """Whether no value is more than (1 + most) times as frequent as in the table."""
    table = shares(values)
    return _bounded(values, lambda value: float(table[value]) * (1 + most))


def enhanced_beta_like(values: Sequence[object], most: float) -> Passes:
    """As basic, and by no more than 1 - ln(share in the table) times."""
    table = shares(values)
    return _bounded(values, lambda value: float(table[value]) * (1 + min(most, -math.log(table[value]))))


def _bounded(values: Sequence[object], limit: Callable[[object], float]) -> Passes:
    return lambda rows: all(
        float(share) <= limit(value) + SLACK for value, share in shares([values[row] for row in rows]).items()
    )


def delta_private(values: Sequence[object], delta: float) -> Passes:
    """Whether every value of the table occurs, within a factor e**delta of its share of the table."""
    table = shares(values)

    def passes(rows: Sequence[int]) -> bool:
        found = shares([values[row] for row in rows])
        return set(found) == set(table) and all(
            abs(math.log(found[value] / table[value])) < delta for value in table
        )

    return passes
