"""The joint checks against every consistent world, and what follows from them."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.joint import Holding, Shown, join
from anonymize.joint_values import JointValues, too_uniform
from anonymize.ledger_content import number_persons
from anonymize.ledger_decision import expose, tells_nothing_new
from anonymize.reference_joint import Shown as Reference
from anonymize.reference_joint import everybody, in_common, possible_values, safe, worlds

PERSONS = "abcde"
VALUES = "xyz"
SETTINGS = settings(max_examples=150, deadline=None)

rows = st.dictionaries(
    st.sampled_from(PERSONS), st.tuples(st.integers(0, 2), st.sampled_from(VALUES)), min_size=1
)
releases = st.lists(st.builds(Reference, rows, st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=3)


@st.composite
def of_one_truth(draw: st.DrawFn) -> list[Reference]:
    """Releases between which nobody's value changes."""
    truth = {person: draw(st.sampled_from(VALUES)) for person in PERSONS}
    drawn = draw(
        st.lists(
            st.dictionaries(st.sampled_from(PERSONS), st.integers(0, 1), min_size=1), max_size=3, min_size=1
        )
    )
    return [Reference({p: (group, truth[p]) for p, group in one.items()}, 1, 1) for one in drawn]


def holding(release: Reference) -> Holding:
    return Holding(
        k=release.k,
        persons=np.array([PERSONS.index(person) for person in release.rows], dtype=np.int64),
        classes=np.array([group for group, _ in release.rows.values()], dtype=np.int64),
        diversity={"v": release.diversity} if release.diversity else {},
        shown={
            "v": Shown(
                np.array([VALUES.index(value) for _, value in release.rows.values()], dtype=np.int64),
                np.array([70, 10, 40], dtype=np.int64),
            )
        },
    )


@SETTINGS
@given(releases)
def test_joint_check_is_the_enumeration_of_consistent_worlds(found: list[Reference]) -> None:
    assert (expose([holding(each) for each in found]) is None) == safe(found)


few_rows = st.dictionaries(
    st.sampled_from(PERSONS), st.tuples(st.integers(0, 1), st.sampled_from("xy")), min_size=3
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.builds(Reference, few_rows, st.just(1), st.just(1)), min_size=3, max_size=3))
def test_values_in_common_are_the_enumerations_where_they_alone_decide(found: list[Reference]) -> None:
    assert (expose([holding(each) for each in found]) is None) == safe(found)


@SETTINGS
@given(of_one_truth())
def test_values_of_a_joint_class_are_possible_and_what_is_possible_is_in_common(
    found: list[Reference],
) -> None:
    """Where nobody's value changes, the check of joint classes implies that of common values."""
    possible = possible_values(found, VALUES)
    exchanges = list(worlds(found))
    for person in everybody(found):
        release = next(each for each in found if person in each.rows)
        joint = {release.rows[world[person]][1] for world in exchanges}
        assert joint <= possible[person] <= in_common(found, person)


@SETTINGS
@given(releases)
def test_nested_sets_of_what_is_held_together_differ_by_nobody_or_by_enough(found: list[Reference]) -> None:
    """RI2: unions of classes and memberships of one or several releases."""
    k = min(each.k for each in found)
    joint = join([holding(each) for each in found])
    if (joint.sizes < joint.required).any():
        return
    parts = [frozenset(each.rows) for each in found]
    for each in found:
        parts += [
            frozenset(p for p, (group, _) in each.rows.items() if group == wanted) for wanted in range(3)
        ]
    sets = {a | b for a, b in itertools.product(parts, repeat=2)} | {
        a & b for a, b in itertools.combinations(parts, 2)
    }
    for smaller, larger in itertools.product(sets, repeat=2):
        if smaller < larger:
            assert len(larger - smaller) >= k


@SETTINGS
@given(releases, rows)
def test_what_can_be_computed_from_a_held_release_is_no_exposure(
    found: list[Reference], drawn: Mapping[str, tuple[int, str]]
) -> None:
    held = [holding(each) for each in found]
    groups = [drawn.get(person, (0, ""))[0] for person in PERSONS]
    united = {person: (groups[group], value) for person, (group, value) in found[0].rows.items()}
    new = holding(Reference(united, found[0].k, 0))
    assert tells_nothing_new(new, held[0])
    if expose(held) is None:
        assert expose([new, *held]) is None
    assert not tells_nothing_new(holding(Reference(united, found[0].k + 1, 0)), held[0])


@SETTINGS
@given(releases)
def test_invariance_is_the_definitions(found: list[Reference]) -> None:
    held = [holding(Reference(each.rows, 1, 1)) for each in found]
    joint = join(held)
    invariant = too_uniform(held, joint, rule=JointValues.INVARIANT) is None
    assert invariant == (_invariant(found) and too_uniform(held, joint) is None)


def _invariant(found: Sequence[Reference]) -> bool:
    signatures: dict[str, set[tuple[str, ...]]] = {}
    for release in found:
        for person, (group, _) in release.rows.items():
            shown = sorted(value for other, value in release.rows.values() if other == group)
            signatures.setdefault(person, set()).add(tuple(shown))
    return all(
        len(each) == 1 and all(len(set(one)) == len(one) for one in each) for each in signatures.values()
    )


@SETTINGS
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), unique=True, max_size=12),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), unique=True, max_size=12),
)
def test_persons_are_numbered_exactly_even_where_half_of_their_tags_is_equal(
    known: list[tuple[int, int]], tags: list[tuple[int, int]]
) -> None:
    first = np.array(known, dtype=np.uint64).reshape(-1, 2)
    second = np.array(tags, dtype=np.uint64).reshape(-1, 2)
    numbers, fresh = number_persons(first, second)
    everyone = [*known, *map(tuple, fresh.tolist())]
    assert [everyone[number] for number in numbers.tolist()] == tags
    assert len(set(everyone)) == len(everyone)
