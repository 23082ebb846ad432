"""What the wallet lays down, takes back and renews, with bodies that refuse, fail or lie on the way."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.gateway_card import PINS
from support.gateway_world import NOW, YEAR, World, terms

from consent.compartments import YearSpan
from consent.decision import HeldDirective
from consent.directives import BasicScope, DeletionReceipt, Effect, LogPosition, Terms, deletion_receipt
from consent.identifiers import DirectiveId
from consent.lifecycle import DirectiveState
from consent.vocabulary import PROXIES, BasicItem, Body, Category, ConfirmationReason, Purpose
from services.contracts.directives import DirectiveList, WithdrawalReceipt
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import Changed, Unchanged
from services.gateway.bank import confirm
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems, ClinicalRecord
from services.gateway.errors import CardFileError, NotVerifiedError, RefusedError, WrongPinError
from services.gateway.hospital import deposit, link
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled, change_resident
from services.gateway.person import Person, sign_in
from services.gateway.wallet_actions import (
    Permission,
    WithdrawalIncompleteError,
    lay_down,
    permissions,
    withdraw,
)
from services.kit.http import PeerUnavailableError

MATURITY = ConfirmationReason.PAYMENT_DUE
RECORD = ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/1", b"{}")
LATER = ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/2", b'{"later":1}')


class Town:
    """A world with a counter, a hospital, two clinics and one person."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.counter = self.world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        self.hospital = self.world.organisation("hospital-a", Kind.HOSPITAL, Role.WRITER)
        self.clinics = {
            name: self.world.organisation(name, Kind.CLINIC, Role.READER) for name in ("clinic-b", "clinic-c")
        }
        self.enrolled: Enrolled = self.world.person(self.counter)
        self.person: Person = self.enrolled.person
        self.at_hospital = link(self.hospital, self.person)
        deposit(self.hospital, self.at_hospital, [RECORD])

    def permit(self, clinic: str) -> Permission:
        """Permit a clinic the medication, at a second of its own."""
        self.world.watch.tick()
        return lay_down(self.person, terms(clinic, Category.MEDICATION))

    def read(self, clinic: str) -> list[bytes]:
        """Read as a clinic."""
        organisation: Organisation = self.clinics[clinic]
        found = open_records(
            organisation,
            link(organisation, self.person),
            categories=frozenset({Category.MEDICATION}),
            years=YearSpan(YEAR, YEAR),
            purpose=Purpose.TREAT,
        )
        return sorted(document.content for document in found)

    def active(self, body: Body) -> list[DirectiveId]:
        """Return what is in force at a body."""
        return [name for name, state in self.world.states(body).items() if state == "active"]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_the_copies_of_a_permission_have_nothing_in_common(town: Town) -> None:
    town.permit("clinic-b")
    copies = [one.directive for body in PROXIES for one, _ in town.world.keepers[body].held.values()]
    assert len(copies) == 3
    assert len({copy.id for copy in copies}) == 3
    assert len({copy.person for copy in copies}) == 3
    keys = [wallet["x"] for body in PROXIES for wallet in town.world.keepers[body].wallets.values()]
    assert len(set(keys)) == 3


# step P3
@pytest.mark.parametrize("body", PROXIES)
def test_when_one_body_refuses_no_other_keeps_its_copy_in_force(town: Town, body: Body) -> None:
    town.world.keepers[body].refuses = "recipient_not_accredited"
    with pytest.raises(RefusedError) as caught:
        town.permit("clinic-b")
    assert caught.value.code == "recipient_not_accredited"
    assert all(town.active(each) == [] for each in PROXIES)


def test_an_unaccredited_recipient_gets_no_fragments_at_all(town: Town) -> None:
    with pytest.raises(RefusedError) as caught:
        lay_down(town.person, terms("nobody", Category.MEDICATION))
    assert caught.value.code == "not_accredited"
    assert all(not town.world.keepers[body].held for body in PROXIES)


