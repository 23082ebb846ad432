"""Opening an account (UC8): what a dishonest bank, two banks together, and the bodies can make of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.account_desk import AccountDesk, account_desk
from support.identity_people import Holder, some_items
from support.identity_permissions import permissions
from support.identity_wire import refused
from support.identity_world import World, running

from consent import base64url
from consent.account_proof import AccountProof, AccountProofError, ShownItem, verify_account
from consent.accounts import agreement_payload
from consent.vocabulary import BasicItem, Body
from services.contracts.identity.accounts import OpenAccount
from services.contracts.oversight.register import Kind, Role
from services.kit.context import BodyContext

NAME, ADDRESS = BasicItem.NAME, BasicItem.ADDRESS
LONG = re.compile(r"[A-Za-z0-9_-]{16,}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AccountDesk]:
    with running(tmp_path) as world:
        yield account_desk(world)


def events(context: BodyContext) -> list[dict[str, JsonValue]]:
    with context.database.read() as conn:
        told = context.journal.openings(conn, range(context.journal.tree.size(conn)))
    return [dict(told[position].event) for position in sorted(told)]


def pieces(*texts: str) -> set[str]:
    """Everything long enough to recognise somebody by, also what lies in the parts of a JWS."""
    found = {piece for text in texts for piece in LONG.findall(text)}
    for part in list(found):
        try:
            found |= set(LONG.findall(base64url.decode(part).decode()))
        except (ValueError, UnicodeError):
            continue
    return found


def text_of(proof: AccountProof) -> str:
    return json.dumps(
        [proof.agreement, dict(proof.key), proof.standing, proof.confirmation, repr(proof.shown)]
    )


def test_two_banks_have_nothing_by_which_they_know_one_person(desk: AccountDesk) -> None:
    """LN1, UC8: neither key, serial, pseudonym nor signature of one bank's proof is in the other's."""
    first = desk.proof(desk.agreement(NAME))
    other = desk.world.accredit("other-bank", Kind.BANK, Role.CONFIRMER)
    there = replace(desk, bank=other)
    second = there.proof(there.agreement(ADDRESS))
    of_the_bodies = [
        token.split(".")[0]
        for proof in (first, second)
        for token in (proof.standing, proof.confirmation or "")
    ]
    common = pieces(text_of(first)) & pieces(text_of(second)) - pieces(*of_the_bodies)
    assert common == {"sekisho-account-agreement"}
    for secret in (desk.holder.issued.card, desk.own.person, desk.holder.kid, desk.holder.enrolled.reference):
        assert secret not in text_of(first)


def test_centre_that_checks_the_card_learns_neither_items_nor_contract(desk: AccountDesk) -> None:
    """R2, UC8: what the ID centre opens, stores and logs is digests; the registry's digests are other ones."""
    agreement = desk.agreement(NAME, ADDRESS, contract="住宅ローン")
    told = base64url.decode(desk.consent(agreement).split(".")[1]).decode()
    assert set(json.loads(told)) == {"organisation", "challenge", "agreement", "agreed_at", "until"}
    desk.proof(agreement)
    (logged,) = (
        each for each in events(desk.world.identity_context) if each["kind"] == "account_consent_checked"
    )
    for word in ("name", "address", "住宅ローン", *some_items().model_dump(mode="json").values()):
        assert word not in json.dumps({**logged, "kind": ""}, ensure_ascii=False)
        assert word not in told
    disclosed = base64url.decode(desk.disclosure(agreement).split(".")[1]).decode()
    assert not pieces(told) & pieces(disclosed)


def test_person_sees_who_asked_for_what_by_which_contract(desk: AccountDesk) -> None:
    """J7: permitted and refused, at both bodies."""
    desk.proof(desk.agreement(NAME))
    desk.change_card("revoke")
    with refused("card_not_usable", 403):
        desk.open(desk.consent(desk.agreement(NAME)))
    checked = [
        each for each in events(desk.world.identity_context) if each["kind"] == "account_consent_checked"
    ]
    assert [(each["outcome"], each.get("reason")) for each in checked] == [
        ("permitted", None),
        ("refused", "card_not_usable"),
    ]
    (disclosed,) = (each for each in events(desk.world.registry_context) if each["kind"] == "items_disclosed")
    assert (disclosed["organisation"], disclosed["categories"]) == ("bank", ["name"])
    assert disclosed["detail"] == {"contract": "普通預金", "reason": "opening"}


def test_bank_cannot_put_more_items_under_an_agreement(desk: AccountDesk) -> None:
    """UC8: items swapped after signing; neither the text nor another disclosure fits."""
    agreement = desk.agreement(NAME)
    proof = desk.proof(agreement)
    wider = desk.proof(desk.agreement(NAME, ADDRESS))
    for swapped in (
        replace(proof, confirmation=wider.confirmation, shown=wider.shown),
        replace(proof, standing=wider.standing),
        replace(wider, agreement=proof.agreement),
        replace(proof, shown={**proof.shown, ADDRESS: wider.shown[ADDRESS]}),
    ):
        with pytest.raises(AccountProofError):
            verify_account(swapped, **desk.keys())
    more = json.loads(json.dumps(dict(agreement_payload(agreement)))) | {"items": ["address", "name"]}
    header, _, signature = proof.agreement.split(".")
    payload = base64url.encode(json.dumps(more, separators=(",", ":"), ensure_ascii=False).encode())
    with pytest.raises(AccountProofError):
        verify_account(replace(proof, agreement=f"{header}.{payload}.{signature}"), **desk.keys())


