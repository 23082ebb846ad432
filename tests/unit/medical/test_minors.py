"""SC4 at the medical centre: with the own card alone a child neither reads nor erases; a youth does both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.medical_world import HOSPITAL, ID_CENTRE, Running, Someone, World

from consent.guardians import LegalState
from consent.vocabulary import Body
from services.contracts.guardianship import PersonState, StateClient, TellStates
from services.contracts.medical.erasing import ORDER_TYPE, EraseRecords, ErasuresClient
from services.contracts.medical.messages import OwnRecordsRequest
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError

EVERYTHING = OwnRecordsRequest(categories=None, first_year=2000, last_year=2030, start=0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("minors")
    with World(folder).running() as running:
        yield running


def told(running: Running, name: str, state: LegalState) -> Someone:
    """Register somebody's wallet, and have the ID centre tell how far they act alone."""
    someone = Someone(name)
    running.register(someone)
    said = PersonState(person=someone.pseudonym(Body.MEDICAL), number=1, state=state, guardians=[])
    StateClient(running.http(ID_CENTRE)).tell(TellStates(states=[said]))
    return someone


def erasure(running: Running, someone: Someone) -> str:
    """Try to erase a record that is not there; return the code of the refusal."""
    order = someone.wallet.sign(
        Body.MEDICAL,
        ORDER_TYPE,
        {"body": "medical", "bundles": ["none"], "at": epoch_seconds(running.world.now)},
    )
    with pytest.raises(RemoteProblemError) as refusal:
        ErasuresClient(running.http(HOSPITAL)).erase(
            EraseRecords(order=order), token=running.world.person_token(someone)
        )
    return str(refusal.value.code)


def test_a_childs_own_card_neither_reads_nor_erases(running: Running) -> None:
    child = told(running, "child", LegalState.CHILD)
    token = running.world.person_token(child)
    with pytest.raises(RemoteProblemError) as refusal:
        running.medical().own_records(EVERYTHING, token=token)
    assert refusal.value.code == "guardian_required"
    assert erasure(running, child) == "guardian_required"


def test_a_youth_reads_and_erases_as_an_adult_does(running: Running) -> None:
    for state in (LegalState.YOUTH, LegalState.OF_AGE):
        person = told(running, state.value, state)
        own = running.medical().own_records(EVERYTHING, token=running.world.person_token(person))
        assert own.bundles == []
        assert erasure(running, person) == "bundle_unknown"
