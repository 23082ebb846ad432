"""What the medical centre promises about large documents, kept by the real one and by its fake alike."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from support.medical_bench import Bench, ByTerminal, FakeBench, RealBench
from support.medical_story import ALL, documents, seal, sealed_parts
from support.medical_world import CLINIC, HOSPITAL, OTHER_HOSPITAL, Someone, World
from support.streams import IMAGING, STUDY, Study, study, upload

from consent.compartments import YearSpan
from consent.delegation import open_shared
from consent.directives import Grant
from consent.identifiers import BundleId, DirectiveId, DocumentId, OrganisationId
from consent.notices import UnverifiedReaderNotice
from consent.publication import verify_publication
from consent.sealing import BundleMeta, PlainDocument, SealedDocument, complete_bundle, open_document
from consent.statements import DocumentSelection
from consent.streams import SEGMENT, LargeDocument, StreamCipher, StreamName
from consent.terms import Effect, RecordScope
from consent.vocabulary import Body, Category
from services.contracts.medical.messages import AskOwnSegment, OwnRecordsRequest, ReadAnswer
from services.contracts.medical.streams import AskSegment, BeginUpload, CompleteUpload, Streams, StreamsClient
from services.kit.clock import system_randomness
from services.kit.http import RemoteProblemError, Token

ASKED = DocumentSelection(frozenset({DocumentId("study")}))


class Scene:
    """A person with keys for images, and the centre's side of large documents."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.streams: Streams = (
            bench.fake.streams
            if isinstance(bench, FakeBench)
            else ByTerminal(bench, lambda member: StreamsClient(bench.running.http(member)))
        )
        bench.publish([*ALL, IMAGING])

    def token(self, member: OrganisationId = HOSPITAL) -> Token:
        """Return an operator's token."""
        return self.bench.operator(member)

    def deposited(self) -> Study:
        """Upload and deposit a study."""
        made = study(self.bench.person)
        upload(self.streams, made, token=self.token())
        self.bench.deposit(made.bundle(self.bench.world))
        return made

    def permitted(self) -> tuple[Grant, DirectiveId]:
        """Let the clinic read images."""
        scope = RecordScope(frozenset({Category.IMAGING}), YearSpan(2024, 2026))
        terms = self.bench.world.terms(CLINIC, scope=scope)
        grant = self.bench.world.grant(self.bench.person, terms, compartments=[IMAGING])
        return grant, self.bench.permit(grant)

    def read(self) -> ReadAnswer:
        """Read the study's document as the clinic."""
        return self.bench.read(selection=ASKED)

    def segment(self, ticket: str, number: int, member: OrganisationId = CLINIC) -> bytes:
        """Fetch a segment."""
        return self.streams.segment(AskSegment(ticket=ticket, number=number), token=self.token(member))


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with World(tmp_path).running() as running:
        made: Bench = request.param(running)
        made.enrol(made.person)
        yield Scene(made)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def opened(scene: Scene, answer: ReadAnswer) -> bytes:
    """R9, R10 and R10s as the clinic does."""
    world, wallet = scene.bench.world, scene.bench.person.wallet
    public, subject = wallet.public_jwk(Body.MEDICAL), wallet.subject
    (bundle,) = answer.bundles
    (told,) = bundle.documents
    meta = BundleMeta(
        id=BundleId(bundle.id),
        subject=subject,
        compartment=IMAGING,
        message_kit=bundle.message_kit,
        author=OrganisationId(bundle.author),
    )
    sealed = SealedDocument(
        DocumentId(told.id), told.version, told.media_type, told.nonce, told.ciphertext, told.signature
    )
    key = open_shared(
        meta,
        publication=verify_publication(answer.publications[0], public, subject),
        notice=UnverifiedReaderNotice(answer.reader_notice).verify(public, subject),
        fragments=dict(bundle.fragments),
        receiving_key=world.members[CLINIC].receiving_key,
    )
    author = world.members[HOSPITAL].keys.ed25519("author").public_key()
    document = open_document(key, bundle=meta, document=sealed, author_key=author)
    large, name = LargeDocument.from_content(document.content), StreamName.of(document.media_type)
    assert name is not None
    cipher = StreamCipher(key, meta, document.id, document.version, large=large)
    ticket = answer.tickets[document.id]
    return b"".join(cipher.open(scene.segment(ticket, each) for each in range(name.segments)))


