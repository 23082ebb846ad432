"""What others rely on of the resident registry: the same on the honest fake and on the real one."""

from dataclasses import dataclass

import pytest
from support.identity_people import REGISTRY, Holder, Participant, some_items
from support.identity_permissions import basic_terms, permissions
from support.identity_wire import refused
from support.identity_world import World

from consent.directives import Effect
from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import (
    BasicItems,
    Changed,
    Confirm,
    Confirmed,
    RegisterResident,
    Unchanged,
)

MOVED = "東京都千代田区一番町2"


@dataclass(frozen=True)
class Scene:
    """A municipality, a bank, and a person who has a card and was at the bank once."""

    world: World
    city: Participant
    bank: Participant
    holder: Holder
    reference: str

    def confirm(
        self,
        items: dict[BasicItem, str],
        *,
        purpose: Purpose = Purpose.IDENTITY_VERIFICATION,
        contract: str = "account 12",
        reason: ConfirmationReason = ConfirmationReason.PERIODIC_CHECK,
    ) -> Confirmed:
        """Ask as the bank."""
        message = Confirm(
            token=self.world.name(self.reference, Body.REGISTRY, to=self.bank),
            items=items,
            purpose=purpose,
            contract=contract,
            reason=reason,
        )
        token = self.world.operator_token(self.bank, REGISTRY)
        return self.world.registry(self.bank).confirm(message, token=token)

    def change(self, items: BasicItems) -> str:
        """Enter new items as the municipality."""
        message = RegisterResident(
            token=self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=self.city), items=items
        )
        token = self.world.operator_token(self.city, REGISTRY)
        return self.world.registry(self.city).change(message, token=token).resident


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    bank = world.accredit("bank", Kind.BANK, Role.CONFIRMER)
    holder = world.holder(city)
    return Scene(world, city, bank, holder, world.link(holder, bank))


def test_permitted_confirmation_says_unchanged_or_the_new_value(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME, BasicItem.ADDRESS))
    believed = {BasicItem.NAME: "山田　花子", BasicItem.ADDRESS: "東京都千代田区一番町1"}
    assert scene.confirm(believed).results == {
        BasicItem.NAME: Unchanged(),
        BasicItem.ADDRESS: Unchanged(),
    }
    assert scene.change(some_items().model_copy(update={"address": MOVED})) == "changed"
    assert scene.confirm(believed).results == {
        BasicItem.NAME: Unchanged(),
        BasicItem.ADDRESS: Changed(value=MOVED),
    }


def test_half_width_and_spaces_make_no_difference(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.ADDRESS))
    told = scene.confirm({BasicItem.ADDRESS: " 東京都千代田区一番町１ "})
    assert told.results == {BasicItem.ADDRESS: Unchanged()}


