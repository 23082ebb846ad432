"""Writers and readers against honest and dishonest bodies: what is opened is what was sealed, or nothing is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.gateway_world import NOW, YEAR, World, terms

from consent import jws
from consent.compartments import Compartment, YearSpan
from consent.errors import MalformedError
from consent.jwk import to_jwk
from consent.sealing import NewBundle
from consent.vocabulary import Body, Category, Purpose
from consent.wallet import Wallet
from services.contracts.fake_credentials import problem
from services.contracts.medical.messages import RECEIPT_TYPE, DepositAnswer, ReadAnswer
from services.contracts.oversight.messages import Accredited, OrganisationKeys, RolesChange, StandingChange
from services.contracts.oversight.register import FormerKey, Kind, Role
from services.gateway import hospital
from services.gateway.clinic import open_documents, open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.deposit_book import Kept
from services.gateway.errors import (
    DepositFileError,
    NotVerifiedError,
    PartlyDepositedError,
    RefusedError,
)
from services.gateway.hospital import DocumentNamer, deposit, link
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_randomness
from services.kit.encoding import Message
from services.kit.http import PeerUnavailableError, Token

YEARS = YearSpan(YEAR - 2, YEAR)
RECORDS = [
    ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/1", '{"薬": 1}'.encode()),
    ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/2", b'{"b":  2}'),
    ClinicalRecord("p", Category.MEDICATION, YEAR - 1, "MedicationRequest/3", b"{}"),
    ClinicalRecord("p", Category.SUMMARY, YEAR, "Condition/1", b'{"c":3}'),
]
MEDICATION = {record.content for record in RECORDS if record.category is Category.MEDICATION}


@dataclass
class Story:
    """One person, a hospital that deposited her records, and a clinic that may read her medication."""

    world: World
    enrolled: Enrolled
    hospital: Organisation
    clinic: Organisation
    at_hospital: str
    at_clinic: str

    def read(
        self, *, category: Category = Category.MEDICATION, purpose: Purpose = Purpose.TREAT
    ) -> set[bytes]:
        """Read as the clinic."""
        found = open_records(
            self.clinic, self.at_clinic, categories=frozenset({category}), years=YEARS, purpose=purpose
        )
        return {document.content for document in found}

    def lie(self, path: str, change: Callable[[Any], Any]) -> None:
        """Make the medical centre change its answers."""
        self.world(Body.MEDICAL).tamper[path] = change


def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hospital, "PART_BYTES", 1)  # each place of a person's records goes by itself


@pytest.fixture
def story(tmp_path: Path) -> Story:
    world = World(tmp_path)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.organisation("hospital-a", Kind.HOSPITAL, Role.WRITER, Role.READER)
    clinic = world.organisation("clinic-b", Kind.CLINIC, Role.READER)
    enrolled = world.person(counter)
    at_hospital = link(hospital, enrolled.person)
    deposit(hospital, at_hospital, RECORDS)
    lay_down(enrolled.person, terms("clinic-b", Category.MEDICATION))
    return Story(world, enrolled, hospital, clinic, at_hospital, link(clinic, enrolled.person))


def test_the_clinic_opens_what_the_hospital_deposited_byte_for_byte(story: Story) -> None:
    assert story.read() == MEDICATION


def test_single_documents_are_opened_by_the_names_the_deposit_gave(story: Story) -> None:
    name = DocumentNamer(story.hospital, story.at_hospital).name("MedicationRequest/2")
    (found,) = open_documents(
        story.clinic, story.at_clinic, documents=frozenset({name}), purpose=Purpose.TREAT
    )
    assert found.content == b'{"b":  2}'


def test_names_of_documents_tell_nothing_and_differ_between_people_and_hospitals(story: Story) -> None:
    other = story.world.organisation("hospital-b", Kind.HOSPITAL, Role.WRITER)
    names = {
        DocumentNamer(hospital, reference).name("Condition/1")
        for hospital in (story.hospital, other)
        for reference in (story.at_hospital, story.at_clinic)
    }
    assert len(names) == 4
    assert not any("Condition" in name for name in names)


def test_organisations_know_a_person_by_different_references(story: Story) -> None:
    assert story.at_hospital != story.at_clinic
    with pytest.raises(RefusedError) as caught:
        open_records(
            story.clinic,
            story.at_hospital,
            categories=frozenset({Category.MEDICATION}),
            years=YEARS,
            purpose=Purpose.TREAT,
        )
    assert caught.value.code == "not_found"


@pytest.mark.parametrize(
    ("category", "purpose", "code"),
    [
        (Category.SUMMARY, Purpose.TREAT, "other_category"),
        (Category.MEDICATION, Purpose.HRESCH, "other_purpose"),
    ],
)
def test_refusals_keep_their_code(story: Story, category: Category, purpose: Purpose, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        story.read(category=category, purpose=purpose)
    assert caught.value.code == code


def test_reading_ends_with_the_role_and_with_the_accreditation(story: Story) -> None:
    story.world.oversight.change_roles(
        RolesChange(organisation=story.clinic.id, id=story.clinic.credentials.operator, roles=[Role.WRITER])
    )
    story.clinic.tokens.forget()
    with pytest.raises(RefusedError) as caught:
        story.read()
    assert caught.value.code == "role_missing"
    stop(story, story.clinic.id)
    story.clinic.tokens.forget()
    with pytest.raises(RefusedError) as caught:
        story.read()
    assert caught.value.code == "invalid_client"


def test_records_stay_readable_after_their_authors_accreditation_ended(story: Story) -> None:
    stop(story, story.hospital.id)
    assert story.read() == MEDICATION


def test_documents_of_one_deposit_are_grouped_by_category_and_year(story: Story) -> None:
    (person,) = story.world.medical._known.values()
    grouped = {bundle.compartment.label: len(bundle.documents) for bundle in person.bundles}
    assert grouped == {f"medication/{YEAR}/1": 2, f"medication/{YEAR - 1}/1": 1, f"summary/{YEAR}/1": 1}


# step D2
def test_a_key_that_the_person_did_not_publish_is_not_sealed_to(story: Story) -> None:
    stranger = Wallet.create(system_randomness).publish([Compartment(Category.SUMMARY, YEAR, 1)], NOW)
    story.lie("/compartments/search", lambda told: told.model_copy(update={"publications": [stranger]}))
    with pytest.raises(NotVerifiedError, match="not signed by the person's wallet"):
        deposit(story.hospital, story.at_hospital, RECORDS)


# step D2
def test_an_outdated_key_is_not_sealed_to(story: Story) -> None:
    wallet = story.enrolled.person.wallet
    newer = wallet.publish([Compartment(Category.MEDICATION, YEAR, 2)], NOW)
    story.lie(
        "/compartments/search",
        lambda told: told.model_copy(update={"publications": [*told.publications, newer]}),
    )
    with pytest.raises(NotVerifiedError, match="newest key"):
        deposit(story.hospital, story.at_hospital, RECORDS)


def test_a_year_without_a_published_key_is_named(story: Story) -> None:
    old = ClinicalRecord("p", Category.IMAGING, 1999, "ImagingStudy/1", b"{}")
    with pytest.raises(NotVerifiedError, match="imaging/1999"):
        deposit(story.hospital, story.at_hospital, [old])


def test_a_wallet_that_the_id_centre_does_not_vouch_for_gets_nothing(story: Story) -> None:
    unvouched = {"subject": None, "wallet_key": None}
    story.world(Body.IDENTITY).tamper["/pseudonym-tokens/batch"] = lambda told: told.model_copy(
        update={"people": [each.model_copy(update=unvouched) for each in told.people]}
    )
    with pytest.raises(NotVerifiedError, match="knows no wallet"):
        deposit(story.hospital, story.at_hospital, RECORDS)


# step D7
def test_a_receipt_for_something_else_is_noticed(story: Story) -> None:
    new = [ClinicalRecord("p", Category.SUMMARY, YEAR, "Condition/9", b"{}")]
    key = story.world.signing[Body.MEDICAL]
    other = jws.sign(
        {"bundles": [], "documents": [], "log": {"index": 1}}, typ=RECEIPT_TYPE, key=key, kid="k"
    )
    story.lie("/deposits", lambda told: DepositAnswer(receipt=other, stored=told.stored))
    with pytest.raises(NotVerifiedError, match="for something else"):
        deposit(story.hospital, story.at_hospital, new)


def test_a_receipt_by_another_key_is_noticed(story: Story) -> None:
    new = [ClinicalRecord("p", Category.SUMMARY, YEAR, "Condition/9", b"{}")]
    forged = jws.sign(
        {"bundles": [], "documents": [], "log": {"index": 1}},
        typ=RECEIPT_TYPE,
        key=Ed25519PrivateKey.generate(),
        kid="k",
    )
    story.lie("/deposits", lambda told: DepositAnswer(receipt=forged, stored=told.stored))
    with pytest.raises(NotVerifiedError, match="does not verify"):
        deposit(story.hospital, story.at_hospital, new)


def _first_bundle(answer: ReadAnswer, **changes: object) -> ReadAnswer:
    first = answer.bundles[0].model_copy(update=changes)
    return answer.model_copy(update={"bundles": [first, *answer.bundles[1:]]})


LIES: dict[str, Callable[[ReadAnswer], ReadAnswer]] = {
    "fragment": lambda told: _first_bundle(
        told, fragments={body: bytes(len(cfrag)) for body, cfrag in told.bundles[0].fragments.items()}
    ),
    "one fragment only": lambda told: _first_bundle(
        told, fragments=dict(list(told.bundles[0].fragments.items())[:1])
    ),
    "another bundle's capsule": lambda told: _first_bundle(told, message_kit=told.bundles[1].message_kit),
    "another compartment": lambda told: _first_bundle(told, compartment=told.bundles[1].compartment),
    "unknown compartment": lambda told: _first_bundle(told, compartment=f"imaging/{YEAR}/9"),
    "another author": lambda told: _first_bundle(told, author="clinic-b"),
    "unknown author": lambda told: _first_bundle(told, author="nobody"),
    "another person": lambda told: _first_bundle(told, subject="x" * 43),
    "another bundle's documents": lambda told: _first_bundle(told, documents=told.bundles[1].documents),
    "changed ciphertext": lambda told: _first_bundle(
        told,
        documents=[
            each.model_copy(update={"ciphertext": bytes(len(each.ciphertext))})
            for each in told.bundles[0].documents
        ],
    ),
    "an older version's label": lambda told: _first_bundle(
        told,
        documents=[
            each.model_copy(update={"version": each.version + 1}) for each in told.bundles[0].documents
        ],
    ),
    "no publications": lambda told: told.model_copy(update={"publications": []}),
    "no notice": lambda told: told.model_copy(update={"reader_notice": "a.b.c"}),
}


# step R10
@pytest.mark.parametrize("lie", LIES)
def test_a_dishonest_answer_opens_nothing(story: Story, lie: str) -> None:
    story.lie("/reads", LIES[lie])
    with pytest.raises(NotVerifiedError):
        story.read()


def test_a_notice_for_another_recipient_opens_nothing(story: Story) -> None:
    story.world.organisation("clinic-c", Kind.CLINIC, Role.READER)
    story.world.watch.tick()
    lay_down(story.enrolled.person, terms("clinic-c", Category.MEDICATION))
    *_, other = (copy for _, copy in story.world.keepers[Body.MEDICAL].held.values())
    story.lie("/reads", lambda told: told.model_copy(update={"reader_notice": other.reader_notice}))
    with pytest.raises(NotVerifiedError, match="another recipient"):
        story.read()


def test_an_answer_in_another_form_is_named_as_such(story: Story) -> None:
    story.lie("/reads", lambda told: told.log)
    with pytest.raises(NotVerifiedError, match="another form"):
        story.read()


def new_key(story: Story, former: FormerKey) -> Organisation:
    """Give the hospital another signing key; returns the hospital that signs with it."""
    key, held = Ed25519PrivateKey.generate(), story.hospital.directory().organisation(story.hospital.id)
    assert held is not None
    story.world.oversight.change_keys(
        OrganisationKeys(
            id=held.id,
            signing_key=to_jwk(key.public_key()),
            receiving_key=held.receiving_key,
            former=former,
        )
    )
    return Organisation(
        replace(story.hospital.credentials, author_key=key), story.world, clock=story.world.watch
    )


def test_what_a_hospital_signed_with_a_former_key_stays_genuine(story: Story) -> None:
    for number in range(2):
        hospital = new_key(story, FormerKey.KEPT)
        deposit(
            hospital,
            story.at_hospital,
            [
                ClinicalRecord(
                    "p", Category.MEDICATION, YEAR, f"MedicationRequest/new{number}", b"new %d" % number
                )
            ],
        )
    assert story.read() == MEDICATION | {b"new 0", b"new 1"}


def test_documents_keep_their_names_when_the_key_changes(story: Story) -> None:
    before = DocumentNamer(story.hospital, story.at_hospital).name("MedicationRequest/2")
    hospital = new_key(story, FormerKey.KEPT)
    assert DocumentNamer(hospital, story.at_hospital).name("MedicationRequest/2") == before


def test_only_the_present_key_signs_what_is_new(story: Story) -> None:
    new_key(story, FormerKey.KEPT)
    with pytest.raises(RefusedError) as refused:
        deposit(story.hospital, story.at_hospital, RECORDS[:1])
    assert refused.value.code == "author_not_verified"


def test_what_a_distrusted_key_signed_counts_no_more(story: Story) -> None:
    hospital = new_key(story, FormerKey.DISTRUSTED)
    with pytest.raises(NotVerifiedError):
        story.read()
    held = hospital.directory().organisation(hospital.id)
    assert held is not None
    assert held.former_keys == []


def stop(story: Story, organisation: str) -> None:
    """Do what two officials decided."""
    story.world.oversight.suspend(StandingChange(kind=Accredited.ORGANISATION, id=organisation))


def test_deposit_in_parts_is_read_as_one(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    _small_parts(monkeypatch)
    more = [replace(each, name=f"{each.name}-again", content=each.content + b" ") for each in RECORDS]
    done = deposit(story.hospital, story.at_hospital, more)
    assert len(done.receipts) == len({(each.category, each.year) for each in more}) == 3
    assert story.read() == MEDICATION | {each + b" " for each in MEDICATION}


def test_nothing_is_sent_after_a_part_that_was_refused(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    _small_parts(monkeypatch)
    answers: list[int] = []

    def forge(answer: DepositAnswer) -> DepositAnswer:
        answers.append(answer.stored)
        return answer.model_copy(update={"receipt": "x.y.z"}) if len(answers) == 2 else answer

    story.lie("/deposits", forge)
    more = [replace(each, name=f"{each.name}-again") for each in RECORDS]
    with pytest.raises(PartlyDepositedError, match="1 of 3"):
        deposit(story.hospital, story.at_hospital, more)
    assert answers == [2, 1]


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("lost", ["request", "answer", "refused"])
def test_deposit_that_was_broken_off_goes_on_where_it_stopped(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str, kept: int
) -> None:
    _small_parts(monkeypatch)
    more = [replace(each, name=f"{each.name}-again", content=each.content + b" ") for each in RECORDS]
    medical, book = story.world(Body.MEDICAL), tmp_path / "book.json"
    honest = medical._routes["POST", "/deposits"]
    asked: list[DepositAnswer] = []

    def break_off(content: bytes, token: Token) -> Message:
        if len(asked) == kept and lost != "answer":
            raise problem(403, "no") if lost == "refused" else PeerUnavailableError("lost")
        answer = honest(content, token)
        if len(asked) == kept:
            raise PeerUnavailableError("lost")
        assert isinstance(answer, DepositAnswer)
        asked.append(answer)
        return answer

    medical._routes["POST", "/deposits"] = break_off
    expected = PartlyDepositedError if kept else (PeerUnavailableError, RefusedError)
    with pytest.raises(expected):
        deposit(story.hospital, story.at_hospital, more, book=book)
    assert Kept.model_validate_json(book.read_bytes()).receipts == [each.receipt for each in asked]
    assert book.stat().st_mode & 0o777 == 0o600
    medical._routes["POST", "/deposits"] = honest
    done = deposit(story.hospital, story.at_hospital, more, book=book)
    # a receipt that was lost with its answer is not given twice
    assert len(done.receipts) == 3 - kept - (lost == "answer")
    assert story.read() == MEDICATION | {each + b" " for each in MEDICATION}
    assert deposit(story.hospital, story.at_hospital, more, book=book).receipts == ()


def test_other_content_of_a_stored_document_is_no_repetition(story: Story, tmp_path: Path) -> None:
    book = tmp_path / "book.json"
    more = [replace(each, name=f"{each.name}-again") for each in RECORDS]
    deposit(story.hospital, story.at_hospital, more, book=book)
    other = [replace(more[0], content=b"{}"), *more[1:]]
    with pytest.raises(RefusedError, match="document_version"):
        deposit(story.hospital, story.at_hospital, other, book=book)
    assert all(each.content not in book.read_bytes() for each in more if len(each.content) > 2)
    book.write_bytes(book.read_bytes()[:-9])
    with pytest.raises(DepositFileError, match="damaged"):
        deposit(story.hospital, story.at_hospital, more, book=book)


def test_nothing_is_sent_of_records_that_cannot_all_be_sealed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_parts(monkeypatch)
    twice = [replace(each, name=f"{each.name}-again") for each in [*RECORDS, RECORDS[-1]]]
    with pytest.raises(MalformedError):
        deposit(story.hospital, story.at_hospital, twice)
    assert story.read() == MEDICATION


def test_receipt_of_what_is_under_way_is_kept_when_the_next_part_cannot_be_sealed(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_parts(monkeypatch)
    book, sealed = tmp_path / "book.json", count()

    def seal(*given: Any) -> NewBundle:
        if next(sealed) == 1:
            raise NotVerifiedError("not this one")
        return honest(*given)

    honest = hospital.seal
    monkeypatch.setattr(hospital, "seal", seal)
    more = [replace(each, name=f"{each.name}-again") for each in RECORDS]
    with pytest.raises(PartlyDepositedError, match="1 of 3") as broken:
        deposit(story.hospital, story.at_hospital, more, book=book)
    assert [*broken.value.receipts] == Kept.model_validate_json(book.read_bytes()).receipts
