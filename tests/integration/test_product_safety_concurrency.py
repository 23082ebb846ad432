"""Purchases, recalls and dispatchers at the same time, on every database that the centre runs on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.database import DATABASES, database_url
from support.product_safety_app import open_centre
from support.product_safety_office import Office
from support.product_safety_world import make_world

from services.product_safety import notifying, workflows
from services.product_safety.audit import scan
from services.product_safety.centre import Centre

OWNERS = 40
THREADS = 6


@pytest.fixture(params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    world = make_world(tmp_path)
    context = open_centre(world, database_url=database_url(request.param))
    yield Office(world, Centre(context, world.register))
    context.close()


def entries(office: Office) -> int:
    with office.centre.context.database.read() as conn:
        return office.centre.context.journal.tree.size(conn)


# step N4
def test_owner_is_told_once_whether_the_purchase_or_the_recall_came_first(office: Office) -> None:
    """UC4: purchases race with the start of the recall and with two dispatchers."""
    with ThreadPoolExecutor(THREADS) as pool:
        first = [pool.submit(office.buy, f"owner {n}", f"{n}") for n in range(OWNERS // 2)]
        started = pool.submit(office.recall)
        second = [pool.submit(office.buy, f"owner {n}", f"{n}") for n in range(OWNERS // 2, OWNERS)]
        recall = started.result()
        batches = [pool.submit(office.dispatch, recall, limit=3) for _ in range(2)]
        for purchase in first + second:
            purchase.result()
        for batch in batches:
            batch.result()
    assert [office.notices(f"owner {n}") for n in range(OWNERS)] == [1] * OWNERS
    with office.centre.context.database.read() as conn:
        assert scan(office.centre.context.journal, conn)[1] == []


def test_article_sold_by_many_at_once_has_one_present_owner(office: Office) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        sales = [pool.submit(office.buy, f"owner {n}", "7") for n in range(THREADS)]
        for each in sales:
            each.result()
    recall = office.recall()
    office.dispatch(recall)
    assert sum(office.notices(f"owner {n}") for n in range(THREADS)) == 1


def test_recall_started_by_many_requests_at_once_is_one(office: Office) -> None:
    office.buy("owner", "7")
    office.recall()
    with ThreadPoolExecutor(THREADS) as pool:
        recalls = [each.result() for each in [pool.submit(office.recall) for _ in range(THREADS)]]
    assert len({each.id for each in recalls}) == 1
    assert recalls[0].listed == 1


def test_notice_read_by_two_devices_at_once_is_read_once(office: Office) -> None:
    office.buy("owner", "7")
    recall = office.recall()
    notifying.notify_batch(office.centre, recall.id, limit=10)
    person = office.world.pseudonym("owner")
    notice = workflows.inbox(office.centre, person)[0].notice.id
    before = entries(office)
    with ThreadPoolExecutor(2) as pool:
        reads = [pool.submit(workflows.mark_read, office.centre, person, notice) for _ in range(2)]
        assert len({each.result().read_at for each in reads}) == 1
    assert entries(office) == before + 1
