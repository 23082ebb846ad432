"""The gateway and the real ID centre change a PIN together, and no crash between them loses the card."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.card_files import PINS, card_file
from support.identity_people import IDENTITY, Participant
from support.identity_wire import AppHttp
from support.identity_world import World, running

from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.gateway.card_care import change_pin
from services.gateway.cards import CardFile, Unlocked, read_card, unlock
from services.gateway.errors import CardFileError, WrongPinError
from services.kit.http import Http, PeerUnavailableError
from services.kit.keys import pem

NEXT = {Application.AUTHENTICATION: "7306", Application.SIGNATURE: "ume2026x"}


class Cut(Http):
    """A connection that carries so many requests; of the last of them no answer comes back."""

    def __init__(self, whole: AppHttp, requests: int) -> None:
        self.base_url = whole.base_url
        self._whole, self._left = whole, requests

    def send(self, method: str, path: str, **told: Any) -> httpx.Response:
        """Pass a request on, unless the connection is gone."""
        answer = self._whole.send(method, path, **told)
        self._left -= 1
        if self._left <= 0:
            raise PeerUnavailableError("cut")
        return answer


@dataclass(frozen=True)
class Scene:
    """A person with a card file, at home."""

    world: World
    city: Participant
    file: Path

    @property
    def identity(self) -> AppHttp:
        return self.world.http(IDENTITY, self.city)

    def change(self, application: Application, cut_after: int = 99) -> CardFile:
        return change_pin(
            self.file,
            read_card(self.file),
            application,
            present=PINS[application],
            following=NEXT[application],
            identity=Cut(self.identity, cut_after),
        )

    def open(self, application: Application, digits: str) -> Unlocked:
        return unlock(read_card(self.file), application, digits, identity=IdentityClient(self.identity))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path / "bodies") as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        card_file(world, city, tmp_path / "card.json")
        yield Scene(world, city, tmp_path / "card.json")


@pytest.mark.parametrize("application", Application)
def test_changed_pin_opens_the_same_keys_and_the_other_pin_stays(
    scene: Scene, application: Application
) -> None:
    before = {each: scene.open(each, PINS[each]) for each in Application}
    scene.change(application)
    after = {each: scene.open(each, (NEXT if each is application else PINS)[each]) for each in Application}
    for each in Application:
        assert pem(after[each].key) == pem(before[each].key)
    wallets = before[Application.SIGNATURE].wallet, after[Application.SIGNATURE].wallet
    assert wallets[0] is not None
    assert wallets[1] is not None
    assert wallets[0].to_secret_bytes() == wallets[1].to_secret_bytes()


def test_copy_of_the_file_from_before_opens_with_neither_pin(scene: Scene) -> None:
    """K1: who copied the file and saw the PIN has nothing once it was changed."""
    copy = read_card(scene.file)
    scene.change(Application.AUTHENTICATION)
    identity = IdentityClient(scene.identity)
    with pytest.raises(WrongPinError):
        unlock(copy, Application.AUTHENTICATION, PINS[Application.AUTHENTICATION], identity=identity)
    with pytest.raises(CardFileError):
        unlock(copy, Application.AUTHENTICATION, NEXT[Application.AUTHENTICATION], identity=identity)


def test_power_cut_before_the_file_is_written_leaves_the_former_pin(scene: Scene) -> None:
    with pytest.raises(PeerUnavailableError):
        scene.change(Application.AUTHENTICATION, cut_after=2)
    scene.world.restart()
    assert scene.open(Application.AUTHENTICATION, PINS[Application.AUTHENTICATION])
    scene.change(Application.AUTHENTICATION)
    assert scene.open(Application.AUTHENTICATION, NEXT[Application.AUTHENTICATION])


def test_power_cut_after_the_file_was_written_leaves_the_next_pin(scene: Scene) -> None:
    with pytest.raises(PeerUnavailableError):
        scene.change(Application.AUTHENTICATION, cut_after=3)
    scene.world.restart()
    assert scene.open(Application.AUTHENTICATION, NEXT[Application.AUTHENTICATION])


def test_trivial_pin_is_refused_before_anything_happens(scene: Scene) -> None:
    with pytest.raises(CardFileError, match="count up or down"):
        change_pin(
            scene.file,
            read_card(scene.file),
            Application.AUTHENTICATION,
            present=PINS[Application.AUTHENTICATION],
            following="3456",
            identity=scene.identity,
        )
    assert scene.open(Application.AUTHENTICATION, PINS[Application.AUTHENTICATION])
