"""Delegation: any two of the three bodies, the right compartment, the right reader; nothing less opens."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.consent_story import CHECKUP, MEDICATION, document, flip, flipped, stream, tell

from consent.delegation import (
    FragmentPackage,
    ReceivingKey,
    load_verified_fragment_from_own_store,
    open_shared,
    reencrypt,
)
from consent.errors import FaultyProxyError, SealError, TooFewFragmentsError
from consent.notices import VerifiedReaderNotice
from consent.publication import VerifiedPublication
from consent.sealing import ContentKey, PlainDocument, SealedBundle, capsule_of, open_document
from consent.vocabulary import PROXIES, Body

STORY = tell("delegation-person")
OTHER = tell("delegation-other")
DOCUMENT = document("d1", b'{"resourceType":"MedicationRequest"}')
BUNDLE = STORY.seal([DOCUMENT])
FRAGMENTS = STORY.capsule_fragments(BUNDLE, PROXIES)
PAIRS = list(combinations(PROXIES, 2))


def shared(
    bodies: tuple[Body, ...],
    *,
    bundle: SealedBundle = BUNDLE,
    receiving_key: ReceivingKey = STORY.reader,
    changed: dict[Body, bytes] | None = None,
) -> ContentKey:
    fragments = {body: FRAGMENTS[body] for body in bodies} | (changed or {})
    return open_shared(
        bundle,
        publication=STORY.publication,
        notice=STORY.notice,
        fragments=fragments,
        receiving_key=receiving_key,
    )


def read(key: ContentKey, bundle: SealedBundle = BUNDLE) -> PlainDocument:
    author = STORY.author_key.public_key()
    return open_document(key, bundle=bundle, document=bundle.documents[0], author_key=author)


@pytest.mark.parametrize("bodies", [*PAIRS, PROXIES])
def test_any_two_bodies_let_the_reader_open(bodies: tuple[Body, ...]) -> None:
    assert read(shared(bodies)) == DOCUMENT


@pytest.mark.parametrize("bodies", [(), *((body,) for body in PROXIES)])
def test_fewer_than_two_bodies_open_nothing(bodies: tuple[Body, ...]) -> None:
    with pytest.raises(TooFewFragmentsError):
        shared(bodies)


@given(st.binary(max_size=400), st.sampled_from(PAIRS))
def test_reader_opens_whatever_was_sealed(content: bytes, bodies: tuple[Body, ...]) -> None:
    sealed = STORY.seal([document("d", content)], name="any")
    capsule = capsule_of(sealed.message_kit)
    changed = {
        body: reencrypt(capsule, load_verified_fragment_from_own_store(STORY.package(body)))
        for body in bodies
    }
    assert read(shared(bodies, bundle=sealed, changed=changed), sealed).content == content


@given(st.sampled_from(PROXIES), st.integers(min_value=0))
def test_any_flipped_bit_of_a_fragment_is_refused_when_it_arrives(body: Body, position: int) -> None:
    package = STORY.package(body)
    with pytest.raises(SealError):
        replace(package, kfrag=flip(package.kfrag, position)).verify()


@given(st.sampled_from(["delegating_key", "verifying_key", "receiving_key"]), st.integers(min_value=0))
def test_fragment_with_another_key_is_refused(field: str, position: int) -> None:
    package = STORY.package(Body.OVERSIGHT)
    with pytest.raises(SealError):
        replace(package, **flipped(package, field, position)).verify()


@given(st.sampled_from(PROXIES), st.integers(min_value=0))
def test_any_flipped_bit_of_a_capsule_fragment_names_its_body(body: Body, position: int) -> None:
    with pytest.raises(FaultyProxyError) as refusal:
        shared(PROXIES, changed={body: flip(FRAGMENTS[body], position)})
    assert refusal.value.body is body


def test_fragment_of_another_compartment_opens_nothing() -> None:
    wrong = STORY.capsule_fragments(BUNDLE, PROXIES, CHECKUP)
    with pytest.raises(FaultyProxyError):
        shared(PROXIES, changed=wrong)


def test_fragments_for_another_reader_are_useless() -> None:
    stranger = ReceivingKey.create(stream("stranger"))
    with pytest.raises(FaultyProxyError):
        shared(PROXIES, receiving_key=stranger)


def test_fragments_of_another_person_are_useless() -> None:
    capsule = capsule_of(BUNDLE.message_kit)
    wrong = {body: reencrypt(capsule, OTHER.package(body).verify()) for body in PROXIES}
    with pytest.raises(FaultyProxyError):
        shared(PROXIES, changed=wrong)


def test_fragment_of_the_wrong_compartment_is_refused_when_it_arrives() -> None:
    medication, checkup = STORY.package(Body.MEDICAL), STORY.package(Body.MEDICAL, CHECKUP)
    with pytest.raises(SealError):
        replace(medication, kfrag=checkup.kfrag).verify()


def test_two_bodies_with_the_same_fragment_open_nothing() -> None:
    with pytest.raises(SealError):
        shared((Body.MEDICAL,), changed={Body.OVERSIGHT: FRAGMENTS[Body.MEDICAL]})


@pytest.mark.parametrize(
    ("publication", "notice"), [(OTHER.publication, STORY.notice), (STORY.publication, OTHER.notice)]
)
def test_papers_of_another_person_are_refused(
    publication: VerifiedPublication, notice: VerifiedReaderNotice
) -> None:
    with pytest.raises(SealError):
        open_shared(
            BUNDLE,
            publication=publication,
            notice=notice,
            fragments=FRAGMENTS,
            receiving_key=STORY.reader,
        )


def test_compartment_outside_the_notice_is_refused() -> None:
    with pytest.raises(SealError):
        shared(PROXIES, bundle=replace(BUNDLE, compartment=replace(MEDICATION, year=2027)))


# step W4
def test_fragment_after_a_version_roll_does_not_open_what_is_sealed_later() -> None:
    rolled = replace(MEDICATION, version=2)
    assert STORY.wallet.compartment_public_key(rolled) != STORY.publication.keys[MEDICATION]
    newer = replace(
        STORY.publication,
        keys={**STORY.publication.keys, rolled: STORY.wallet.compartment_public_key(rolled)},
    )
    later = replace(STORY, publication=newer).seal([document("d1")], compartment=rolled)
    wrong = STORY.capsule_fragments(later, PROXIES)
    with pytest.raises(FaultyProxyError):
        open_shared(
            later, publication=newer, notice=STORY.notice, fragments=wrong, receiving_key=STORY.reader
        )


def test_trailing_bytes_are_refused_everywhere() -> None:
    package = STORY.package(Body.MEDICAL)
    with pytest.raises(SealError):
        replace(package, kfrag=package.kfrag + b"\0").verify()
    with pytest.raises(SealError):
        load_verified_fragment_from_own_store(replace(package, kfrag=package.kfrag + b"\0"))
    with pytest.raises(SealError):
        reencrypt(capsule_of(BUNDLE.message_kit) + b"\0", package.verify())
    with pytest.raises(SealError):
        capsule_of(BUNDLE.message_kit + b"\0")
    with pytest.raises(FaultyProxyError):
        shared(PROXIES, changed={Body.MEDICAL: FRAGMENTS[Body.MEDICAL] + b"\0"})


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_never_a_fragment(raw: bytes) -> None:
    with pytest.raises(SealError):
        FragmentPackage(MEDICATION, raw, raw, raw, raw).verify()


def test_receiving_key_survives_its_export_and_hides_itself() -> None:
    again = ReceivingKey.from_secret_bytes(STORY.reader.to_secret_bytes())
    assert again.public_bytes() == STORY.reader.public_bytes()
    assert read(shared(PROXIES, receiving_key=again)) == DOCUMENT
    assert repr(again) == "ReceivingKey(...)"
    with pytest.raises(TypeError):
        hash(again)


def test_fragments_are_not_shown() -> None:
    package = STORY.package(Body.MEDICAL)
    assert repr(package.kfrag) not in repr(package)
    assert repr(package.kfrag) not in repr(package.verify())
