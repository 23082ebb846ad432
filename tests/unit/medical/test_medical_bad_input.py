"""Whatever is sent to the medical centre in a wrong form is answered with a problem that says so, and does nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import ASKED, MEDICATION, documents, seal, story
from support.medical_world import CLINIC, HOSPITAL, Running, Someone, World

from services.contracts.medical.bundles import worded_bundle
from services.kit.http import RemoteProblemError, Token


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, Someone]]:
    with story(tmp_path) as started:
        yield started


def post(running: Running, path: str, content: Any, *, member: Any = HOSPITAL) -> tuple[int, str]:
    """Post a message as it is; returns the refusal's status and code."""
    world = running.world
    token: Token = world.token(world.members[member])
    with pytest.raises(RemoteProblemError) as refused:
        running.http(member).post(path, content, token=token)
    return refused.value.status, refused.value.code


def deposit_of(world: World, person: Someone) -> dict[str, Any]:
    """Return a deposit that would be taken."""
    bundle = seal(world, person, documents(1, prefix="fresh"), compartment=MEDICATION[2])
    token = world.pseudonym_token(person, world.members[HOSPITAL])
    return {"token": token, "bundles": [worded_bundle(bundle).model_dump(mode="json")]}


BUNDLE_CHANGES: dict[str, dict[str, Any]] = {
    "unknown member": {"surprise": 1},
    "no documents": {"documents": []},
    "message kit with padding": {"message_kit": "AAA="},
    "compartment of another form": {"compartment": "medication/26/1"},
    "unknown category": {"compartment": "gossip/2026/1"},
    "id with a space": {"id": "a b"},
    "id as a number": {"id": 7},
}
DOCUMENT_CHANGES: dict[str, dict[str, Any]] = {
    "version zero": {"version": 0},
    "version as text": {"version": "1"},
    "version as a fraction": {"version": 1.5},
    "nonce as a list": {"nonce": [1, 2]},
    "media type with a line break": {"media_type": "text/plain\nx"},
}


@pytest.mark.parametrize("change", BUNDLE_CHANGES.values(), ids=BUNDLE_CHANGES.keys())
def test_malformed_bundle_is_refused_as_such(told: tuple[Running, Someone], change: dict[str, Any]) -> None:
    running, person = told
    sent = deposit_of(running.world, person)
    sent["bundles"][0] |= change
    assert post(running, "/deposits", sent) == (400, "malformed_request")


@pytest.mark.parametrize("change", DOCUMENT_CHANGES.values(), ids=DOCUMENT_CHANGES.keys())
def test_malformed_document_is_refused_as_such(told: tuple[Running, Someone], change: dict[str, Any]) -> None:
    running, person = told
    sent = deposit_of(running.world, person)
    sent["bundles"][0]["documents"][0] |= change
    assert post(running, "/deposits", sent) == (400, "malformed_request")


def test_parts_of_another_length_do_not_verify(told: tuple[Running, Someone]) -> None:
    """They cannot be what the author signed."""
    running, person = told
    nonce, kit = deposit_of(running.world, person), deposit_of(running.world, person)
    nonce["bundles"][0]["documents"][0]["nonce"] = "AAAA"
    kit["bundles"][0]["message_kit"] = "AAAA"
    assert post(running, "/deposits", nonce) == (403, "author_not_verified")
    assert post(running, "/deposits", kit) == (403, "author_not_verified")


@pytest.mark.parametrize("token", ["", "AAAA", "not base64!", "A" * 900])
def test_pseudonym_token_that_names_nobody_is_refused(told: tuple[Running, Someone], token: str) -> None:
    running, person = told
    sent = deposit_of(running.world, person) | {"token": token}
    assert post(running, "/deposits", sent)[0] in (400, 403)


def test_token_of_another_organisation_names_nobody(told: tuple[Running, Someone]) -> None:
    running, person = told
    world = running.world
    sent = deposit_of(world, person) | {"token": world.pseudonym_token(person, world.members[CLINIC])}
    assert post(running, "/deposits", sent) == (403, "forbidden")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"statement": "a.b.c"}, (403, "statement_refused")),
        ({"statement": ""}, (400, "malformed_request")),
        ({"tokens": {"gossip": "x"}}, (400, "malformed_request")),
        ({"tokens": {}}, (403, "subject_unknown")),
        ({"surprise": True}, (400, "malformed_request")),
    ],
)
def test_malformed_read_is_refused(
    told: tuple[Running, Someone], change: dict[str, Any], expected: tuple[int, str]
) -> None:
    running, person = told
    sent = running.request(person, CLINIC, selection=ASKED).model_dump(mode="json") | change
    assert post(running, "/reads", sent, member=CLINIC) == expected


@pytest.mark.parametrize("content", [[], "text", 1, None, {"publication": 1}])
def test_malformed_publication_is_refused(told: tuple[Running, Someone], content: Any) -> None:
    running, person = told
    with pytest.raises(RemoteProblemError) as refused:
        running.http(HOSPITAL).put("/compartments", content, token=running.world.person_token(person))
    assert (refused.value.status, refused.value.code) == (400, "malformed_request")


def test_refused_deposit_stands_in_the_history(told: tuple[Running, Someone]) -> None:
    running, person = told
    sent = deposit_of(running.world, person)
    sent["bundles"][0]["compartment"] = "medication/2027/1"
    assert post(running, "/deposits", sent) == (403, "author_not_verified")
    last = running.events(person)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == (
        "records_deposited",
        "refused",
        "author_not_verified",
    )
