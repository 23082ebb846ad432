"""Differences of counts against linear algebra over persons; a sample's delta against the whole distribution."""

import random
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from anonymize.statistics import Sampling, sampling_for, tells_few

SETTINGS = settings(max_examples=150, deadline=None)
PERSONS = 7


def spanned(sets: list[set[int]], *, minimum: int) -> bool:
    """Whether the indicator of any small set of persons is a combination of the sets' indicators."""
    rows = np.array([[float(person in each) for person in range(PERSONS)] for each in sets])
    rank = np.linalg.matrix_rank(rows)
    for size in range(1, minimum):
        for few in combinations(range(PERSONS), size):
            indicator = [float(person in few) for person in range(PERSONS)]
            if np.linalg.matrix_rank(np.vstack([rows, indicator])) == rank:
                return True
    return False


@SETTINGS
@given(st.lists(st.sets(st.integers(0, PERSONS - 1), min_size=1), min_size=1, max_size=6), st.integers(2, 5))
def test_few_are_told_exactly_when_their_indicator_is_a_combination(
    sets: list[set[int]], minimum: int
) -> None:
    arrays = [np.array(sorted(each), dtype=np.int64) for each in sets]
    assert tells_few(arrays, minimum=minimum) is spanned(sets, minimum=minimum)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.sets(st.integers(0, 59), max_size=3), st.integers(5, 7))
def test_few_are_found_among_many_groups_too(draw: random.Random, planted: set[int], groups: int) -> None:
    """So many atoms that a bound decides when nothing is planted."""
    sets = [set(draw.sample(range(60), 30)) for _ in range(groups)]
    sets.append(sets[0] ^ planted)
    rows = np.array([[float(person in each) for person in range(60)] for each in sets])
    few = [*combinations(range(60), 1), *combinations(range(60), 2)]
    with_each = np.repeat(rows[np.newaxis], len(few), axis=0)
    indicators = np.array([[[float(person in each) for person in range(60)]] for each in few])
    ranks = np.linalg.matrix_rank(np.concatenate([with_each, indicators], axis=1))
    arrays = [np.array(sorted(each), dtype=np.int64) for each in sets]
    assert tells_few(arrays, minimum=3) is bool((ranks == np.linalg.matrix_rank(rows)).any())


def shown(persons: int, share: float, k: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The distribution of the count that is shown of a record that so many persons have; below k it is 0."""
    chances = binom.pmf(np.arange(80), persons, share)
    chances[0] += chances[1:k].sum()
    chances[1:k] = 0
    return np.asarray(chances)


@SETTINGS
@given(st.floats(0.2, 3), st.floats(0.05, 1), st.integers(1, 12))
def test_delta_covers_every_number_of_persons_with_a_record(epsilon: float, part: float, k: int) -> None:
    sampling = Sampling(-np.expm1(-epsilon) * part, k)
    delta = sampling.delta(epsilon)
    for persons in range(1, 60):
        one, other = (shown(count, sampling.share, k) for count in (persons, persons - 1))
        for p, q in ((one, other), (other, one)):
            assert np.maximum(p - np.exp(epsilon) * q, 0).sum() <= delta + 1e-12


@SETTINGS
@given(st.floats(0.1, 5), st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_chosen_sample_keeps_its_delta_and_one_person_less_would_not(epsilon: float, delta: float) -> None:
    sampling = sampling_for(epsilon, delta)
    assert sampling.delta(epsilon) <= delta
    if sampling.k > 2:
        assert Sampling(sampling.share, sampling.k - 1).delta(epsilon) > delta
