"""SC2 on the component: once a withdrawal is acknowledged, no answer that rests on it is still being sent.

The threads are ordered by what they see, never by time; a lock that does nothing lets one of them see the forbidden.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.database import DATABASES, database_url
from support.oversight_reads import Reads, grant, permitted_reads, submit
from support.oversight_world import OversightWorld, oversight

from consent.directives import Effect, Grant, UnverifiedDirective
from consent.explanations import RefusalCode
from consent.identifiers import DirectiveId
from consent.vocabulary import Body
from services.contracts.directives import ReleaseRequest, WithdrawalOrder, submission
from services.directives import workflows
from services.directives.errors import RefusedError
from services.directives.release import Releases
from services.directives.service import Directives, open_directives, open_witness
from services.kit.log.add_checkpoint import AddCheckpoint
from services.oversight import tables
from services.oversight.app import open_office

CONCURRENT = 100
THREADS = 12


@dataclass
class Scene:
    """The component of one body, a permission that it holds, and the means to withdraw it."""

    world: OversightWorld
    reads: Reads
    directives: Directives
    releases: Releases

    def id_of(self, granted: Grant) -> DirectiveId:
        """Return this body's id of a directive."""
        wallet = self.reads.person.wallet.public_jwk(Body.OVERSIGHT)
        return UnverifiedDirective(granted.copies[Body.OVERSIGHT].jws).verify(wallet).directive.id

    def withdraw(self, granted: Grant) -> None:
        """Withdraw; returns when it is acknowledged."""
        person = self.reads.person
        copies = {Body.OVERSIGHT: granted.copies[Body.OVERSIGHT].jws}
        order = person.wallet.withdraw(copies, now=self.world.clock())[Body.OVERSIGHT]
        workflows.withdraw(
            self.directives, person.pseudonym(Body.OVERSIGHT), WithdrawalOrder(withdrawal=order)
        )

    def refuse(self) -> None:
        """Say no to the clinic; returns when it is acknowledged."""
        person = self.reads.person
        refusal = grant(self.world, person, self.reads.clinic, effect=Effect.DENY)
        message = submission(refusal.copies[Body.OVERSIGHT])
        workflows.submit(self.directives, person.pseudonym(Body.OVERSIGHT), message)


@pytest.fixture(params=DATABASES)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Open the component on each kind of database, with few connections."""
    with oversight(tmp_path, database_url=database_url(request.param), connections=2) as world:
        made = permitted_reads(world, tmp_path)
        directory = open_office(world.context, world.settings).editions.directory
        directives = open_directives(world.context, tables.DIRECTIVES, directory=directory)
        releases = Releases(directives, open_witness(world.context, directory=directory))
        yield Scene(world, made, directives, releases)


def test_no_holder_is_left_when_the_withdrawal_is_acknowledged(scene: Scene) -> None:
    """SC2: 100 readers hold and let go while the withdrawal comes in."""
    directive, acknowledged = scene.id_of(scene.reads.grant), threading.Event()
    begun = threading.Semaphore(0)

    def read() -> str:
        with scene.directives.barrier.hold([directive]) as in_force:
            begun.release()
            if directive not in in_force:
                return "refused"
            sent_late = acknowledged.wait(0.02)  # the answer is being sent
            return "sent after the acknowledgement" if sent_late else "sent before"

    with ThreadPoolExecutor(THREADS) as pool:
        flying = [pool.submit(read) for _ in range(CONCURRENT)]
        begun.acquire()
        scene.withdraw(scene.reads.grant)
        acknowledged.set()
        outcomes = {each.result() for each in flying}
        assert pool.submit(read).result() == "refused"
    assert outcomes <= {"refused", "sent before"}
    assert "sent before" in outcomes


def test_a_release_whose_answer_is_under_way_delays_the_acknowledgement(scene: Scene) -> None:
    """SC2: the second proxy's fragment is out before the withdrawal is acknowledged, or not at all."""
    order: list[str] = []

    def withdraw() -> None:
        scene.withdraw(scene.reads.grant)
        order.append("acknowledged")

    with ThreadPoolExecutor(1) as pool, ExitStack() as sending:
        scene.releases.release(scene.reads.request(), hold=sending)
        withdrawal = pool.submit(withdraw)
        with pytest.raises(TimeoutError):  # however long one waits: it cannot end while the answer is held
            withdrawal.result(timeout=0.3)
        order.append("sent")
        sending.close()
        withdrawal.result()
    assert order == ["sent", "acknowledged"]


