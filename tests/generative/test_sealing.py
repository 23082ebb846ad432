"""Sealing: what was sealed opens as it was, and nothing else opens at all."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.consent_story import CHECKUP, MEDICATION, Story, document, flip, flipped, stream, tell

from consent.compartments import Compartment
from consent.errors import MalformedError, SealError, SignatureError
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.sealing import (
    ContentKey,
    PlainDocument,
    SealedBundle,
    SealedDocument,
    author_message,
    document_digest,
    open_document,
    seal_bundle,
    verify_author,
)
from consent.vocabulary import Body, Category

PERSON = tell("sealing-person")
OTHER = tell("sealing-other")
AUTHOR = PERSON.author_key.public_key()
TWO = PERSON.seal([document("d1", b"first"), document("d2", b"second")])

contents = st.lists(st.binary(max_size=300), min_size=1, max_size=5)
versions = st.integers(min_value=1, max_value=2**40)


def opens(story: Story, bundle: SealedBundle) -> tuple[PlainDocument, ...]:
    return story.wallet.open_own(bundle, bundle.documents, author_key=AUTHOR)


def resigned(bundle: SealedBundle) -> SealedBundle:
    """What the author's key could make of changed rows, so that only the seal itself stands in the way."""
    signed = [
        replace(one, signature=PERSON.author_key.sign(author_message(bundle, one)))
        for one in bundle.documents
    ]
    return replace(bundle, documents=tuple(signed))


def with_document(bundle: SealedBundle, changed: SealedDocument) -> SealedBundle:
    return replace(bundle, documents=(changed, *bundle.documents[1:]))


@given(contents, versions)
def test_person_opens_exactly_what_was_sealed(parts: list[bytes], version: int) -> None:
    documents = tuple(document(f"d{n}", part, version) for n, part in enumerate(parts))
    assert opens(PERSON, PERSON.seal(documents)) == documents


@given(contents, versions)
def test_who_seals_knows_what_the_log_will_hold(parts: list[bytes], version: int) -> None:
    bundle = PERSON.seal(tuple(document(f"d{n}", part, version) for n, part in enumerate(parts)))
    assert list(bundle.digests) == [document_digest(bundle, one) for one in bundle.documents]


@given(st.sampled_from(["nonce", "ciphertext", "signature"]), st.integers(min_value=0))
def test_any_flipped_bit_of_a_document_is_refused(field: str, position: int) -> None:
    one = TWO.documents[0]
    bundle = with_document(TWO, replace(one, **flipped(one, field, position)))
    with pytest.raises(SignatureError):
        verify_author(bundle.documents[0], bundle, AUTHOR)
    with pytest.raises(SignatureError):
        opens(PERSON, bundle)


@given(st.sampled_from(["nonce", "ciphertext"]), st.integers(min_value=0))
def test_flipped_bit_is_refused_even_if_the_author_signs_it(field: str, position: int) -> None:
    one = TWO.documents[0]
    bundle = with_document(TWO, replace(one, **flipped(one, field, position)))
    with pytest.raises(SealError):
        opens(PERSON, resigned(bundle))


@given(st.integers(min_value=0))
def test_any_flipped_bit_of_the_message_kit_is_refused(position: int) -> None:
    bundle = replace(TWO, message_kit=flip(TWO.message_kit, position))
    with pytest.raises(SignatureError):
        verify_author(bundle.documents[0], bundle, AUTHOR)
    with pytest.raises(SealError):
        opens(PERSON, resigned(bundle))


DOCUMENT_LABELS: list[dict[str, Any]] = [
    {"id": DocumentId("d3")},
    {"version": 2},
    {"media_type": "text/plain"},
]
BUNDLE_LABELS: list[dict[str, Any]] = [
    {"id": BundleId("b2")},
    {"author": OrganisationId("hospital-x")},
    {"compartment": CHECKUP},
    {"compartment": Compartment(Category.MEDICATION, 2025, 1)},
    {"compartment": Compartment(Category.MEDICATION, 2026, 2)},
]