def test_one_persons_card_does_not_open_anothers_items(desk: AccountDesk) -> None:
    """UC8: a card's consent of one person beside the disclosure of another is refused, and both see why."""
    victim = another_person(desk)
    opened = desk.open(desk.consent(desk.agreement(NAME)))
    stolen = victim.agreement(NAME)
    with refused("not_signed_by_person", 403):
        desk.disclose(opened.registry_token, victim.disclosure(stolen))
    last = events(desk.world.registry_context)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == (
        "items_disclosed",
        "refused",
        "not_signed_by_person",
    )
    assert "detail" not in last, "what somebody else signed is not in this person's history"


def test_card_that_answers_anothers_challenge_is_worth_nothing_there(desk: AccountDesk) -> None:
    """UC8: a false shop passes on the challenge of a real bank; the card names whom the person saw."""
    shop = desk.world.accredit("shop", Kind.RETAILER, Role.SELLER)
    consent = desk.consent(desk.agreement(NAME, organisation=shop.organisation))
    with refused("consent_refused", 403):
        desk.open(consent)
    with refused("role_missing", 403):
        desk.open(consent, at=shop)


def test_consent_and_disclosure_are_not_taken_for_one_another(desk: AccountDesk) -> None:
    """OL6: sealed to the other body, or for another use, they do not open."""
    agreement = desk.agreement(NAME)
    message = OpenAccount(consent=desk.sealed(Body.REGISTRY, desk.consent(agreement)))
    http = desk.world.http("https://identity.test", desk.bank)
    token = desk.world.operator_token(desk.bank, "https://identity.test")
    with refused("consent_refused", 403):
        http.post("/accounts", message.model_dump(mode="json"), token=token)
    opened = desk.open(desk.consent(agreement))
    with refused("not_signed_by_person", 403):
        desk.disclose(opened.registry_token, desk.consent(agreement))


@pytest.mark.parametrize("part", ["agreement", "standing", "confirmation", "key", "value", "salt"])
def test_proof_with_one_changed_part_does_not_verify(desk: AccountDesk, part: str) -> None:
    """UC8: offline, with nothing but the bodies' keys."""
    proof = desk.proof(desk.agreement(NAME))
    verify_account(proof, **desk.keys())
    shown = proof.shown[NAME]
    changed = {
        "agreement": replace(proof, agreement=flipped(proof.agreement)),
        "standing": replace(proof, standing=flipped(proof.standing)),
        "confirmation": replace(proof, confirmation=flipped(proof.confirmation or "")),
        "key": replace(proof, key=permissions_key(desk)),
        "value": replace(proof, shown={NAME: ShownItem("山田 太郎", shown.salt)}),
        "salt": replace(proof, shown={NAME: ShownItem(shown.value, flipped(shown.salt))}),
    }[part]
    with pytest.raises(AccountProofError):
        verify_account(changed, **desk.keys())
    with pytest.raises(AccountProofError):
        verify_account(replace(proof, confirmation=None), **desk.keys())
    keys = desk.keys()
    with pytest.raises(AccountProofError):
        verify_account(proof, identity=keys["registry"], registry=keys["identity"])


def test_value_that_is_not_shown_is_neither_told_nor_needed(desk: AccountDesk) -> None:
    """R5: the bank may show an auditor the proof without the address."""
    proof = desk.proof(desk.agreement(NAME, ADDRESS))
    hidden = replace(proof, shown={NAME: proof.shown[NAME]})
    assert verify_account(hidden, **desk.keys()).items == {NAME: "山田 花子"}
    address = some_items().address
    assert address not in "".join(
        base64url.decode(part).decode(errors="replace")
        for token in (proof.agreement, proof.confirmation or "", proof.standing)
        for part in token.split(".")
    )


def flipped(text: str) -> str:
    middle = len(text) // 2
    while text[middle] == ".":
        middle += 1
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


def permissions_key(desk: AccountDesk) -> dict[str, str]:
    return desk.own.wallet.public_jwk(Body.REGISTRY)


def another_person(desk: AccountDesk) -> AccountDesk:
    world: World = desk.world
    holder: Holder = world.holder(desk.city, some_items().model_copy(update={"name": "鈴木 一郎"}))
    return replace(desk, holder=holder, own=permissions(world, holder, at=desk.bank))


def test_registry_does_not_take_a_disclosure_without_a_persons_token(desk: AccountDesk) -> None:
    """OL6: without the ID centre's word about whom it is, nothing is looked at."""
    agreement = desk.agreement(NAME)
    with refused("pseudonym_token_refused", 403):
        desk.disclose("AAAA", desk.disclosure(agreement))
