"""Exactly one notice for each owner, whatever fails and however often a step is repeated (N1-N4)."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from support.product_safety_office import Office

from services.contracts.product_safety.messages import SerialList, SerialRange
from services.kit.log.entry import SALT_BYTES
from services.product_safety import notifying, policy, store, tables
from services.product_safety.centre import Centre
from services.product_safety.model import Recall, RecallState

PEOPLE = 7


class PowerFailureError(Exception):
    """The machine stops here."""


@dataclass
class Failing:
    """Randomness that stops the machine at the n-th entry of the journal."""

    source: Callable[[int], bytes]
    entries_left: int

    def __call__(self, size: int) -> bytes:
        """Return random bytes, unless the machine stops first."""
        if size == SALT_BYTES:
            self.entries_left -= 1
            if self.entries_left < 0:
                raise PowerFailureError
        return self.source(size)


def failing_after(office: Office, entries: int) -> Centre:
    """Return the same centre, whose machine stops after so many journal entries."""
    context = office.centre.context
    journal = copy(context.journal)
    journal._randomness = Failing(context.randomness, entries)
    return Centre(replace(context, journal=journal), office.centre.register)


def state_of(office: Office, recall: Recall) -> RecallState:
    with office.centre.context.database.read() as conn:
        found = store.find_recall(conn, recall.id, maker=recall.maker)
    assert found is not None
    return found.state


def entries(office: Office) -> int:
    """Count what the log tells, each person's part of a bulk entry by itself."""
    journal = office.centre.context.journal
    with office.centre.context.database.read() as conn:
        return len(journal.told(conn, range(journal.tree.size(conn))))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), max_size=8))
def test_power_failures_in_the_middle_of_batches_neither_double_nor_miss_a_notice(
    office: Office, failures: list[tuple[int, int]]
) -> None:
    with office.centre.context.database.write() as conn:
        for table in (tables.notice, tables.recall_queue, tables.recall, tables.ownership):
            conn.execute(table.delete())
    for number in range(PEOPLE):
        office.buy(f"person {number}", f"{number}")
    recall = office.recall()
    before = entries(office)
    for limit, lasts in failures:
        centre = failing_after(office, lasts)
        try:
            while notifying.notify_batch(centre, recall.id, limit=limit):
                pass
        except PowerFailureError:
            continue
    office.dispatch(recall, limit=3)
    assert [office.notices(f"person {number}") for number in range(PEOPLE)] == [1] * PEOPLE
    assert state_of(office, recall) is RecallState.COMPLETED
    assert entries(office) == before + PEOPLE + 1


def test_each_batch_is_one_leaf_in_which_each_owner_finds_their_own_notice(office: Office) -> None:
    for number in range(PEOPLE):
        office.buy(f"person {number}", f"{number}")
    recall, journal = office.recall(), office.centre.context.journal
    with office.centre.context.database.read() as conn:
        before = journal.tree.size(conn)
    office.dispatch(recall, limit=PEOPLE + 1)
    with office.centre.context.database.read() as conn:
        assert journal.tree.size(conn) == before + 2  # the notices, the end
        (summary,) = journal.openings(conn, [before]).values()
        parts = journal.parts(conn, before)
    assert summary.event["count"] == PEOPLE
    assert {person for person, _ in parts} == {
        office.world.pseudonym(f"person {number}") for number in range(PEOPLE)
    }
    notices = {str(dict(part.event["detail"])["notice"]) for _, part in parts}  # type: ignore[arg-type]  # JSON
    assert len(notices) == PEOPLE
    assert not any(each in str(summary.event) for each in notices)


def test_completed_recall_does_nothing_more(office: Office) -> None:
    office.buy("owner", "1")
    recall = office.recall()
    office.dispatch(recall)
    before = entries(office)
    assert not notifying.notify_batch(office.centre, recall.id, limit=10)
    assert entries(office) == before


def test_recall_that_concerns_nobody_completes(office: Office) -> None:
    recall = office.recall()
    office.dispatch(recall)
    assert state_of(office, recall) is RecallState.COMPLETED


def test_owner_at_the_start_is_told_though_the_article_was_sold_before_their_batch(office: Office) -> None:
    office.buy("first", "1")
    recall = office.recall()
    office.buy("second", "1", purchased_at=1_700_000_001)
    office.dispatch(recall)
    assert (office.notices("first"), office.notices("second")) == (1, 1)


def test_database_refuses_a_second_notice_for_an_ownership(office: Office) -> None:
    office.buy("owner", "1")
    recall = office.recall()
    office.dispatch(recall)
    with office.centre.context.database.write() as conn:
        row = dict(conn.execute(select(tables.notice)).one()._mapping) | {"id": "another"}
        with pytest.raises(IntegrityError):
            conn.execute(insert(tables.notice).values(row))


serials = st.one_of(
    st.integers(0, 30).map(str),
    st.integers(0, 30).map("{:04}".format),
    st.integers(0, 9).map("A{}".format),
)
lots = st.sampled_from([None, "L1", "L2", "L3"])
scopes = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
        lambda pair: SerialRange(first=str(min(pair)), last=f"{max(pair):03}")
    ),
    st.lists(serials, min_size=1, max_size=5).map(lambda listed: SerialList(listed=listed)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(serials, lots, max_size=8),
    scopes,
    st.one_of(st.none(), st.lists(lots.filter(bool), min_size=1, max_size=2)),
)
def test_list_of_owners_is_what_the_rule_says(
    office: Office,
    articles: dict[str, str | None],
    scope: SerialRange | SerialList | None,
    recalled_lots: list[str] | None,
) -> None:
    with office.centre.context.database.write() as conn:
        for table in (tables.notice, tables.recall_queue, tables.recall, tables.ownership, tables.product):
            conn.execute(table.delete())
    for serial, lot in articles.items():
        office.buy(f"owner of {serial}", serial, lot=lot)
    recall = office.recall(scope, recalled_lots)
    office.dispatch(recall)
    told = {serial for serial in articles if office.notices(f"owner of {serial}")}
    assert told == {
        serial for serial, lot in articles.items() if policy.covers(recall.request, serial=serial, lot=lot)
    }
    with office.centre.context.database.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.recall_queue)).scalar_one() == 0