def test_reader_who_is_permitted_gets_the_study_as_it_was_sealed(scene: Scene) -> None:
    scene.deposited()
    scene.permitted()
    assert opened(scene, scene.read()) == STUDY


def test_upload_goes_on_where_it_broke_off(scene: Scene) -> None:
    made, token = study(scene.bench.person), scene.token()
    began = scene.streams.begin(BeginUpload(size=made.name.size), token=token)
    assert (began.missing, began.segment_bytes) == ([0, 1, 2], SEGMENT)
    kept = scene.streams.put(began.upload, 1, made.segments[1], token=token)
    assert kept.digest == sha256(made.segments[1]).hexdigest()
    assert scene.streams.put(began.upload, 1, made.segments[1], token=token) == kept
    assert scene.streams.state(began.upload, token=token).missing == [0, 2]
    digest = CompleteUpload(digest=made.name.digest)
    assert refused(lambda: scene.streams.complete(began.upload, digest, token=token)) == (
        409,
        "upload_incomplete",
    )
    for number in (2, 0):
        scene.streams.put(began.upload, number, made.segments[number], token=token)
    scene.streams.complete(began.upload, digest, token=token)
    scene.bench.deposit(made.bundle(scene.bench.world))


def test_segments_of_another_size_or_number_are_refused(scene: Scene) -> None:
    made, token = study(scene.bench.person), scene.token()
    began = scene.streams.begin(BeginUpload(size=made.name.size), token=token).upload
    first, last = made.segments[0], made.segments[2]
    for number, content in ((0, first[:-1]), (0, b""), (0, last), (2, first), (2, last + b"x")):
        assert refused(lambda n=number, c=content: scene.streams.put(began, n, c, token=token)) == (  # type: ignore[misc]  # bound now
            400,
            "segment_size",
        )
    assert refused(lambda: scene.streams.put(began, 3, last, token=token)) == (404, "segment_unknown")
    scene.streams.put(began, 0, first, token=token)
    assert refused(lambda: scene.streams.put(began, 0, first[::-1], token=token)) == (409, "segment_known")
    assert scene.streams.state(began, token=token).missing == [1, 2]


@pytest.mark.parametrize("size", [15, 1, SEGMENT + 1, SEGMENT + 16])
def test_size_that_no_stream_has_is_refused(scene: Scene, size: int) -> None:
    assert refused(lambda: scene.streams.begin(BeginUpload(size=size), token=scene.token())) == (
        400,
        "malformed_request",
    )


def test_document_over_the_limit_and_uploads_over_the_quota_are_refused(scene: Scene) -> None:
    """16 documents of 2 GiB may wait to be deposited, not one segment more; another organisation has its own quota."""
    largest = 2 * 1024**3
    over = BeginUpload(size=largest + 17)
    assert refused(lambda: scene.streams.begin(over, token=scene.token())) == (413, "upload_too_large")
    for _ in range(8):
        scene.streams.begin(BeginUpload(size=largest), token=scene.token())
    assert refused(lambda: scene.streams.begin(BeginUpload(size=16), token=scene.token())) == (
        409,
        "upload_quota",
    )
    scene.streams.begin(BeginUpload(size=largest), token=scene.token(OTHER_HOSPITAL))


