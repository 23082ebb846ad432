"""What a report about look-ups names (J13), on made-up logs."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.registry.analysis import FindingKind, LookUpRecord, Thresholds, report

NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)
"""In Japan."""


def asked(operator: str, times: int, *, person: str | None = None, at: datetime = NOON) -> list[LookUpRecord]:
    return [LookUpRecord(at, "city", operator, person) for _ in range(times)]


def found(records: list[LookUpRecord], thresholds: Thresholds | None = None) -> set[tuple[str, str, int]]:
    told = report(records, since=NOON, until=NOON, thresholds=thresholds or Thresholds())
    return {(each.kind.value, each.operator, each.count) for each in told.findings}


@pytest.mark.parametrize(
    ("hour", "night"), [(22, True), (23, True), (0, True), (5, True), (6, False), (12, False), (21, False)]
)
def test_night_is_japans(hour: int, night: bool) -> None:
    at = datetime(2026, 11, 20, hour, 59, tzinfo=UTC) - timedelta(hours=9)
    assert found(asked("a", 1, at=at)) == ({(FindingKind.AT_NIGHT, "a", 1)} if night else set())


def test_one_person_again_and_again_is_counted_by_operator() -> None:
    records = asked("a", 3, person="p") + asked("a", 3, person="q") + asked("a", 2, person="r")
    records += asked("b", 2, person="p") + asked("b", 9)
    assert found(records) == {(FindingKind.REPEATEDLY, "a", 2)}


def test_one_operator_far_above_the_others_stands_out() -> None:
    others = [record for name in "abcd" for record in asked(name, 10)]
    assert found(others + asked("e", 49)) == set()
    assert found(others + asked("e", 50)) == {(FindingKind.FAR_MORE, "e", 50)}
    assert found(asked("e", 500)) == set(), "alone there is nothing to be compared with"


def test_refusals_and_stops_stand_out() -> None:
    refusals = [LookUpRecord(NOON, "city", "a", refused=True)] * 5
    stops = [LookUpRecord(NOON, "city", "b", stopped=True)]
    assert found(refusals[:4]) == set()
    assert found(refusals + stops) == {(FindingKind.REFUSED, "a", 5), (FindingKind.STOPPED, "b", 1)}
    told = report(refusals + stops, since=NOON, until=NOON, thresholds=Thresholds())
    assert (told.look_ups, told.operators) == (5, 1)