# step D3
@pytest.mark.parametrize("label", DOCUMENT_LABELS)
def test_relabelled_document_is_refused_even_if_the_author_signs_it(label: dict[str, Any]) -> None:
    bundle = with_document(TWO, replace(TWO.documents[0], **label))
    with pytest.raises(SignatureError):
        opens(PERSON, bundle)
    with pytest.raises(SealError):
        opens(PERSON, resigned(bundle))


@pytest.mark.parametrize("label", BUNDLE_LABELS)
def test_relabelled_bundle_is_refused_even_if_the_author_signs_it(label: dict[str, Any]) -> None:
    bundle = replace(TWO, **label)
    with pytest.raises((SignatureError, SealError)):
        opens(PERSON, bundle)
    with pytest.raises(SealError):
        opens(PERSON, resigned(bundle))


def test_record_relabelled_to_another_person_does_not_open_for_that_person() -> None:
    bundle = resigned(replace(TWO, subject=OTHER.wallet.subject))
    with pytest.raises(SealError):
        opens(OTHER, bundle)


def test_document_sealed_to_a_persons_key_but_another_subject_does_not_open() -> None:
    sealed = seal_bundle(
        [document("d1")],
        subject=OTHER.wallet.subject,
        compartment=MEDICATION,
        compartment_key=PERSON.publication.keys[MEDICATION],
        author=TWO.author,
        author_key=PERSON.author_key,
        bundle_id=BundleId("b9"),
        randomness=stream("b9"),
    )
    with pytest.raises(SealError):
        opens(PERSON, resigned(replace(sealed, subject=PERSON.wallet.subject)))


@given(contents, contents)
def test_documents_of_two_bundles_cannot_be_exchanged(some: list[bytes], others: list[bytes]) -> None:
    one = PERSON.seal([document(f"d{n}", part) for n, part in enumerate(some)], name="left")
    two = PERSON.seal([document(f"d{n}", part) for n, part in enumerate(others)], name="right")
    with pytest.raises(SignatureError):
        opens(PERSON, with_document(one, two.documents[0]))
    with pytest.raises(SealError):
        opens(PERSON, resigned(with_document(one, two.documents[0])))


def test_every_stored_field_changes_the_digest() -> None:
    one = TWO.documents[0]
    digests = {document_digest(TWO, one)}
    changes: dict[str, Any] = {"id": "x", "version": 9, "media_type": "x"}
    for field in fields(SealedDocument):
        changed: dict[str, Any] = {field.name: changes.get(field.name, b"x" * 64)}
        digests.add(document_digest(TWO, replace(one, **changed)))
    labels = [*BUNDLE_LABELS, {"subject": OTHER.wallet.subject}, {"message_kit": b"x"}]
    for label in labels:
        digests.add(document_digest(replace(TWO, **label), one))
    assert len(digests) == 1 + len(fields(SealedDocument)) + len(BUNDLE_LABELS) + 2


def test_other_authors_key_is_refused() -> None:
    stranger = tell("stranger").wallet.signing_key
    with pytest.raises(SignatureError):
        verify_author(TWO.documents[0], TWO, stranger(Body.MEDICAL).public_key())


def test_bundle_with_a_repeated_document_id_is_not_sealed() -> None:
    with pytest.raises(MalformedError):
        PERSON.seal([document("d1"), document("d1", version=2)])


def test_nothing_sealed_repeats_a_plaintext_or_a_ciphertext() -> None:
    same = b"the same words" * 4
    bundle = PERSON.seal([document("d1", same), document("d2", same)])
    first, second = (one.ciphertext for one in bundle.documents)
    assert first != second
    assert same not in first + second + bundle.message_kit


def test_content_key_and_wallet_do_not_show_themselves() -> None:
    kit_owner = PERSON.wallet
    assert repr(kit_owner) == "Wallet(...)"
    assert kit_owner.to_secret_bytes().hex() not in repr(vars(PERSON))
    assert "first" not in repr(document("d1", b"first"))


def test_open_document_needs_the_right_bundle_key() -> None:
    with pytest.raises(SealError):
        open_document(ContentKey(bytes(32)), bundle=TWO, document=TWO.documents[0], author_key=AUTHOR)
