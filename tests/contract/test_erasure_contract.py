"""What the medical centre promises people who have records erased, kept by the real one and by its fake alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from support.medical_bench import Bench, FakeBench, RealBench
from support.medical_story import ALL, MEDICATION
from support.medical_world import AUDITOR, CLINIC, HOSPITAL, Someone, World
from support.streams import IMAGING, study, upload

from consent import jws
from consent.identifiers import DocumentId
from consent.sealing import SealedBundle
from consent.statements import DocumentSelection
from consent.vocabulary import Body
from services.contracts.medical.erasing import (
    FAULT,
    ORDER_TYPE,
    RECEIPT_TYPE,
    EraseRecords,
    ErasureReceipt,
    Erasures,
    ErasuresClient,
)
from services.contracts.medical.messages import OwnRecordsRequest
from services.contracts.medical.streams import StreamsClient
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError
from services.medical import tables


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.publish([*ALL, IMAGING])
    return bench


def order(
    bench: Bench, *names: str, by: Someone | None = None, body: Body = Body.MEDICAL, late: int = 0
) -> str:
    """Sign an order to erase bundles."""
    told = {"body": body.value, "bundles": list(names), "at": epoch_seconds(bench.world.now) - late}
    return (by or bench.person).wallet.sign(Body.MEDICAL, ORDER_TYPE, told)


def erase(bench: Bench, signed: str) -> ErasureReceipt:
    """Hand the order over; return the receipt, verified."""
    erasures: Erasures = (
        bench.fake.erasures if isinstance(bench, FakeBench) else ErasuresClient(bench.running.http(HOSPITAL))
    )
    receipt = erasures.erase(EraseRecords(order=signed), token=bench.own()).receipt
    key = bench.world.context.signing_key.public_key()
    return ErasureReceipt.model_validate_json(jws.verify(receipt, typ=RECEIPT_TYPE, key=key).payload)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def own(bench: Bench) -> list[str]:
    """Return the bundles that the person finds."""
    told = bench.centre.own_records(OwnRecordsRequest(), token=bench.own())
    return sorted(each.id for each in told.bundles)


def two(bench: Bench) -> tuple[SealedBundle, SealedBundle]:
    """Deposit two bundles."""
    first, second = bench.seal(2, MEDICATION[2]), bench.seal(1, MEDICATION[1], prefix="e")
    bench.deposit(first, second)
    return first, second


def test_erased_records_are_gone_for_everybody_and_the_receipt_names_them(bench: Bench) -> None:
    """Z4."""
    first, second = two(bench)
    bench.granted()
    receipt = erase(bench, order(bench, first.id))
    (told,) = receipt.bundles
    assert (told.bundle, told.author, told.documents) == (first.id, HOSPITAL, ["d-0", "d-1"])
    assert own(bench) == [second.id]
    assert [each.id for each in bench.read().bundles] == [second.id]


def test_who_has_a_permission_is_told_that_it_was_erased_and_nobody_else(bench: Bench) -> None:
    first, _ = two(bench)
    erase(bench, order(bench, first.id))
    asked = DocumentSelection(frozenset({DocumentId("d-0")}))
    assert refused(lambda: bench.read(selection=asked)) == (403, "no_permission")
    bench.granted()
    assert refused(lambda: bench.read(selection=asked)) == (403, "erased")
    never = DocumentSelection(frozenset({DocumentId("never")}))
    assert refused(lambda: bench.read(selection=never)) == (403, "no_permission")


def test_order_counts_once_in_time_and_by_the_own_wallet_only(bench: Bench) -> None:
    """Z1: also no order for another body, and none of yesterday or tomorrow."""
    first, second = two(bench)
    stranger = order(bench, first.id, by=Someone("taro"))
    for bad in (
        stranger,
        order(bench, first.id, body=Body.OVERSIGHT),
        order(bench, first.id, late=301),
        order(bench, first.id, late=-301),
        "x",
    ):
        assert refused(lambda b=bad: erase(bench, b)) == (403, "erasure_refused")  # type: ignore[misc]  # bound now
    signed = order(bench, first.id)
    erase(bench, signed)
    assert refused(lambda: erase(bench, signed)) == (409, "replayed")
    assert own(bench) == [second.id]


def test_all_or_nothing_of_what_is_named_is_erased(bench: Bench) -> None:
    first, second = two(bench)
    for names in ((first.id, "unknown"), ("unknown",), (first.id, first.id)):
        signed = order(bench, *names)
        assert refused(lambda s=signed: erase(bench, s)) == (404, "bundle_unknown")  # type: ignore[misc]  # bound now
    assert own(bench) == sorted([first.id, second.id])
    erase(bench, order(bench, first.id, second.id))
    assert own(bench) == []
    assert refused(lambda: erase(bench, order(bench, first.id))) == (404, "bundle_unknown")


def test_erased_bundle_does_not_come_back_under_its_name(bench: Bench) -> None:
    first, _ = two(bench)
    erase(bench, order(bench, first.id))
    if isinstance(bench, RealBench):
        assert refused(lambda: bench.deposit(first)) == (409, "bundle_known")


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealBench]:
    with World(tmp_path).running() as running:
        bench = RealBench(running)
        bench.enrol(bench.person)
        bench.publish([*ALL, IMAGING])
        yield bench


def audit(bench: RealBench) -> list[str]:
    """Return the tables in which the audit finds something."""
    world = bench.world
    answer = bench.running.http(AUDITOR).get("/audit", token=world.token(world.members[AUDITOR]))
    return sorted({each["table"] for each in answer["findings"]})


def test_key_ciphertext_and_segments_are_in_no_file_any_more(real: RealBench) -> None:
    """Z2, Z3: what a thief finds after the erasure is nothing to open, and nothing to open it with."""
    first, second = two(real)
    made = study(real.person)
    upload(StreamsClient(real.running.http(HOSPITAL)), made, token=real.operator(HOSPITAL))
    large = made.bundle(real.world)
    real.deposit(large)
    erase(real, order(real, first.id, large.id))
    assert audit(real) == []
    with real.world.context.database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    files = [each.read_bytes() for each in real.world.settings.data.rglob("*") if each.is_file()]
    for gone in (
        first.message_kit,
        first.documents[0].ciphertext,
        large.message_kit,
        large.documents[0].ciphertext,
        made.segments[0][:64],
    ):
        assert not any(gone in each for each in files)
    assert any(second.message_kit in each for each in files)


def test_author_and_readers_are_told_and_the_person_sees_it(real: RealBench) -> None:
    first, _ = two(real)
    real.granted()
    real.read()
    erase(real, order(real, first.id))
    for member, reads in ((HOSPITAL, 0), (CLINIC, 1)):
        (notice,) = real.running.medical(member).apart_notices(token=real.operator(member)).notices
        assert (notice.fault, notice.author, notice.documents) == (FAULT, HOSPITAL, ["d-0", "d-1"])
        assert len(notice.reads) == reads
    told = [each for each in real.running.events(real.person) if each["kind"] == "records_erased"]
    assert [(each["outcome"], each["count"]) for each in told] == [("done", 2)]


def test_audit_finds_an_erasure_that_is_forgotten_and_one_that_nobody_ordered(real: RealBench) -> None:
    first, second = two(real)
    erase(real, order(real, first.id))
    context = real.world.context
    with context.database.write() as conn:
        conn.execute(delete(tables.erased_document).where(tables.erased_document.c.id == "d-0"))
    assert "erased_document" in audit(real)
    with context.database.write() as conn:
        row = {"bundle": second.id, "id": "e-0", "person": "x", "position": 0}
        conn.execute(tables.erased_document.insert(), row)
    assert {"erased_document", "bundle", "document"} <= set(audit(real))
