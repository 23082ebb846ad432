"""How a line of a history says who acted, and who answers where nobody's card signed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.commands.auditing import line
from services.gateway.history import HistoryEntry

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "actor"),
    [
        ({"terminal": "clinic-b-desk"}, "clinic-b (terminal clinic-b-desk)"),
        ({"staff": {"roles": ["writer"], "pseudonym": "abcdefgh"}}, "clinic-b (writer medical/abcd-efgh)"),
        ({}, "clinic-b"),
    ],
)
def test_line_names_the_organisation_and_the_terminal_that_acted_alone(
    told: dict[str, Any], actor: str
) -> None:
    event = {"kind": "records_deposited", "outcome": "done", "organisation": "clinic-b", **told}
    assert line(HistoryEntry("medical", AT, 7, event)).endswith(f"done  {actor}")


@pytest.mark.parametrize(
    ("acting", "actor"),
    [
        ("parent", "a guardian (parent)  about clinic-b"),
        ("guardian", "a guardian  about clinic-b"),
        (None, "clinic-b"),
    ],
)
def test_line_says_that_a_guardian_acted_and_as_what(acting: str | None, actor: str) -> None:
    detail = {"effect": "permit"} if acting is None else {"effect": "permit", "acting": acting}
    event: dict[str, Any] = {
        "kind": "directive_stored",
        "outcome": "done",
        "organisation": "clinic-b",
        "detail": detail,
    }
    assert line(HistoryEntry("medical", AT, 7, event)).endswith(f"done  {actor}")
