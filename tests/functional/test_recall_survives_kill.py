"""A recall goes on where it was when the centre's process is killed, over real processes and TLS (UC4)."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.product_safety_app import database_file
from support.product_safety_world import AUDITOR, GTIN, MAKER, SHOP, World, make_world, recall_record

from consent.identifiers import OrganisationId
from services.contracts.product_safety.client import ProductSafetyClient
from services.contracts.product_safety.messages import (
    PurchaseRequest,
    RecallProgress,
    RecallRequest,
    RecallStatusName,
    TradeItemRequest,
)
from services.contracts.shared import AuditReport
from services.kit.http import PeerUnavailableError

pytestmark = pytest.mark.processes
TESTS = Path(__file__).resolve().parents[1]
OWNERS = 40
BATCH = 3
PATIENCE_SECONDS = 60
ENTRIES = 1 + 2 * OWNERS + 1 + -(-OWNERS // BATCH) + 1
"""Trade item; article and purchase of each owner; start; one entry for each batch of notices; completion."""


class Centre:
    """The centre's process, which can be killed and started again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, pace: float) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "support.product_safety_process", str(self.world.folder)]
        settings = [f"recall_batch={BATCH}", f"recall_pace_seconds={pace}"]
        environment = os.environ | {"PYTHONPATH": str(TESTS)}
        with (self.world.folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                command + settings, env=environment, cwd=TESTS.parent, stdout=output, stderr=output
            )
        http = self.world.http(SHOP)
        for _ in patiently():
            try:
                http.get("/healthz")
            except PeerUnavailableError:
                assert self._process.poll() is None, (self.world.folder / "output.txt").read_text()
            else:
                return

    def kill(self) -> None:
        """Kill the process without a warning, as a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self, organisation: OrganisationId) -> ProductSafetyClient:
        """Return a client at an organisation's terminal."""
        return ProductSafetyClient(self.world.http(organisation))

    def notices(self) -> int:
        """Count the notices in the database file."""
        with closing(sqlite3.connect(database_file(self.world), timeout=30)) as connection:
            return int(connection.execute("SELECT count(*) FROM notice").fetchone()[0])

    def wait_for_notices(self, count: int) -> None:
        """Wait until at least `count` owners are notified."""
        for _ in patiently():
            if self.notices() >= count:
                return

    def finished(self, recall: str) -> RecallProgress:
        """Wait until the recall is complete."""
        client = self.client(MAKER)
        for _ in patiently():
            progress = client.recall_progress(recall, token=self.world.operator_token(MAKER))
            if progress.status is RecallStatusName.COMPLETED:
                return progress
        raise AssertionError("unreachable")

    def audit(self) -> AuditReport:
        """Have every stored row compared with the log."""
        token = self.world.operator_token(AUDITOR)
        return AuditReport.model_validate(self.world.http(AUDITOR).get("/audit", token=token))


def patiently() -> Iterator[None]:
    """Yield until patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    centre = Centre(make_world(tmp_path))
    yield centre
    centre.kill()


def sell_to_everybody(centre: Centre) -> None:
    shop, token = centre.client(SHOP), centre.world.operator_token(SHOP)
    for number in range(OWNERS):
        named = centre.world.pseudonym_token(f"owner {number}")
        purchase = PurchaseRequest(token=named, gtin=GTIN, serial=f"{number}", purchased_at=1_700_000_000)
        shop.register_purchase(purchase, token=token)


def start_recall(centre: Centre) -> str:
    maker, token = centre.client(MAKER), centre.world.operator_token(MAKER)
    maker.register_trade_item(TradeItemRequest(gtin=GTIN, name="Heater"), token=token)
    return maker.start_recall(RecallRequest(recall=recall_record(), gtin=GTIN), token=token).recall


def assert_everybody_told_once(centre: Centre, recall: str) -> None:
    progress = centre.finished(recall)
    assert (progress.owners, progress.notified) == (OWNERS, OWNERS)
    portal = centre.client(SHOP)
    for number in range(OWNERS):
        inbox = portal.inbox(token=centre.world.person_token(f"owner {number}"))
        assert [each.recall for each in inbox.notices] == [recall]
    report = centre.audit()
    assert report.findings == []
    assert report.entries == ENTRIES


# step N3
def test_every_owner_has_exactly_one_notice_though_the_centre_is_killed_again_and_again(
    centre: Centre,
) -> None:
    """UC4, LD1: killed at the start, twice in the middle; the last life finishes."""
    centre.start(pace=0.3)
    sell_to_everybody(centre)
    recall = start_recall(centre)
    centre.kill()
    for reached in (BATCH, 3 * BATCH):
        centre.start(pace=0.3)
        centre.wait_for_notices(reached)
        centre.kill()
        assert centre.notices() < OWNERS, "the kill came too late to show anything"
    centre.start(pace=0.0)
    assert_everybody_told_once(centre, recall)


# step N2
def test_recall_goes_on_though_the_workflow_engine_lost_its_own_database(centre: Centre) -> None:
    """LD1, LD7: what is under way is known from the centre's own tables."""
    centre.start(pace=0.3)
    sell_to_everybody(centre)
    recall = start_recall(centre)
    centre.wait_for_notices(BATCH)
    centre.kill()
    assert centre.notices() < OWNERS, "the kill came too late to show anything"
    for file in (centre.world.folder / "centre").glob("workflows.sqlite*"):
        file.unlink()
    centre.start(pace=0.0)
    assert_everybody_told_once(centre, recall)
