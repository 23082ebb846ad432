"""IT2: a log that was set back, or shows a witness another history, is found by the person who reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from support.gateway_world import World

from consent import base64url
from consent.vocabulary import Body
from services.commands.auditing import wholeness
from services.contracts.oversight.register import Kind, Role
from services.contracts.published import ConsistencyProof, LogViews
from services.contracts.published_fake import FakePublished
from services.gateway.errors import NotVerifiedError
from services.gateway.history import History, history, save_evidence, verify_file
from services.gateway.people import Enrolled
from services.kit.log.entry import open_event
from services.kit.log.evidence_building import build_evidence
from services.kit.log.merkle import leaf_hash
from services.kit.log.note import NoteSigner, encode_base64
from services.kit.log.proven import ProvenEntry
from services.kit.log.seen_heads import HeldHead

EVENT: dict[str, JsonValue] = {
    "body": "medical",
    "at": "2026-11-21T08:00:00.000Z",
    "kind": "records_read",
    "outcome": "permitted",
}
ENTRY = open_event(EVENT, salt=bytes(32), statement=None)
TRUE = [ENTRY.leaf().data, *(bytes([number]) * 64 for number in range(1, 6))]
FALSE = [*TRUE[:1], *(bytes([200 + number]) * 64 for number in range(1, 6))]
SHOWN = 2
ORIGIN = "sekisho/medical"


@dataclass(frozen=True)
class Town:
    """A medical centre that shows a person its log of two entries, with a co-signature and without a flaw."""

    world: World
    enrolled: Enrolled

    def log(self, leaves: Sequence[bytes]) -> FakePublished:
        """Return the centre's log with these leaves."""
        return FakePublished(
            self.world.logs[Body.MEDICAL],
            self.world.witnesses[Body.IDENTITY],
            self.world.watch(),
            list(leaves),
        )

    def ask(self, *seen: str, proof: Sequence[bytes] | None = None) -> History:
        """Fetch the history; the oversight body saw these heads, the centre proves with this."""
        shown = self.log(TRUE[:SHOWN])
        entry = ProvenEntry(ENTRY, 0, (leaf_hash(TRUE[1]),), shown.checkpoint())
        medical, oversight = self.world(Body.MEDICAL), self.world(Body.OVERSIGHT)
        medical.serve("GET", "/history", build_evidence([entry]))
        oversight.serve("GET", "/log/views", LogViews(notes=list(seen), contradictions=[]))
        if proof is not None:
            told = ConsistencyProof(proof=[base64url.encode(each) for each in proof])
            medical.serve("GET", "/log/consistency", told)
        return history(self.enrolled.person, bodies=[Body.MEDICAL])


