"""A portal and a browser for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.portal_app import PortalWorld


@pytest.fixture
def world(tmp_path: Path) -> PortalWorld:
    return PortalWorld(tmp_path / "portal")


@pytest.fixture
def browser(world: PortalWorld) -> Iterator[TestClient]:
    with world.running() as browser:
        yield browser
