"""Streams: what was sealed in segments opens as it was, and no other row of segments opens at all."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from Crypto.Cipher import AES
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.consent_story import CHECKUP, MEDICATION, flip, stream, tell

from consent import canonical, streams
from consent.canonical import JsonObject
from consent.errors import MalformedError, SealError, SignatureError
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.sealing import BundleMeta, ContentKey, begin_bundle
from consent.streams import LargeDocument, StreamCipher, StreamName, name_stream

PERSON = tell("streams-person")
STUDY = LargeDocument("application/dicom", "study.dcm", 40, bytes(range(7)))
SMALL = 16
"""Plain bytes of a segment in these tests: the construction is the same at every size."""


@pytest.fixture(scope="module", autouse=True)
def small_segments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "PLAIN_SEGMENT", SMALL)
        patch.setattr(streams, "SEGMENT", SMALL + 16)
        yield


def begun(name: str = "b1", **changes: Any) -> tuple[BundleMeta, ContentKey]:
    told: dict[str, Any] = {
        "subject": PERSON.wallet.subject,
        "compartment": MEDICATION,
        "compartment_key": PERSON.publication.keys[MEDICATION],
        "author": OrganisationId("hospital-a"),
        "bundle_id": BundleId(name),
        "randomness": stream(name),
    }
    return begin_bundle(**told | changes)


META, KEY = begun()


def cipher(document: str = "d1", version: int = 1, *, large: LargeDocument = STUDY) -> StreamCipher:
    return StreamCipher(KEY, META, DocumentId(document), version, large=large)


def sealed(content: bytes, by: StreamCipher | None = None) -> list[bytes]:
    return list((by or cipher()).seal(io.BytesIO(content).read))


def opened(segments: list[bytes], by: StreamCipher | None = None) -> bytes:
    return b"".join((by or cipher()).open(segments))


contents = st.binary(max_size=SMALL * 4 + 1)
several = st.binary(min_size=SMALL * 2 + 1, max_size=SMALL * 4)


@given(contents)
@example(b"")
@example(bytes(SMALL))
@example(bytes(SMALL + 1))
@example(bytes(SMALL * 3))
def test_stream_opens_as_what_was_sealed_and_has_the_size_it_is_named_by(content: bytes) -> None:
    segments = sealed(content)
    assert opened(segments) == content
    name = name_stream([sha256(each).digest() for each in segments], size=sum(map(len, segments)))
    assert name.segments == len(segments)
    assert [name.segment_size(place) for place in range(len(segments))] == [len(each) for each in segments]
    assert name.segment_size(len(segments)) == name.segment_size(-1) == 0
    assert StreamName.of(name.media_type) == name


@given(several, st.data())
def test_source_that_gives_little_at_a_time_makes_the_same_stream(
    content: bytes, data: st.DataObject
) -> None:
    source = io.BytesIO(content)

    def read(size: int) -> bytes:
        return source.read(data.draw(st.integers(1, size)))

    assert list(cipher().seal(read)) == sealed(content)


@given(contents)
def test_sealed_size_is_known_before(content: bytes) -> None:
    assert streams.sealed_size(len(content)) == sum(map(len, sealed(content)))


def test_segments_that_another_reader_sealed_are_not_the_authors() -> None:
    """Everybody who may read has the key; whoever also has the storage could put in what opens."""
    honest, forged = sealed(b"a healthy lung" * 3), sealed(b"a healthy lung" * 2 + b"another finding")
    assert opened(forged) != opened(honest)
    name = name_stream([sha256(each).digest() for each in honest], size=sum(map(len, honest)))
    assert b"".join(cipher().open(streams.signed(name, honest))) == opened(honest)
    told: list[bytes] = []
    with pytest.raises(SignatureError):
        told.extend(cipher().open(streams.signed(name, forged)))
    assert len(told) < len(forged)


@given(several, st.data())
def test_no_other_row_of_segments_opens(content: bytes, data: st.DataObject) -> None:
    """Cut off, exchanged, doubled, left out, put in from another stream, one bit changed."""
    segments, other = sealed(content), sealed(content[::-1] + b"x", cipher("d2"))
    place = data.draw(st.integers(0, len(segments) - 1))
    second = data.draw(st.integers(0, len(segments) - 1).filter(lambda each: each != place))
    swapped = list(segments)
    swapped[place], swapped[second] = swapped[second], swapped[place]
    spoiled = [
        segments[:place],
        swapped,
        [*segments[: place + 1], segments[place], *segments[place + 1 :]],
        segments[:place] + segments[place + 1 :],
        [*segments[:place], other[min(place, len(other) - 1)], *segments[place + 1 :]],
        [*segments, segments[place]],
        [*segments, other[-1]],
        [*segments[:place], flip(segments[place], data.draw(st.integers(0))), *segments[place + 1 :]],
        [*segments[:-1], segments[-1][:-1]],
        [*segments[:place], segments[place] + b"\0", *segments[place + 1 :]],
        [b"".join(segments)],
        [],
    ]
    for row in spoiled:
        with pytest.raises(SealError):
            opened(row)


def test_stream_that_ends_with_an_empty_segment_does_not_open() -> None:
    """Every content has one form: who could choose between two could mark a document unseen."""
    own = cipher()
    first = own._cipher.encrypt(own._nonce(0, last=False), bytes(SMALL), own._header)
    end = own._cipher.encrypt(own._nonce(1, last=True), b"", own._header)
    with pytest.raises(SealError):
        opened([first, end])


LABELS: list[Callable[[], StreamCipher]] = [
    lambda: cipher("d2"),
    lambda: cipher(version=2),
    lambda: cipher(large=replace(STUDY, media_type="text/html")),
    lambda: cipher(large=replace(STUDY, name="other.dcm")),
    lambda: cipher(large=replace(STUDY, size=41)),
    lambda: cipher(large=replace(STUDY, prefix=bytes(7))),
    *(
        lambda changes=changes: StreamCipher(KEY, replace(META, **changes), DocumentId("d1"), 1, large=STUDY)
        for changes in (
            {"id": BundleId("b2")},
            {"author": OrganisationId("hospital-x")},
            {"compartment": CHECKUP},
            {"subject": tell("streams-other").wallet.subject},
        )
    ),
    lambda: StreamCipher(begun("b3")[1], META, DocumentId("d1"), 1, large=STUDY),
]


@pytest.mark.parametrize("label", LABELS)
def test_relabelled_stream_does_not_open(label: Callable[[], StreamCipher]) -> None:
    with pytest.raises(SealError):
        opened(sealed(b"a study"), label())


def test_stream_is_what_its_description_says_by_another_implementation() -> None:
    """Fixes the form: another key derivation, nonce or header would leave what is stored unreadable."""
    key = ContentKey(bytes(32))
    own: JsonObject = {"format": "sekisho-sealed-stream/1", "document": "d1", "version": 1}
    derived = HKDF(SHA256(), 32, salt=None, info=canonical.encode(own)).derive(bytes(32))
    header: JsonObject = {
        **own,
        "subject": META.subject,
        "compartment": "medication/2026/1",
        "bundle": "b1",
        "author": "hospital-a",
        "media_type": "application/dicom",
        "name": "study.dcm",
        "size": 40,
    }
    content, expected = bytes(range(40)), []
    for number, last in enumerate((0, 0, 1)):
        nonce = STUDY.prefix + bytes([0, 0, 0, number, last])
        plain = AES.new(derived, AES.MODE_GCM, nonce=nonce)
        plain.update(sha256(canonical.encode(header)).digest())
        expected.append(b"".join(plain.encrypt_and_digest(content[number * SMALL : (number + 1) * SMALL])))
    assert sealed(content, StreamCipher(key, META, DocumentId("d1"), 1, large=STUDY)) == expected


@given(st.integers(0, 2**40), st.sampled_from(["a", "検査画像.dcm", "x" * 255]))
def test_what_stands_for_a_stream_is_read_as_it_was_written(size: int, name: str) -> None:
    large = LargeDocument("image/x-anything+zip", name, size, bytes(7))
    assert LargeDocument.from_content(large.to_content()) == large


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"resourceType":"Observation"}',
        STUDY.to_content() + b" ",
        STUDY.to_content().replace(b"study.dcm", b"../study"),
        STUDY.to_content().replace(b"study.dcm", b""),
        STUDY.to_content().replace(b"40", b"-1"),
        STUDY.to_content().replace(b"40", b"true"),
        STUDY.to_content().replace(b"application/dicom", b"dicom"),
    ],
)
def test_what_stands_for_no_stream_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        LargeDocument.from_content(content)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.sekisho.stream",
        f"application/vnd.sekisho.stream; digest={'A' * 43}; bytes=15",
        f"application/vnd.sekisho.stream; digest={'A' * 43}; bytes={SMALL + 16 + 1}",
        f"application/vnd.sekisho.stream; digest={'A' * 43}; bytes={2 * (SMALL + 16) - SMALL}",
        f"application/vnd.sekisho.stream; digest={'A' * 42}B; bytes=16",
        f"application/vnd.sekisho.stream; digest={'A' * 43}; bytes=016",
    ],
)
def test_name_that_no_stream_has_is_refused(media_type: str) -> None:
    with pytest.raises(MalformedError):
        StreamName.of(media_type)
    assert StreamName.of("application/fhir+json") is None


class Relay(RuleBasedStateMachine):
    """Whoever carries segments can do anything to them: a reader gets the content, or is told that it did not."""

    @initialize(content=several)
    def seal(self, content: bytes) -> None:
        self.content, self.row = content, sealed(content)
        self.honest = list(self.row)

    @precondition(lambda self: len(self.row) > 1)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        taken = self.row.pop(data.draw(st.integers(0, len(self.row) - 1)))
        self.row.insert(data.draw(st.integers(0, len(self.row))), taken)

    @precondition(lambda self: self.row)
    @rule(data=st.data())
    def repeat_or_drop(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.row) - 1))
        if data.draw(st.booleans()):
            self.row.insert(place, self.row[place])
        else:
            self.row.pop(place)

    @rule()
    def open(self) -> None:
        told: list[bytes] = []
        complete = False
        with suppress(SealError):
            for part in cipher().open(iter(self.row)):
                told.append(part)
            complete = True
        assert complete == (self.row == self.honest)
        assert self.content.startswith(b"".join(told))


TestRelay = Relay.TestCase
TestRelay.settings = settings(max_examples=40, stateful_step_count=10, deadline=None)