def test_wrong_digest_ends_the_upload_and_nothing_can_be_deposited(scene: Scene) -> None:
    made, token = study(scene.bench.person), scene.token()
    began = scene.streams.begin(BeginUpload(size=made.name.size), token=token).upload
    for number, segment in enumerate((made.segments[1], made.segments[0], made.segments[2])):  # exchanged
        scene.streams.put(began, number, segment, token=token)
    digest = CompleteUpload(digest=made.name.digest)
    assert refused(lambda: scene.streams.complete(began, digest, token=token)) == (409, "upload_digest")
    assert refused(lambda: scene.streams.state(began, token=token)) == (404, "upload_unknown")
    bundle = made.bundle(scene.bench.world)
    assert refused(lambda: scene.bench.deposit(bundle)) == (409, "stream_missing")


def test_upload_is_its_organisations_only(scene: Scene) -> None:
    made = study(scene.bench.person)
    began = scene.streams.begin(BeginUpload(size=made.name.size), token=scene.token()).upload
    other = scene.token(OTHER_HOSPITAL)
    digest = CompleteUpload(digest=made.name.digest)
    for call in (
        lambda: scene.streams.put(began, 0, made.segments[0], token=other),
        lambda: scene.streams.state(began, token=other),
        lambda: scene.streams.complete(began, digest, token=other),
        lambda: scene.streams.state("unknown", token=scene.token()),
    ):
        assert refused(call) == (404, "upload_unknown")
    for call in (
        lambda: scene.streams.begin(BeginUpload(size=16), token=scene.token(CLINIC)),
        lambda: scene.streams.begin(BeginUpload(size=16), token=scene.bench.own()),
    ):
        assert refused(call) == (403, "forbidden")


def test_document_stands_for_what_its_own_author_uploaded_completely_and_only_once(scene: Scene) -> None:
    made = study(scene.bench.person)
    bundle = made.bundle(scene.bench.world)
    assert refused(lambda: scene.bench.deposit(bundle)) == (409, "stream_missing")
    began = scene.streams.begin(BeginUpload(size=made.name.size), token=scene.token()).upload
    for number, segment in enumerate(made.segments):
        scene.streams.put(began, number, segment, token=scene.token())
    assert refused(lambda: scene.bench.deposit(bundle)) == (409, "stream_missing")
    scene.streams.complete(began, CompleteUpload(digest=made.name.digest), token=scene.token())
    foreign = study(scene.bench.person, author=OTHER_HOSPITAL, document="other")
    stolen = foreign.bundle(scene.bench.world, name=made.name)
    assert refused(lambda: scene.bench.deposit(stolen, member=OTHER_HOSPITAL)) == (409, "stream_missing")
    scene.bench.deposit(bundle)
    again = study(scene.bench.person, document="again").bundle(scene.bench.world, name=made.name)
    assert refused(lambda: scene.bench.deposit(again)) == (409, "stream_missing")
    assert refused(lambda: scene.streams.state(began, token=scene.token())) == (404, "upload_unknown")


def test_two_documents_of_one_deposit_do_not_share_an_upload(scene: Scene) -> None:
    made, world = study(scene.bench.person), scene.bench.world
    upload(scene.streams, made, token=scene.token())
    plain = [
        PlainDocument(DocumentId(name), 1, made.name.media_type, made.large.to_content())
        for name in ("study", "study-2")
    ]
    key = world.members[HOSPITAL].keys.ed25519("author")
    both = complete_bundle(made.meta, made.key, plain, author_key=key, randomness=system_randomness)
    assert refused(lambda: scene.bench.deposit(both)) == (409, "stream_missing")
    scene.bench.deposit(made.bundle(world))


def test_media_type_of_a_stream_that_names_none_is_refused(scene: Scene) -> None:
    plain = [PlainDocument(DocumentId("d"), 1, "application/vnd.sekisho.stream; bytes=1", b"{}")]
    bundle = seal(scene.bench.world, scene.bench.person, plain, compartment=IMAGING)
    assert refused(lambda: scene.bench.deposit(bundle)) == (400, "malformed_request")


