"""The pure rules of the medical centre, over all small inputs."""

from hypothesis import given
from hypothesis import strategies as st

from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId
from consent.vocabulary import Category
from services.medical import policy
from services.medical.errors import LabelTakenError
from services.medical.model import (
    LoggedBundle,
    LoggedDocument,
    Place,
    deposit_detail,
    read_deposit_detail,
)

PLACES = st.tuples(st.sampled_from([Category.MEDICATION, Category.SUMMARY]), st.integers(2024, 2026))
LABELS = st.builds(lambda place, version: Compartment(place[0], place[1], version), PLACES, st.integers(1, 4))
LOGGED_DOCUMENTS = st.builds(
    LoggedDocument,
    id=st.sampled_from([DocumentId(each) for each in "abc"]),
    version=st.integers(1, 4),
    digest=st.binary(min_size=32, max_size=32),
)
BUNDLES = st.lists(
    st.builds(
        LoggedBundle,
        id=st.uuids().map(lambda each: BundleId(each.hex)),
        compartment=LABELS,
        documents=st.lists(LOGGED_DOCUMENTS, min_size=1, max_size=4).map(tuple),
    ),
    max_size=5,
)


@given(st.dictionaries(PLACES, st.integers(1, 3)), st.sets(LABELS, max_size=6))
def test_labels_are_accepted_exactly_when_they_continue_what_is_known(
    known: dict[Place, int], published: set[Compartment]
) -> None:
    continues = all(
        {each.version for each in published if (each.category, each.year) == place}
        == set(range(known.get(place, 0) + 1, known.get(place, 0) + 1 + _count(published, place)))
        for place in {(each.category, each.year) for each in published}
    )
    try:
        policy.check_labels(known, published)
    except LabelTakenError:
        assert not continues
    else:
        assert continues


@given(BUNDLES)
def test_current_documents_are_the_newest_version_of_each_and_nothing_else(
    bundles: list[LoggedBundle],
) -> None:
    told = [(each.id, each.version) for bundle in bundles for each in bundle.documents]
    kept = [
        (each.id, each.version) for bundle in policy.current_documents(bundles) for each in bundle.documents
    ]
    newest = {name: max(version for other, version in told if other == name) for name, _ in told}
    assert set(kept) == set(newest.items())
    assert kept == [each for each in told if newest[each[0]] == each[1]]


@given(BUNDLES, st.frozensets(st.sampled_from([DocumentId(each) for each in "abcd"])))
def test_selection_of_documents_keeps_those_and_drops_empty_bundles(
    bundles: list[LoggedBundle], ids: frozenset[DocumentId]
) -> None:
    kept = policy.only_documents(bundles, ids)
    assert all(bundle.documents for bundle in kept)
    assert {each.id for bundle in kept for each in bundle.documents} == ids & {
        each.id for bundle in bundles for each in bundle.documents
    }


@given(BUNDLES)
def test_what_the_log_says_of_a_deposit_is_read_back_as_it_was(bundles: list[LoggedBundle]) -> None:
    assert read_deposit_detail({"detail": deposit_detail(bundles)}) == bundles


def _count(published: set[Compartment], place: Place) -> int:
    return sum((each.category, each.year) == place for each in published)
