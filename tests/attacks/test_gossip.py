"""IT2: a log's operator shows two histories to bodies that each see one only; gossip brings both notes together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.oversight_reads import events
from support.oversight_world import URLS, OversightWorld, oversight

from consent.vocabulary import Body
from services.contracts.gossip import TRIES, Gossip
from services.contracts.oversight.register import BodyEntry
from services.contracts.published import LogViews
from services.contracts.published_fake import FakePublished
from services.kit.http import PeerUnavailableError
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import verify_checkpoint
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.note import Cosigner, NoteSigner, NoteVerifier, UnverifiedNote

TRUE = [bytes([number]) * 64 for number in range(9)]
FALSE = [*TRUE[:5], *(bytes([200 + number]) * 64 for number in range(6))]
MEDICAL, IDENTITY, REGISTRY = Body.MEDICAL, Body.IDENTITY, Body.REGISTRY


@dataclass
class Town:
    """The oversight body, real, and the other bodies as they publish."""

    world: OversightWorld
    others: dict[Body, FakePublished]
    gossip: Gossip

    def found(self) -> list[tuple[str, set[str]]]:
        """Return what the oversight body shows to everybody: the contradictions."""
        told = self.world.client.get(URLS[Body.OVERSIGHT] + "/log/views").json()
        return [
            (each.origin, {each.one, each.other}) for each in LogViews.model_validate(told).contradictions
        ]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with oversight(tmp_path) as world:
        cosigner = Cosigner("sekisho/identity/witness", world.others.signing[IDENTITY])
        others = {
            body: FakePublished(world.others.logs[body], cosigner, world.clock())
            for body in (MEDICAL, IDENTITY, REGISTRY)
        }
        others[MEDICAL].leaves = TRUE[:7]

        def published(entry: BodyEntry) -> FakePublished:
            if entry.body not in others:
                raise PeerUnavailableError("this body is down")
            return others[entry.body]

        yield Town(world, others, Gossip(world.context, world.app.state.office.editions, published))


def fork(town: Town, size: int) -> str:
    """Return a head of the false history, signed with the log's true key."""
    other = FakePublished(
        town.others[MEDICAL].signer, town.others[MEDICAL].cosigner, town.world.clock(), FALSE
    )
    return other.note(size)


def medical_key(town: Town) -> NoteVerifier:
    return town.others[MEDICAL].signer.verifier


def test_logs_that_grow_are_followed_without_alarm(town: Town) -> None:
    """G1: the way it should be: each body saw another size, all of one history."""
    for size in (2, 5, 7, 7, 3):
        town.others[IDENTITY].seen = [town.others[MEDICAL].note(size)]
        town.gossip.run()
    assert town.found() == []
    with town.world.context.database.read() as conn:
        assert town.world.context.views.newest(conn, "sekisho/medical") == town.others[MEDICAL].note(7)


def test_two_heads_of_one_size_are_found_kept_and_shown(town: Town) -> None:
    """IT2: the ID centre was shown another head of the size that this body saw."""
    town.gossip.run()
    town.others[IDENTITY].seen = [fork(town, 7)]
    town.gossip.run()
    town.gossip.run()
    true = town.others[MEDICAL].note(7)
    assert town.found() == [("sekisho/medical", {true, fork(town, 7)})]
    for note in (true, fork(town, 7)):
        verify_checkpoint(UnverifiedNote.parse(note), log=medical_key(town))
    logged = [each for each in events(town.world) if each["kind"] == "log_split_found"]
    assert [each["detail"]["origin"] for each in logged] == ["sekisho/medical"]


@pytest.mark.parametrize("size", [6, 10])
def test_a_fork_of_another_size_is_found_by_the_tiles_that_the_log_serves(town: Town, size: int) -> None:
    """G2, IT2: shorter or longer; where the log does not serve what it signed, it is asked again first."""
    town.gossip.run()
    town.others[IDENTITY].seen = [fork(town, size)]
    for _ in range(TRIES):
        town.gossip.run()
    assert town.found() == [("sekisho/medical", {town.others[MEDICAL].note(7), fork(town, size)})]


def test_a_log_that_is_slow_to_publish_is_not_accused(town: Town) -> None:
    """G4: a head is seen by others before the log publishes it."""
    town.gossip.run()
    medical = town.others[MEDICAL]
    medical.leaves = TRUE
    town.others[IDENTITY].seen, medical.leaves = [medical.note(9)], TRUE[:7]
    town.gossip.run()
    medical.leaves = TRUE
    town.gossip.run()
    assert town.found() == []


def test_a_log_that_is_down_is_not_accused(town: Town) -> None:
    town.gossip.run()
    later = FakePublished(
        town.others[MEDICAL].signer, town.others[MEDICAL].cosigner, town.world.clock(), TRUE
    )
    town.others[IDENTITY].seen = [later.note(9)]
    del town.others[MEDICAL]
    for _ in range(TRIES + 1):
        town.gossip.run()
    assert town.found() == []


def test_what_a_witness_co_signed_is_held_against_what_others_saw(town: Town) -> None:
    """IT2: one witness co-signed one history, another body saw the other."""
    first = AddCheckpoint(0, (), town.others[MEDICAL].note(7))
    town.world.as_body(MEDICAL).add_checkpoint(first)
    town.others[MEDICAL].leaves = FALSE
    town.others[REGISTRY].seen = [fork(town, 11)]
    for _ in range(TRIES):
        town.gossip.run()
    assert ("sekisho/medical", {first.note, fork(town, 11)}) in town.found()


def test_a_split_shown_to_the_witness_is_shown_to_everybody(town: Town) -> None:
    """G3, IT2: the refusal leaves its proof where everybody looks."""
    first = town.others[MEDICAL].note(7)
    town.world.as_body(MEDICAL).add_checkpoint(AddCheckpoint(0, (), first))
    with pytest.raises(CheckpointConflictError):
        town.world.as_body(MEDICAL).add_checkpoint(AddCheckpoint(7, (), fork(town, 7)))
    assert town.found() == [("sekisho/medical", {first, fork(town, 7)})]


def test_nobody_can_put_words_into_a_logs_mouth(town: Town) -> None:
    """A body that lies about another one's log is not believed: notes of other keys, logs nobody knows, and noise."""
    town.gossip.run()
    forged = NoteSigner("sekisho/medical", town.world.others.signing[Body.PORTAL])
    stranger = NoteSigner("sekisho/nobody", town.world.others.signing[Body.PORTAL])
    text = UnverifiedNote.parse(fork(town, 7)).text
    town.others[IDENTITY].seen = [
        forged.sign(text).format(),
        stranger.sign(text.replace("medical", "nobody")).format(),
        "noise",
        "",
    ]
    town.gossip.run()
    assert town.found() == []


def test_a_body_finds_that_its_own_log_was_rolled_back(town: Town) -> None:
    """G2, IT1, IT2: others have seen a head of this body's log that the log no longer has."""
    journal = town.world.context.journal
    with town.world.context.database.write() as conn:
        own = journal.checkpoints.sign_head(conn, now=town.world.clock())
    longer = own.checkpoint.format().replace(f"\n{own.checkpoint.size}\n", f"\n{own.checkpoint.size + 5}\n")
    note = town.world.others.logs[Body.OVERSIGHT].sign(longer).format()
    town.others[REGISTRY].seen = [note]
    town.gossip.run()
    assert town.found() == [(journal.origin, {own.note, note})]
