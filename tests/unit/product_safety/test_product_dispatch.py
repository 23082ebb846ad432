"""The workflow engine starts, resumes and takes over; one at a time in a process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.product_safety.dispatch import DurableDispatch
from services.product_safety.errors import DispatcherError
from services.product_safety.model import RecallId

RECALL = RecallId("recall")
PATIENCE_SECONDS = 20.0


class Owners:
    """Stands for the centre's tables: how many owners wait, one batch after the other."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.failures = 0
        self.done = threading.Event()
        self.begun = threading.Event()

    def notify(self, _recall: RecallId) -> bool:
        """Notify one owner."""
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.waiting -= 1
        self.begun.set()
        if not self.waiting:
            self.done.set()
        return bool(self.waiting)

    def unfinished(self) -> list[RecallId]:
        """Name the recall while owners wait."""
        return [RECALL] if self.waiting else []


@contextmanager
def engine(
    folder: Path, owners: Owners, *, executor: str = "one", pace: float = 0.0
) -> Iterator[DurableDispatch]:
    dispatch = DurableDispatch(
        database_url=f"sqlite:///{folder / 'workflows.sqlite'}",
        executor=executor,
        pace=pace,
        notify=owners.notify,
        unfinished=owners.unfinished,
        tries=1,
    )
    dispatch.start()
    try:
        yield dispatch
    finally:
        dispatch.stop()


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_unfinished_recall_is_taken_up_at_start(tmp_path: Path) -> None:
    owners = Owners(3)
    with engine(tmp_path, owners):
        assert owners.done.wait(PATIENCE_SECONDS)
    assert owners.waiting == 0


def test_recall_asked_for_twice_runs_once(tmp_path: Path) -> None:
    owners = Owners(0)
    with engine(tmp_path, owners) as dispatch:
        owners.waiting = 3
        dispatch.begin(RECALL)
        dispatch.begin(RECALL)
        assert owners.done.wait(PATIENCE_SECONDS)
    assert owners.waiting == 0


def test_stop_ends_between_batches_and_the_next_start_goes_on(tmp_path: Path) -> None:
    owners = Owners(10)
    with engine(tmp_path, owners, pace=3600.0):
        assert owners.begun.wait(PATIENCE_SECONDS)
    assert owners.waiting == 9
    with engine(tmp_path, owners):
        assert owners.done.wait(PATIENCE_SECONDS)
    assert owners.waiting == 0


def test_recall_whose_steps_failed_for_good_is_taken_up_by_the_next_start(tmp_path: Path) -> None:
    owners = Owners(2)
    owners.failures = 1
    with engine(tmp_path, owners):
        assert eventually(lambda: owners.failures == 0)
        assert not owners.done.wait(0.2)
    with engine(tmp_path, owners):
        assert owners.done.wait(PATIENCE_SECONDS)


def test_work_of_a_process_that_never_came_back_is_taken_over(tmp_path: Path) -> None:
    owners = Owners(10)
    with engine(tmp_path, owners, executor="dead", pace=3600.0):
        assert owners.begun.wait(PATIENCE_SECONDS)
    with engine(tmp_path, owners, executor="alive"):
        assert owners.done.wait(PATIENCE_SECONDS)


def test_second_centre_in_one_process_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    owners = Owners(0)
    with engine(tmp_path, owners) as first:
        with pytest.raises(DispatcherError), engine(tmp_path, Owners(0)):
            pass
        owners.waiting = 1
        first.begin(RECALL)
        assert owners.done.wait(PATIENCE_SECONDS)


def test_stopped_engine_says_so(tmp_path: Path) -> None:
    with engine(tmp_path, Owners(0)) as dispatch:
        pass
    with pytest.raises(DispatcherError):
        dispatch.begin(RECALL)
