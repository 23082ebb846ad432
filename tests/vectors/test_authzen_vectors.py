"""AuthZEN's interop decisions (the todo application): our shapes read them, our batches decide them as published.

The domain is not ours: who may do what there is taken from the published single decisions, and what is tested is that
requests are read, that batches are completed from the top, and that what we know nothing about is a plain no.
"""

import json
from typing import Any

import pytest
from support.shared_data import SHARED, needs

from consent.explanations import RefusalCode
from services.contracts.medical import authzen as a
from services.medical.questions import Found, question, refused, until

FILE = SHARED / "vectors" / "authzen" / "decisions-1_0-02.json"
pytestmark = needs(FILE)


@pytest.fixture(scope="module")
def vectors() -> Any:
    return json.loads(FILE.read_text())


def published(vectors: Any, wanted: a.Evaluation) -> bool:
    """Return what the single decisions say: of this owner's thing, else what they say of every owner's."""
    found = {
        each["request"]["resource"].get("properties", {}).get("ownerID"): each["expected"]
        for each in vectors["evaluation"]
        if each["request"]["subject"]["id"] == wanted.subject.id
        and each["request"]["action"]["name"] == wanted.action.name
    }
    return bool(found.get(wanted.resource.properties["ownerID"], all(found.values())))


def test_every_published_request_is_read_and_is_not_ours(vectors: Any) -> None:
    assert len(vectors["evaluation"]) == 40
    for each in vectors["evaluation"]:
        read = a.Evaluation.model_validate(each["request"])
        assert question(read.subject, read.action, read.resource) is RefusalCode.NO_PERMISSION
        assert refused(RefusalCode.NO_PERMISSION).answer.decision is False


def test_published_batches_are_decided_as_their_members(vectors: Any) -> None:
    tried = 0
    for each in vectors["evaluations"]:
        batch = a.Evaluations.model_validate(each["request"])
        answers = []
        for member in batch.each():
            assert member is not None
            answers.append(Found(a.Decided(decision=published(vectors, member), context={}), None))
        told = until(batch.options.evaluations_semantic, answers)
        assert [{"decision": one.answer.decision} for one in told] == each["expected"]
        tried += len(told)
    assert tried == 6
