"""The person's history: proved entry by entry, body by body, and provable again offline."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.gateway_world import ITEMS, World

from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.contracts.oversight.unmasking import UnmaskingState
from services.contracts.product_safety.messages import Inbox, Notice, ReadAnswer
from services.gateway import unmasking
from services.gateway.errors import NotVerifiedError, RefusedError
from services.gateway.history import BODIES, history, inbox, mark_read, save_evidence, verify_file
from services.gateway.person import Person
from services.kit.clock import system_randomness
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.entry import Opening, open_event
from services.kit.log.errors import LogError
from services.kit.log.evidence import Evidence
from services.kit.log.evidence_building import build_evidence
from services.kit.log.merkle import leaf_hash, root_from_leaves
from services.kit.log.proven import ProvenEntry


class Telling:
    """A world whose bodies tell two entries each."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        counter = self.world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        self.enrolled = self.world.person(counter)
        self.person: Person = self.enrolled.person
        for hour, body in enumerate(BODIES):
            self.tell(body, self.events(body, hour))

    def events(self, body: Body, hour: int) -> list[dict[str, JsonValue]]:
        """Two events, the second one long after the first."""
        return [
            {
                "body": body.value,
                "at": f"2026-11-{day}T{hour:02}:00:00.000Z",
                "kind": "records_read",
                "outcome": end,
            }
            for day, end in (("20", "permitted"), ("21", "refused"))
        ]

    def tell(self, body: Body, events: list[dict[str, JsonValue]], *, witnessed: bool = True) -> None:
        """Have a body answer with these events."""
        evidence = self.evidence(body, events, witnessed=witnessed)
        self.world(body).serve("GET", "/history", evidence)

    def evidence(self, body: Body, events: list[dict[str, JsonValue]], *, witnessed: bool = True) -> Evidence:
        """Return two events in a log of two leaves."""
        openings = [open_event(event, salt=system_randomness(32), statement=None) for event in events]
        leaves = [opening.leaf().data for opening in openings]
        signer = self.world.logs[body]
        text = Checkpoint(signer.verifier.name, 2, root_from_leaves(leaves)).format()
        note = signer.sign(text)
        if witnessed:
            note = note.with_signature(
                self.world.witnesses[Body.OVERSIGHT].cosign(text, now=self.world.watch())
            )
        return build_evidence(self._proven(openings, leaves, note.format()))

    def _proven(self, openings: list[Opening], leaves: list[bytes], note: str) -> Iterator[ProvenEntry]:
        for index, opening in enumerate(openings):
            yield ProvenEntry(opening, index, (leaf_hash(leaves[1 - index]),), note)


@pytest.fixture
def telling(tmp_path: Path) -> Telling:
    return Telling(tmp_path)


def test_all_bodies_entries_are_told_oldest_first(telling: Telling) -> None:
    entries = history(telling.person).entries
    assert [each.body for each in entries] == [body.value for body in BODIES] * 2
    assert [each.outcome for each in entries] == ["permitted"] * len(BODIES) + ["refused"] * len(BODIES)


def test_an_entry_that_its_log_does_not_hold_is_refused(telling: Telling) -> None:
    evidence = telling.evidence(Body.MEDICAL, telling.events(Body.MEDICAL, 1))
    opening = evidence.entries[1].opening
    event = dict(opening.event) | {"outcome": "permitted"}
    changed = evidence.entries[1].model_copy(update={"opening": opening.model_copy(update={"event": event})})
    lie = evidence.model_copy(update={"entries": [evidence.entries[0], changed]})
    telling.world(Body.MEDICAL).serve("GET", "/history", lie)
    with pytest.raises(NotVerifiedError, match=r"medical.*entry 2"):
        history(telling.person)


def test_a_log_that_no_witness_saw_is_refused(telling: Telling) -> None:
    telling.tell(Body.MEDICAL, telling.events(Body.MEDICAL, 1), witnessed=False)
    with pytest.raises(NotVerifiedError, match="medical"):
        history(telling.person)


