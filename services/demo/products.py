"""Check 10: a recall reaches every present owner once, the maker sees counts only, and a crash changes nothing."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from consent.vocabulary import Body
from services.contracts.product_safety.messages import RecallRecord, SerialRange
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import Inhabitant, Scene, at_once
from services.gateway.history import inbox
from services.gateway.hospital import link
from services.gateway.shop import (
    read_recall,
    recall_progress,
    register_purchase,
    register_trade_item,
    start_recall,
)

GTIN: Final = "04901234567894"
FIRST_SERIAL: Final = 1_505_000
RECALL_FILES: Final = ("cpsc/gsa-cpsc-18218.json", "cpsc/usagov-cpsc-2013.json")
OWN_RECALL: Final = Path(__file__).parent / "recall.json"
PATIENCE_SECONDS: Final = 60.0
OVERRIDES: Final = {"recall_batch": "4", "recall_pace_seconds": "0.05"}
"""Small batches at a limited rate, so that a crash in the middle is in the middle."""


def recall(scene: Scene, steps: Steps) -> str:
    """Purchases, a resale, a recall from a real record, a crash while notices go out."""
    maker = scene.organisation("maker")
    record, source = recall_record(scene.recalls)
    register_trade_item(maker, GTIN, record.products[0].name[:200])
    resold = max(1, len(scene.people) // 20)
    former, owners = scene.people[:resold], scene.people[resold:]
    _purchases(scene, resold, steps)
    affected = SerialRange(first=str(FIRST_SERIAL), last=str(FIRST_SERIAL + len(owners) - 1))
    identifier = start_recall(maker, record, GTIN, serials=affected)
    done = _crash_in_the_middle(scene, identifier, steps)
    progress = recall_progress(maker, identifier)
    expect(
        all(_count(each, identifier) == 1 for each in owners), "a present owner was missed or notified twice"
    )
    expect(not any(_count(each, identifier) for each in former), "a former owner was notified")
    expect(progress.notified == len(owners), f"{progress.notified} of {len(owners)} notices counted")
    told = progress.model_dump_json()
    numbers = set(json.loads(told)) - {"status"}
    expect(
        numbers == {"owners", "notified", "read"}, f"the maker was told more than counts: {sorted(numbers)}"
    )
    return (
        f"recall {record.recall_number} ({source}): {len(owners)} present owners have exactly one notice each, "
        f"{resold} former owners none; the process was killed after {done} notices and started again; "
        f"the maker saw {told}"
    )


def recall_record(folder: Path | None) -> tuple[RecallRecord, str]:
    """Return a real recall record when the folder of recalls is there, else the one that comes with the demo."""
    for name in RECALL_FILES if folder is not None else ():
        file = (folder or Path()) / name
        if file.exists():
            return read_recall(file), f"real record from {name}"
    return read_recall(OWN_RECALL), "made up for the demo"


def _purchases(scene: Scene, resold: int, steps: Steps) -> None:
    """Everybody but the last few buys an article; then these take over the first few's (a resale)."""
    retailer = scene.organisation("retailer")

    def buy(numbered: tuple[int, Inhabitant]) -> None:
        number, inhabitant = numbered
        inhabitant.references["retailer"] = link(retailer, inhabitant.person)
        _register(scene, inhabitant, FIRST_SERIAL + number)

    steps.begin("registering purchases", len(scene.people))
    at_once(buy, list(enumerate(scene.people[:-resold])), steps)
    at_once(buy, list(enumerate(scene.people[-resold:])), steps)


def _register(scene: Scene, inhabitant: Inhabitant, serial: int) -> None:
    retailer = scene.organisation("retailer")
    register_purchase(retailer, inhabitant.references["retailer"], GTIN, serial=str(serial))


def _crash_in_the_middle(scene: Scene, identifier: str, steps: Steps) -> int:
    maker = scene.organisation("maker")
    steps.begin("notifying owners, with a crash in the middle", None)
    _until(lambda: recall_progress(maker, identifier).notified > 0)
    scene.processes.kill(Body.PRODUCT_SAFETY)
    scene.processes.start([Body.PRODUCT_SAFETY])
    before = recall_progress(maker, identifier)
    expect(before.notified < len(scene.people), "the recall was over before the crash; nothing was shown")
    _until(lambda: recall_progress(maker, identifier).status.value == "completed")
    return before.notified


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise CheckFailedError(f"the recall did not go on within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.02)


def _count(inhabitant: Inhabitant, identifier: str) -> int:
    return sum(notice.recall == identifier for notice in inbox(inhabitant.person))
