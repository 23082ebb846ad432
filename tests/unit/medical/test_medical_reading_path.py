"""The reading path: which body is asked, what is told when none answers, and grants read by the anonymiser."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.hanging import HangingServer
from support.identity_wire import NO_TLS
from support.medical_story import ASKED, MEDICATION, deposit, documents, open_answer, read, seal, start
from support.medical_world import ANONYMISER, CLINIC, Running, Someone, World

from consent.compartments import Compartment
from consent.identifiers import DirectiveId, DocumentId
from consent.statements import DocumentSelection, GrantSubject
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.directives import ReleaseAnswer, ReleaseRequest, SecondProxyClient
from services.contracts.medical.messages import ReadRequest
from services.kit.circuit import Circuit, Limits
from services.kit.http import Http, PeerUnavailableError, RemoteProblemError


@dataclass
class Down:
    """A second proxy that does not answer, and counts who tried."""

    asked: list[ReleaseRequest] = field(default_factory=list)

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Fail as a body does that is down."""
        self.asked.append(request)
        raise PeerUnavailableError("down")


@dataclass
class Broken:
    """A second proxy that answers with a problem of a kind."""

    status: int
    code: str

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Fail with the problem."""
        raise RemoteProblemError(status=self.status, code=self.code, title="", detail="", members={})


@dataclass
class Tampering:
    """A second proxy that passes requests on and changes the answer."""

    honest: Any
    changes: dict[str, Any]

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Answer something else."""
        answer: ReleaseAnswer = self.honest.release(request)
        return answer.model_copy(update=self.changes)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def permitted(running: Running) -> Someone:
    """Return a person who permitted the clinic."""
    world, person = running.world, Someone("hanako")
    start(running, person)
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    return person


def test_answer_carries_the_fragments_of_this_centre_and_the_oversight_body(world: World) -> None:
    with world.running() as running:
        answer = read(running, permitted(running))
    assert {frozenset(each.fragments) for each in answer.bundles} == {
        frozenset({Body.MEDICAL, Body.OVERSIGHT})
    }


def test_identity_serves_when_the_oversight_body_is_down(world: World) -> None:
    down = Down()
    with world.running(world.second_proxies({Body.OVERSIGHT: down})) as running:
        person = permitted(running)
        answer = read(running, person)
        assert sorted(open_answer(world, person, answer)) == ["m25-0", "m25-1", "m26-0", "m26-1", "m26-2"]
    assert len(down.asked) == 1
    assert {frozenset(each.fragments) for each in answer.bundles} == {
        frozenset({Body.MEDICAL, Body.IDENTITY})
    }


def test_hanging_body_costs_the_first_reads_only(world: World) -> None:
    server = HangingServer()
    limits = Limits(failures=2, pause=60.0, probe=0.1)
    http = Http(
        server.url,
        context=NO_TLS,
        timeout=0.1,
        circuit=Circuit(limits, clock=world.clock),
    )
    try:
        clients = {Body.OVERSIGHT: SecondProxyClient(http)}
        with world.running(world.second_proxies(clients)) as running:
            person = permitted(running)
            answers = [read(running, person) for _ in range(4)]
    finally:
        server.close()
        http.close()
    assert all(
        set(each.fragments) == {Body.MEDICAL, Body.IDENTITY} for one in answers for each in one.bundles
    )
    assert server.asked == ["/releases"] * limits.failures


def test_hanging_bodies_release_nothing_and_say_so_with_one_code(world: World) -> None:
    server = HangingServer()
    circuit = Circuit(Limits(failures=1, pause=60.0, probe=0.1), clock=world.clock)
    http = Http(server.url, context=NO_TLS, timeout=0.1, circuit=circuit)
    try:
        clients = dict.fromkeys((Body.OVERSIGHT, Body.IDENTITY), SecondProxyClient(http))
        with world.running(world.second_proxies(clients)) as running:
            person = permitted(running)
            for _ in range(2):  # asked, then not asked
                with pytest.raises(RemoteProblemError) as refused:
                    read(running, person)
                assert (refused.value.status, refused.value.code) == (503, "unavailable")
    finally:
        server.close()
        http.close()
    assert server.asked == ["/releases"]