def test_without_permission_nothing_is_confirmed(scene: Scene) -> None:
    with refused("no_permission", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"})


def test_item_that_was_not_permitted_refuses_the_whole_question(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    with refused("other_category", 403):
        scene.confirm({BasicItem.NAME: "山田 花子", BasicItem.ADDRESS: "東京都"})


def test_purpose_that_was_not_permitted_is_refused(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    with refused("other_purpose", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"}, purpose=Purpose.HRESCH)


def test_other_contract_or_reason_is_refused_and_says_why(scene: Scene) -> None:
    """UC9: a permission is for one contract and the reasons that it provides for."""
    person = permissions(scene.world, scene.holder, at=scene.bank)
    asked = {BasicItem.NAME: "山田 花子"}
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    with refused("other_contract", 403):
        scene.confirm(asked, contract="account 13")
    for reason in set(ConfirmationReason) - {ConfirmationReason.PERIODIC_CHECK}:
        with refused("reason_not_covered", 403):
            scene.confirm(asked, reason=reason)
    assert scene.confirm(asked).results == {BasicItem.NAME: Unchanged()}


def test_permission_without_contract_or_reason_permits_nothing(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    asked = {BasicItem.NAME: "山田 花子"}
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME, reasons=()))
    with refused("reason_not_covered", 403):
        scene.confirm(asked)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME, contract=None))
    with refused("other_contract", 403):
        scene.confirm(asked)


def test_refusal_without_a_contract_refuses_every_contract(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    terms = basic_terms(
        scene.world, scene.bank, BasicItem.NAME, effect=Effect.DENY, contract=None, reasons=()
    )
    person.lay_down(terms)
    with refused("denied_by_person", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"}, contract="anything")


def test_permission_past_its_end_says_so(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    scene.world.clock.move(31 * 24 * 3600)
    with refused("expired", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"})


def test_refusal_by_the_person_is_told_as_such(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME, effect=Effect.DENY))
    with refused("denied_by_person", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"})


def test_withdrawn_permission_confirms_nothing_more(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    copy = person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    assert scene.confirm({BasicItem.NAME: "山田 花子"}).results == {BasicItem.NAME: Unchanged()}
    person.withdraw(copy)
    with refused("withdrawn", 403):
        scene.confirm({BasicItem.NAME: "山田 花子"})


def test_removed_role_is_refused(scene: Scene) -> None:
    person = permissions(scene.world, scene.holder, at=scene.bank)
    person.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    named = scene.world.name(scene.reference, Body.REGISTRY, to=scene.bank)
    scene.world.oversight.change_roles(
        RolesChange(organisation=scene.bank.organisation, id=scene.bank.operator, roles=[])
    )
    message = Confirm(
        token=named,
        items={BasicItem.NAME: "山田 花子"},
        purpose=Purpose.IDENTITY_VERIFICATION,
        contract="account 12",
        reason=ConfirmationReason.PERIODIC_CHECK,
    )
    with refused("role_missing", 403):
        scene.world.registry(scene.bank).confirm(
            message, token=scene.world.operator_token(scene.bank, REGISTRY)
        )


def test_pseudonym_token_counts_once_and_for_one_organisation(scene: Scene) -> None:
    named = scene.world.name(scene.holder.enrolled.reference, Body.REGISTRY, to=scene.city)
    stolen = Confirm(
        token=named,
        items={BasicItem.NAME: "山田 花子"},
        purpose=Purpose.IDENTITY_VERIFICATION,
        contract="account 12",
        reason=ConfirmationReason.PERIODIC_CHECK,
    )
    with refused("pseudonym_token_refused", 403):
        scene.world.registry(scene.bank).confirm(
            stolen, token=scene.world.operator_token(scene.bank, REGISTRY)
        )
    message = RegisterResident(token=named, items=some_items())
    registry = scene.world.registry(scene.city)
    assert (
        registry.change(message, token=scene.world.operator_token(scene.city, REGISTRY)).resident
        == "unchanged"
    )
    with refused("replayed", 409):
        registry.change(message, token=scene.world.operator_token(scene.city, REGISTRY))


def test_person_is_registered_once(scene: Scene) -> None:
    named = scene.world.name(scene.holder.enrolled.reference, Body.REGISTRY, to=scene.city)
    message = RegisterResident(token=named, items=some_items())
    with refused("already_registered", 409):
        scene.world.registry(scene.city).register(
            message, token=scene.world.operator_token(scene.city, REGISTRY)
        )


def test_change_of_an_unknown_person_is_refused(scene: Scene) -> None:
    message = RegisterResident(token=scene.world.enrol(scene.city).registry_token, items=some_items())
    with refused("not_found", 404):
        scene.world.registry(scene.city).change(
            message, token=scene.world.operator_token(scene.city, REGISTRY)
        )


def test_registering_needs_a_registrar(scene: Scene) -> None:
    message = RegisterResident(token=scene.world.enrol(scene.city).registry_token, items=some_items())
    with refused("forbidden", 403):
        scene.world.registry(scene.bank).register(
            message, token=scene.world.operator_token(scene.bank, REGISTRY)
        )
