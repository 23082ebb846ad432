"""Opening an account through the gateway: the files, the person's choice, an opening that was interrupted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.gateway_world import World

from consent.account_proof import AccountProofError
from consent.vocabulary import BasicItem, Body
from services.contracts.oversight.register import Kind, Role
from services.gateway.accounts import (
    AccountFile,
    CheckedCard,
    Offer,
    Opening,
    agree,
    offer_account,
    offering_bank,
    open_account,
    read,
    verify_file,
    write,
)
from services.gateway.errors import AccountFileError, NotVerifiedError, RefusedError
from services.gateway.organisation import Organisation
from services.gateway.people import trust_of
from services.gateway.person import Person
from services.kit.http import PeerUnavailableError

NAME, ADDRESS = BasicItem.NAME, BasicItem.ADDRESS
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Town:
    """A bank and somebody who wants an account."""

    world: World
    counter: Organisation
    bank: Organisation
    person: Person

    def offer(self, *items: BasicItem) -> Offer:
        return offer_account(self.bank, "普通預金", items, good_for=HOUR)

    def open(self, opening: Opening, begun: CheckedCard | None = None) -> AccountFile:
        return open_account(self.bank, opening, begun=begun, keep=lambda _checked: None)[0]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    world = World(tmp_path)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    bank = world.organisation("bank", Kind.BANK, Role.CONFIRMER)
    world.watch.tick()
    return Town(world, counter, bank, world.person(counter).person)


def test_person_chooses_among_the_items_that_the_bank_asks_for(town: Town, tmp_path: Path) -> None:
    offer = town.offer(NAME, ADDRESS)
    assert offering_bank(town.person, offer) == "bank"
    kept = town.open(Opening(offer, agree(town.person, offer, frozenset({NAME}))))
    write(tmp_path / "account.json", kept)
    trust = tmp_path / "trust.json"
    trust.write_text(trust_of(town.counter).evidence.model_dump_json())
    opened = verify_file(tmp_path / "account.json", trust)
    assert opened.items == {NAME: "佐藤 花子"}
    assert (tmp_path / "account.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(AccountFileError, match="choose among"):
        agree(town.person, town.offer(NAME), frozenset({ADDRESS}))
    with pytest.raises(AccountFileError, match="exists"):
        write(tmp_path / "account.json", kept)


def test_contract_without_disclosure_asks_the_registry_nothing(town: Town) -> None:
    offer = town.offer(NAME)
    signed = agree(town.person, offer, frozenset())
    town.world(Body.REGISTRY).down = True
    kept = town.open(Opening(offer, signed))
    assert (kept.confirmation, kept.shown) == (None, {})


def test_opening_goes_on_where_it_was_interrupted(town: Town) -> None:
    """The registry does not answer; the ID centre's answer is kept, and no second challenge is needed."""
    offer = town.offer(NAME)
    opening = Opening(offer, agree(town.person, offer, frozenset({NAME})))
    begun: list[CheckedCard] = []
    town.world(Body.REGISTRY).down = True
    with pytest.raises(PeerUnavailableError):
        open_account(town.bank, opening, begun=None, keep=begun.append)
    town.world(Body.REGISTRY).down = False
    with pytest.raises(RefusedError, match="replayed"):
        town.open(opening)
    assert set(town.open(opening, begun[0]).shown) == {NAME}


def other_challenge(offer: Offer) -> Offer:
    return offer.model_copy(update={"challenge": "A" * 43})


def other_contract(offer: Offer) -> Offer:
    return offer.model_copy(update={"contract": "定期預金"})


def fewer_items(offer: Offer) -> Offer:
    return offer.model_copy(update={"items": []})


def other_bank(offer: Offer) -> Offer:
    return offer.model_copy(update={"organisation": "other"})


@pytest.mark.parametrize("change", [other_challenge, other_contract, fewer_items, other_bank])
def test_agreement_to_another_offer_is_not_used(town: Town, change: Callable[[Offer], Offer]) -> None:
    offer = town.offer(NAME)
    signed = agree(town.person, offer, frozenset({NAME}))
    with pytest.raises(AccountFileError, match="another offer"):
        town.open(Opening(change(offer), signed))


def test_what_is_over_is_neither_agreed_to_nor_used(town: Town) -> None:
    offer = town.offer(NAME)
    signed = agree(town.person, offer, frozenset({NAME}))
    town.world.watch.tick(601)
    with pytest.raises(AccountFileError, match="over"):
        town.open(Opening(offer, signed))
    town.world.watch.tick(3600)
    with pytest.raises(AccountFileError, match="over"):
        agree(town.person, offer, frozenset({NAME}))


def test_offer_of_somebody_who_is_no_accredited_bank_is_refused(town: Town) -> None:
    for name in ("city", "nobody"):
        false = town.offer(NAME).model_copy(update={"organisation": name})
        with pytest.raises(RefusedError, match="not_accredited"):
            agree(town.person, false, frozenset())


@pytest.mark.parametrize(
    ("body", "path", "part"),
    [
        (Body.IDENTITY, "/accounts", "standing"),
        (Body.REGISTRY, "/disclosures", "confirmation"),
    ],
)
def test_answer_that_a_body_did_not_sign_so_is_not_used(town: Town, body: Body, path: str, part: str) -> None:
    offer = town.offer(NAME)
    opening = Opening(offer, agree(town.person, offer, frozenset({NAME})))
    town.world(body).tamper[path] = lambda told: told.model_copy(update={part: "x.y.z"})
    with pytest.raises(NotVerifiedError, match="report"):
        town.open(opening)


def test_files_that_are_none_are_named(town: Town, tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    with pytest.raises(AccountFileError, match=r"empty\.json"):
        read(Offer, empty)
    kept = tmp_path / "account.json"
    offer = town.offer(NAME)
    endless = tmp_path / "endless.json"
    write(endless, offer.model_copy(update={"until": 10**12}))
    with pytest.raises(AccountFileError, match=r"endless\.json"):
        read(Offer, endless)
    made = town.open(Opening(offer, agree(town.person, offer, frozenset({NAME}))))
    write(kept, made)
    bare = tmp_path / "trust.json"
    bare.write_text('{"logs": {}, "witnesses": {}}')
    with pytest.raises(AccountFileError, match="no signing keys"):
        verify_file(kept, bare)
    trust = tmp_path / "good.json"
    trust.write_text(trust_of(town.counter).evidence.model_dump_json())
    changed = tmp_path / "changed.json"
    write(changed, made.model_copy(update={"standing": made.agreement}))
    with pytest.raises(AccountProofError, match="ID centre"):
        verify_file(changed, trust)
