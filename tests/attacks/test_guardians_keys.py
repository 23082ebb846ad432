"""SC4: who makes a ward's keys and parts known, and a death that was taken back; at one body, by its routes."""

from collections.abc import Callable

import pytest
from support.oversight_reads import events
from support.ward_world import HERE, Guardian, Ward

from consent import base64url
from consent.canonical import JsonValue
from consent.directives import Effect
from consent.guardians import Change, LegalState
from services.contracts.directives import (
    wallet_registration,
)
from services.contracts.recovery import (
    DEPOSIT,
    PART_INFO,
    RETIREMENT,
    DepositPart,
    RecoveryClient,
    RetireParts,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import seal_to
from services.kit.http import RemoteProblemError


def test_after_a_death_was_taken_back_the_person_decides_and_nothing_that_lapsed_is_there(ward: Ward) -> None:
    """SC4: an older word about the death changes nothing any more."""
    care = ward.lay_down(ward.terms(), None, signed_in=None)
    denied = ward.lay_down(ward.terms(effect=Effect.DENY), None, signed_in=None)
    ward.told(LegalState.DECEASED)
    assert ward.told(LegalState.OF_AGE) == 1
    assert ward.told(LegalState.DECEASED, number=1) == 0
    states = [ward.state(each, by=None) for each in (care, denied)]
    assert (states, ward.fragments(care)) == (["lapsed", "active"], 0)
    assert ward.fragments(ward.lay_down(ward.terms(), None, signed_in=None)) == 1


def test_only_a_guardian_in_force_makes_a_wards_keys_and_parts_known(ward: Ward) -> None:
    """SC4: a token outlives the guardianship by a moment; what this body was told counts."""
    former, present, neighbour = Guardian("w"), Guardian("w"), Guardian("other")
    wallet = wallet_registration(ward.person.wallet, HERE, ward.world.clock())
    ward.told(LegalState.CHILD, former.key())
    ward.told(LegalState.CHILD, former.key(Change.GUARDIAN_CHANGED), present.key())
    keeper = RecoveryClient(ward.http)
    acts: dict[str, Callable[[Guardian | None], object]] = {
        "wallet_registered": lambda by: ward.client.register_wallet(wallet, token=ward.token(by)),
        "recovery_laid_down": lambda by: keeper.deposit(_deposit(ward), token=ward.token(by)),
        "recovery_retired": lambda by: keeper.retire(_retirement(ward), token=ward.token(by)),
    }
    for kind, act in acts.items():
        for by, code in ((former, "guardianship_ended"), (neighbour, "guardian_unknown")):
            with pytest.raises(RemoteProblemError) as refusal:
                act(by)
            assert refusal.value.code == code
            logged = events(ward.world)[-1]
            assert (logged["kind"], logged["outcome"], logged["reason"]) == (kind, "refused", code)
            assert logged["person"] == ward.person.pseudonym(HERE)
        act(present)
        act(None)  # keys decide nothing: also the child's own first card makes them known
    ward.told(LegalState.DECEASED, present.key(Change.PERSON_DIED))
    for act in acts.values():
        with pytest.raises(RemoteProblemError) as late:
            act(None)
        assert late.value.code == "person_deceased"


def _deposit(ward: Ward) -> DepositPart:
    sealed = seal_to(ward.world.context.sealing_key.public_key(), b"a part", info=PART_INFO)
    told: dict[str, JsonValue] = {
        "id": "p",
        "part": base64url.encode(sealed),
        "paper_digest": base64url.encode(bytes(32)),
        "at": epoch_seconds(ward.world.clock()),
    }
    return DepositPart(deposit=ward.person.wallet.sign(HERE, DEPOSIT, told))


def _retirement(ward: Ward) -> RetireParts:
    told: dict[str, JsonValue] = {"keep": "p", "at": epoch_seconds(ward.world.clock())}
    return RetireParts(retirement=ward.person.wallet.sign(HERE, RETIREMENT, told))
