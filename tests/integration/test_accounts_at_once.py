"""Many requests about one agreement at the same moment: one opens, one discloses."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.account_desk import AccountDesk, account_desk
from support.identity_world import running

from consent.vocabulary import BasicItem, Body
from services.kit.http import RemoteProblemError

AT_ONCE = 6


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AccountDesk]:
    with running(tmp_path) as world:
        yield account_desk(world)


def outcome(ask: Callable[[], object]) -> str:
    try:
        ask()
    except RemoteProblemError as problem:
        return problem.code
    return "done"


def test_of_many_consents_to_one_challenge_one_opens(desk: AccountDesk) -> None:
    """OT2: with different signatures over the same text, at the same time."""
    agreement = desk.agreement(BasicItem.NAME)
    consents = [desk.consent(agreement) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda consent: outcome(lambda: desk.open(consent)), consents))
    assert sorted(told) == ["done", *["replayed"] * (AT_ONCE - 1)]


def test_of_many_disclosures_with_tokens_of_their_own_one_is_answered(desk: AccountDesk) -> None:
    """OT2: the disclosure counts once, however many tokens name the person."""
    agreement = desk.agreement(BasicItem.NAME)
    reference = desk.open(desk.consent(agreement)).reference
    names = [desk.world.name(reference, Body.REGISTRY, to=desk.bank) for _ in range(AT_ONCE)]
    signed = [desk.disclosure(agreement) for _ in range(AT_ONCE)]

    def ask(pair: tuple[str, str]) -> str:
        return outcome(lambda: desk.disclose(*pair))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(ask, zip(names, signed, strict=True)))
    assert sorted(told) == ["done", *["replayed"] * (AT_ONCE - 1)]
