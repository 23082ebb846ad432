"""What a body promises who asks what would change, kept by the real medical centre and by its fake alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from support.medical_bench import Bench, FakeBench, RealBench, opened_bench
from support.medical_story import ALL
from support.medical_world import CLINIC, OTHER_CLINIC

from consent.compartments import YearSpan
from consent.identifiers import OrganisationId
from consent.terms import BasicScope, RecordScope, Terms
from consent.vocabulary import BasicItem, Category
from services.contracts.simulating import Simulated, SimulationClient, Simulations
from services.kit.http import RemoteProblemError


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"], scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with opened_bench(tmp_path_factory.mktemp("simulation"), request.param) as made:
        made.publish(ALL)
        yield made


def simulations(bench: Bench) -> Simulations:
    if isinstance(bench, FakeBench):
        return bench.fake.simulations
    return SimulationClient(bench.running.http(CLINIC))


def told(found: Simulated) -> list[tuple[str | None, str, str]]:
    return [(each.organisation, each.shift, each.en) for each in found.differences]


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def imaging(bench: Bench, organisation: OrganisationId = OTHER_CLINIC) -> Terms:
    scope = RecordScope(frozenset({Category.IMAGING}), YearSpan(2025, 2026))
    return replace(bench.world.terms(organisation), scope=scope)


def test_nothing_is_done_by_asking(bench: Bench) -> None:
    asked = simulations(bench)
    gain = [(OTHER_CLINIC, "gains", f"+ {OTHER_CLINIC} gains images 2025-2026, for treatment")]
    for _ in range(2):
        assert told(asked.laying_down(imaging(bench), token=bench.own())) == gain


def test_what_stands_is_no_gain_and_its_withdrawal_is_a_loss(bench: Bench) -> None:
    asked = simulations(bench)
    grant, directive = bench.granted()
    assert asked.laying_down(bench.world.terms(CLINIC), token=bench.own()).differences == []
    loss = [(CLINIC, "loses", f"- {CLINIC} loses medication 2024-2026, for treatment")]
    assert told(asked.withdrawing(directive, token=bench.own())) == loss
    bench.withdraw(grant, directive)
    assert asked.withdrawing(directive, token=bench.own()).differences == []


def test_only_the_person_asks_and_only_about_their_own(bench: Bench) -> None:
    asked, terms = simulations(bench), imaging(bench)
    assert refused(lambda: asked.withdrawing("unknown", token=bench.own())) == (404, "not_found")
    assert refused(lambda: asked.laying_down(terms, token=bench.operator(CLINIC)))[0] == 403
    items = replace(terms, scope=BasicScope(frozenset({BasicItem.NAME}), None, frozenset()))
    assert refused(lambda: asked.laying_down(items, token=bench.own())) == (400, "malformed_request")