def test_a_body_cannot_speak_for_another(telling: Telling) -> None:
    registry = telling.evidence(Body.REGISTRY, telling.events(Body.REGISTRY, 1))
    telling.world(Body.MEDICAL).serve("GET", "/history", registry)
    with pytest.raises(NotVerifiedError, match="claims to be of registry"):
        history(telling.person)
    telling.tell(Body.MEDICAL, telling.events(Body.REGISTRY, 1))
    with pytest.raises(NotVerifiedError, match="claims to be of registry"):
        history(telling.person)


def test_saved_evidence_verifies_offline_and_not_after_a_change(telling: Telling, tmp_path: Path) -> None:
    told = history(telling.person)
    file, trust = tmp_path / "evidence.json", tmp_path / "trust.json"
    trust.write_text(telling.enrolled.card.trust.evidence.model_dump_json())
    save_evidence(told.evidence, file)
    assert verify_file(file, trust).entries == told.entries
    file.write_text(file.read_text().replace("permitted", "refused", 1))
    with pytest.raises(LogError, match="entry 1"):
        verify_file(file, trust)


def test_who_acted_is_asked_with_the_one_entry_and_nothing_else_of_the_history(telling: Telling) -> None:
    """Q1, Q2: and asked again it is the same case; what no card signed opens none."""
    signed: dict[str, JsonValue] = {
        "roles": ["reader"],
        "pseudonym": "abcdefgh",
        "commitment": "c",
        "sealed": "s",
    }
    first, other = telling.events(Body.MEDICAL, 1)
    staffed: dict[str, JsonValue] = first | {"organisation": "clinic", "staff": signed}
    telling.tell(Body.MEDICAL, [staffed, other])
    (entry,) = unmasking.askable(telling.person)
    assert (entry.body, entry.index) == ("medical", 0)
    asked = unmasking.ask(telling.person, Body.MEDICAL, 0, why="I never was at that clinic")
    assert (asked.organisation, asked.state) == ("clinic", UnmaskingState.ASKED)
    again = unmasking.ask(telling.person, Body.MEDICAL, 0, why="I never was at that clinic")
    assert unmasking.own(telling.person) == [asked] == [again]
    telling.world.unmaskings.decided(asked.case, UnmaskingState.UNMASKED, name="Dr. Abe")
    assert [each.name for each in unmasking.own(telling.person)] == ["Dr. Abe"]
    with pytest.raises(RefusedError, match="staff_nobody_acted"):
        unmasking.ask(telling.person, Body.MEDICAL, 1, why="I never was at that clinic")
    with pytest.raises(NotVerifiedError):
        unmasking.ask(telling.person, Body.MEDICAL, 2, why="I never was at that clinic")


def test_notices_are_fetched_and_marked_as_read(telling: Telling) -> None:
    notice = Notice(
        id="n1",
        recall="r1",
        title="リコール",
        hazard="火災",
        remedy="交換",
        product="ストーブ",
        contact="0120",
        url="https://maker.example",
        created_at=1,
        read_at=None,
    )
    centre = telling.world(Body.PRODUCT_SAFETY)
    centre.serve("GET", "/inbox", Inbox(notices=[notice]))
    centre.serve("POST", "/inbox/read", ReadAnswer(notice="n1", read_at=7))
    assert inbox(telling.person) == [notice]
    assert mark_read(telling.person, "n1") == 7


def test_enrolment_leaves_name_and_address_with_the_registry_alone(telling: Telling) -> None:
    (resident,) = telling.world.registry.residents.values()
    assert set(resident.values()) == {ITEMS.name, ITEMS.address, ITEMS.sex, ITEMS.birth_date}
    card = telling.enrolled.card.model_dump_json()
    assert ITEMS.name not in card
    assert telling.enrolled.personal_number not in card + repr(telling.enrolled)
