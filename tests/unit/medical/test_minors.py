"""SC4 at the medical centre: with the own card alone a child neither reads nor erases; a youth does both."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes

import pytest
from support.guardian_tokens import guardian_token
from support.medical_story import deposit, documents, seal
from support.medical_world import HOSPITAL, ID_CENTRE, Running, Someone, World

from consent.compartments import Compartment
from consent.guardians import Capacity, Change, LegalState
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.guardianship import GuardianKey, PersonState, StateClient, TellStates
from services.contracts.medical.erasing import ORDER_TYPE, EraseRecords, ErasuresClient
from services.contracts.medical.messages import AskOwnSegment, OwnRecordsRequest, Publication
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError

SUMMARY, SENSITIVE = (Compartment(each, 2026, 1) for each in (Category.SUMMARY, Category.SENSITIVE))
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


def test_a_guardian_reads_nothing_of_what_a_youth_decides_alone(running: Running) -> None:
    """SC4: of a child everything; of a youth all but maternal and sensitive records, large documents included."""
    youth = Someone("a youth with matters of their own")
    running.enrol(youth, [SUMMARY, SENSITIVE])
    for place in (SUMMARY, SENSITIVE):
        plain = documents(1, prefix=place.category.value)
        deposit(running, youth, [seal(running.world, youth, plain, compartment=place)])
    key = to_jwk(Wallet.create(token_bytes).guardian_key("w", Body.MEDICAL).public_key())
    parent = GuardianKey(key=key, capacity=Capacity.PARENT)
    token, only = guardian_token(running, youth, thumbprint(key)), [Category.SENSITIVE]
    seen = {}
    for number, state in enumerate((LegalState.CHILD, LegalState.YOUTH), 1):
        said = PersonState(
            person=youth.pseudonym(Body.MEDICAL), number=number, state=state, guardians=[parent]
        )
        StateClient(running.http(ID_CENTRE)).tell(TellStates(states=[said]))
        told = running.medical().own_records(EVERYTHING, token=token)
        seen[state] = {each.compartment for each in told.bundles}
    assert seen == {LegalState.CHILD: {SUMMARY.label, SENSITIVE.label}, LegalState.YOUTH: {SUMMARY.label}}
    segment = AskOwnSegment(document="sensitive-0", version=1, number=0)
    for act in (
        lambda: running.medical().own_records(
            EVERYTHING.model_copy(update={"categories": only}), token=token
        ),
        lambda: running.medical().own_segment(segment, token=token),
    ):
        with pytest.raises(RemoteProblemError) as refusal:
            act()
        assert refusal.value.code == "person_decides"


def test_only_a_guardian_in_force_publishes_a_wards_keys(running: Running) -> None:
    """SC4: the refusal is in the ward's history, and nothing is published."""
    child = Someone("a child with keys")
    running.register(child)
    keys = [to_jwk(Wallet.create(token_bytes).guardian_key("w", Body.MEDICAL).public_key()) for _ in range(3)]
    former, present, stranger = (thumbprint(each) for each in keys)
    known = [
        GuardianKey(key=keys[0], capacity=Capacity.PARENT, ended=Change.GUARDIAN_CHANGED),
        GuardianKey(key=keys[1], capacity=Capacity.PARENT),
    ]
    said = PersonState(
        person=child.pseudonym(Body.MEDICAL), number=1, state=LegalState.CHILD, guardians=known
    )
    StateClient(running.http(ID_CENTRE)).tell(TellStates(states=[said]))
    text = Publication(publication=child.wallet.publish([SUMMARY], running.world.now))
    for guardian, code in ((former, "guardianship_ended"), (stranger, "guardian_unknown")):
        with pytest.raises(RemoteProblemError) as refusal:
            running.medical().publish(text, token=guardian_token(running, child, guardian))
        assert refusal.value.code == code
        logged = running.events(child)[-1]
        told = (logged["kind"], logged["outcome"], logged["reason"])
        assert told == ("compartments_published", "refused", code)
    assert running.medical().published(token=running.world.person_token(child)).publications == []
    shown = running.medical().publish(text, token=guardian_token(running, child, present))
    assert len(shown.publications) == 1


def test_a_youth_reads_and_erases_as_an_adult_does(running: Running) -> None:
    for state in (LegalState.YOUTH, LegalState.OF_AGE):
        person = told(running, state.value, state)
        own = running.medical().own_records(EVERYTHING, token=running.world.person_token(person))
        assert own.bundles == []
        assert erasure(running, person) == "bundle_unknown"