@pytest.fixture
def town(tmp_path: Path) -> Town:
    world = World(tmp_path)
    return Town(world, world.person(world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_log_goes_with_what_the_witness_saw_of_it(town: Town, size: int) -> None:
    log = town.log(TRUE)
    told = town.ask(log.note(size), proof=log.consistency(*sorted((SHOWN, size))))
    assert told.held == (HeldHead(ORIGIN, "oversight", size),)
    assert told.unwatched() == []
    assert told.behind == (("medical",) if size > SHOWN else ())


@pytest.mark.parametrize("size", [2, 5])
def test_log_with_another_face_for_the_witness_is_named(town: Town, size: int) -> None:
    """IT2: what the person is shown was co-signed by the other witness, and every answer is without a flaw."""
    for proving in (TRUE, FALSE):
        proof = town.log(proving).consistency(SHOWN, size)
        with pytest.raises(NotVerifiedError, match=r"sekisho/medical showed oversight another history"):
            town.ask(town.log(FALSE).note(size), proof=proof)


def test_log_that_was_set_back_is_named(town: Town) -> None:
    """G6, IT2, IT4: an older copy of the log was put in its place, and answers with its old co-signature."""
    with pytest.raises(NotVerifiedError, match=r"log of medical.*5 entries.*for oversight.*set back"):
        town.ask(town.log(TRUE).note(5))


def test_a_frozen_head_is_told_as_long_as_it_stays(town: Town, tmp_path: Path) -> None:
    """G7, IT3: the log goes on, proves everything, and shows the person its old head; offline, too."""
    log, file, trust = town.log(TRUE), tmp_path / "evidence.json", tmp_path / "trust.json"
    trust.write_text(town.enrolled.card.trust.evidence.model_dump_json())
    told = town.ask(log.note(5), proof=log.consistency(SHOWN, 5))
    saying = "! medical         a witness saw more of this log than is shown here"
    assert [each.startswith(saying) for each in wholeness(told)] == [False, True]
    save_evidence(told.evidence, file)
    assert verify_file(file, trust).behind == ("medical",)
    (head,) = told.evidence.heads
    proof = [encode_base64(each) for each in log.consistency(5, len(TRUE))]
    beside = {  # a newer head, under which nothing of what is shown stands
        "checkpoints": [*told.evidence.checkpoints, log.checkpoint()],
        "heads": [head.model_copy(update={"checkpoint": 1, "proof": proof})],
    }
    save_evidence(told.evidence.model_copy(update=beside), file)
    assert verify_file(file, trust).behind == ("medical",)


def test_a_body_that_shows_no_entry_at_all_is_named(town: Town) -> None:
    """IT4: a whole history is withheld; an empty answer proves nothing, and says so."""
    town.world(Body.MEDICAL).serve("GET", "/history", build_evidence([]))
    assert history(town.enrolled.person, bodies=[Body.MEDICAL]).silent == ("medical",)
    assert town.ask().silent == ()


def test_a_head_that_a_witness_sees_while_the_person_asks_accuses_nobody(town: Town) -> None:
    """G7: the witnesses are asked first; of what one sees later the body need not have shown anything."""
    asked = list[str]()

    def noting(path: str) -> Callable[[Any], Any]:
        def note(told: object) -> object:
            asked.append(path)
            return told

        return note

    town.world(Body.MEDICAL).tamper["/history"] = noting("/history")
    town.world(Body.OVERSIGHT).tamper["/log/views"] = noting("/log/views")
    town.ask()
    assert asked == ["/log/views", "/history"]


def test_log_does_not_choose_which_heads_it_proves(town: Town) -> None:
    town.world(Body.MEDICAL).serve("GET", "/log/consistency", ConsistencyProof(proof=["AAAA"]))
    with pytest.raises(NotVerifiedError, match="medical"):
        town.ask(town.log(TRUE).note(5))


def test_a_witness_cannot_put_words_into_a_logs_mouth(town: Town) -> None:
    """G5: heads that the log did not sign are no heads of it; that none was shown is told."""
    text = town.log(FALSE).note(5).partition("\n\n")[0] + "\n"
    forged = NoteSigner(ORIGIN, town.world.signing[Body.OVERSIGHT]).sign(text).format()
    told = town.ask(forged, "noise", town.world.logs[Body.REGISTRY].sign(text).format())
    assert (told.held, told.unwatched()) == ((), ["medical"])


def test_a_body_is_no_witness_of_its_own_log(town: Town) -> None:
    """G5: both witnesses keep logs, too; of its own log a witness says what it likes."""
    world = town.world
    oversight = FakePublished(
        world.logs[Body.OVERSIGHT], world.witnesses[Body.IDENTITY], world.watch(), TRUE[:SHOWN]
    )
    event = open_event({**EVENT, "body": "oversight"}, salt=bytes(32), statement=None)
    oversight.leaves[0] = event.leaf().data
    entry = ProvenEntry(event, 0, (leaf_hash(TRUE[1]),), oversight.checkpoint())
    world(Body.OVERSIGHT).serve("GET", "/history", build_evidence([entry]))
    world(Body.OVERSIGHT).serve("GET", "/log/views", LogViews(notes=[oversight.note()], contradictions=[]))
    told = history(town.enrolled.person, bodies=[Body.OVERSIGHT])
    assert (told.held, told.unwatched()) == ((), ["oversight"])


def test_what_witnesses_saw_is_in_the_saved_evidence(town: Town, tmp_path: Path) -> None:
    log, file, trust = town.log(TRUE), tmp_path / "evidence.json", tmp_path / "trust.json"
    trust.write_text(town.enrolled.card.trust.evidence.model_dump_json())
    told = town.ask(log.note(5), proof=log.consistency(SHOWN, 5))
    save_evidence(told.evidence, file)
    assert verify_file(file, trust).held == told.held
    (head,) = told.evidence.heads
    changes: list[dict[str, object]] = [
        {"note": town.log(FALSE).note(5)},
        {"note": log.note(4)},
        {"proof": []},
        {"checkpoint": 7},
    ]
    for changed in changes:
        false = told.evidence.model_copy(update={"heads": [head.model_copy(update=changed)]})
        save_evidence(false, file)
        with pytest.raises(NotVerifiedError):
            verify_file(file, trust)
