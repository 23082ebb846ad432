"""The story's checks that need no look into SQLite files, with every body on a PostgreSQL database of its own."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from rich.progress import Progress
from support.database import database_url

from consent.vocabulary import Body
from services.demo import bank, bodies, products, proofs, records, science
from services.demo.checks import Steps
from services.demo.scene import Scene
from services.demo.story import SEED
from services.deployment.bootstrap import OFFICIALS, open_deployment
from services.deployment.layout import HOST, free_ports
from services.deployment.processes import Processes
from services.gateway.credentials import tls_of
from services.gateway.population import synthesise
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes
PEOPLE = 13


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    overrides = {body: {"database_url": database_url("postgresql")} for body in Body}
    overrides[Body.PRODUCT_SAFETY] |= products.OVERRIDES
    layout, register_key = open_deployment(tmp_path / "data", host=HOST, ports=free_ports(HOST))
    processes = Processes(layout, register_key, tls_of(layout.credentials / OFFICIALS), overrides)
    data = synthesise(PEOPLE, seed=SEED, now=system_clock().astimezone(UTC))
    try:
        processes.start()
        yield Scene(layout, register_key, processes, data, None)
    finally:
        processes.stop()


def test_story_holds_on_postgresql(scene: Scene) -> None:
    with Progress(disable=True) as progress:
        steps = Steps(progress)
        for check in (
            bodies.accreditations,
            bodies.enrolment,
            records.deposits,
            records.permitted_reading,
            records.refusals,
            proofs.provable_history,
            science.releases,
            products.recall,
            bank.confirmation,
        ):
            assert check(scene, steps)
    assert not list(scene.layout.folder.rglob("database.sqlite"))
