"""Withdrawal or refusal while a read is under way (SC2): nothing is answered after it was acknowledged."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.medical_story import ASKED, MEDICATION, start
from support.medical_world import CLINIC, Running, Someone, World

from consent.directives import Grant
from consent.terms import Effect
from consent.vocabulary import Body, Purpose
from services.contracts.directives import ReleaseAnswer, ReleaseRequest, WithdrawalOrder
from services.contracts.directives_fake import FakeSecondProxy
from services.contracts.medical.messages import ReadAnswer, ReadRequest
from services.kit.http import RemoteProblemError

PATIENCE = 20.0
CONCURRENT = 12


@dataclass
class Waiting:
    """A second proxy that answers honestly, but only when it is told to."""

    honest: FakeSecondProxy
    asked: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Answer after `go`."""
        answer = self.honest.release(request)
        self.asked.set()
        if not self.go.wait(PATIENCE):
            raise TimeoutError
        return answer


@contextmanager
def waiting_world(folder: Path) -> Iterator[tuple[Running, Someone, Grant, Waiting]]:
    """Run the centre with a second proxy that waits, and one permission."""
    world, person = World(folder), Someone("hanako")
    second = Waiting(world.seconds[Body.OVERSIGHT])
    with world.running(world.second_proxies({Body.OVERSIGHT: second})) as running:
        start(running, person)
        grant = world.grant(person, world.terms(CLINIC), compartments=MEDICATION)
        running.permit(person, grant)
        try:
            yield running, person, grant, second
        finally:
            second.go.set()


def withdraw(running: Running, person: Someone, grant: Grant) -> str:
    """W1: withdraw at the medical centre; returns its deletion receipt."""
    orders = person.wallet.withdraw({Body.MEDICAL: grant.copies[Body.MEDICAL].jws}, now=running.world.now)
    order = WithdrawalOrder(withdrawal=orders[Body.MEDICAL])
    return running.directives().withdraw(order, token=running.world.person_token(person)).receipt


def refuse(running: Running, person: Someone, purpose: Purpose) -> None:
    """P3: have the medical centre take in that the clinic may not read for a purpose."""
    world = running.world
    terms = world.terms(CLINIC, effect=Effect.DENY, purposes=frozenset({purpose}))
    running.permit(person, world.grant(person, terms, compartments=MEDICATION))


def send(running: Running, request: ReadRequest) -> ReadAnswer:
    """Send a read that was prepared before."""
    world = running.world
    return running.medical(CLINIC).read(request, token=world.token(world.members[CLINIC]))


def test_read_in_flight_is_refused_once_the_withdrawal_is_acknowledged(tmp_path: Path) -> None:
    """SC2: the second body has released already, the medical centre still does not answer."""
    with ExitStack() as stack:
        running, person, grant, second = stack.enter_context(waiting_world(tmp_path))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        flying = pool.submit(send, running, running.request(person, CLINIC, selection=ASKED))
        assert second.asked.wait(PATIENCE)
        assert withdraw(running, person, grant)
        second.go.set()
        with pytest.raises(RemoteProblemError) as refused:
            flying.result(PATIENCE)
        assert (refused.value.status, refused.value.code) == (403, "withdrawn_in_flight")
        told = [(each["kind"], each["outcome"], each.get("reason")) for each in running.events(person)[-3:]]
        assert told == [
            ("records_read", "permitted", None),
            ("directive_withdrawn", "done", None),
            ("records_read", "refused", "withdrawn_in_flight"),
        ]


def test_read_after_the_withdrawal_is_refused_at_once(tmp_path: Path) -> None:
    """SC2: nobody else is asked any more."""
    with waiting_world(tmp_path) as (running, person, grant, second):
        withdraw(running, person, grant)
        with pytest.raises(RemoteProblemError) as refused:
            send(running, running.request(person, CLINIC, selection=ASKED))
        assert refused.value.code == "withdrawn"
        assert not second.asked.is_set()


# step R8
def test_of_many_concurrent_reads_none_answers_after_the_acknowledgement(tmp_path: Path) -> None:
    """SC2: linearizable; each ends refused, wherever the withdrawal met it."""

    def late(running: Running, request: ReadRequest) -> str:
        try:
            send(running, request)
        except RemoteProblemError as refused:
            return refused.code
        return "answered"

    with ExitStack() as stack:
        running, person, grant, second = stack.enter_context(waiting_world(tmp_path))
        pool = stack.enter_context(ThreadPoolExecutor(CONCURRENT))
        requests = [running.request(person, CLINIC, selection=ASKED) for _ in range(CONCURRENT)]
        flying: list[Future[str]] = [pool.submit(late, running, each) for each in requests]
        assert second.asked.wait(PATIENCE)
        withdraw(running, person, grant)
        second.go.set()
        codes = [each.result(PATIENCE) for each in flying]
        assert set(codes) <= {"withdrawn_in_flight", "withdrawn"}
        assert "withdrawn_in_flight" in codes


@pytest.mark.parametrize(("purpose", "stopped"), [(Purpose.TREAT, True), (Purpose.HRESCH, False)])
def test_read_in_flight_ends_with_a_refusal_that_touches_it(
    purpose: Purpose, stopped: bool, tmp_path: Path
) -> None:
    """SC2: a no that is acknowledged stops the read that it is about, and no other."""
    with ExitStack() as stack:
        running, person, _, second = stack.enter_context(waiting_world(tmp_path))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        flying = pool.submit(send, running, running.request(person, CLINIC, selection=ASKED))
        assert second.asked.wait(PATIENCE)
        refuse(running, person, purpose)
        second.go.set()
        if not stopped:
            assert flying.result(PATIENCE).bundles
            return
        with pytest.raises(RemoteProblemError) as refused:
            flying.result(PATIENCE)
        assert (refused.value.status, refused.value.code) == (403, "denied_by_person")
        told = [(each["kind"], each["outcome"], each.get("reason")) for each in running.events(person)[-3:]]
        assert told == [
            ("records_read", "permitted", None),
            ("directive_stored", "done", None),
            ("records_read", "refused", "denied_by_person"),
        ]