def test_the_wallet_finds_its_permissions_again_without_storing_anything(town: Town) -> None:
    first, second = town.permit("clinic-b"), town.permit("clinic-c")
    again = sign_in(
        town.enrolled.card,
        town.world,
        pin=PINS[Application.AUTHENTICATION],
        signature_pin=PINS[Application.SIGNATURE],
        clock=town.world.watch,
    )
    found = permissions(again)
    assert [each.terms.recipient.organisation for each in found] == ["clinic-b", "clinic-c"]
    assert [each.copies for each in found] == [first.copies, second.copies]


def test_a_directive_that_the_wallet_did_not_sign_is_noticed(town: Town) -> None:
    town.permit("clinic-b")

    def forge(told: DirectiveList) -> DirectiveList:
        item = told.directives[0]
        body, _, signature = item.jws.rpartition(".")
        changed = item.model_copy(update={"jws": f"{body}.{'A' * len(signature)}"})
        return DirectiveList(directives=[changed])

    town.world(Body.OVERSIGHT).tamper["/directives"] = forge
    with pytest.raises(NotVerifiedError, match="oversight"):
        permissions(town.person)


def test_a_withdrawn_permission_is_in_force_nowhere_and_yields_nothing(town: Town) -> None:
    permission = town.permit("clinic-b")
    assert town.read("clinic-b") == [RECORD.content]
    receipts = withdraw(town.person, permission)
    assert set(receipts) == set(PROXIES)
    assert all(receipt.fragments_deleted for told in receipts.values() for receipt in told)
    assert all(town.active(body) == [] for body in PROXIES)
    with pytest.raises(RefusedError) as caught:
        town.read("clinic-b")
    assert caught.value.code == "withdrawn"


# step W4
def test_what_is_sealed_after_a_withdrawal_is_under_a_key_of_no_earlier_fragment(town: Town) -> None:
    permission = town.permit("clinic-b")
    withdraw(town.person, permission)
    deposit(town.hospital, town.at_hospital, [LATER])
    (person,) = town.world.medical._known.values()
    labels = [bundle.compartment.label for bundle in person.bundles]
    assert labels == [f"medication/{YEAR}/1", f"medication/{YEAR}/2"]
    for body in PROXIES:
        fragments = [copy.fragments for _, copy in town.world.keepers[body].held.values()]
        assert not any(f"medication/{YEAR}/2" in each for each in fragments)


def test_permissions_that_go_on_are_renewed_for_old_and_new_records(town: Town) -> None:
    gone, staying = town.permit("clinic-b"), town.permit("clinic-c")
    town.world.watch.tick()
    withdraw(town.person, gone)
    deposit(town.hospital, town.at_hospital, [LATER])
    assert town.read("clinic-c") == sorted([RECORD.content, LATER.content])
    assert all(len(town.active(body)) == 1 for body in PROXIES)
    going_on = [each for each in permissions(town.person) if each.active(town.world.watch())]
    assert [each.terms for each in going_on] == [staying.terms]


def test_permissions_for_other_records_are_left_alone_by_a_withdrawal(town: Town) -> None:
    gone = town.permit("clinic-b")
    town.world.watch.tick()
    other = lay_down(town.person, terms("clinic-c", Category.LABORATORY))
    withdraw(town.person, gone)
    assert town.active(Body.MEDICAL) == [copy.id for copy in other.copies[Body.MEDICAL]]


@pytest.mark.parametrize("body", [Body.OVERSIGHT, Body.IDENTITY])
def test_a_body_that_is_down_is_named_and_the_others_have_deleted(town: Town, body: Body) -> None:
    permission = town.permit("clinic-b")
    down = town.world(body)
    town.person.tokens.token(down.base_url)
    for each in PROXIES:
        town.person.tokens.token(town.world(each).base_url)
    down.down = True
    with pytest.raises(WithdrawalIncompleteError) as caught:
        withdraw(town.person, permission)
    assert caught.value.bodies == (body,)
    assert [each for each in PROXIES if town.active(each)] == [body]
    down.down = False
    withdraw(town.person, permission)
    assert town.active(body) == []


