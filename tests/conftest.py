"""Fixtures that several suites share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.deployment import running_deployment
from support.migrated import migrated_once

from services.demo.scene import Scene

settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("new", parent=settings.get_profile("same"), derandomize=False)
settings.load_profile(os.environ.get("SEKISHO_TEST_EXAMPLES", "same"))


@pytest.fixture(scope="session", autouse=True)
def copied_databases() -> Iterator[None]:
    """Databases in the tests' own process are copies of what their migrations made once."""
    with migrated_once():
        yield


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """All seven bodies as real processes, with nine organisations and four people; started once."""
    folder: Path = tmp_path_factory.mktemp("deployment") / "data"
    with running_deployment(folder, people=4) as scene:
        yield scene
