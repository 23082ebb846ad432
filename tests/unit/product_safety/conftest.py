"""A product safety centre without its web part."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.product_safety_app import open_centre
from support.product_safety_office import Office
from support.product_safety_world import make_world

from services.product_safety.centre import Centre


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    world = make_world(tmp_path)
    context = open_centre(world)
    yield Office(world, Centre(context, world.register))
    context.close()
