"""Proofs of opened accounts: what was agreed to verifies, and parts of two proofs never make a third."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import event, given
from hypothesis import strategies as st

from consent import base64url, jws
from consent.account_proof import (
    CONFIRMATION,
    STANDING,
    AccountProof,
    AccountProofError,
    Confirmation,
    ShownItem,
    Standing,
    confirmation_payload,
    standing_payload,
    verify_account,
)
from consent.accounts import AGREEMENT, Agreement, agreement_payload, item_digest
from consent.canonical import JsonObject
from consent.identifiers import OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem, Body
from consent.wallet import Wallet

NOW = datetime(2026, 4, 1, tzinfo=UTC)
BODIES = {body: Ed25519PrivateKey.generate() for body in (Body.IDENTITY, Body.REGISTRY)}
KEYS = {body.value: key.public_key() for body, key in BODIES.items()}
KIDS = {body: thumbprint(to_jwk(key.public_key())) for body, key in BODIES.items()}
WALLETS = [Wallet.create(Random(seed).randbytes) for seed in range(2)]
PARTS = ("agreement", "key", "standing", "confirmation")


@st.composite
def agreements(draw: st.DrawFn) -> tuple[Agreement, Wallet]:
    wallet = draw(st.sampled_from(WALLETS))
    bank = OrganisationId(draw(st.sampled_from(["bank", "other-bank"])))
    agreed_at = NOW + timedelta(seconds=draw(st.integers(0, 1000)))
    told = Agreement(
        organisation=bank,
        contract=draw(st.sampled_from(["普通預金", "住宅ローン"])),
        items=draw(st.frozensets(st.sampled_from(list(BasicItem)))),
        challenge=base64url.encode(draw(st.binary(min_size=16, max_size=16))),
        salt=base64url.encode(draw(st.binary(min_size=16, max_size=16))),
        key=thumbprint(to_jwk(wallet.account_key(bank).public_key())),
        agreed_at=agreed_at,
        until=agreed_at + timedelta(minutes=10),
    )
    return told, wallet


def proof_of(agreement: Agreement, wallet: Wallet) -> AccountProof:
    """What honest bodies make of an agreement, at once."""
    bank, at = agreement.organisation, agreement.agreed_at
    shown = {item: ShownItem(f"value of {item}", agreement.salt) for item in agreement.items}
    digests = {item: item_digest(item, each.value, each.salt) for item, each in shown.items()}
    standing = Standing(bank, f"account-at-{bank}", agreement.named_to(Body.IDENTITY), at)
    word = Confirmation(bank, agreement.named_to(Body.REGISTRY), digests, at)
    account_key = wallet.account_key(bank)
    return AccountProof(
        agreement=jws.sign(agreement_payload(agreement), typ=AGREEMENT, key=account_key, kid=agreement.key),
        key=to_jwk(account_key.public_key()),
        standing=_by(Body.IDENTITY, STANDING, standing_payload(standing)),
        confirmation=_by(Body.REGISTRY, CONFIRMATION, confirmation_payload(word)) if digests else None,
        shown=shown,
    )


def _by(body: Body, typ: str, payload: JsonObject) -> str:
    return jws.sign(payload, typ=typ, key=BODIES[body], kid=KIDS[body])


@given(agreements(), st.data())
def test_what_was_agreed_to_verifies_with_any_of_its_values_shown(
    agreed: tuple[Agreement, Wallet], data: st.DataObject
) -> None:
    proof = proof_of(*agreed)
    shown = data.draw(
        st.frozensets(st.sampled_from(sorted(proof.shown))) if proof.shown else st.just(frozenset())
    )
    opened = verify_account(replace(proof, shown={item: proof.shown[item] for item in shown}), **KEYS)
    assert opened.agreement == agreed[0]
    assert opened.items == {item: f"value of {item}" for item in shown}


@given(agreements(), agreements(), st.frozensets(st.sampled_from(PARTS), min_size=1, max_size=len(PARTS) - 1))
def test_parts_of_two_proofs_make_no_third(
    one: tuple[Agreement, Wallet], other: tuple[Agreement, Wallet], taken: frozenset[str]
) -> None:
    first, second = proof_of(*one), proof_of(*other)
    mixed = replace(first, **{part: getattr(second, part) for part in taken}, shown={})
    signed = [getattr(mixed, part) for part in PARTS]
    if signed in ([getattr(proof, part) for part in PARTS] for proof in (first, second)):
        event("the same after all")
        return
    event("mixed")
    try:
        verify_account(mixed, **KEYS)
    except AccountProofError:
        return
    raise AssertionError(f"{sorted(taken)} of another proof were taken")


@given(agreements(), agreements())
def test_no_two_bodies_and_no_two_agreements_share_a_name(
    one: tuple[Agreement, Wallet], other: tuple[Agreement, Wallet]
) -> None:
    """LN1: whatever two bodies, or two banks, lay side by side."""
    names = [each.named_to(body) for each in {one[0], other[0]} for body in BODIES]
    assert len(set(names)) == len(names)
    keys = {(id(wallet), told.organisation): told.key for told, wallet in (one, other)}
    assert len(set(keys.values())) == len(keys)
