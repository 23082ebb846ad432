"""IT2 over real processes: a body is restored from an older copy and goes on from there, so its log forks."""

import shutil
from collections.abc import Iterator

import pytest
from support.command_line import within
from support.deployment import running_deployment
from support.waiting import until

from consent.vocabulary import Body
from services.demo.scene import PINS, Scene
from services.deployment.bootstrap import OFFICIALS
from services.gateway.auditor import audit
from services.gateway.clinical import BasicItems
from services.gateway.errors import GatewayError, NotVerifiedError
from services.gateway.history import history
from services.gateway.people import enrol
from services.gateway.person import Person
from services.kit.http import PeerUnavailableError

pytestmark = [pytest.mark.processes, pytest.mark.long]
DOWN = (GatewayError, PeerUnavailableError)
"""What commands and gateways say while a body is not up."""
RESTORED = Body.REGISTRY
ORIGIN = f"sekisho/{RESTORED.value}"
OFTEN = {"gossip_interval_seconds": "0.5", "witness_interval_seconds": "0.5"}
LATER = BasicItems("田中 次郎", "みなと市 7-7-7", "male", "1966-06-06")
LATEST = BasicItems("中田 三郎", "みなと市 9-9-9", "male", "1977-07-07")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Bodies of this test's own: what they find out about each other, they never forget."""
    folder = tmp_path_factory.mktemp("set-back") / "data"
    with running_deployment(folder, people=1, overrides=dict.fromkeys(Body, OFTEN)) as running:
        yield running


def live_on(scene: Scene, items: BasicItems) -> None:
    """Enrol somebody, once the other bodies have noticed that the killed one is back."""
    counter = scene.organisation("municipality")
    until(lambda: enrol(counter, items, pins=PINS) is not None, despite=DOWN)


def accused(scene: Scene) -> set[Body]:
    """Return the bodies at which an audit finds that the restored body's log is not one."""
    return {
        each.body
        for each in audit(scene.officials)
        if any(
            found.row == ORIGIN and found.table in ("log_contradiction", "log_view")
            for found in each.findings
        )
    }


def seen_by_the_witness(person: Person) -> int:
    """Return the size of the log that the oversight body saw; the person's history is good."""
    told = history(person, bodies=[RESTORED])
    return max(each.size for each in told.held if each.witness == Body.OVERSIGHT.value)


def test_body_restored_from_an_older_copy_is_named_by_audit_gossip_and_people(scene: Scene) -> None:
    """IT2, IT4: each answer of the restored body is without a flaw; what others saw of it is not."""
    (one,) = scene.people
    processes, layout = scene.processes, scene.layout
    until(lambda: all(each.clean for each in audit(scene.officials)), despite=DOWN)
    processes.kill(RESTORED)
    older = layout.folder.parent / "older"
    shutil.copytree(layout.body(RESTORED), older)
    processes.start([RESTORED])
    before = seen_by_the_witness(one.person)
    live_on(scene, LATER)
    until(lambda: seen_by_the_witness(one.person) > before, despite=DOWN)
    assert accused(scene) == set()
    processes.kill(RESTORED)
    shutil.rmtree(layout.body(RESTORED))
    shutil.move(older, layout.body(RESTORED))
    processes.start([RESTORED])
    with pytest.raises(NotVerifiedError, match=RESTORED.value):
        history(one.person)
    for _ in range(2):
        live_on(scene, LATEST)  # it goes on from there
    with pytest.raises(NotVerifiedError, match=RESTORED.value):
        history(one.person)
    until(lambda: accused(scene) >= {Body.OVERSIGHT, RESTORED}, despite=DOWN)
    told = within("audit", "--as", layout.credentials / OFFICIALS)
    assert told.returncode == 1
    assert ORIGIN in told.stdout
