"""Nobody gives a card's tries back alone, and nobody stops or unlocks cards by trying."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from support.identity_people import IDENTITY, PIN, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running

from consent import base64url
from consent.paper_code import SUSPENSION_SIGNS, spell
from services.contracts.identity.card_messages import ChangePin, SuspendByCode, UnlockApplication
from services.contracts.identity.messages import Application
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Kind, Role
from services.identity.settings import Settings
from services.kit.http import RemoteProblemError

AUTHENTICATION, SIGNATURE = Application
WHERE_IN_THE_LOG = ("SELECT log_node.", "SELECT journal_history.", "INSERT INTO journal_history ")


@dataclass(frozen=True)
class Scene:
    """Somebody whose card is locked, and a registrar who also has a card of their own."""

    world: World
    city: Participant
    holder: Holder
    registrar: Holder

    def unlock(self, presence: str) -> None:
        message = UnlockApplication(
            reference=self.holder.enrolled.reference,
            card=self.holder.issued.card,
            application=AUTHENTICATION,
            presence=presence,
        )
        token = self.world.operator_token(self.city, IDENTITY)
        self.world.cards(self.city).unlock_application(message, token=token)

    def tries(self, digits: str) -> str:
        try:
            self.world.identity(self.city).unlock(self.holder.attempt(digits))
        except RemoteProblemError as error:
            return error.code
        return "open"

    def events(self, kind: str) -> list[tuple[str, str | None]]:
        journal = self.world.identity_context.journal
        with self.world.identity_context.database.read() as conn:
            told = journal.openings(conn, range(journal.tree.size(conn)))
        found = [opening.event for opening in told.values() if opening.event["kind"] == kind]
        return [(str(each["outcome"]), each.get("reason")) for each in found]  # type: ignore[misc]  # reasons are text


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        yield Scene(world, city, world.holder(city), world.holder(city))


def test_registrar_alone_gives_no_tries_back(scene: Scene) -> None:
    """OP4: with the locked card's file in hand, and a card of the registrar's own, there is still no further try."""
    for _ in range(3):
        scene.tries("0000")
    own_card = scene.world.presence(scene.registrar, scene.city, AUTHENTICATION)
    in_its_name = scene.world.presence(
        scene.registrar, scene.city, AUTHENTICATION, card=scene.holder.issued.card
    )
    own_key = replace(scene.holder, keys=scene.registrar.keys)
    for presence in (own_card, in_its_name, scene.world.presence(own_key, scene.city, AUTHENTICATION)):
        with refused("presence_refused", 403):
            scene.unlock(presence)
    assert scene.tries(PIN) == "pin_locked"
    assert scene.events("card_application_unlocked") == [("refused", "presence_refused")] * 3


def test_locked_application_does_not_unlock_itself(scene: Scene) -> None:
    """K1, K4: the presence is the other application's, not the locked one's."""
    itself = scene.world.presence(scene.holder, scene.city, SIGNATURE)
    with refused("presence_refused", 403):
        scene.unlock(itself)


def test_presence_of_yesterday_gives_no_tries_today(scene: Scene) -> None:
    """LN, K1: the challenge is too old, however genuine the signature."""
    presence = scene.world.presence(scene.holder, scene.city, AUTHENTICATION)
    scene.world.clock.move(301)
    with refused("presence_refused", 403):
        scene.unlock(presence)


def test_former_registrar_unlocks_nothing_with_a_token_from_before(scene: Scene) -> None:
    """IL5: the role is gone, the token is not yet over."""
    token = scene.world.operator_token(scene.city, IDENTITY)
    message = UnlockApplication(
        reference=scene.holder.enrolled.reference,
        card=scene.holder.issued.card,
        application=AUTHENTICATION,
        presence=scene.world.presence(scene.holder, scene.city, AUTHENTICATION),
    )
    scene.world.oversight.change_roles(
        RolesChange(organisation=scene.city.organisation, id=scene.city.operator, roles=[])
    )
    with refused("forbidden", 403):
        scene.world.cards(scene.city).unlock_application(message, token=token)


def test_changing_pins_gives_no_more_tries_than_unlocking(scene: Scene) -> None:
    """K1: both ways share one counter, at the same moment too."""

    def change(digits: str) -> str:
        attempt = scene.holder.attempt(digits)
        message = ChangePin(**attempt.model_dump(), pin_verifier=base64url.encode(bytes(32)))
        try:
            scene.world.cards(scene.city).change_pin(message)
        except RemoteProblemError as error:
            return error.code
        return "open"

    guesses = [f"{number:04d}" for number in range(12)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = [*pool.map(change, guesses[:6]), *pool.map(scene.tries, guesses[6:])]
    assert sorted(outcomes) == ["pin_locked"] * 9 + ["wrong_pin"] * 3


def test_codes_that_exist_and_codes_that_do_not_cost_the_same(scene: Scene) -> None:
    """Bad input: same bytes, and the same statements, but for where in the log and in whose history the entry goes."""
    said: list[str] = []

    def note(_conn: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    engine = scene.world.identity_context.database.engine
    answers, statements = [], []
    for code in (scene.holder.issued.suspension_code, spell(7, SUSPENSION_SIGNS)):
        said.clear()
        event.listen(engine, "before_cursor_execute", note)
        try:
            answers.append(scene.world.cards(scene.city).suspend(SuspendByCode(code=code)))
        finally:
            event.remove(engine, "before_cursor_execute", note)
        statements.append(sorted(text for text in said if not text.startswith(WHERE_IN_THE_LOG)))
    assert answers[0] == answers[1]
    assert statements[0] == statements[1]
    assert scene.events("card_suspension_refused") == [("refused", "unknown_code")]


def test_codes_are_not_found_by_trying(scene: Scene) -> None:
    """K5: over the limit of one caller even the right code has to wait, and the flood is one entry."""
    settings = scene.world.identity_context.settings
    assert isinstance(settings, Settings)
    cards = scene.world.cards(scene.city)
    for number in range(settings.suspension_tries_of_one):
        cards.suspend(SuspendByCode(code=spell(number, SUSPENSION_SIGNS)))
    for code in (spell(99, SUSPENSION_SIGNS), scene.holder.issued.suspension_code):
        with refused("too_many_tries", 429):
            cards.suspend(SuspendByCode(code=code))
    assert scene.tries(PIN) == "open"
    assert scene.events("card_suspension_refused").count(("refused", "too_many_tries")) == 1
    other = scene.world.accredit("other", Kind.MUNICIPALITY, Role.REGISTRAR)
    scene.world.cards(other).suspend(SuspendByCode(code=scene.holder.issued.suspension_code))
    assert scene.tries(PIN) == "card_not_usable"


def test_database_does_not_tell_telephone_codes(scene: Scene) -> None:
    """R5: the code itself is in no file of the ID centre."""
    folder = scene.world.folder / "identity"
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    code = scene.holder.issued.suspension_code
    assert not any(form.encode() in stored for form in (code, code.replace("-", "")))