@pytest.mark.parametrize("failure", [Broken(500, "internal_error"), Broken(503, "unavailable"), Down()])
def test_failure_of_the_first_body_moves_on_to_the_next(world: World, failure: Any) -> None:
    with world.running(world.second_proxies({Body.OVERSIGHT: failure})) as running:
        person = permitted(running)
        assert len(open_answer(world, person, read(running, person))) == 5


# step R7
def test_refusal_of_one_body_is_final(world: World) -> None:
    refusing = Broken(403, "withdrawn")
    with world.running(world.second_proxies({Body.OVERSIGHT: refusing})) as running:
        person = permitted(running)
        with pytest.raises(RemoteProblemError) as refused:
            read(running, person)
        assert (refused.value.status, refused.value.code) == (403, "withdrawn")
        assert running.events(person)[-1]["reason"] == "withdrawn"
    assert world.seconds[Body.IDENTITY]._nonces == set()


@pytest.mark.parametrize(
    "changes", [{"fragments": []}, {"cosignature": "— sekisho/oversight/witness AAAAAAAA\n"}]
)
def test_answer_without_all_fragments_or_cosignature_is_not_used(
    world: World, changes: dict[str, Any]
) -> None:
    lying = Tampering(world.seconds[Body.OVERSIGHT], changes)
    with world.running(world.second_proxies({Body.OVERSIGHT: lying})) as running:
        answer = read(running, permitted(running))
    assert {frozenset(each.fragments) for each in answer.bundles} == {
        frozenset({Body.MEDICAL, Body.IDENTITY})
    }


def test_nothing_is_released_when_both_other_bodies_are_down(world: World) -> None:
    seconds = world.second_proxies({Body.OVERSIGHT: Down(), Body.IDENTITY: Down()})
    with world.running(seconds) as running:
        person = permitted(running)
        with pytest.raises(RemoteProblemError) as refused:
            read(running, person)
        assert (refused.value.status, refused.value.code) == (503, "unavailable")
        outcomes = [(each["outcome"], each.get("reason")) for each in running.events(person)[-2:]]
    assert outcomes == [("permitted", None), ("refused", "unavailable")]


def test_witness_that_knows_more_than_this_process_gets_a_new_proof(world: World) -> None:
    """Another process of this centre, or the background, showed the log before."""
    with world.running() as running:
        person = permitted(running)
        read(running, person)
    with world.running() as running:  # the exchange has forgotten what the witness knows
        assert len(open_answer(world, person, read(running, person))) == 5


# step R5
def test_access_is_in_the_log_before_the_second_body_is_asked(world: World) -> None:
    seen: list[list[str]] = []

    @dataclass
    class Watching:
        running: Running | None = None

        def release(self, request: ReleaseRequest) -> ReleaseAnswer:
            if self.running is not None:
                seen.append([each["outcome"] for each in self.running.events(person)])
            return world.seconds[Body.OVERSIGHT].release(request)

    watching = Watching()
    with world.running(world.second_proxies({Body.OVERSIGHT: watching})) as running:
        person = permitted(running)
        watching.running = running
        read(running, person)
    assert seen[0][-1] == "permitted"


def test_read_that_finds_nothing_is_logged_and_answers_nothing(world: World) -> None:
    person = Someone("hanako")
    down = Down()
    with world.running(world.second_proxies({Body.OVERSIGHT: down})) as running:
        running.enrol(person, MEDICATION)
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        answer = read(running, person)
        assert running.events(person)[-1]["count"] == 0
    assert (answer.bundles, down.asked) == ([], [])


def test_records_under_a_later_key_are_not_sent_under_an_earlier_permission(world: World) -> None:
    """W4: what is sealed after the version rolled is under a key that no earlier fragment opens."""
    rolled = Compartment(Category.MEDICATION, 2026, 2)
    with world.running() as running:
        person = permitted(running)
        running.enrol(person, [rolled])
        deposit(running, person, [seal(world, person, documents(1, prefix="new"), compartment=rolled)])
        opened = open_answer(world, person, read(running, person))
    assert "new-0" not in opened
    assert len(opened) == 5


