"""Requests that wait together are answered together, and fail alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.registry.gathering import MOST, Gathering


class Counter:
    """Doubles numbers, all of a group or none; remembers the sizes of the groups that it answered."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.open = threading.Event()
        self.busy = threading.Event()

    def double(self, numbers: Sequence[int]) -> list[int]:
        self.busy.set()
        assert self.open.wait(30)
        if any(number < 0 for number in numbers):
            raise ValueError(f"{min(numbers)} is negative")
        self.groups.append(len(numbers))
        return [2 * number for number in numbers]


def test_those_who_wait_are_answered_together_each_with_its_own_answer() -> None:
    counter, gathering = Counter(), Gathering[int, int]()
    with ThreadPoolExecutor(200) as pool:
        first = pool.submit(gathering.ask, 0, counter.double)
        assert counter.busy.wait(30)
        others = [pool.submit(gathering.ask, number, counter.double) for number in range(1, 150)]
        while len(gathering._waiting) < len(others):
            threading.Event().wait(0.001)
        counter.open.set()
        assert [each.result(30) for each in (first, *others)] == [2 * number for number in range(150)]
    assert counter.groups == [1, MOST, MOST, 149 - 2 * MOST]


def test_one_that_fails_takes_no_other_with_it() -> None:
    counter, gathering = Counter(), Gathering[int, int]()
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(gathering.ask, 0, counter.double)
        assert counter.busy.wait(30)
        others = [pool.submit(gathering.ask, number, counter.double) for number in (1, -2, 3, -4)]
        while len(gathering._waiting) < len(others):
            threading.Event().wait(0.001)
        counter.open.set()
        assert (first.result(30), others[0].result(30), others[2].result(30)) == (0, 2, 6)
        for failing, problem in ((others[1], "-2"), (others[3], "-4")):
            with pytest.raises(ValueError, match=problem):
                failing.result(30)
    assert gathering.ask(7, counter.double) == 14
