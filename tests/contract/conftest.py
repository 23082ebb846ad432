"""What contract tests of the medical centre share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.medical_bench import Bench, FakeBench, RealBench
from support.medical_world import World


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with World(tmp_path).running() as running:
        made: Bench = request.param(running)
        made.enrol(made.person)
        yield made
