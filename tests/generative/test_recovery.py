"""A wallet comes back from any two shares and the sealed seed, and from nothing less."""

import secrets
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.errors import MalformedError, SealError
from consent.paper_code import SUSPENSION_SIGNS, random_code
from consent.recovery import KEEPERS, check_paper, paper_proof, rebuild, split
from consent.vocabulary import Body
from consent.wallet import Wallet

HOLDERS = ("paper", Body.IDENTITY, Body.OVERSIGHT, Body.MEDICAL)
SUBSETS = [subset for size in range(5) for subset in combinations(HOLDERS, size)]


@given(st.binary(min_size=32, max_size=32), st.sampled_from(SUBSETS))
@settings(max_examples=120, deadline=None)
def test_two_shares_and_the_sealed_seed_are_enough_and_fewer_are_not(
    seed: bytes, who: Sequence[str | Body]
) -> None:
    """C13: no keeper alone, no two keepers without the medical centre, nor the paper alone."""
    made = split(Wallet.from_secret_bytes(seed), randomness=secrets.token_bytes)
    parts = {body: [made.parts[body]] for body in KEEPERS if body in who}
    paper = made.paper if "paper" in who else None
    enough = Body.MEDICAL in who and len(set(who) - {Body.MEDICAL}) >= 2
    if enough:
        assert rebuild(parts, paper=paper).to_secret_bytes() == seed
    else:
        with pytest.raises(SealError):
            rebuild(parts, paper=paper)


@given(st.permutations([0, 1, 2]), st.sampled_from([0, 1]))
@settings(max_examples=30, deadline=None)
def test_parts_of_several_times_are_told_apart(order: list[int], use: int) -> None:
    """A renewal that was broken off: some keepers have the new part, too, and both papers still count."""
    wallet = Wallet.create(secrets.token_bytes)
    times = [split(wallet, randomness=secrets.token_bytes) for _ in range(3)]
    parts = {
        body: [times[index].parts[body] for index in order if index < 2 or body is not Body.MEDICAL]
        for body in KEEPERS
    }
    assert rebuild(parts, paper=times[use].paper).to_secret_bytes() == wallet.to_secret_bytes()
    only = {body: parts[body] for body in (Body.OVERSIGHT, Body.MEDICAL)}
    assert rebuild(only, paper=times[use].paper).to_secret_bytes() == wallet.to_secret_bytes()
    with pytest.raises(SealError):
        rebuild(only, paper=times[2].paper)


def test_shares_of_different_times_do_not_fit_together() -> None:
    wallet = Wallet.create(secrets.token_bytes)
    first, second = (split(wallet, randomness=secrets.token_bytes) for _ in range(2))
    with pytest.raises(SealError):
        rebuild(
            {Body.MEDICAL: [first.parts[Body.MEDICAL]], Body.IDENTITY: [second.parts[Body.IDENTITY]]},
            paper=first.paper,
        )


def test_proof_of_the_paper_is_for_one_keeper_and_gives_no_share() -> None:
    made = split(Wallet.create(secrets.token_bytes), randomness=secrets.token_bytes)
    proofs = {body: paper_proof(made.paper.lower(), body) for body in KEEPERS}
    fits = {
        (mine, theirs): check_paper(proofs[mine], made.digests[theirs])
        for mine in KEEPERS
        for theirs in KEEPERS
    }
    assert fits == {pair: pair[0] is pair[1] for pair in fits}
    other = split(Wallet.create(secrets.token_bytes), randomness=secrets.token_bytes)
    assert not check_paper(paper_proof(other.paper, Body.IDENTITY), made.digests[Body.IDENTITY])


def test_telephone_code_is_no_recovery_code() -> None:
    with pytest.raises(MalformedError):
        paper_proof(random_code(secrets.token_bytes, SUSPENSION_SIGNS), Body.IDENTITY)
