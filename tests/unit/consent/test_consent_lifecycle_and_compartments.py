"""States of a directive, labels of compartments, spans of years, instants."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent import instants
from consent.compartments import Compartment, YearSpan
from consent.errors import MalformedError, TransitionError
from consent.lifecycle import TRANSITIONS, DirectiveState, advance, diagram
from consent.vocabulary import Category

ALLOWED = {
    ("received", "active"),
    ("received", "withdrawn"),
    ("received", "expired"),
    ("active", "withdrawn"),
    ("active", "expired"),
    ("expired", "withdrawn"),
    ("active", "lapsed"),
    ("lapsed", "withdrawn"),
}


@pytest.mark.parametrize(("start", "to"), list(product(DirectiveState, DirectiveState)))
def test_directive_takes_the_steps_of_the_table_only(start: DirectiveState, to: DirectiveState) -> None:
    if (start, to) in ALLOWED:
        assert advance(start, to) is to
    else:
        with pytest.raises(TransitionError):
            advance(start, to)


def test_table_covers_every_state_and_the_diagram_every_step() -> None:
    assert TRANSITIONS.keys() == set(DirectiveState)
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    for start, to in ALLOWED:
        assert f"    {start} --> {to}" in lines
    assert len(lines) == len(ALLOWED) + 3


@given(st.sampled_from(Category), st.integers(1000, 9999), st.integers(1, 99_999))
def test_label_is_read_back(category: Category, year: int, version: int) -> None:
    compartment = Compartment(category, year, version)
    assert Compartment.parse(compartment.label) == compartment


@pytest.mark.parametrize(
    "label",
    [
        "",
        "medication",
        "medication/2026",
        "medication/2026/0",
        "medication/2026/01",
        "medication/026/1",
        "medication/2026/1/",
        "medication/2026/1\n",
        " medication/2026/1",
        "Medication/2026/1",
        "surgery/2026/1",
        "medication/２０２６/1",
        "medication/2026/-1",
        "medication/2026/100000",
    ],
)
def test_any_other_label_is_refused(label: str) -> None:
    with pytest.raises(MalformedError):
        Compartment.parse(label)


@pytest.mark.parametrize(("first", "last"), [(2026, 2025), (999, 2025), (2025, 10_000), (0, 0)])
def test_span_that_is_empty_or_odd_is_refused(first: int, last: int) -> None:
    with pytest.raises(MalformedError):
        YearSpan(first, last)


years = st.integers(1990, 2000)


@given(years, years, years, years)
def test_spans_relate_as_the_sets_of_their_years(a: int, b: int, c: int, d: int) -> None:
    one, other = YearSpan(*sorted((a, b))), YearSpan(*sorted((c, d)))
    left, right = ({year for year in range(1990, 2001) if year in span} for span in (one, other))
    assert one.within(other) == (left <= right)
    assert one.overlaps(other) == bool(left & right)


@given(st.datetimes(timezones=st.timezones()))
def test_instant_is_read_back_to_the_second(moment: datetime) -> None:
    if not 2 <= moment.year <= 9998:
        return
    assert instants.read(instants.write(moment)) == instants.whole_second(moment)


@pytest.mark.parametrize(
    "text", ["", "2026-04-01", "2026-04-01T00:00:00", "2026-04-01T00:00:00z", "2026-4-1T0:0:0Z"]
)
def test_any_other_instant_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        instants.read(text)


def test_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(MalformedError):
        instants.write(datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None))