def test_single_documents_are_read_alone(world: World) -> None:
    wanted = DocumentSelection(frozenset({DocumentId("m26-1"), DocumentId("m25-0")}))
    with world.running() as running:
        person = permitted(running)
        request = running.request(person, CLINIC, selection=wanted)
        answer = running.medical(CLINIC).read(request, token=world.token(world.members[CLINIC]))
        assert sorted(open_answer(world, person, answer)) == ["m25-0", "m26-1"]


@pytest.fixture
def research(world: World) -> Iterator[tuple[Running, Someone]]:
    with world.running() as running:
        person = Someone("hanako")
        start(running, person)
        terms = world.terms(ANONYMISER, purposes=frozenset({Purpose.HRESCH}))
        running.permit(person, world.grant(person, terms, compartments=MEDICATION))
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        yield running, person


def by_grant(running: Running, **changes: Any) -> ReadRequest:
    """Return the anonymiser's read of its one grant."""
    world = running.world
    member = world.members[ANONYMISER]
    grants = running.medical(ANONYMISER).grants(token=world.token(member)).grants
    assert len(grants) == 1
    subject = GrantSubject(DirectiveId(grants[0].grant), dict(grants[0].handles))
    statement = world.statement(member, replace(subject, **changes), selection=ASKED, purpose=Purpose.HRESCH)
    return ReadRequest(statement=statement)


def test_anonymiser_reads_by_grant_without_any_name(research: tuple[Running, Someone]) -> None:
    running, person = research
    world = running.world
    answer = running.medical(ANONYMISER).read(by_grant(running), token=world.token(world.members[ANONYMISER]))
    assert len(open_answer(world, person, answer, reader=ANONYMISER)) == 5
    assert running.events(person)[-1]["organisation"] == ANONYMISER


def test_grant_of_another_organisation_reads_nothing(research: tuple[Running, Someone]) -> None:
    """OL2: it is answered as one that nobody gave; the person sees the try."""
    running, person = research
    world = running.world
    mine = running.medical(CLINIC).grants(token=world.token(world.members[CLINIC])).grants[0]
    request = by_grant(running, grant=DirectiveId(mine.grant), handles=dict(mine.handles))
    with pytest.raises(RemoteProblemError) as refused:
        running.medical(ANONYMISER).read(request, token=world.token(world.members[ANONYMISER]))
    assert (refused.value.status, refused.value.code) == (403, "subject_unknown")
    assert running.events(person)[-1]["reason"] == "subject_unknown"


def test_grant_beside_foreign_handles_reads_nothing(research: tuple[Running, Someone]) -> None:
    running, _ = research
    world = running.world
    request = by_grant(running, handles={Body.OVERSIGHT: bytes(112), Body.IDENTITY: bytes(112)})
    with pytest.raises(RemoteProblemError) as refused:
        running.medical(ANONYMISER).read(request, token=world.token(world.members[ANONYMISER]))
    assert refused.value.code == "subject_unknown"


@pytest.mark.parametrize("missing", [{Body.OVERSIGHT, Body.IDENTITY}, {Body.MEDICAL}])
def test_read_that_names_the_person_to_too_few_bodies_is_refused(world: World, missing: set[Body]) -> None:
    with world.running() as running:
        person = permitted(running)
        whole = running.request(person, CLINIC, selection=ASKED)
        tokens = {body: whole.tokens[body] for body in PROXIES if body not in missing}
        with pytest.raises(RemoteProblemError) as refused:
            running.medical(CLINIC).read(
                whole.model_copy(update={"tokens": tokens}), token=world.token(world.members[CLINIC])
            )
        assert refused.value.code == "subject_unknown"


def test_concurrent_reads_all_open(world: World) -> None:
    """The witness is asked one after the other; the log grows between, and every proof still fits."""
    with world.running() as running, ThreadPoolExecutor(6) as pool:
        person = permitted(running)
        answers = [each.result() for each in [pool.submit(read, running, person) for _ in range(12)]]
        assert {len(open_answer(world, person, each)) for each in answers} == {5}
        assert {each["outcome"] for each in running.events(person)[-12:]} == {"permitted"}
