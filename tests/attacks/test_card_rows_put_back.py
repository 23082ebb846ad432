"""Whoever writes the ID centre's database, without its keys, puts earlier rows of a card back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, insert, select, text
from support.identity_people import IDENTITY, PIN, Holder, Participant
from support.identity_world import World, running

from services.contracts.identity.messages import CardChange
from services.contracts.oversight.register import Kind, Role
from services.identity import tables
from services.kit.http import RemoteProblemError

Rows = Mapping[str, Sequence[Mapping[str, object]]]
TABLES = (tables.CARDS.standing, tables.card_application, tables.card)
HISTORY = tables.KIT.journal.history.state


@dataclass(frozen=True)
class Scene:
    """A person with a card, a municipality, and an auditor."""

    world: World
    city: Participant
    auditor: Participant
    holder: Holder
    kept: list[Rows] = field(default_factory=list)

    def tries(self, digits: str) -> bool:
        """Try a PIN; tell whether it was right."""
        try:
            self.world.identity(self.city).unlock(self.holder.attempt(digits))
        except RemoteProblemError:
            return False
        return True

    def refused(self) -> str | None:
        """Sign in with the card and the right PIN; return why no token came of it, if none did."""
        try:
            self.world.person_token(self.holder, IDENTITY, at=self.city)
        except RemoteProblemError as refusal:
            return refusal.code
        return None

    def change(self, change: CardChange) -> None:
        """Have the card suspended, resumed or revoked at the counter."""
        self.world.change_card(self.city, self.holder, change)

    def copy(self) -> None:
        """Keep all rows about cards as they are."""
        with self.world.identity_context.database.read() as conn:
            told = {
                each.name: [dict(row._mapping) for row in conn.execute(select(each))]
                for each in (*TABLES, HISTORY)
            }
        self.kept.append(told)

    def put_back(self, *which: Table) -> None:
        """Put all rows about cards back, or those of some tables."""
        chosen = which or TABLES
        with self.world.identity_context.database.write() as conn:
            for each in chosen:
                conn.execute(delete(each))
            for each in reversed(chosen):
                conn.execute(insert(each), list(self.kept[-1][each.name]))

    def found(self) -> set[tuple[str, str]]:
        """Return what the audit names: table and problem."""
        token = self.world.operator_token(self.auditor, IDENTITY)
        report = self.world.http(IDENTITY, self.auditor).get("/audit", token=token)
        assert all(self.holder.issued.card in each["row"] for each in report["findings"])
        return {(each["table"], each["problem"]) for each in report["findings"]}


OLDER = ("card", "is not what the log says last")
MORE_TRIES = ("card_application", "has more tries left than the log says")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        auditor = world.accredit("auditors", Kind.OVERSIGHT, Role.AUDITOR)
        world.holder(city)
        yield Scene(world, city, auditor, world.holder(city))


def test_tries_that_were_put_back_are_named(scene: Scene) -> None:
    """K1, IT5: the rows from before two wrong tries open, and give the tries back; the log says how many are left."""
    scene.copy()
    assert not scene.tries("0000")
    assert not scene.tries("0001")
    assert scene.found() == set()
    scene.put_back()
    assert scene.found() == {MORE_TRIES}


def test_tries_edited_in_the_row_are_named(scene: Scene) -> None:
    """K1, IT1: the counter is clear, so that it can be counted down by the database; up it goes by a right PIN only."""
    assert not scene.tries("0000")
    with scene.world.identity_context.database.write() as conn:
        conn.execute(text("UPDATE card_application SET tries_left = 3 WHERE application = 'authentication'"))
    assert scene.found() == {MORE_TRIES}


@pytest.mark.parametrize(
    "after",
    [
        lambda scene: scene.change(CardChange.SUSPEND),
        lambda scene: scene.change(CardChange.REVOKE),
        lambda scene: (scene.change(CardChange.SUSPEND), scene.change(CardChange.RESUME)),
    ],
    ids=["suspended", "revoked", "resumed"],
)
def test_a_cards_state_that_was_put_back_is_named(scene: Scene, after: Callable[[Scene], object]) -> None:
    """R4, IT5: the whole set of rows is of one earlier moment, so all of its cells open."""
    scene.copy()
    after(scene)
    assert scene.found() == set()
    scene.put_back()
    assert scene.found() == {OLDER}


@pytest.mark.parametrize("change", [CardChange.SUSPEND, CardChange.REVOKE])
def test_nobody_signs_in_with_a_card_whose_rows_from_before_it_was_stopped_were_put_back(
    scene: Scene, change: CardChange
) -> None:
    """R4, IT5: also after a restart, and with the count of the holder's entries put back, too."""
    assert scene.refused() is None
    scene.copy()
    scene.change(change)
    assert scene.refused() == "invalid_grant"
    scene.put_back()
    for _ in range(2):
        assert scene.refused() == "invalid_grant"
        scene.world.restart()
    scene.put_back(*TABLES, HISTORY)
    assert scene.refused() == "conflict", "not even the refusal can be written beside what was put back"


def test_a_card_that_was_taken_out_is_named(scene: Scene) -> None:
    """IT1: and the other person's card is not."""
    name = {"card": scene.holder.issued.card}
    with scene.world.identity_context.database.write() as conn:
        for statement in (
            "DELETE FROM card_standing WHERE card = :card",
            "DELETE FROM card_application WHERE card = :card",
            "DELETE FROM card WHERE id = :card",
        ):
            conn.execute(text(statement), name)
    token = scene.world.operator_token(scene.auditor, IDENTITY)
    report = scene.world.http(IDENTITY, scene.auditor).get("/audit", token=token)
    assert [(each["table"], each["problem"]) for each in report["findings"]] == [
        ("card", "missing, though the log has it")
    ]


def test_cards_that_are_used_as_they_should_have_no_findings(scene: Scene) -> None:
    """K1: wrong and right PINs, also a try that was counted before a power cut and never decided."""
    assert scene.tries(PIN)
    assert not scene.tries("0000")
    assert scene.found() == set()
    assert scene.tries(PIN)
    assert scene.found() == set()
    with scene.world.identity_context.database.write() as conn:
        conn.execute(
            text("UPDATE card_application SET tries_left = tries_left - 1 WHERE card = :card"),
            {"card": scene.holder.issued.card},
        )
    assert scene.found() == set()
    scene.world.restart()
    assert scene.tries(PIN)
    assert scene.found() == set()
