"""What the medical centre promises about publications and deposits, kept by the real one and by its fake alike."""

import pytest
from support.medical_bench import Bench, refused
from support.medical_story import (
    ALL,
    LABORATORY,
    MEDICATION,
    documents,
    seal,
)
from support.medical_world import CLINIC, HOSPITAL, Someone

from consent import jws
from consent.compartments import Compartment
from consent.sealing import document_digest
from consent.vocabulary import Category
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import (
    RECEIPT_TYPE,
    CategoryYear,
    CompartmentSearch,
    DepositReceipt,
    DepositRequest,
    Publication,
)


def test_published_keys_come_back_as_signed(bench: Bench) -> None:
    first, second = bench.publish(MEDICATION)[-1], bench.publish(LABORATORY)[-1]
    assert bench.centre.published(token=bench.own()).publications == [first, second]


@pytest.mark.parametrize("labels", [["medication/2026/1"], ["medication/2026/3"], ["imaging/2026/2"]])
def test_label_is_set_once_and_versions_count_up(bench: Bench, labels: list[str]) -> None:
    bench.publish(MEDICATION)
    assert refused(lambda: bench.publish([Compartment.parse(each) for each in labels])) == (
        409,
        "label_taken",
    )


def test_publication_by_another_wallet_is_refused(bench: Bench) -> None:
    foreign = Publication(publication=Someone("taro").wallet.publish(ALL, bench.world.now))
    assert refused(lambda: bench.centre.publish(foreign, token=bench.own())) == (
        403,
        "publication_not_verified",
    )


def test_search_names_the_open_labels_with_their_publications(bench: Bench) -> None:
    first = bench.publish(ALL)[-1]
    rolled = bench.publish([Compartment(Category.MEDICATION, 2026, 2)])[-1]
    whole = CompartmentSearch(token=bench.name(bench.person, HOSPITAL))
    told = bench.centre.search(whole, token=bench.operator(HOSPITAL))
    assert told.publications == [first, rolled]
    assert told.open["medication/2026"] == "medication/2026/2"
    assert len(told.open) == len(ALL)
    one = [CategoryYear(category=Category.LABORATORY, year=2026)]
    narrow = CompartmentSearch(token=bench.name(bench.person, HOSPITAL), compartments=one)
    found = bench.centre.search(narrow, token=bench.operator(HOSPITAL))
    assert (found.publications, found.open) == ([first], {"laboratory/2026": "laboratory/2026/1"})


def test_receipt_names_what_was_deposited(bench: Bench) -> None:
    bench.publish(ALL)
    bundle = bench.seal(3, MEDICATION[2])
    key = bench.world.context.signing_key.public_key()
    payload = jws.verify(bench.deposit(bundle), typ=RECEIPT_TYPE, key=key).payload
    receipt = DepositReceipt.model_validate_json(payload)
    digests = [document_digest(bundle, each) for each in bundle.documents]
    assert receipt.bundles == [bundle.id]
    assert len(receipt.documents) == len(digests) == len(set(receipt.documents))


def test_deposit_into_a_closed_compartment_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    bench.publish([Compartment(Category.MEDICATION, 2026, 2)])
    old = bench.seal(1, MEDICATION[2])
    unknown = bench.seal(1, Compartment(Category.IMAGING, 2026, 1))
    assert refused(lambda: bench.deposit(old)) == (409, "compartment_closed")
    assert refused(lambda: bench.deposit(unknown)) == (409, "compartment_closed")


def test_bundle_is_taken_once(bench: Bench) -> None:
    bench.publish(ALL)
    bundle = bench.seal(1, MEDICATION[2])
    bench.deposit(bundle)
    assert refused(lambda: bench.deposit(bundle)) == (409, "bundle_known")


@pytest.mark.parametrize("version", [1, 3])
def test_document_version_is_the_next_one(bench: Bench, version: int) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    again = bench.seal(1, MEDICATION[2], version=version)
    assert refused(lambda: bench.deposit(again)) == (409, "document_version")


def test_new_document_begins_with_version_one(bench: Bench) -> None:
    bench.publish(ALL)
    assert refused(lambda: bench.deposit(bench.seal(1, MEDICATION[2], version=2))) == (
        409,
        "document_version",
    )


@pytest.mark.parametrize("place", [LABORATORY[0], MEDICATION[1]])
def test_versions_of_a_document_stay_in_their_category_and_year(bench: Bench, place: Compartment) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    assert refused(lambda: bench.deposit(bench.seal(1, place, version=2))) == (409, "document_version")


# step D5
def test_document_signed_by_another_organisation_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    foreign = seal(bench.world, bench.person, documents(1), compartment=MEDICATION[2], author=CLINIC)
    assert refused(lambda: bench.deposit(foreign)) == (403, "author_not_verified")


# step D5
def test_document_sealed_about_another_person_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    other = seal(bench.world, Someone("taro"), documents(1), compartment=MEDICATION[2])
    assert refused(lambda: bench.deposit(other)) == (403, "author_not_verified")


# step D6
def test_refused_deposit_stores_nothing(bench: Bench) -> None:
    bench.publish(ALL)
    good, bad = bench.seal(1, MEDICATION[2]), bench.seal(1, MEDICATION[2], prefix="e", version=2)
    assert refused(lambda: bench.deposit(good, bad)) == (409, "document_version")
    bench.deposit(good)


def test_deposit_without_the_wallet_of_the_person_is_refused(bench: Bench) -> None:
    other = Someone("taro")
    bundle = seal(bench.world, other, documents(1), compartment=MEDICATION[2])
    request = DepositRequest(token=bench.name(other, HOSPITAL), bundles=[worded_bundle(bundle)])
    assert refused(lambda: bench.centre.deposit(request, token=bench.operator(HOSPITAL))) == (
        404,
        "no_wallet",
    )


# step D4
def test_pseudonym_token_is_good_once(bench: Bench) -> None:
    bench.publish(ALL)
    token = bench.name(bench.person, HOSPITAL)
    bench.centre.search(CompartmentSearch(token=token), token=bench.operator(HOSPITAL))
    again = DepositRequest(token=token, bundles=[worded_bundle(bench.seal(1, MEDICATION[2]))])
    assert refused(lambda: bench.centre.deposit(again, token=bench.operator(HOSPITAL))) == (409, "replayed")


def test_reader_cannot_deposit_and_writer_of_nothing_cannot_search(bench: Bench) -> None:
    search = CompartmentSearch(token=bench.name(bench.person, CLINIC))
    assert refused(lambda: bench.centre.search(search, token=bench.operator(CLINIC))) == (403, "forbidden")
    assert refused(lambda: bench.centre.published(token=bench.operator(CLINIC))) == (403, "forbidden")