# step W2
def test_of_many_concurrent_releases_none_is_sent_after_the_acknowledgement(scene: Scene) -> None:
    """SC2: each either sends its fragments before the acknowledgement or is refused as withdrawn."""
    acknowledged, answered = threading.Event(), threading.Semaphore(0)
    requests = _requests(scene, 2 * THREADS)

    def release(request: ReleaseRequest) -> str:
        try:
            with ExitStack() as sending:
                scene.releases.release(request, hold=sending)
                answered.release()
                return "sent after the acknowledgement" if acknowledged.is_set() else "sent"
        except RefusedError as refused:
            return refused.code.value

    with ThreadPoolExecutor(THREADS) as pool:
        flying = [pool.submit(release, each) for each in requests[:THREADS]]
        answered.acquire()
        scene.withdraw(scene.reads.grant)
        acknowledged.set()
        later = [pool.submit(release, each) for each in requests[THREADS:]]
        assert {each.result() for each in flying} <= {"sent", RefusalCode.WITHDRAWN.value}
        assert {each.result() for each in later} == {RefusalCode.WITHDRAWN.value}


@pytest.mark.parametrize("permissions", [1, 2])
def test_a_release_whose_answer_is_under_way_delays_a_refusal(scene: Scene, permissions: int) -> None:
    """SC2: a no is acknowledged when nothing that goes against it is being sent, whichever permission it rests on."""
    for _ in range(permissions - 1):
        further = grant(scene.world, scene.reads.person, scene.reads.clinic)
        submit(scene.world, scene.reads.person, further.copies[Body.OVERSIGHT])
    order: list[str] = []

    def refuse() -> None:
        scene.refuse()
        order.append("acknowledged")

    with ThreadPoolExecutor(1) as pool, ExitStack() as sending:
        scene.releases.release(scene.reads.request(), hold=sending)
        refusal = pool.submit(refuse)
        with pytest.raises(TimeoutError):  # however long one waits: it cannot end while the answer is held
            refusal.result(timeout=0.3)
        order.append("sent")
        sending.close()
        refusal.result()
    assert order == ["sent", "acknowledged"]
    with pytest.raises(RefusedError) as refused, ExitStack() as sending:
        scene.releases.release(scene.reads.request(), hold=sending)
    assert refused.value.code is RefusalCode.DENIED_BY_PERSON


def test_more_releases_than_connections_all_end(scene: Scene) -> None:
    """DV1: each holds the directive and writes besides; none waits for a connection that another waits with."""
    requests = _requests(scene, THREADS)
    together = threading.Barrier(THREADS)

    def release(request: ReleaseRequest) -> int:
        together.wait()
        with ExitStack() as sending:
            return len(scene.releases.release(request, hold=sending).fragments)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(release, requests)) == [1] * THREADS


def test_holders_of_several_directives_do_not_wait_in_a_circle(scene: Scene) -> None:
    """Readers name two directives in opposite orders while both are withdrawn: everybody gets through."""
    second = grant(scene.world, scene.reads.person, scene.reads.clinic)
    submit(scene.world, scene.reads.person, second.copies[Body.OVERSIGHT])
    grants = [scene.reads.grant, second]
    ids = [scene.id_of(each) for each in grants]

    def read(order: list[DirectiveId]) -> int:
        with scene.directives.barrier.hold(order) as in_force:
            return len(in_force)

    with ThreadPoolExecutor(THREADS) as pool:
        readers = [pool.submit(read, ids if n % 2 else ids[::-1]) for n in range(CONCURRENT)]
        withdrawals = [pool.submit(scene.withdraw, each) for each in grants]
        for withdrawal in withdrawals:
            withdrawal.result()
        assert {each.result() for each in readers} <= {0, 1, 2}
    assert read(ids) == 0


def test_the_same_withdrawal_sent_many_times_happens_once(scene: Scene) -> None:
    """OT2: concurrent copies of one order delete once, log once, and get the one receipt."""
    person = scene.reads.person
    copies = {Body.OVERSIGHT: scene.reads.grant.copies[Body.OVERSIGHT].jws}
    order = WithdrawalOrder(
        withdrawal=person.wallet.withdraw(copies, now=scene.world.clock())[Body.OVERSIGHT]
    )
    name = person.pseudonym(Body.OVERSIGHT)
    with scene.world.context.database.read() as conn:
        before = scene.world.context.journal.tree.size(conn)
    with ThreadPoolExecutor(THREADS) as pool:
        sent = [pool.submit(workflows.withdraw, scene.directives, name, order) for _ in range(THREADS)]
        assert len({each.result().receipt for each in sent}) == 1
    with scene.world.context.database.read() as conn:
        assert scene.world.context.journal.tree.size(conn) == before + 1


def _requests(scene: Scene, count: int) -> list[ReleaseRequest]:
    """Return requests under one checkpoint that is witnessed already, so that their order does not matter."""
    made = scene.reads
    statements = [made.sign(made.statement()) for _ in range(count)]
    logged = [made.log.append(each) for each in statements]
    shown = made.log.proof(*logged[0], known_size=0)
    scene.world.as_body(Body.MEDICAL).add_checkpoint(AddCheckpoint(0, (), shown.checkpoint))
    return [
        made.request(statement, log=made.log.proof(*place, known_size=count))
        for statement, place in zip(statements, logged, strict=True)
    ]
