"""Durable dispatch of recalls on DBOS: a recall that was under way when the process died goes on at the next start.

The engine keeps only recall ids and how many steps were done, in a database of its own. It calls a step at least
once; exactly-once is the step's own transaction (see `notifying`). What is under way is known from our own tables,
so a lost or restored engine database loses no recall either.
"""

import logging
import threading
from collections.abc import Callable
from itertools import count
from typing import ClassVar, Protocol

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from services.product_safety.errors import DispatcherError
from services.product_safety.model import RecallId

APPLICATION_VERSION = "recall-dispatch-1"
"""Pinned: the engine resumes only what the same version began. Change it only when the steps change their order."""
RETRY_SECONDS = 5.0
TRIES = 100
ENDED_BADLY = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})

logger = logging.getLogger("sekisho")


class Dispatch(Protocol):
    """Who carries out recalls."""

    def begin(self, recall: RecallId) -> None:
        """See to it that the recall's owners are notified; asked again for the same recall, do nothing more."""


class _StoppedError(Exception):
    """Ends the thread of a recall that goes on at the next start."""


class DurableDispatch:
    """The engine of this process; there is one at a time, because DBOS allows one.

    Units: `pace` is seconds between two steps; a step that fails is tried `tries` times, RETRY_SECONDS apart, and then
    again from the next start on. `notify` does one batch and tells whether owners are left,
    `unfinished` names the recalls that are under way.
    """

    _in_use: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        *,
        database_url: str,
        executor: str,
        pace: float,
        notify: Callable[[RecallId], bool],
        unfinished: Callable[[], list[RecallId]],
        tries: int = TRIES,
    ) -> None:
        self._config = DBOSConfig(
            name="sekisho-product-safety",
            system_database_url=database_url,
            application_version=APPLICATION_VERSION,
            executor_id=executor,
            log_level="CRITICAL",
            serializer=DBOSPortableJSONSerializer(),  # the default is pickle: a changed row could run code
            notification_listener_polling_interval_sec=0.2,
        )
        self._pace = pace
        self._notify = notify
        self._unfinished = unfinished
        self._tries = tries
        self._executor = executor
        self._running = False
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._workflow: Callable[[str], None] | None = None

    def start(self) -> None:
        """N2: launch the engine and take up every unfinished recall. Raises: DispatcherError."""
        if not self._in_use.acquire(blocking=False):
            raise DispatcherError("this process already runs a product safety centre; start another process")
        self._running = True
        try:
            DBOS(config=self._config)
            self._workflow = self._declare()
            DBOS.launch()
            for recall in self._unfinished():
                self.begin(recall)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop after the batch under way; the next start goes on from there."""
        if not self._running:
            return
        self._running = False
        self._stopping.set()
        self._workflow = None
        DBOS.destroy(destroy_registry=True)
        self._stopped.set()
        self._in_use.release()

    def begin(self, recall: RecallId) -> None:
        """Start or take up a recall. Raises: DispatcherError when the engine is not running."""
        if self._workflow is None:
            raise DispatcherError("the product safety centre is stopping; the recall goes on when it starts")
        with SetWorkflowID(self._workflow_id(recall)):
            DBOS.start_workflow(self._workflow, recall)

    def _workflow_id(self, recall: RecallId) -> str:
        for run in count():
            workflow = f"{recall}.{run}"
            status = DBOS.get_workflow_status(workflow)
            if status is None:
                return workflow
            # another process may be dead: sharing the batches with a living one does no harm
            others = status.executor_id != self._executor and status.status != "SUCCESS"
            if not others and status.status not in ENDED_BADLY:
                return workflow
        raise AssertionError("unreachable: count() does not end")

    def _declare(self) -> Callable[[str], None]:
        @DBOS.step(
            name="notify_batch",
            retries_allowed=True,
            interval_seconds=RETRY_SECONDS,
            max_attempts=self._tries,
            backoff_rate=1.0,
            should_retry=lambda _error: not self._stopping.is_set(),
        )
        def notify_batch(recall: str) -> bool:
            if self._stopping.is_set():
                self._leave()
            try:
                more = self._notify(RecallId(recall))
            except Exception as error:
                logger.error("a recall's batch failed and is tried again: %s", type(error).__name__)
                raise
            # the pause is within the step, so that a replay does not wait again
            if more and self._stopping.wait(self._pace):
                self._leave()
            return more

        @DBOS.workflow(name="dispatch_recall", max_recovery_attempts=None)
        def dispatch_recall(recall: str) -> None:
            while notify_batch(recall):
                pass

        return dispatch_recall

    def _leave(self) -> None:
        # once the engine is gone it cannot record how this run ended: to the next start it is still under way
        self._stopped.wait()
        raise _StoppedError
