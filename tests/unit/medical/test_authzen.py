"""The decision endpoint: AuthZEN's shapes and semantics over the person's own directives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import MEDICATION, start
from support.medical_world import CLINIC, HOSPITAL, Running, Someone, World

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.directives import Effect, RecordScope
from consent.identifiers import OrganisationId
from consent.recipients import EVERYBODY
from consent.vocabulary import Body, Category, Purpose
from services.kit.http import RemoteProblemError, Token

YEARS = {"first": 2024, "last": 2026}
READ = {"name": "read", "properties": {"purpose": "TREAT"}}


@dataclass
class Asking:
    """A clinic that asks about a person, and the person who asks about the clinic."""

    running: Running
    person: Someone

    def permit(self, **changes: Any) -> str:
        """Have the person lay something down."""
        world, denied = self.running.world, changes.get("effect") is Effect.DENY
        terms = world.terms(CLINIC, **changes)
        return self.running.permit(
            self.person, world.grant(self.person, terms, compartments=[] if denied else MEDICATION)
        )

    @property
    def subject(self) -> dict[str, Any]:
        """The clinic's operator."""
        own = self.running.world.members[CLINIC]
        return {"type": "operator", "id": own.operator, "properties": {"organisation": CLINIC}}

    def records(self, category: str = "medication", **properties: Any) -> dict[str, Any]:
        """Records of the person, named by a fresh token."""
        world = self.running.world
        named = world.pseudonym_token(self.person, world.members[CLINIC], Body.MEDICAL)
        told = {"years": YEARS, "person": named} | properties
        return {"type": "records", "id": category, "properties": told}

    def own(self, category: str = "medication") -> dict[str, Any]:
        """The person's own records."""
        return {"type": "records", "id": category, "properties": {"years": YEARS}}

    def post(self, path: str, message: Any, *, token: Token | None = None) -> Any:
        """Ask as the clinic, or with another token."""
        world = self.running.world
        given = token or world.token(world.members[CLINIC])
        return self.running.http(CLINIC).post(f"/access/v1/{path}", message, token=given)

    def by_person(self, path: str, message: Any) -> Any:
        """Ask as the person."""
        return self.post(path, message, token=self.running.world.person_token(self.person))

    def evaluate(self, **changes: Any) -> Any:
        """Ask once, as the clinic."""
        asked = {"subject": self.subject, "action": READ, "resource": self.records()}
        return self.post("evaluation", asked | changes)

    def events(self) -> list[Any]:
        """What the person's history says of questions."""
        return [each for each in self.running.events(self.person) if each["kind"] == "decision_asked"]


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    with World(tmp_path).running() as running:
        someone = Someone("hanako")
        start(running, someone)
        yield Asking(running, someone)


def test_permit_says_on_which_ground_and_what_it_binds_to(asking: Asking) -> None:
    directive = asking.permit()
    told = asking.evaluate()
    assert told["decision"] is True
    context = told["context"]
    assert context["decision"] == "CONSENT_PERMIT"
    assert context["basedOn"] == f"urn:sekisho:directive:{directive}"
    assert [each["id"]["code"] for each in context["obligations"]] == ["no_onward_sharing"]
    assert "covers medication 2024-2026 for treatment" in context["reason_user"]["en"]
    (event,) = asking.events()
    assert (event["outcome"], event["organisation"], event["categories"]) == (
        "permitted",
        CLINIC,
        ["medication"],
    )


def test_deny_is_an_answer_and_says_what_is_missing(asking: Asking) -> None:
    asking.permit()
    told = asking.evaluate(action={"name": "read", "properties": {"purpose": "HRESCH"}})
    assert told["decision"] is False
    assert (told["context"]["decision"], told["context"]["code"]) == ("NO_CONSENT", "other_purpose")
    assert "basedOn" not in told["context"]
    (event,) = asking.events()
    assert (event["outcome"], event["reason"]) == ("refused", "other_purpose")


def test_refusal_by_the_person_is_told_as_such_and_nothing_more_of_it(asking: Asking) -> None:
    wide = RecordScope(frozenset(Category), YearSpan(2000, 2030))
    asking.permit(effect=Effect.DENY, recipient=EVERYBODY, scope=wide)
    told = asking.evaluate()["context"]
    assert told == {
        "decision": "CONSENT_DENY",
        "code": "denied_by_person",
        "reason_user": {"ja": "本人が提供を断っています。", "en": "The person has refused this."},
    }
    asked = {"subject": asking.subject, "action": READ, "resource": asking.own()}
    own = asking.by_person("evaluation", asked)["context"]["reason_user"]["en"]
    assert "for everybody covers" in own


def test_part_that_is_not_permitted_is_to_be_redacted(asking: Asking) -> None:
    asking.permit()
    told = asking.evaluate(resource=asking.records("*"))
    assert told["decision"] is True
    redact = next(each for each in told["context"]["obligations"] if each["id"]["code"] == "REDACT")
    assert redact["id"]["system"] == "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    left_out = {each["code"] for each in redact["parameters"]["codes"]}
    assert left_out == set(Category) - {Category.MEDICATION} == set(told["context"]["redacted"])


