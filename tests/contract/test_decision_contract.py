"""What the decision endpoint (AuthZEN) promises, kept by the real medical centre and by its fake alike."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.medical_bench import Bench, FakeBench, RealBench, opened_bench
from support.medical_story import ALL
from support.medical_world import CLINIC, HOSPITAL

from consent.compartments import YearSpan
from consent.directives import Effect, RecordScope
from consent.recipients import EVERYBODY
from consent.vocabulary import Category
from services.contracts.medical import authzen as a
from services.contracts.medical.fake_decisions import FakeDecisions
from services.kit.http import RemoteProblemError

YEARS: a.Properties = {"years": {"first": 2024, "last": 2026}}
READ = a.Action(name=a.READ, properties={"purpose": "TREAT"})
THE_CLINIC = a.Subject(type="organisation", id=CLINIC)


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"], scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with opened_bench(tmp_path_factory.mktemp("decision"), request.param) as made:
        made.publish(ALL)
        made.granted()
        yield made


def endpoint(bench: Bench) -> FakeDecisions | a.AuthZenClient:
    if isinstance(bench, FakeBench):
        return bench.fake.decisions
    return a.AuthZenClient(bench.running.http(CLINIC))


def records(category: str = "medication", **properties: Any) -> a.Resource:
    return a.Resource(type=a.RECORDS, id=category, properties={**YEARS, **properties})


def operator(bench: Bench) -> a.Subject:
    own = bench.world.members[CLINIC]
    return a.Subject(type="operator", id=own.operator, properties={"organisation": CLINIC})


def said(told: a.Decided) -> tuple[bool, object, object]:
    return told.decision, told.context.get("decision"), told.context.get("code")


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


@pytest.mark.parametrize(
    ("subject", "action", "resource", "expected"),
    [
        (THE_CLINIC, READ, records(), (True, "CONSENT_PERMIT", "permitted")),
        (THE_CLINIC, READ, records("imaging"), (False, "NO_CONSENT", "other_category")),
        (THE_CLINIC, READ, records("genome"), (False, "NO_CONSENT", "no_permission")),
        (THE_CLINIC, a.Action(name="delete"), records(), (False, "NO_CONSENT", "no_permission")),
        (
            THE_CLINIC,
            a.Action(name=a.READ, properties={"purpose": "HRESCH"}),
            records(),
            (False, "NO_CONSENT", "other_purpose"),
        ),
        (
            THE_CLINIC,
            a.Action(name=a.READ, properties={"purpose": "HMARKT"}),
            records(),
            (False, "NO_CONSENT", "unknown_purpose"),
        ),
        (
            a.Subject(type="organisation", id="nobody"),
            READ,
            records(),
            (False, "NO_CONSENT", "not_accredited"),
        ),
        (
            a.Subject(type="operator", id="nobody", properties={"organisation": CLINIC}),
            READ,
            records(),
            (False, "NO_CONSENT", "not_accredited"),
        ),
    ],
)
def test_person_asks_about_anybody(
    bench: Bench,
    subject: a.Subject,
    action: a.Action,
    resource: a.Resource,
    expected: tuple[bool, str, str],
) -> None:
    asked = a.Evaluation(subject=subject, action=action, resource=resource)
    assert said(endpoint(bench).evaluation(asked, token=bench.own())) == expected


def test_all_categories_are_told_with_what_is_to_be_left_out(bench: Bench) -> None:
    asked = a.Evaluation(subject=THE_CLINIC, action=READ, resource=records("*"))
    told = endpoint(bench).evaluation(asked, token=bench.own())
    redacted = told.context["redacted"]
    assert isinstance(redacted, dict)
    assert told.decision
    assert set(redacted) == {each.value for each in Category} - {"medication"}


def test_recipient_asks_about_itself_with_a_token_that_is_good_once(bench: Bench) -> None:
    token = bench.name(bench.person, CLINIC)
    asked = a.Evaluation(subject=operator(bench), action=READ, resource=records(person=token))
    assert said(endpoint(bench).evaluation(asked, token=bench.operator(CLINIC)))[0] is True
    again = refused(lambda: endpoint(bench).evaluation(asked, token=bench.operator(CLINIC)))
    assert again == (409, "replayed")
    other = a.Subject(type="organisation", id=HOSPITAL)
    fresh = records(person=bench.name(bench.person, CLINIC))
    foreign = a.Evaluation(subject=other, action=READ, resource=fresh)
    assert refused(lambda: endpoint(bench).evaluation(foreign, token=bench.operator(CLINIC))) == (
        403,
        "forbidden",
    )
    nameless = a.Evaluation(subject=operator(bench), action=READ, resource=records())
    assert refused(lambda: endpoint(bench).evaluation(nameless, token=bench.operator(CLINIC))) == (
        400,
        "malformed_request",
    )


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        (a.Semantic.EXECUTE_ALL, [False, True, False]),
        (a.Semantic.DENY_ON_FIRST_DENY, [False]),
        (a.Semantic.PERMIT_ON_FIRST_PERMIT, [False, True]),
    ],
)
def test_batch_ends_where_its_semantic_says(bench: Bench, semantic: a.Semantic, expected: list[bool]) -> None:
    listed: list[a.Properties] = [
        {"resource": records(each).model_dump(mode="json")} for each in ("imaging", "medication", "summary")
    ]
    asked = a.Evaluations(
        subject=THE_CLINIC, action=READ, evaluations=listed, options=a.Options(evaluations_semantic=semantic)
    )
    told = endpoint(bench).evaluations(asked, token=bench.own()).evaluations
    assert [each.decision for each in told] == expected


def test_searches_find_what_evaluations_permit(bench: Bench) -> None:
    sought = a.ResourceSought(type=a.RECORDS, properties=YEARS)
    found = endpoint(bench).search_resource(
        a.ResourceSearch(subject=THE_CLINIC, action=READ, resource=sought), token=bench.own()
    )
    assert [each["id"] for each in found.results] == ["medication"]
    actions = endpoint(bench).search_action(
        a.ActionSearch(subject=THE_CLINIC, resource=records()), token=bench.own()
    )
    assert [each["properties"] for each in actions.results] == [{"purpose": "TREAT"}]
    assert actions.page.next_token == ""


def test_refusal_by_the_person_is_told_as_such(bench: Bench) -> None:
    scope = RecordScope(frozenset({Category.LABORATORY}), YearSpan(2000, 2030))
    terms = bench.world.terms(CLINIC, effect=Effect.DENY, recipient=EVERYBODY, scope=scope)
    bench.permit(bench.world.grant(bench.person, terms, compartments=[]))
    asked = a.Evaluation(subject=THE_CLINIC, action=READ, resource=records("laboratory"))
    told = endpoint(bench).evaluation(asked, token=bench.own())
    assert said(told) == (False, "CONSENT_DENY", "denied_by_person")
