"""What contract tests share: the medical centre, or the ID centre and the registry, fake or real."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import identity_world
from support.identity_fakes import running_fakes
from support.medical_bench import Bench, FakeBench, RealBench, opened_bench


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with opened_bench(tmp_path, request.param) as made:
        yield made


@pytest.fixture(params=["fake", "real"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[identity_world.World]:
    start = {"fake": running_fakes, "real": identity_world.running}[request.param]
    with start(tmp_path) as made:
        yield made
