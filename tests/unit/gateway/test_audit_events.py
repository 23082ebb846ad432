"""History entries as FHIR AuditEvents: read by a client nobody here wrote, in the shapes of IHE BALP."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fhirclient.models.auditevent import AuditEvent  # type: ignore[import-untyped]  # has no stubs
from fhirclient.models.bundle import Bundle  # type: ignore[import-untyped]  # has no stubs

from services.gateway.audit_events import audit_event, save_bundle
from services.gateway.history import HistoryEntry
from services.kit.events import EventKind, Outcome

STAFF = {"pseudonym": "abcdefghijklmnop", "roles": ["reader"]}
AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def entry(kind: EventKind, outcome: Outcome, **members: object) -> HistoryEntry:
    told = {"kind": kind.value, "outcome": outcome.value, "body": "medical", **members}
    return HistoryEntry("medical", AT, 7, told)  # type: ignore[arg-type]  # members are JSON


READ = entry(
    EventKind.RECORDS_READ,
    Outcome.PERMITTED,
    organisation="clinic-b",
    staff={"pseudonym": "abcdefghijklmnop", "roles": ["reader"], "sealed": "AA"},
    terminal="desk",
    purpose="TREAT",
    categories=["medication"],
    years=[2025, 2026],
)


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_entry_is_a_valid_audit_event(kind: EventKind, outcome: Outcome) -> None:
    for members in ({}, {"organisation": "clinic-b"}, {"organisation": "clinic-b", "staff": STAFF}):
        told = audit_event(entry(kind, outcome, **members))
        AuditEvent(told)  # raises for anything that FHIR R4 does not allow
        agents = told["agent"]
        assert isinstance(agents, list)
        assert [each["requestor"] for each in agents if isinstance(each, dict)].count(True) == 1


def test_a_read_has_the_members_that_balp_demands() -> None:
    """Source: IHE BALP, PatientRead."""
    told = AuditEvent(audit_event(READ))
    assert told.meta.profile == [
        "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"
    ]
    assert (told.action, told.outcome, told.subtype[0].code) == ("R", "0", "read")
    assert told.recorded.as_json() == "2026-11-01T09:30:00Z"
    client, server, user = told.agent
    assert [each.type.coding[0].code for each in told.agent] == ["110152", "110153", "IRCP"]
    assert client.who.identifier.value == "desk"
    assert server.who.identifier.value == "sekisho/medical"
    assert user.who.identifier.value == "clinic-b/abcd-efgh-ijkl-mnop"
    assert user.purposeOfUse[0].coding[0].code == "TREAT"
    patient, data, request = told.entity
    assert (patient.type.code, patient.role.code) == ("1", "1")
    assert request.type.code == "XrequestId"
    assert data.what.identifier.value == "sekisho/medical/7"
    assert {each.type: each.valueString for each in data.detail}["years"] == '{"years":[2025,2026]}'


def test_a_refusal_says_so_and_why() -> None:
    told = audit_event(entry(EventKind.RECORDS_READ, Outcome.REFUSED, reason="no_permission"))
    assert (told["outcome"], told["outcomeDesc"]) == ("4", "no_permission")


def test_what_is_no_use_of_data_claims_no_profile() -> None:
    told = audit_event(entry(EventKind.TOKEN_ISSUED, Outcome.DONE))
    assert "meta" not in told
    assert told["action"] == "E"


def test_the_file_is_a_bundle_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text("older")
    save_bundle([READ, READ], file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    bundle = Bundle(json.loads(file.read_text()))
    assert [each.resource.resource_type for each in bundle.entry] == ["AuditEvent"] * 2
