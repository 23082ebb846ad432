"""What receptions rely on of the ID centre and the registry: the same on the honest fakes and on the real ones."""

from dataclasses import dataclass
from hashlib import sha256

import pytest
from support.identity_people import IDENTITY, REGISTRY, Holder, Participant, some_items
from support.identity_wire import refused
from support.identity_world import World
from support.patients import NUMBER, by_document, by_photo, by_pin, confirmation, link

from consent import base64url, jws
from consent.vocabulary import Body
from services.contracts.identity.messages import (
    CardChange,
    DisownLink,
    LinkFault,
    LinkPatient,
    RequestPseudonymTokens,
    UndoLink,
)
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import (
    ELIGIBILITY_TYPE,
    AskEligibility,
    EligibilityClaims,
    Membership,
    RegisterMembership,
    RegisterResident,
)

INSURED = Membership(
    insurer_number="13800001", symbol="千代田", number="12", valid_from="2020-04-01", valid_until="2099-03-31"
)


@dataclass(frozen=True)
class Scene:
    """A municipality, a clinic, another clinic, and somebody with a card."""

    world: World
    city: Participant
    clinic: Participant
    other: Participant
    holder: Holder

    def insure(self, membership: Membership) -> None:
        """Enter the holder's insurance at the municipality."""
        message = RegisterMembership(
            token=self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=self.city),
            membership=membership,
        )
        token = self.world.operator_token(self.city, REGISTRY)
        self.world.registry(self.city).register_membership(message, token=token)

    def eligible(self, token: str, *, at: Participant) -> EligibilityClaims:
        """Ask for eligibility and verify the answer."""
        asked = self.world.registry(at).eligibility(
            AskEligibility(token=token), token=self.world.operator_token(at, REGISTRY)
        )
        key = self.world.register.directory().signing_key(Body.REGISTRY)
        payload = jws.verify(asked.eligibility, typ=ELIGIBILITY_TYPE, key=key).payload
        told = EligibilityClaims.model_validate_json(payload)
        assert told.question == base64url.encode(sha256(token.encode()).digest())
        assert told.organisation == at.organisation
        return told

    def medical(self, reference: str, *, at: Participant) -> str:
        """Return whom a reference of an organisation names to the medical centre."""
        return self.world.named(self.world.name(reference, Body.MEDICAL, to=at), Body.MEDICAL, to=at)


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    clinic = world.accredit("clinic", Kind.CLINIC, Role.READER, Role.WRITER)
    other = world.accredit("other-clinic", Kind.CLINIC, Role.READER)
    return Scene(world, city, clinic, other, world.holder(city))


def test_card_with_pin_photo_and_document_all_name_the_same_person(scene: Scene) -> None:
    world, clinic = scene.world, scene.clinic
    told = [
        link(world, clinic, message)
        for message in (
            by_pin(world, scene.holder, clinic),
            by_photo(world, scene.holder, clinic),
            by_document(world, clinic),
        )
    ]
    assert len({each.link for each in told}) == len({each.reference for each in told}) == 1
    by_card_alone = world.link(scene.holder, clinic)
    assert by_card_alone != told[0].reference
    assert scene.medical(told[0].reference, at=clinic) == scene.medical(by_card_alone, at=clinic)


def test_wrong_birth_date_links_nothing_and_says_which_item_is_wrong(scene: Scene) -> None:
    """UC10: somebody's card at another patient's number."""
    message = by_pin(scene.world, scene.holder, scene.clinic, birth_date="1984-03-01")
    with refused("identity_mismatch", 403) as found:
        link(scene.world, scene.clinic, message)
    assert found.value.members["items"] == ["birth_date"]
    other = by_pin(scene.world, scene.holder, scene.clinic, name="山田 花代", birth_date="1984-03-01")
    with refused("identity_mismatch", 403) as found:
        link(scene.world, scene.clinic, other)
    assert found.value.members["items"] == ["birth_date", "name"]


def test_number_of_somebody_else_is_not_linked_again(scene: Scene) -> None:
    link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    somebody = scene.world.holder(scene.city)  # of the same name and birth date
    with refused("patient_number_taken", 409):
        link(scene.world, scene.clinic, by_pin(scene.world, somebody, scene.clinic))
    scene.world.identity(scene.clinic).link_patient(
        by_pin(scene.world, somebody, scene.clinic, patient_number="P-0002"),
        token=scene.world.operator_token(scene.clinic, IDENTITY),
    )


