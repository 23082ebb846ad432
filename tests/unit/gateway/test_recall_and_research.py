"""Recall records from files, and tables from the anonymiser: usable, or refused by name."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.gateway_world import World
from support.shared_data import SHARED, needs

from consent.vocabulary import Body
from services.contracts.fake_credentials import problem
from services.contracts.oversight.register import Kind, Role
from services.contracts.research.messages import JobRequest, JobStatus
from services.contracts.research.table import read_table
from services.gateway.errors import RecallFileError, RefusedError
from services.gateway.organisation import Organisation
from services.gateway.researcher import fetch_release, request_table
from services.gateway.shop import read_recall
from services.kit.http import Http

PUBLISHED = SHARED / "data" / "recalls" / "cpsc" / "gsa-cpsc-18218.json"
RECALL: dict[str, Any] = {
    "RecallID": 1,
    "RecallNumber": "26-001",
    "RecallDate": "2026-11-01T00:00:00",
    "Title": "Heaters Recalled",
    "Description": "They overheat.",
    "URL": "https://recalls.example/26-001",
    "ConsumerContact": "0120-000-000",
    "Products": [{"Name": "Heater", "Model": "H1", "Type": "", "NumberOfUnits": "About 3"}],
    "Hazards": [{"Name": "Fire", "HazardTypeID": "1"}],
    "Remedies": [{"Name": "Replace"}],
    "Images": [],
}
CSV = b'"sex","condition"\r\n"female","\'=none"\r\n'


def written(folder: Path, content: Any) -> Path:
    file = folder / "recall.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_published_record_is_taken_without_its_further_fields(tmp_path: Path) -> None:
    for content in (RECALL, [RECALL]):
        record = read_recall(written(tmp_path, content))
        assert (record.recall_number, record.hazards[0].name, record.products[0].model) == (
            "26-001",
            "Fire",
            "H1",
        )


def test_one_of_several_records_is_taken_by_its_number(tmp_path: Path) -> None:
    file = written(tmp_path, [RECALL, RECALL | {"RecallNumber": "26-002"}])
    assert read_recall(file).recall_number == "26-001"
    assert read_recall(file, number="26-002").recall_number == "26-002"
    with pytest.raises(RecallFileError, match="no such recall"):
        read_recall(file, number="26-003")


@needs(PUBLISHED)
def test_a_real_record_is_usable() -> None:
    assert read_recall(PUBLISHED).recall_number == "18218"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "not JSON"),
        ([], "no such recall"),
        (RECALL | {"Hazards": []}, "Hazards"),
        ({name: value for name, value in RECALL.items() if name != "Title"}, "Title"),
        (RECALL | {"RecallDate": "yesterday"}, "RecallDate"),
    ],
)
def test_an_unusable_record_is_named(tmp_path: Path, content: Any, named: str) -> None:
    with pytest.raises(RecallFileError, match=named):
        read_recall(written(tmp_path, content))
    with pytest.raises(RecallFileError, match="cannot be read"):
        read_recall(tmp_path / "nowhere.json")


REQUEST = JobRequest.model_validate_json(
    json.dumps(
        {
            "purpose": "HRESCH",
            "table": {
                "columns": [{"name": "sex", "from": "sex", "role": "quasi"}],
                "k": 5,
                "categories": ["summary"],
                "years": {"first": 2024, "last": 2026},
            },
        }
    )
)


class FakeAnonymiser(Http):
    """Releases one table to whoever asks for it as published: the aliased names, and nothing else."""

    def __init__(self, *, refuses: str | None = None) -> None:
        self.base_url = "https://research.example"
        self._refuses = refuses

    def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """See `Http`."""
        if self._refuses is not None:
            raise problem(403, self._refuses)
        if (method, path) == ("GET", "/releases/r1"):
            return httpx.Response(200, content=CSV)
        assert (method, path) == ("POST", "/jobs")
        assert json.loads(sent["content"])["table"]["columns"][0]["from"] == "sex"
        return httpx.Response(200, json={"job": "j1", "status": "released"})


def university(folder: Path, anonymiser: Http) -> Organisation:
    world = World(folder)
    found = world.organisation("university", Kind.UNIVERSITY, Role.RESEARCHER)
    world.lines[Body.RESEARCH] = anonymiser  # type: ignore[assignment]  # it serves CSV besides messages
    return found


def test_a_table_is_asked_for_and_fetched_as_released(tmp_path: Path) -> None:
    researcher = university(tmp_path, FakeAnonymiser())
    assert request_table(researcher, REQUEST).status is JobStatus.RELEASED
    assert read_table(fetch_release(researcher, "r1")) == [{"sex": "female", "condition": "=none"}]


@pytest.mark.parametrize("code", ["not_anonymous", "joint_disclosure"])
def test_a_refused_job_keeps_its_code(tmp_path: Path, code: str) -> None:
    researcher = university(tmp_path, FakeAnonymiser(refuses=code))
    with pytest.raises(RefusedError) as caught:
        request_table(researcher, REQUEST)
    assert caught.value.code == code