def test_batch_takes_from_the_top_what_is_left_out_and_is_one_entry(asking: Asking) -> None:
    asking.permit()
    shared = asking.records()["properties"]
    listed = [
        {"resource": {"type": "records", "id": name, "properties": shared}}
        for name in ("medication", "laboratory", "imaging")
    ]
    told = asking.post("evaluations", {"subject": asking.subject, "action": READ, "evaluations": listed})
    assert [each["decision"] for each in told["evaluations"]] == [True, False, False]
    (event,) = asking.events()
    assert (event["count"], event["outcome"]) == (3, "permitted")
    assert event["categories"] == ["imaging", "laboratory", "medication"]


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [False, True, False, True]),
        ("deny_on_first_deny", [False]),
        ("permit_on_first_permit", [False, True]),
    ],
)
def test_batch_ends_where_its_semantic_says(asking: Asking, semantic: str, expected: list[bool]) -> None:
    asking.permit()
    listed = [{"resource": asking.own(each)} for each in ("imaging", "medication", "imaging", "medication")]
    batch = {"subject": asking.subject, "action": READ, "evaluations": listed}
    told = asking.by_person("evaluations", batch | {"options": {"evaluations_semantic": semantic}})
    assert [each["decision"] for each in told["evaluations"]] == expected


def test_evaluation_that_lacks_something_fails_by_itself(asking: Asking) -> None:
    asking.permit()
    listed = [{"resource": asking.own()}, {"resource": {"type": "records"}}, {"action": {"name": "read"}}]
    batch = {"subject": asking.subject, "action": READ, "resource": asking.own(), "evaluations": listed}
    told = asking.by_person("evaluations", batch)["evaluations"]
    assert [each["decision"] for each in told] == [True, False, False]
    assert [each["context"].get("error", {}).get("status") for each in told] == [None, 400, 400]


def test_batch_without_a_list_is_one_evaluation(asking: Asking) -> None:
    asking.permit()
    asked = {"subject": asking.subject, "action": READ, "resource": asking.own(), "evaluations": []}
    assert asking.by_person("evaluations", asked)["decision"] is True


@pytest.mark.parametrize("missing", ["subject", "action", "resource"])
@pytest.mark.parametrize("path", ["evaluation", "evaluations"])
def test_missing_attribute_is_a_bad_request(asking: Asking, path: str, missing: str) -> None:
    asked = {"subject": asking.subject, "action": READ, "resource": asking.own()}
    asked.pop(missing)
    with pytest.raises(RemoteProblemError) as refused:
        asking.by_person(path, asked)
    assert (refused.value.status, refused.value.code) == (400, "malformed_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"action": {"name": "read"}},
        {"resource": {"type": "records", "id": "medication"}},
        {
            "resource": {
                "type": "records",
                "id": "medication",
                "properties": {"years": {"first": 2026, "last": 2024}},
            }
        },
        {"subject": {"type": "operator", "id": "x"}},
    ],
)
def test_missing_property_is_a_bad_request_and_leaves_no_trace(asking: Asking, changes: Any) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        asking.evaluate(**changes)
    assert refused.value.status == 400
    assert asking.events() == []


def test_what_we_do_not_decide_upon_is_not_permitted(asking: Asking) -> None:
    asking.permit()
    for changes in (
        {"subject": {"type": "user", "id": "x"}},
        {"action": {"name": "delete", "properties": {"purpose": "TREAT"}}},
        {"action": {"name": "read", "properties": {"purpose": "HMARKT"}}},
        {"resource": {"type": "todo", "id": "x"}},
        {"resource": asking.own("genome")},
    ):
        asked: dict[str, Any] = {"subject": asking.subject, "action": READ, "resource": asking.own()}
        assert asking.by_person("evaluation", asked | changes)["decision"] is False


def test_unknown_purpose_is_refused_with_its_own_code(asking: Asking) -> None:
    asking.permit()
    action = {"name": "read", "properties": {"purpose": "HMARKT"}}
    told = asking.by_person(
        "evaluation", {"subject": asking.subject, "action": action, "resource": asking.own()}
    )
    assert (told["decision"], told["context"]["code"]) == (False, "unknown_purpose")


def test_unknown_keys_are_ignored(asking: Asking) -> None:
    asking.permit()
    asked = {
        "subject": asking.subject | {"x": 1},
        "action": READ,
        "resource": asking.own(),
        "y": {},
        "context": {"z": 1},
    }
    assert asking.by_person("evaluation", asked)["decision"] is True


