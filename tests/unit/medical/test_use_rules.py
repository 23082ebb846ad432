"""The rules of suspicious use, each by itself; and that the benchmark of them says the same twice."""

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from benchmarks.suspicion import ALL, SEED, run, show
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.medical.uses import Explanation, ReaderIs, RelationshipKind, Rule
from services.medical.use_model import Access, Habits, Judged, Known, Limits, Member, Relationship, Tags
from services.medical.use_rules import judge

DOCTOR, CLERK = OperatorId("doctor"), OperatorId("clerk")
NOON = 1_780_282_800
"""2026-06-01 12:00 in Japan."""
HOUR, DAY = 3600, 86_400
SMALL = Limits(many_people=3, sweep_people=4)


def access(position: int = 0, *, person: str = "hanako", at: int = NOON, **changes: Any) -> Access:
    """Return an access by the doctor."""
    found = Access(position, at, OrganisationId("hospital"), DOCTOR, Pseudonym(person))
    return replace(found, **changes)


def relationship(**changes: Any) -> Relationship:
    """Return an appointment with the doctor this day, registered by the clerk."""
    found = Relationship(
        RelationshipKind.APPOINTMENT,
        frozenset({DOCTOR}),
        frozenset(),
        NOON - 3 * HOUR,
        NOON + 3 * HOUR,
        CLERK,
        Tags("surname", "address"),
    )
    return replace(found, **changes)


def known(*relationships: Relationship, **changes: Any) -> Known:
    """Return what is known at an organisation that keeps relationships."""
    found = Known(keeps=True, relationships=relationships, order=1)
    return replace(found, **changes)


def rules(judged: Judged) -> set[str]:
    """Return the rules of all flags."""
    return {rule.value for each in judged.flags for rule in each.rules}


def one(found: Access, about: Known, habits: Habits | None = None) -> Judged:
    """Judge one access."""
    return judge(found, about, habits or Habits(), Limits())


@pytest.mark.parametrize(
    ("kind", "explanation"),
    [
        (RelationshipKind.APPOINTMENT, Explanation.APPOINTMENT),
        (RelationshipKind.REFERRAL, Explanation.REFERRAL),
        (RelationshipKind.OWN_TEAM, Explanation.OWN_TEAM),
    ],
)
def test_what_somebody_else_registered_explains(kind: RelationshipKind, explanation: Explanation) -> None:
    judged = one(access(), known(relationship(kind=kind)))
    assert (judged.explanation, judged.flags) == (explanation, ())


def test_own_team_explains_unless_one_put_oneself_into_it() -> None:
    held = relationship(kind=RelationshipKind.OWN_TEAM, operators=frozenset(), teams=frozenset({"ward"}))
    others = known(held, member=Member(frozenset({"ward"}), CLERK))
    assert one(access(), others).explanation is Explanation.OWN_TEAM
    own = known(held, member=Member(frozenset({"ward"}), DOCTOR))
    assert rules(one(access(), own)) == {"unexplained"}


def test_nobody_explains_an_access_by_their_own_word() -> None:
    assert rules(one(access(), known(relationship(by=DOCTOR)))) == {"own_word"}


def test_a_permission_that_names_the_professional_explains_and_a_wider_one_does_not() -> None:
    assert one(access(by_name=True), known()).explanation is Explanation.PERMISSION
    assert rules(one(access(), known())) == {"unexplained"}


def test_an_emergency_is_explained_and_counts_for_nothing() -> None:
    judged = one(access(emergency=True, reader_is=ReaderIs.SELF), known(well_known=True))
    assert judged == Judged(Explanation.EMERGENCY, (), Habits())


def test_after_the_end_and_a_while_it_is_after_discharge() -> None:
    ended = relationship(start=NOON - 40 * DAY, end=NOON - 20 * DAY)
    assert rules(one(access(), known(ended))) == {"after_discharge"}
    recent = relationship(start=NOON - 40 * DAY, end=NOON - 10 * DAY)
    assert rules(one(access(), known(recent))) == set()


def test_with_a_colleague_s_patient_it_is_unexplained_and_not_after_discharge() -> None:
    others = relationship(operators=frozenset({OperatorId("colleague")}))
    ended = relationship(start=NOON - 40 * DAY, end=NOON - 20 * DAY)
    assert rules(one(access(), known(others, ended))) == {"unexplained"}


def test_where_nothing_is_registered_nothing_is_unexplained() -> None:
    assert rules(one(access(), Known())) == set()


def test_own_record_is_flagged_whatever_explains_it() -> None:
    assert rules(one(access(reader_is=ReaderIs.SELF), known(relationship()))) == {"self"}


def test_same_household_is_flagged_unless_the_person_named_this_professional() -> None:
    member = Member(frozenset(), CLERK, Tags("other", "address"))
    assert rules(one(access(), known(relationship(), member=member))) == {"same_address"}
    assert rules(one(access(by_name=True), known(relationship(), member=member))) == set()