def test_without_card_nobody_and_several_are_answered_alike(scene: Scene) -> None:
    nobody = by_document(scene.world, scene.clinic, name="存在 しない")
    with refused("identity_mismatch", 403) as none:
        link(scene.world, scene.clinic, nobody)
    scene.world.holder(scene.city)
    with refused("identity_mismatch", 403) as several:
        link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))
    assert none.value.members["items"] == several.value.members["items"] == []
    assert none.value.detail == several.value.detail


def test_name_counts_in_any_width(scene: Scene) -> None:
    link(scene.world, scene.clinic, by_document(scene.world, scene.clinic, name=" 山田　花子 "))


def test_after_a_change_of_name_the_new_one_is_found_and_the_old_one_is_not(scene: Scene) -> None:
    world = scene.world
    changed = some_items().model_copy(update={"name": "海野 花子"})
    token = world.name(scene.holder.enrolled.reference, Body.REGISTRY, to=scene.city)
    world.registry(scene.city).change(
        RegisterResident(token=token, items=changed), token=world.operator_token(scene.city, REGISTRY)
    )
    with refused("identity_mismatch", 403):
        link(world, scene.clinic, by_document(world, scene.clinic))
    link(world, scene.clinic, by_document(world, scene.clinic, name="海野 花子"))


def test_reference_of_a_patient_means_nothing_to_another_organisation(scene: Scene) -> None:
    told = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    message = RequestPseudonymTokens(reference=told.reference, bodies=[Body.MEDICAL])
    with refused("not_found", 404):
        scene.world.identity(scene.other).pseudonym_tokens(
            message, token=scene.world.operator_token(scene.other, IDENTITY)
        )


@pytest.mark.parametrize("member", ["organisation", "operator", "terminal", "patient_number"])
def test_confirmation_for_something_else_is_refused(scene: Scene, member: str) -> None:
    signed = confirmation(scene.world, scene.clinic, **{member: "another"})
    message = by_pin(scene.world, scene.holder, scene.clinic, confirmation=signed)
    with refused("confirmation_refused", 403):
        link(scene.world, scene.clinic, message)


def test_confirmation_by_another_operator_is_refused(scene: Scene) -> None:
    message = by_pin(scene.world, scene.holder, scene.clinic)
    told = scene.clinic
    forged = Participant(
        told.organisation,
        told.operator,
        told.terminal,
        scene.other.card_key,
        told.terminal_key,
        told.certificate,
    )
    signed = confirmation(scene.world, forged)
    with refused("confirmation_refused", 403):
        link(scene.world, told, message.model_copy(update={"confirmation": signed}))


def test_card_without_the_staffs_matching_word_is_refused(scene: Scene) -> None:
    """A PIN check without the card's signature, a document that is none, a photo of no card."""
    world, clinic = scene.world, scene.clinic
    for members in (
        {"check": "pin"},
        {"check": "document", "document": "library_card"},
        {"check": "document"},
        {"check": "photo"},
        {"check": "smile"},
    ):
        message = by_document(world, clinic, confirmation=confirmation(world, clinic, **members))
        with refused("confirmation_refused", 403):
            link(world, clinic, message)


def test_confirmation_and_presentation_count_once(scene: Scene) -> None:
    message = by_pin(scene.world, scene.holder, scene.clinic)
    link(scene.world, scene.clinic, message)
    with refused("replayed", 409):
        link(scene.world, scene.clinic, message)


@pytest.mark.parametrize("shown", ["pin", "photo", "document"])
def test_one_card_shown_once_does_not_go_through_birth_dates(scene: Scene, shown: str) -> None:
    """LN4: which items are wrong is told, so each question needs the card, and the staff's word, anew."""
    world, clinic = scene.world, scene.clinic
    messages = {
        "pin": lambda: by_pin(world, scene.holder, clinic),
        "photo": lambda: by_photo(world, scene.holder, clinic),
        "document": lambda: by_document(world, clinic),
    }
    message = messages[shown]()
    with refused("identity_mismatch", 403):
        link(world, clinic, message.model_copy(update={"birth_date": "1984-02-28"}))
    with refused("replayed", 409):
        link(world, clinic, message)
    link(world, clinic, messages[shown]())


def test_suspended_card_is_no_evidence(scene: Scene) -> None:
    scene.world.change_card(scene.city, scene.holder, CardChange.SUSPEND)
    for message in (
        by_pin(scene.world, scene.holder, scene.clinic),
        by_photo(scene.world, scene.holder, scene.clinic),
    ):
        with refused("presentation_refused", 403):
            link(scene.world, scene.clinic, message)


def test_only_who_treats_people_links_patients(scene: Scene) -> None:
    bank = scene.world.accredit("bank", Kind.BANK, Role.CONFIRMER)
    with refused("role_missing", 403):
        link(scene.world, bank, by_pin(scene.world, scene.holder, bank))


