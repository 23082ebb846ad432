"""Whether counts, added and subtracted, tell the count of a few persons; pure."""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Codes, Mask, number_groups

MODULUS: Final = 2_147_483_629
"""A prime; products of two residues fit 63 bits."""
MOST_TRIALS: Final = 200_000


def tells_few(sets: Sequence[Codes], *, minimum: int) -> bool:
    """Whether sums and differences of the counts of these sets give the count of 1 to `minimum` - 1 persons.

    Shape: each set has the numbers of its persons, each once.

    Persons who are in the same sets form one atom. A set of persons can be counted exactly if its indicator over
    atoms is a linear combination of the sets' indicators. Only atoms below the minimum can be in a small set, so
    combinations that vanish on all others are computed, by elimination modulo a prime, and every small set
    among them is tried.
    Guarantees: every small set with such a combination is found (a nested pair, a set and the union of disjoint
    ones, any number of sets), unless a determinant of the indicators is a multiple of the modulus. When more
    would have to be tried than is affordable the answer is True.
    """
    if not sets or not any(len(each) for each in sets):
        return False
    indicators, sizes = _atoms(sets)
    small = sizes < minimum
    # Large atoms come first: a row whose pivot is a small one then vanishes on all of them.
    order = np.argsort(small, kind="stable")
    reduced, pivots = _echelon(indicators[:, order])
    first_small = int((~small).sum())
    keep = [row for row, pivot in enumerate(pivots) if pivot >= first_small]
    if not keep:
        return False
    rows = reduced[keep][:, first_small:]
    return _has_small_indicator(rows, sizes[order][first_small:], minimum=minimum)


def _atoms(sets: Sequence[Codes]) -> tuple[NDArray[np.int64], Codes]:
    """Which set contains which atom, sets × atoms, and how many persons each atom has."""
    persons = 1 + max(int(each.max()) for each in sets if len(each))
    atom, count = np.zeros(persons, dtype=np.int64), 1
    inside: list[Mask] = []
    for each in sets:
        member = np.zeros(persons, dtype=np.bool_)
        member[each] = True
        inside.append(member)
        atom, count = number_groups(atom * 2 + member, count * 2)
    example = np.empty(count, dtype=np.int64)
    example[atom] = np.arange(persons)
    indicators = np.array([member[example] for member in inside], dtype=np.int64)
    somewhere = indicators.any(axis=0)
    return indicators[:, somewhere], np.bincount(atom, minlength=count)[somewhere]


def _echelon(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """The reduced row echelon form modulo the prime, without empty rows, and the column of each row's pivot."""
    left = matrix % MODULUS
    pivots: list[int] = []
    for column in range(left.shape[1]):
        done = len(pivots)
        if done == len(left):
            break
        below = np.flatnonzero(left[done:, column])
        if not below.size:
            continue
        left[[done, done + below[0]]] = left[[done + below[0], done]]
        left[done] = left[done] * pow(int(left[done, column]), -1, MODULUS) % MODULUS
        others = np.flatnonzero(left[:, column])
        others = others[others != done]
        left[others] = (left[others] - left[others, column, np.newaxis] * left[done] % MODULUS) % MODULUS
        pivots.append(column)
    return left[: len(pivots)], pivots


def _has_small_indicator(rows: NDArray[np.int64], sizes: Codes, *, minimum: int) -> bool:
    """Whether a combination of independent rows is an indicator of fewer persons than the minimum.

    In an echelon form a combination has its coefficients at the pivots, so an indicator's are 0 or 1 there, and
    not all 0. If several forms have no pivot in common, a small set has few persons at the pivots of one of
    them; if there are as many forms as persons are needed, there is no small set.
    Source: K.-H. Zimmermann's bound on minimum weights, after A. Betten et al., Error-Correcting Linear Codes, 2006.
    """
    if _spread_widely(rows, minimum=minimum):
        return False
    forms = _disjoint_forms(rows, most=minimum)
    most = (minimum - 1) // len(forms)
    if len(forms) * sum(comb(len(rows), taken) for taken in range(1, most + 1)) > MOST_TRIALS:
        return True
    for form in forms:
        for taken in range(1, most + 1):
            for chosen in combinations(range(len(rows)), taken):
                found = form[list(chosen)].sum(axis=0) % MODULUS
                if (found <= 1).all() and sizes[found == 1].sum() < minimum:
                    return True
    return False


def _spread_widely(rows: NDArray[np.int64], *, minimum: int) -> bool:
    """Whether so many disjoint parts of the columns are found quickly that no combination misses any of them."""
    parts = 2 * minimum
    width = min(rows.shape[1] // parts, 4 * len(rows))
    if width < len(rows):
        return False
    # Neighbouring atoms are alike, so each part takes its columns from everywhere.
    columns = np.linspace(0, rows.shape[1] - 1, parts * width).astype(np.int64)
    return sum(len(_echelon(rows[:, columns[at::parts]])[1]) == len(rows) for at in range(parts)) >= minimum


def _disjoint_forms(rows: NDArray[np.int64], *, most: int) -> list[NDArray[np.int64]]:
    """Echelon forms of the same rows, none with a pivot where another has one; at least one, at most `most`."""
    forms: list[NDArray[np.int64]] = []
    free = np.ones(rows.shape[1], dtype=np.bool_)
    while len(forms) < most:
        order = np.argsort(~free, kind="stable")
        form, pivots = _echelon(rows[:, order])
        if pivots[-1] >= free.sum():
            break
        restored = np.empty_like(form)
        restored[:, order] = form
        forms.append(restored)
        free[order[pivots]] = False
    return forms