@pytest.mark.parametrize(
    ("changes", "about", "rule"),
    [
        ({"reader_is": ReaderIs.CO_WORKER}, {}, "co_worker"),
        ({}, {"member": Member(frozenset(), CLERK, Tags("surname", None))}, "same_surname"),
        ({}, {"well_known": True}, "well_known"),
    ],
)
def test_what_stands_out_is_flagged_where_nothing_explains_it(
    changes: dict[str, Any], about: dict[str, Any], rule: str
) -> None:
    others = relationship(operators=frozenset())
    assert rules(one(access(**changes), known(others, **about))) == {"unexplained", rule}
    assert rules(one(access(**changes), known(relationship(), **about))) == set()


def test_a_surname_alone_of_two_who_told_none_is_no_match() -> None:
    untold = relationship(tags=Tags())
    assert rules(one(access(), known(untold, member=Member(frozenset(), CLERK, Tags())))) == set()


def test_night_stands_out_only_where_it_is_not_usual() -> None:
    night = access(at=NOON + 11 * HOUR)
    others = known(relationship(operators=frozenset()))
    assert "night" in rules(one(night, others, Habits(nights=1, days=30)))
    assert "night" not in rules(one(night, others, Habits(nights=10, days=30)))
    assert "night" not in rules(one(night, others, Habits(days=5)))


def test_many_people_in_a_short_time_are_all_told_when_it_is_too_many() -> None:
    habits, seen = Habits(), []
    for number in range(4):
        judged = judge(
            access(number, person=f"p{number}", at=NOON + number), known(relationship()), habits, SMALL
        )
        habits = judged.habits
        seen.append([each.position for each in judged.flags if Rule.RATE in each.rules])
    assert seen == [[], [], [0, 1, 2], [3]]


def test_the_same_few_people_again_and_again_are_not_many() -> None:
    habits = Habits()
    for number in range(50):
        judged = judge(
            access(number, person=f"p{number % 2}", at=NOON + number), known(relationship()), habits, SMALL
        )
        habits = judged.habits
        assert judged.flags == ()


@pytest.mark.parametrize("step", [1, -1])
def test_a_list_walked_through_in_order_is_a_sweep_up_or_down(step: int) -> None:
    assert _swept([10 + step * each for each in range(5)]) == [[], [], [], [0, 1, 2, 3], [4]]


def test_people_in_no_order_are_no_sweep() -> None:
    assert _swept([3, 9, 4, 8, 5, 7]) == [[]] * 6


def test_a_list_that_others_explain_is_no_sweep() -> None:
    assert _swept([1, 2, 3, 4, 5], operators=frozenset({DOCTOR})) == [[]] * 5


def _swept(orders: list[int], *, operators: frozenset[OperatorId] = frozenset()) -> list[list[int]]:
    habits, seen = Habits(), []
    for number, order in enumerate(orders):
        about = known(relationship(operators=operators), order=order)
        judged = judge(access(number, person=f"p{order}", at=NOON + 200 * number), about, habits, SMALL)
        habits = judged.habits
        seen.append([each.position for each in judged.flags if Rule.SWEEP in each.rules])
    return seen


@given(
    permitted=st.booleans(),
    reader_is=st.none() | st.sampled_from(ReaderIs),
    well_known=st.booleans(),
    by=st.sampled_from([DOCTOR, CLERK]),
    shift=st.integers(-60, 60),
)
def test_a_refused_access_is_flagged_by_nothing_of_its_own(
    *, permitted: bool, reader_is: ReaderIs | None, well_known: bool, by: OperatorId, shift: int
) -> None:
    about = known(
        relationship(by=by, start=NOON + shift * DAY, end=NOON + (shift + 1) * DAY), well_known=well_known
    )
    judged = one(access(permitted=permitted, reader_is=reader_is), about)
    assert permitted or not judged.flags
    if judged.explanation is not None:
        assert rules(judged) <= {"self", "same_address"}


def test_benchmark_says_the_same_twice_and_every_rule_finds_something() -> None:
    first, again = (run(SEED, staff=36, patients=500) for _ in range(2))
    assert (first.scores, first.found) == (again.scores, again.found)
    console = Console(file=StringIO(), width=120)
    show(first, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert all(each.rule in shown for each in first.scores)
    assert all(name in shown for name in first.found)
    by_rule = {each.rule: each for each in first.scores}
    assert by_rule.keys() == {ALL, *Rule}
    assert all(each.recall > 0 for each in first.scores)
    assert by_rule[ALL].precision < 1, "a log in which honest work never looks odd shows nothing"
    assert by_rule[ALL].recall < 1, "a log without misuse that no rule sees shows nothing"
