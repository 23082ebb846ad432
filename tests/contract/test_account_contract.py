"""What banks rely on when an account is opened (UC8): the same on the honest fakes and on the real bodies."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.account_desk import AccountDesk, account_desk
from support.identity_permissions import basic_terms
from support.identity_wire import refused
from support.identity_world import World

from consent.account_proof import verify_account
from consent.directives import Effect
from consent.vocabulary import BasicItem, Body
from consent.wallet import Wallet
from services.contracts.identity.messages import Application
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Kind, Role

NAME, ADDRESS, SEX = BasicItem.NAME, BasicItem.ADDRESS, BasicItem.SEX


@pytest.fixture
def desk(world: World) -> AccountDesk:
    return account_desk(world)


def test_bank_gets_exactly_the_items_agreed_to_and_a_proof(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME, ADDRESS)
    opened = verify_account(desk.proof(agreement), **desk.keys())
    assert opened.agreement == agreement
    assert opened.items == {NAME: "山田 花子", ADDRESS: "東京都千代田区一番町1"}
    number = desk.holder.enrolled.personal_number
    assert number not in repr(desk.proof(desk.agreement(*BasicItem)))


def test_account_is_the_name_that_the_bank_has_for_the_person_ever_after(desk: AccountDesk) -> None:
    """Two accounts of one person at one bank have one name there: the bank must know its customer."""
    first, second = (desk.open(desk.consent(desk.agreement(NAME))) for _ in range(2))
    assert first.reference == second.reference
    desk.world.name(first.reference, Body.REGISTRY, to=desk.bank)
    other = desk.world.accredit("other-bank", Kind.BANK, Role.CONFIRMER)
    consent = desk.consent(desk.agreement(NAME, organisation=other.organisation))
    assert desk.open(consent, at=other).reference != first.reference


def test_challenge_is_answered_once(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    desk.open(desk.consent(agreement))
    with refused("replayed", 409):
        desk.open(desk.consent(agreement))
    with refused("replayed", 409):
        desk.open(desk.consent(replace(desk.agreement(SEX), challenge=agreement.challenge)))


def test_disclosure_is_good_once(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    opened = desk.open(desk.consent(agreement))
    desk.disclose(opened.registry_token, desk.disclosure(agreement))
    again = desk.world.name(opened.reference, Body.REGISTRY, to=desk.bank)
    with refused("replayed", 409):
        desk.disclose(again, desk.disclosure(agreement))


def test_opening_that_was_interrupted_goes_on_with_a_token_of_the_banks_own(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    opened = desk.open(desk.consent(agreement))
    named = desk.world.name(opened.reference, Body.REGISTRY, to=desk.bank)
    assert set(desk.disclose(named, desk.disclosure(agreement)).items) == {NAME}


def test_consent_for_another_bank_is_refused(desk: AccountDesk) -> None:
    other = desk.world.accredit("other-bank", Kind.BANK, Role.CONFIRMER)
    agreement = desk.agreement(NAME)
    with refused("consent_refused", 403):
        desk.open(desk.consent(agreement), at=other)
    opened = desk.open(desk.consent(desk.agreement(organisation=other.organisation)), at=other)
    with refused("not_signed_by_person", 403):
        desk.disclose(opened.registry_token, desk.disclosure(agreement), at=other)


@pytest.mark.parametrize("change", ["suspend", "revoke"])
def test_card_that_is_stopped_opens_nothing(desk: AccountDesk, change: str) -> None:
    consent = desk.consent(desk.agreement(NAME))
    desk.change_card(change)
    with refused("card_not_usable", 403):
        desk.open(consent)


def test_authentication_application_agrees_to_nothing(desk: AccountDesk) -> None:
    """K4: signing in is not signing."""
    with refused("consent_refused", 403):
        desk.open(desk.consent(desk.agreement(NAME), Application.AUTHENTICATION))
    with refused("consent_refused", 403):
        desk.open(desk.consent(desk.agreement(NAME), typ="sekisho-presentation+jws"))
    with refused("consent_refused", 403):
        desk.open("no consent")


@pytest.mark.parametrize("seconds", [-601, 60])
def test_consent_counts_in_its_period_only(desk: AccountDesk, seconds: int) -> None:
    begun = desk.world.clock() + timedelta(seconds=seconds)
    agreement = desk.agreement(NAME, agreed_at=begun, until=begun + timedelta(minutes=10))
    with refused("consent_refused", 403):
        desk.open(desk.consent(agreement))


def test_consent_for_longer_than_allowed_is_refused(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    longer = replace(agreement, until=agreement.until.replace(year=agreement.until.year + 1))
    with refused("consent_refused", 403):
        desk.open(desk.consent(longer))


def test_expired_disclosure_is_refused(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    opened = desk.open(desk.consent(agreement))
    desk.world.clock.move(601)
    named = desk.world.name(opened.reference, Body.REGISTRY, to=desk.bank)
    with refused("expired", 403):
        desk.disclose(named, desk.disclosure(agreement))


def test_disclosure_by_another_wallet_is_refused(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    opened = desk.open(desk.consent(agreement))
    forged = desk.disclosure(agreement, Wallet.create(desk.world.random.randbytes))
    with refused("not_signed_by_person", 403):
        desk.disclose(opened.registry_token, forged)


def test_what_the_person_refused_this_bank_is_not_disclosed(desk: AccountDesk) -> None:
    deny = basic_terms(desk.world, desk.bank, ADDRESS, effect=Effect.DENY, contract=None, reasons=())
    desk.own.lay_down(deny)
    for items, code in (((NAME, ADDRESS), "denied_by_person"), ((NAME,), None)):
        agreement = desk.agreement(*items)
        named = desk.open(desk.consent(agreement)).registry_token
        if code is None:
            assert set(desk.disclose(named, desk.disclosure(agreement)).items) == {NAME}
        else:
            with refused(code, 403):
                desk.disclose(named, desk.disclosure(agreement))


def test_operator_without_the_role_opens_nothing(desk: AccountDesk) -> None:
    agreement = desk.agreement(NAME)
    named = desk.open(desk.consent(agreement)).registry_token
    desk.world.oversight.change_roles(
        RolesChange(organisation=desk.bank.organisation, id=desk.bank.operator, roles=[])
    )
    with refused("role_missing", 403):
        desk.disclose(named, desk.disclosure(agreement))
    with refused("role_missing", 403):
        desk.open(desk.consent(desk.agreement(NAME)))
