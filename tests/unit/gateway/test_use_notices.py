"""The inbox of use that stood out: one notice for each case, in the words of My Portal."""

from datetime import UTC, datetime
from typing import Any

from services.contracts.medical.uses import Rule
from services.gateway.history import HistoryEntry
from services.gateway.use_notices import RULES, gathered
from services.portal.pages import load_words

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)


def entry(kind: str, index: int, **detail: Any) -> HistoryEntry:
    """Return an entry of the medical centre about a case."""
    told: dict[str, Any] = {"kind": kind, "organisation": "hospital-a", "detail": {"case": "c1", **detail}}
    return HistoryEntry("medical", AT.replace(minute=index), index, told)


def test_words_of_rules_are_those_of_my_portal() -> None:
    for language in ("ja", "en"):
        told = {rule.value: word.of(language) for rule, word in RULES.items()}
        assert told == load_words()[language]["rules"]
    assert RULES.keys() == set(Rule)


def test_a_case_is_one_notice_with_all_its_rules_and_how_it_stands() -> None:
    flagged = [
        entry("use_flagged", 0, rules=["night", "unexplained"], entry=7),
        entry("use_flagged", 1, rules=["rate"], entry=9),
        entry("use_flagged", 2, case="c2", rules=["self"], entry=11),
        entry("records_read", 3),
    ]
    other, case = gathered(flagged)
    assert (case.rules, other.rules) == ([Rule.NIGHT, Rule.UNEXPLAINED, Rule.RATE], [Rule.SELF])
    assert case.text().en.endswith("The oversight body is being told.")
    due = entry("use_case_opened", 4, review_due=int(AT.timestamp()) + 86_400)
    case = gathered([*flagged, due])[1]
    assert "by 2026-11-22" in case.text().en
    assert "2026-11-22までに審査" in case.text().ja
    found = entry("use_reviewed", 5, finding="not_justified", comment="curiosity", late=False)
    case = gathered([*flagged, due, found])[1]
    assert case.text().en.endswith("found it not justified: curiosity")
    assert case.text().ja.startswith("hospital-a（2026-11-21 12:00 JST）：")
