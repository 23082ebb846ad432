"""A card is not issued while the registry cannot say whether the person is registered, and the desk is told so."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_bodies import nobody
from support.identity_people import IDENTITY, card_request
from support.identity_wire import refused
from support.identity_world import running

from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import (
    ComparedIdentity,
    CompareIdentity,
    MatchedIdentity,
    MatchIdentity,
    Presence,
)
from services.identity import app as identity_app
from services.identity.settings import Settings
from services.kit.http import PeerUnavailableError, RemoteProblemError

DOWN = PeerUnavailableError("the registry does not answer")
STARTING = RemoteProblemError(status=401, code="unauthenticated", title="", detail="", members={})


class Silent:
    """A registry that gives no answer."""

    def __init__(self, why: Exception) -> None:
        self._why = why

    def presence(self, _token: str) -> Presence:
        raise self._why

    def compare(self, _message: CompareIdentity) -> ComparedIdentity:
        raise self._why

    def match(self, _message: MatchIdentity) -> MatchedIdentity:
        raise self._why


@pytest.mark.parametrize("why", [DOWN, STARTING], ids=["down", "starting"])
def test_no_card_while_the_registry_gives_no_answer(tmp_path: Path, why: Exception) -> None:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        enrolled = world.enrol(city)
        settings = world.identity_context.settings
        assert isinstance(settings, Settings)
        silent = identity_app.assemble(
            world.identity_context,
            settings,
            register=world.register,
            registry=Silent(why),
            peers=nobody,
            medical=world.medical,
        )
        world.identity_app = world._serve(silent)
        keys = {application: generate_private_key(SECP256R1()) for application in Application}
        message = card_request(enrolled.reference, keys, bytes(32))
        with refused("unavailable", 503):
            world.identity(city).issue_card(message, token=world.operator_token(city, IDENTITY))