def test_insured_person_is_eligible_on_the_days_of_the_membership(scene: Scene) -> None:
    told = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    answer = scene.eligible(told.eligibility_token, at=scene.clinic)
    assert (answer.eligible, answer.membership) == (False, None)
    for membership, eligible in (
        (INSURED, True),
        (INSURED.model_copy(update={"valid_until": "2020-12-31"}), False),
    ):
        scene.insure(membership)
        again = link(scene.world, scene.clinic, by_photo(scene.world, scene.holder, scene.clinic))
        answer = scene.eligible(again.eligibility_token, at=scene.clinic)
        assert (answer.eligible, answer.membership) == (eligible, membership if eligible else None)


def test_eligibility_is_told_once_and_only_where_the_person_is(scene: Scene) -> None:
    told = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    with refused("pseudonym_token_refused", 403):
        scene.eligible(told.eligibility_token, at=scene.other)
    scene.eligible(told.eligibility_token, at=scene.clinic)
    with refused("replayed", 409):
        scene.eligible(told.eligibility_token, at=scene.clinic)
    late = link(scene.world, scene.clinic, by_photo(scene.world, scene.holder, scene.clinic))
    scene.world.clock.move(300)
    with refused("pseudonym_token_refused", 403):
        scene.eligible(late.eligibility_token, at=scene.clinic)


def test_membership_that_ends_before_it_begins_is_not_entered(scene: Scene) -> None:
    with refused("malformed_request", 400):
        scene.insure(INSURED.model_copy(update={"valid_until": "2019-01-01"}))


def test_patient_number_has_a_closed_form() -> None:
    for number in ("", " P1", "P 1", "P\n1", "x" * 41, "患者1", "P\x00"):
        with pytest.raises(ValueError, match="patient_number"):
            LinkPatient(patient_number=number, name="x", birth_date="2000-01-01", confirmation="x")
    assert LinkPatient(patient_number=NUMBER, name="x", birth_date="2000-01-01", confirmation="x")


def undo(scene: Scene, number: str = NUMBER, *, at: Participant | None = None) -> str:
    """Cut a link as an organisation."""
    who = at or scene.clinic
    message = UndoLink(patient_number=number, fault=LinkFault.WRONG_PERSON)
    token = scene.world.operator_token(who, IDENTITY)
    return scene.world.identity(who).undo_link(message, token=token).link


def own_links(scene: Scene) -> list[tuple[str, str, str]]:
    """Return the holder's links as they see them."""
    token = scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    told = scene.world.identity(scene.city).own_links(token=token).links
    return [(each.link, each.organisation, each.check.value) for each in told if each.state == "linked"]


def disown(scene: Scene, holder: Holder, link_id: str) -> str:
    """Cut a link as a person."""
    message = DisownLink(link=link_id, fault=LinkFault.UNKNOWN_TO_ME)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    return scene.world.identity(scene.city).disown_link(message, token=token).link


def test_undone_link_names_nobody_and_its_number_is_free_for_the_right_person(scene: Scene) -> None:
    wrong = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    assert undo(scene) == wrong.link
    with refused("not_found", 404):
        scene.medical(wrong.reference, at=scene.clinic)
    right = scene.world.holder(scene.city)
    again = link(scene.world, scene.clinic, by_pin(scene.world, right, scene.clinic))
    assert again.reference != wrong.reference
    assert own_links(scene) == []


def test_link_to_the_same_person_after_undoing_is_another_link(scene: Scene) -> None:
    first = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    by_card_alone = scene.world.link(scene.holder, scene.clinic)
    undo(scene)
    second = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    assert second.link != first.link
    assert second.reference != first.reference
    assert scene.medical(by_card_alone, at=scene.clinic) == scene.medical(second.reference, at=scene.clinic)


def test_person_sees_links_and_cuts_one_of_their_own_and_no_other(scene: Scene) -> None:
    told = link(scene.world, scene.clinic, by_photo(scene.world, scene.holder, scene.clinic))
    assert own_links(scene) == [(told.link, "clinic", "photo")]
    stranger = scene.world.holder(scene.city)
    with refused("not_found", 404):
        disown(scene, stranger, told.link)
    assert disown(scene, scene.holder, told.link) == told.link
    assert own_links(scene) == []
    with refused("not_found", 404):
        disown(scene, scene.holder, told.link)


def test_only_the_organisation_of_a_number_undoes_its_link(scene: Scene) -> None:
    link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    with refused("not_found", 404):
        undo(scene, at=scene.other)
    with refused("role_missing", 403):
        undo(scene, at=scene.city)
    undo(scene)
    with refused("not_found", 404):
        undo(scene)
