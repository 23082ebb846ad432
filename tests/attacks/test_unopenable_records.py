"""R10: a writer who seals what nobody opens locks nobody out of the person's other records."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.gateway_world import YEAR, World, terms

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.identifiers import BundleId, DocumentId
from consent.sealing import ContentKey, NewBundle, PlainDocument, begin_bundle, complete_bundle
from consent.streams import LargeDocument, StreamCipher
from consent.vocabulary import Body, Category, Purpose
from consent.wallet import Wallet
from services.contracts.medical.messages import OwnRecords, ReadAnswer
from services.contracts.oversight.register import Kind, Role
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.errors import NotVerifiedError
from services.gateway.hospital import FHIR_JSON, deposit, find_keys, hand_over, link
from services.gateway.large_documents import _Upload, unwatched
from services.gateway.large_reading import find_large
from services.gateway.organisation import Organisation
from services.gateway.own_records import own_records
from services.gateway.patience import PATIENT
from services.gateway.person import Person
from services.gateway.unopened import Unopened
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_randomness

PLACE = (Category.MEDICATION, YEAR)
GOOD = b'{"resourceType":"MedicationRequest"}'
DEEP = b"[" * 200_000
ASKED = {
    "categories": frozenset({Category.MEDICATION}),
    "years": YearSpan(YEAR, YEAR),
    "purpose": Purpose.TREAT,
}


@dataclass
class Scene:
    """A person with one good record of a hospital, a clinic that reads, and a hospital that means harm."""

    world: World
    person: Person
    clinic: Organisation
    at_clinic: str
    harmful: Organisation
    at_harmful: str

    def own(self) -> tuple[list[bytes], list[Unopened]]:
        """Return what the person opens, and what was left out."""
        left: list[Unopened] = []
        return [each.document.content for each in own_records(self.person, left_out=left.append)], left

    def read(self) -> list[bytes]:
        """Read as the clinic."""
        return [each.content for each in open_records(self.clinic, self.at_clinic, **ASKED)]  # type: ignore[arg-type]  # of one kind each

    def bundle(
        self, *, key: bytes | None = None, other: ContentKey | None = None, large: bytes | None = None
    ) -> NewBundle:
        """Seal as the harmful hospital, to another key or with another content key than is in the kit."""
        own = self.harmful
        known = find_keys(own, own.name_person(self.at_harmful, Body.MEDICAL), [PLACE])
        compartment, theirs = known.keys[PLACE]
        meta, content_key = begin_bundle(
            subject=known.subject,
            compartment=compartment,
            compartment_key=key or theirs,
            author=own.id,
            bundle_id=BundleId(base64url.encode(system_randomness(16))),
            randomness=system_randomness,
        )
        plain = PlainDocument(DocumentId("harm"), 1, FHIR_JSON, b"{}")
        if large is not None:
            file = self.world.folder / "file"
            file.write_bytes(b"content")
            told = LargeDocument("application/dicom", "file", 7, system_randomness(7))
            cipher = StreamCipher(content_key, meta, plain.id, 1, large=told)
            name = _Upload(own, PATIENT, unwatched).send(file, cipher, told)
            plain = PlainDocument(plain.id, 1, name.media_type, large)
        return complete_bundle(
            meta, other or content_key, [plain], author_key=own.author_key, randomness=system_randomness
        )

    def deposited(self, bundle: NewBundle) -> None:
        """Deposit it."""
        hand_over(self.harmful, self.harmful.name_person(self.at_harmful, Body.MEDICAL), [bundle])


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    world = World(tmp_path)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.organisation("hospital", Kind.HOSPITAL, Role.WRITER)
    harmful = world.organisation("harmful", Kind.HOSPITAL, Role.WRITER)
    clinic = world.organisation("clinic", Kind.CLINIC, Role.READER)
    world.watch.tick()
    person = world.person(counter).person
    deposit(hospital, link(hospital, person), [ClinicalRecord("p", *PLACE, "MedicationRequest/1", GOOD)])
    lay_down(person, terms("clinic", Category.MEDICATION))
    return Scene(world, person, clinic, link(clinic, person), harmful, link(harmful, person))


def to_nobody(scene: Scene) -> NewBundle:
    stranger = Wallet.create(system_randomness)
    return scene.bundle(key=stranger.compartment_public_key(Compartment(*PLACE, 1)))


def with_another_key(scene: Scene) -> NewBundle:
    return scene.bundle(other=ContentKey(bytes(32)))


@pytest.mark.parametrize("seal", [to_nobody, with_another_key])
def test_record_that_its_writer_sealed_to_nobody_keeps_no_other_shut(
    scene: Scene, seal: Callable[[Scene], NewBundle], caplog: pytest.LogCaptureFixture
) -> None:
    """T2-2, and LD5: one accredited writer would lock a person's records, for readers in an emergency, too."""
    scene.deposited(seal(scene))
    assert scene.read() == [GOOD]
    assert "harmful sealed it so that no key" in caplog.text
    opened, left = scene.own()
    assert opened == [GOOD]
    assert [(each.document, each.author, each.compartment.year) for each in left] == [
        ("harm", "harmful", YEAR)
    ]


@pytest.mark.parametrize("content", [b"{}", DEEP, b"\xff"])
def test_large_document_that_says_nothing_keeps_no_other_shut(scene: Scene, content: bytes) -> None:
    scene.deposited(scene.bundle(large=content))
    assert find_large(scene.clinic, scene.at_clinic, **ASKED) == []  # type: ignore[arg-type]  # as above
    opened, left = scene.own()
    assert (opened, [each.document for each in left]) == ([GOOD], ["harm"])


def test_what_its_writer_did_not_seal_so_is_the_medical_centres_doing_and_opens_nothing(scene: Scene) -> None:
    """IT5: a row that somebody changed is not passed over as its writer's fault."""
    scene.deposited(scene.bundle())

    def changed(answer: ReadAnswer | OwnRecords) -> object:
        bundles = list(answer.bundles)
        bundles[-1] = bundles[-1].model_copy(update={"message_kit": bundles[0].message_kit})
        return answer.model_copy(update={"bundles": bundles})

    for path in ("/reads", "/own-records"):
        scene.world(Body.MEDICAL).tamper[path] = changed
    with pytest.raises(NotVerifiedError):
        scene.read()
    with pytest.raises(NotVerifiedError):
        scene.own()
