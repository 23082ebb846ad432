"""The slow, obvious meaning of the joint checks: every world that fits the releases, one by one.

A release is a mapping from each of its persons to the class and the sensitive value that it shows. It shares
nothing with the fast code.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

World = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A release: who is in which class with which value, and the k and l that it promised."""

    rows: Mapping[str, tuple[int, str]]
    k: int
    diversity: int


def everybody(releases: Sequence[Shown]) -> list[str]:
    """All persons of all releases."""
    return sorted(set().union(*(release.rows for release in releases)))


def worlds(releases: Sequence[Shown]) -> Iterator[World]:
    """Every way to exchange persons that changes no release's classes or memberships: who each row may be of."""
    persons = everybody(releases)
    for exchanged in itertools.permutations(persons):
        world = dict(zip(persons, exchanged, strict=True))
        if all(
            _class(release, each) == _class(release, world[each]) for release in releases for each in world
        ):
            yield world


def safe(releases: Sequence[Shown]) -> bool:
    """Whether everybody may be k persons, and have l values, in what the releases together leave open."""
    found = list(worlds(releases))
    for person in everybody(releases):
        present = [release for release in releases if person in release.rows]
        if len({world[person] for world in found}) < max(release.k for release in present):
            return False
        least = max(release.diversity for release in present)
        if least and len(in_common(releases, person)) < least:
            return False
        for release in present:
            if len({release.rows[world[person]][1] for world in found}) < release.diversity:
                return False
    return True


def in_common(releases: Sequence[Shown], person: str) -> set[str]:
    """The values that the person's classes have in common."""
    offered = [
        {value for group, value in release.rows.values() if group == release.rows[person][0]}
        for release in releases
        if person in release.rows
    ]
    return set.intersection(*offered)


def possible_values(releases: Sequence[Shown], values: Sequence[str]) -> dict[str, set[str]]:
    """The values that a person may have in some world where everybody keeps one value over all releases."""
    persons = everybody(releases)
    found: dict[str, set[str]] = {person: set() for person in persons}
    for assigned in itertools.product(values, repeat=len(persons)):
        world = dict(zip(persons, assigned, strict=True))
        if all(_histograms(release, world) == _histograms(release, None) for release in releases):
            for person, value in world.items():
                found[person].add(value)
    return found


def _class(release: Shown, person: str) -> int | None:
    return release.rows[person][0] if person in release.rows else None


def _histograms(release: Shown, world: World | None) -> Counter[tuple[int, str]]:
    return Counter(
        (group, value if world is None else world[person]) for person, (group, value) in release.rows.items()
    )