# step W3
def test_a_false_deletion_receipt_is_noticed(town: Town) -> None:
    permission = town.permit("clinic-b")
    forger = town.world.keepers[Body.OVERSIGHT]
    forger.key = Ed25519PrivateKey.generate()
    with pytest.raises(NotVerifiedError, match="oversight"):
        withdraw(town.person, permission)


def test_a_receipt_for_another_directive_is_noticed_and_the_others_delete_all_the_same(town: Town) -> None:
    permission = town.permit("clinic-b")
    key = town.world.signing[Body.MEDICAL]
    other = DeletionReceipt(Body.MEDICAL, DirectiveId("another"), NOW, 3, LogPosition(0))
    told = WithdrawalReceipt(receipt=deletion_receipt(other, key=key, kid="k"))
    town.world(Body.MEDICAL).tamper["/withdrawals"] = lambda _told: told
    with pytest.raises(NotVerifiedError, match="something else"):
        withdraw(town.person, permission)
    assert town.active(Body.OVERSIGHT) == town.active(Body.IDENTITY) == []


def test_a_person_can_refuse_one_clinic_for_good(town: Town) -> None:
    town.permit("clinic-b")
    town.world.watch.tick()
    wanted = terms("clinic-b", Category.MEDICATION)
    no = Terms(
        recipient=wanted.recipient,
        effect=Effect.DENY,
        purposes=wanted.purposes,
        scope=wanted.scope,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        notice=wanted.notice,
    )
    lay_down(town.person, no)
    with pytest.raises(RefusedError) as caught:
        town.read("clinic-b")
    assert caught.value.code == "denied_by_person"


def test_the_wallet_stays_closed_without_its_own_pin(town: Town) -> None:
    signed_in = sign_in(
        town.enrolled.card, town.world, pin=PINS[Application.AUTHENTICATION], clock=town.world.watch
    )
    with pytest.raises(CardFileError, match="signature application"):
        lay_down(signed_in, terms("clinic-b", Category.MEDICATION))
    with pytest.raises(WrongPinError):
        sign_in(town.enrolled.card, town.world, pin="0000", clock=town.world.watch)


def test_a_body_that_is_down_stops_the_permission_before_it_is_in_force(town: Town) -> None:
    for each in PROXIES:
        town.person.pseudonym(each)
        town.person.tokens.token(town.world(each).base_url)
    town.world(Body.MEDICAL).down = True
    with pytest.raises(PeerUnavailableError):
        town.permit("clinic-b")


def test_the_bank_learns_what_was_permitted_and_nothing_before(town: Town) -> None:
    bank = town.world.organisation("bank", Kind.BANK, Role.CONFIRMER)
    town.world.watch.tick()
    at_bank = link(bank, town.person)
    asked = {BasicItem.NAME: "佐藤 花子", BasicItem.ADDRESS: "東京都架空市 1-2-3"}
    with pytest.raises(RefusedError) as caught:
        confirm(bank, at_bank, asked, contract="loan 17", reason=MATURITY)
    assert caught.value.code == "no_permission"
    wanted = terms("bank", Category.MEDICATION)
    laid_down = lay_down(
        town.person,
        Terms(
            recipient=wanted.recipient,
            effect=Effect.PERMIT,
            purposes=frozenset({Purpose.IDENTITY_VERIFICATION}),
            scope=BasicScope(frozenset(asked), "loan 17", frozenset({MATURITY})),
            valid_from=NOW,
            valid_until=wanted.valid_until,
            notice=wanted.notice,
        ),
    )
    assert set(laid_down.copies) == {Body.REGISTRY}
    (held,) = (one for one, _ in town.world.keepers[Body.REGISTRY].held.values())
    town.world.registry.directives[held.directive.person] = [HeldDirective(held, DirectiveState.ACTIVE)]
    moved = BasicItems(name="佐藤 花子", address="大阪府架空市 4", sex="female", birth_date="1980-02-29")
    change_resident(town.counter, town.enrolled.reference, moved)
    told = confirm(bank, at_bank, asked, contract="loan 17", reason=MATURITY)
    assert told == {BasicItem.NAME: Unchanged(), BasicItem.ADDRESS: Changed(value="大阪府架空市 4")}
