"""A stolen card file, or a stolen database of the ID centre, does not let anybody try PINs."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import select
from support.card_scene import CardScene
from support.identity_people import IDENTITY, ITERATIONS, PIN
from support.identity_world import running

from consent import base64url, pin
from services.contracts.identity.messages import Application
from services.identity import tables
from services.identity.store import Store

TRIES = 3
GUESSES = [f"{number:04d}" for number in range(2400, 2500)]
assert PIN in GUESSES


class Scene(CardScene):
    """A person with a card, and a thief who has the card file and may use some terminal."""

    def attempt(self, digits: str) -> str:
        """Try a PIN; returns `open` or the refusal's code."""
        message = self.holder.attempt(digits).model_dump_json().encode()
        headers = {"Content-Type": "application/json"}
        connection = self.world.http(IDENTITY, self.city)
        answer = connection.raw("POST", "/cards/unlock", headers=headers, content=message)
        return "open" if answer.status_code == 200 else str(answer.json()["code"])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        yield Scene.of(world)


def test_thief_with_the_card_file_has_three_tries_in_all(scene: Scene) -> None:
    """K1, R2: one after the other, also across a restart; the right PIN comes too late."""
    assert [scene.attempt(digits) for digits in ("0000", "0001")] == ["wrong_pin"] * 2
    scene.world.restart()
    assert scene.attempt("0002") == "wrong_pin"
    scene.world.restart()
    assert scene.attempt(PIN) == "pin_locked"


def test_thief_gains_nothing_by_trying_at_the_same_moment(scene: Scene) -> None:
    """K1: many threads at once, the right PIN not among the guesses, then the right PIN."""
    wrong = [digits for digits in GUESSES if digits != PIN][:32]
    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(scene.attempt, wrong))
    assert outcomes == {"wrong_pin": TRIES, "pin_locked": len(wrong) - TRIES}
    assert scene.attempt(PIN) == "pin_locked"


def test_every_refused_try_is_in_the_holders_history(scene: Scene) -> None:
    """K1, R13: the holder sees that somebody tried."""
    for digits in ("0000", "0001", "0002", "0003"):
        scene.attempt(digits)
    journal = scene.world.identity_context.journal
    with scene.world.identity_context.database.read() as conn:
        told = journal.openings(conn, range(journal.tree.size(conn)))
    events = [opening.event for opening in told.values()]
    tries = [event["reason"] for event in events if event["kind"] == "card_unlock_refused"]
    assert tries == ["wrong_pin"] * 3 + ["pin_locked"]


def test_database_and_keys_of_the_id_centre_do_not_let_pins_be_tried(scene: Scene) -> None:
    """K1: even with every column opened, the card file's secret is missing; with it, the same attack succeeds."""
    store = Store(scene.world.identity_context.cipher)
    with scene.world.identity_context.database.read() as conn:
        held = store.secrets(conn, scene.holder.issued.card, Application.AUTHENTICATION)
    assert held is not None
    known = [bytes(32), held.share, held.pin_verifier, scene.holder.issued.card.encode().ljust(32, b"\0")]
    assert not any(found(guess, held.pin_verifier) for guess in known)
    assert found(scene.holder.file_secret, held.pin_verifier) == [PIN]


def test_rows_show_neither_share_nor_verifier(scene: Scene) -> None:
    """R5: the thief of the database alone does not even get what there is to attack, freed pages of a file included."""
    share = scene.holder.issued.applications[Application.AUTHENTICATION].share
    proof = base64url.decode(scene.holder.attempt(PIN).pin_proof)
    folder = scene.world.folder / "identity"
    stored = b"".join([*cells(scene), *(file.read_bytes() for file in folder.glob("database.sqlite*"))])
    assert scene.holder.issued.card.encode() in stored
    for secret in (base64url.decode(share), share.encode(), pin.proof_digest(proof), proof):
        assert secret not in stored


def cells(scene: Scene) -> Iterator[bytes]:
    """Return every text and every binary value that the ID centre has stored, on whatever database."""
    with scene.world.identity_context.database.read() as conn:
        for table in tables.metadata.sorted_tables:
            for value in chain.from_iterable(conn.execute(select(table))):
                if isinstance(value, str | bytes):
                    yield value.encode() if isinstance(value, str) else value


def found(file_secret: bytes, verifier: bytes) -> list[str]:
    """Try all guesses; returns those that fit."""
    name = Application.AUTHENTICATION.value
    return [
        digits
        for digits in GUESSES
        if pin.check_proof(pin.derive(digits, file_secret, name, ITERATIONS).proof(), verifier)
    ]
