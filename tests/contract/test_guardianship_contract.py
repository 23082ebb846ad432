"""What the ID centre relies on when it tells a body how far people act alone: the same on the fake and the real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.oversight_world import body_certificate, oversight

from consent.guardians import Capacity, LegalState
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.guardianship import GuardianKey, PersonState, StateClient, StateKeeper, TellStates
from services.contracts.guardianship_fake import FakeStateKeeper

KEY = to_jwk(Wallet.from_secret_bytes(bytes(range(32))).guardian_key("g", Body.OVERSIGHT).public_key())


@pytest.fixture(params=["fake", "real"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateKeeper]:
    """Return a body that keeps directives."""
    if request.param == "fake":
        yield FakeStateKeeper()
        return
    with oversight(tmp_path) as world:
        yield StateClient(world.http(body_certificate(Body.IDENTITY)))


def said(person: str, number: int, state: LegalState = LegalState.CHILD) -> PersonState:
    """Return a state with one guardian."""
    guardian = GuardianKey(key=KEY, capacity=Capacity.PARENT)
    return PersonState(person=person, number=number, state=state, guardians=[guardian])


def test_only_a_later_word_is_news(keeper: StateKeeper) -> None:
    first = TellStates(states=[said("ward-one", 1), said("ward-two", 1)])
    assert keeper.tell(first).news == 2
    assert keeper.tell(first).news == 0
    assert keeper.tell(TellStates(states=[said("ward-one", 3, LegalState.YOUTH)])).news == 1
    assert keeper.tell(TellStates(states=[said("ward-one", 2, LegalState.OF_AGE)])).news == 0
