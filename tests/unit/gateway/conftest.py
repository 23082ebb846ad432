"""Fixtures that tests of the FHIR face share."""

from pathlib import Path

import pytest
from support.fhir_town import Town, new_town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return new_town(tmp_path)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town for requests that must change nothing."""
    return new_town(tmp_path_factory.mktemp("quiet"))