def test_recipient_learns_nothing_about_others(asking: Asking) -> None:
    """IL1: another organisation's permissions are nobody else's business; that it was tried is in the history."""
    asking.permit()
    others = {"type": "operator", "id": "x", "properties": {"organisation": HOSPITAL}}
    for path in ("evaluation", "search/action"):
        with pytest.raises(RemoteProblemError) as refused:
            asking.post(path, {"subject": others, "action": READ, "resource": asking.records()})
        assert refused.value.status == 403
    assert [each["reason"] for each in asking.events()] == ["forbidden", "forbidden"]
    seen = asking.post(
        "search/subject", {"subject": {"type": "organisation"}, "action": READ, "resource": asking.records()}
    )
    assert [each["id"] for each in seen["results"]] == [CLINIC]


def test_token_of_a_person_counts_once(asking: Asking) -> None:
    """OT1: who kept a token asks no second time with it."""
    asking.permit()
    records = asking.records()
    assert asking.evaluate(resource=records)["decision"] is True
    with pytest.raises(RemoteProblemError) as refused:
        asking.evaluate(resource=records)
    assert refused.value.code == "replayed"


def test_unknown_person_and_person_who_said_nothing_are_answered_alike(asking: Asking) -> None:
    """IL3: a forged name is no oracle for who is known here; both are a plain no."""
    silent = asking.evaluate()
    forged = asking.evaluate(resource=asking.records(person="forged"))
    world = asking.running.world
    stranger = world.pseudonym_token(Someone("nobody here"), world.members[CLINIC], Body.MEDICAL)
    unknown = asking.evaluate(resource=asking.records(person=stranger))
    assert unknown == silent
    assert (forged["decision"], forged["context"]["decision"]) == (False, "NO_CONSENT")


def test_asking_uses_up_nothing_and_reading_is_as_the_answer_said(asking: Asking) -> None:
    asking.permit(conditions=Conditions(Frequency(1, FrequencyUnit.DAY)))
    assert all(asking.evaluate()["decision"] for _ in range(3))


def test_person_finds_who_may_read_what_and_for_what(asking: Asking) -> None:
    asking.permit()
    asked = {"action": READ, "resource": asking.own(), "subject": {"type": "organisation"}}
    assert [each["id"] for each in asking.by_person("search/subject", asked)["results"]] == [CLINIC]
    asked = {"action": READ, "resource": {"type": "records", "properties": {"years": YEARS}}}
    clinic = {"type": "organisation", "id": CLINIC}
    found = asking.by_person("search/resource", asked | {"subject": clinic})["results"]
    assert found == [{"type": "records", "id": "medication"}]
    told = asking.by_person("search/action", {"subject": clinic, "resource": asking.own()})
    assert told["results"] == [READ]
    assert asking.events() == [], "what people ask of themselves tells nobody anything"


def test_what_a_search_finds_is_permitted_and_nothing_else_is(asking: Asking) -> None:
    asking.permit()
    search = {"subject": asking.subject, "action": READ}
    sought = {"type": "records", "properties": asking.records()["properties"]}
    found = {each["id"] for each in asking.post("search/resource", search | {"resource": sought})["results"]}
    for category in Category:
        decision = asking.evaluate(resource=asking.records(category))["decision"]
        assert decision is (category in found)


def test_results_come_in_pages(asking: Asking) -> None:
    asking.permit(purposes=frozenset({Purpose.TREAT, Purpose.ETREAT, Purpose.PATRQT}))
    asked = {"subject": {"type": "organisation", "id": CLINIC}, "resource": asking.own()}
    found, token = [], ""
    for _ in range(3):
        told = asking.by_person("search/action", asked | {"page": {"limit": 1, "token": token}})
        found += told["results"]
        token = told["page"]["next_token"]
        assert (told["page"]["count"], told["page"]["total"]) == (1, 3)
    assert token == ""
    assert {each["properties"]["purpose"] for each in found} == {"TREAT", "ETREAT", "PATRQT"}
    with pytest.raises(RemoteProblemError) as refused:
        asking.by_person("search/action", asked | {"page": {"token": "-1"}})
    assert refused.value.status == 400


def test_suspended_recipient_may_nothing(asking: Asking) -> None:
    asking.permit()
    asked = {"subject": {"type": "organisation", "id": "nobody"}, "action": READ, "resource": asking.own()}
    told = asking.by_person("evaluation", asked)
    assert (told["decision"], told["context"]["code"]) == (False, "not_accredited")


def test_expired_permission_is_not_one(asking: Asking) -> None:
    asking.permit()
    asking.running.world.now += timedelta(days=31)
    told = asking.evaluate()
    assert told["context"]["code"] == "expired"


def test_metadata_names_every_endpoint(asking: Asking) -> None:
    told = asking.running.http(OrganisationId(CLINIC)).get("/.well-known/authzen-configuration")
    url = told["policy_decision_point"]
    assert told == {
        "policy_decision_point": url,
        "access_evaluation_endpoint": f"{url}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{url}/access/v1/evaluations",
        "search_subject_endpoint": f"{url}/access/v1/search/subject",
        "search_resource_endpoint": f"{url}/access/v1/search/resource",
        "search_action_endpoint": f"{url}/access/v1/search/action",
        "capabilities": [],
    }