def test_ticket_is_its_readers_only_and_for_segments_that_are_there(scene: Scene) -> None:
    scene.deposited()
    scene.permitted()
    ticket = scene.read().tickets["study"]
    assert len(scene.segment(ticket, 0)) == SEGMENT
    assert refused(lambda: scene.segment(ticket, 0, HOSPITAL)) == (403, "stream_ticket")
    assert refused(lambda: scene.segment(ticket[:-2] + "AA", 0)) == (403, "stream_ticket")
    assert refused(lambda: scene.segment(ticket, 3)) == (404, "segment_unknown")


def test_no_segment_leaves_after_the_withdrawal_was_acknowledged(scene: Scene) -> None:
    """SC2 for a document whose sending takes long: what is not sent yet stays."""
    scene.deposited()
    grant, directive = scene.permitted()
    ticket = scene.read().tickets["study"]
    scene.segment(ticket, 0)
    scene.bench.withdraw(grant, directive)
    assert refused(lambda: scene.segment(ticket, 1)) == (403, "withdrawn_in_flight")
    assert refused(scene.read) == (403, "withdrawn")


def test_no_segment_leaves_after_the_person_said_no(scene: Scene) -> None:
    """SC2: a refusal that comes while the study is on its way holds at once, though the permission stands."""
    scene.deposited()
    scene.permitted()
    ticket = scene.read().tickets["study"]
    scene.segment(ticket, 0)
    scope = RecordScope(frozenset({Category.IMAGING}), YearSpan(2026, 2026))
    terms = scene.bench.world.terms(CLINIC, scope=scope, effect=Effect.DENY)
    scene.bench.permit(scene.bench.world.grant(scene.bench.person, terms, compartments=[]))
    assert refused(lambda: scene.segment(ticket, 1)) == (403, "denied_by_person")


def test_small_documents_have_no_ticket(scene: Scene) -> None:
    scene.bench.deposit(seal(scene.bench.world, scene.bench.person, documents(1), compartment=IMAGING))
    scene.permitted()
    answer = scene.bench.read(selection=DocumentSelection(frozenset({DocumentId("doc-0")})))
    assert (len(answer.bundles), answer.tickets) == (1, {})


def test_person_opens_their_own_study_segment_by_segment(scene: Scene) -> None:
    """No permission, no ticket: the person's own token and wallet are enough, and nobody else's."""
    bench, made = scene.bench, scene.deposited()

    def segment(number: int, someone: Someone | None = None) -> bytes:
        asked = AskOwnSegment(document="study", version=1, number=number)
        return bench.centre.own_segment(asked, token=bench.own(someone)).content

    (bundle,) = bench.centre.own_records(OwnRecordsRequest(), token=bench.own()).bundles
    meta, (sealed,) = sealed_parts(bundle)
    wallet, author = bench.person.wallet, bench.world.members[HOSPITAL].keys.ed25519("author").public_key()
    (document,) = wallet.open_own(meta, [sealed], author_key=author)
    large, name = LargeDocument.from_content(document.content), StreamName.of(document.media_type)
    assert name is not None
    cipher = StreamCipher(wallet.own_key(meta), meta, document.id, document.version, large=large)
    assert b"".join(cipher.open(segment(each) for each in range(name.segments))) == STUDY
    assert refused(lambda: segment(len(made.segments))) == (404, "segment_unknown")
    other = Someone("jiro")
    bench.enrol(other)
    assert refused(lambda: segment(0, other)) == (404, "segment_unknown")


def test_segments_of_what_was_set_apart_are_not_the_persons(scene: Scene) -> None:
    """LN: they are somebody else's."""
    made = study(scene.bench.person)
    upload(scene.streams, made, token=scene.token())
    scene.bench.deposit(made.bundle(scene.bench.world), link="wrong")
    scene.bench.set_apart("wrong")
    asked = AskOwnSegment(document="study", version=1, number=0)
    found = refused(lambda: scene.bench.centre.own_segment(asked, token=scene.bench.own()))
    assert found == (404, "segment_unknown")
