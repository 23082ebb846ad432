"""What the medical centre promises about wrong links and own records, kept by the real one and by its fake alike."""

from typing import Any

import pytest
from support.medical_bench import Bench, refused
from support.medical_story import (
    ALL,
    CANARY,
    LABORATORY,
    MEDICATION,
    sealed_parts,
)
from support.medical_world import CLINIC, HOSPITAL, ID_CENTRE, OTHER_HOSPITAL, Someone

from consent.statements import DocumentSelection
from consent.vocabulary import Category
from services.contracts.medical.messages import (
    CompartmentSearch,
    OwnRecords,
    OwnRecordsRequest,
    SetApart,
)
from services.kit.http import RemoteProblemError


def test_what_was_deposited_under_a_wrong_link_is_not_read_any_more_and_nothing_else(bench: Bench) -> None:
    """LN: set apart is what came under that link; told again, it is the same."""
    bench.publish(ALL)
    bench.granted()
    wrong, right = bench.seal(2, MEDICATION[0], prefix="w"), bench.seal(1, MEDICATION[0], prefix="r")
    bench.deposit(wrong, link="wrong")
    bench.deposit(right, link="right")
    assert len(bench.read().bundles) == 2
    assert bench.set_apart("wrong") == bench.set_apart("wrong") == 2
    assert [each.id for each in bench.read().bundles] == [right.id]
    single = DocumentSelection(frozenset(each.id for each in wrong.documents))
    assert refused(lambda: bench.read(selection=single))[0] == 403
    assert bench.set_apart("never used") == 0


def test_token_of_a_wrong_link_is_good_for_nothing(bench: Bench) -> None:
    bench.publish(ALL)
    late = bench.seal(1, MEDICATION[0])
    bench.set_apart("wrong")
    assert refused(lambda: bench.deposit(late, link="wrong")) == (403, "link_undone")
    search = CompartmentSearch(token=bench.name(bench.person, HOSPITAL, link="wrong"))
    assert refused(lambda: bench.centre.search(search, token=bench.operator(HOSPITAL))) == (
        403,
        "link_undone",
    )
    bench.deposit(late, link="another")


def test_who_deposited_and_who_read_is_told_which_documents(bench: Bench) -> None:
    bench.publish(ALL)
    bench.granted()
    wrong = bench.seal(2, MEDICATION[0])
    bench.deposit(wrong, link="wrong")
    bench.read()
    for _ in range(2):
        bench.set_apart("wrong")
    told = {
        member: bench.centre.apart_notices(token=bench.operator(member)).notices
        for member in (HOSPITAL, CLINIC, OTHER_HOSPITAL)
    }
    assert {member: len(notices) for member, notices in told.items()} == {
        HOSPITAL: 1,
        CLINIC: 1,
        OTHER_HOSPITAL: 0,
    }
    documents = sorted(each.id for each in wrong.documents)
    for member, reads in ((HOSPITAL, 0), (CLINIC, 1)):
        notice = told[member][0]
        assert (notice.author, notice.fault, notice.documents) == (HOSPITAL, "wrong_person", documents)
        assert len(notice.reads) == reads


def test_only_a_token_that_names_a_link_sets_something_apart(bench: Bench) -> None:
    token = bench.name(bench.person, ID_CENTRE)
    message = SetApart(token=token, organisation=HOSPITAL, fault="wrong_person")
    assert refused(lambda: bench.as_id_centre().set_apart(message)) == (403, "forbidden")


def own_records(bench: Bench, **asked: Any) -> OwnRecords:
    """Fetch the person's own records."""
    return bench.centre.own_records(OwnRecordsRequest(**asked), token=bench.own())


def test_person_opens_their_own_records_without_any_bodys_help(bench: Bench) -> None:
    """The newest version of each, of all kinds and years unless some are named; nobody permitted anything."""
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[0], prefix="old"))
    bench.deposit(bench.seal(1, MEDICATION[2]))
    bench.deposit(bench.seal(1, MEDICATION[2], version=2), bench.seal(1, LABORATORY[0], prefix="lab"))
    told = own_records(bench)
    assert told.next is None
    assert all(not each.fragments for each in told.bundles)
    key = bench.world.members[HOSPITAL].keys.ed25519("author").public_key()
    opened = [
        document
        for each in told.bundles
        for document in bench.person.wallet.open_own(*sealed_parts(each), author_key=key)
    ]
    assert [(each.id, each.version) for each in opened] == [("old-0", 1), ("d-0", 2), ("lab-0", 1)]
    assert all(CANARY.encode() in each.content for each in opened)
    some = own_records(bench, categories=[Category.MEDICATION], first_year=2026, last_year=2026)
    assert [one.id for each in some.bundles for one in each.documents] == ["d-0"]


def test_nobody_else_fetches_a_persons_own_records(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[0]))
    with pytest.raises(RemoteProblemError) as found:
        bench.centre.own_records(OwnRecordsRequest(), token=bench.operator(HOSPITAL))
    assert (found.value.status, found.value.code) == (403, "forbidden")
    other = Someone("jiro")
    bench.enrol(other)
    assert bench.centre.own_records(OwnRecordsRequest(), token=bench.own(other)).bundles == []


def test_what_was_set_apart_is_not_among_the_own_records(bench: Bench) -> None:
    """LN: it is somebody else's."""
    bench.publish(ALL)
    right = bench.seal(1, MEDICATION[0], prefix="r")
    bench.deposit(bench.seal(1, MEDICATION[0], prefix="w"), link="wrong")
    bench.deposit(right, link="right")
    bench.set_apart("wrong")
    assert [each.id for each in own_records(bench).bundles] == [right.id]


def test_own_records_of_somebody_without_a_wallet_are_refused(bench: Bench) -> None:
    stranger = bench.own(Someone("saburo"))
    with pytest.raises(RemoteProblemError) as found:
        bench.centre.own_records(OwnRecordsRequest(), token=stranger)
    assert (found.value.status, found.value.code) == (404, "no_wallet")
