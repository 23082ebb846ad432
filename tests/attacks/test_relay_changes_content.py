"""A relay between a person and a body puts other content under the person's credentials: nothing is done with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.oversight_world import OversightWorld, Person, body_certificate, oversight

from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import wallet_registration
from services.contracts.oversight.register import Role
from services.kit.http import Token

OWN = Body.OVERSIGHT


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    with oversight(tmp_path) as running:
        yield running


def registration_of(world: OversightWorld, wallet: Wallet) -> bytes:
    return wallet_registration(wallet, OWN, world.clock()).model_dump_json().encode()


def passed_on(world: OversightWorld, person: Person, *, meant: bytes, sent: bytes) -> int:
    """Register a wallet through My Portal, which sends `sent` where the person meant `meant`; return the status."""
    _, token = world.as_person(person)
    token.key.learn(world.settings.public_url, world.context.nonces.present(world.clock()))
    proof = token.key.proof(
        method="PUT",
        url=world.settings.public_url + "/wallet",
        now=world.clock(),
        randomness=world.random.randbytes,
        token=token.value,
        content=meant,
    )
    headers = {"Authorization": f"DPoP {token.value}", "DPoP": proof, "Content-Type": "application/json"}
    relay = world.http(body_certificate(Body.PORTAL))
    return relay.raw("PUT", "/wallet", headers=headers, content=sent).status_code


def test_relay_cannot_register_a_wallet_of_its_own_for_the_person(world: OversightWorld) -> None:
    """R2, OT1: the first wallet stays, so who could swap it on the way would own every later permission."""
    person = Person("hanako", Wallet.create(world.random.randbytes), world.context.people)
    relays_own = Wallet.create(world.random.randbytes)
    meant = registration_of(world, person.wallet)
    assert passed_on(world, person, meant=meant, sent=registration_of(world, relays_own)) == 401
    assert passed_on(world, person, meant=meant, sent=meant) == 200


# step A3
@pytest.mark.parametrize(("meant", "sent"), [(b"", b"{}"), (b"{}", b""), (b"{}", b"{} ")])
def test_content_that_the_person_did_not_sign_for_is_refused(
    world: OversightWorld, meant: bytes, sent: bytes
) -> None:
    """OT3: content added, taken away, or changed by one byte."""
    assert passed_on(world, world.person("hanako"), meant=meant, sent=sent) == 401


def test_an_operators_named_content_holds_too(world: OversightWorld) -> None:
    """OT1: an operator's proof need not name its content; where it does, the content is that."""
    token: Token = world.operator_token(world.official, Role.AUDITOR)
    url = world.settings.public_url + "/register"
    token.key.learn(url, world.context.nonces.present(world.clock()))
    proof = token.key.proof(
        method="GET",
        url=url,
        now=world.clock(),
        randomness=world.random.randbytes,
        token=token.value,
        content=b"{}",
    )
    headers = {"Authorization": f"DPoP {token.value}", "DPoP": proof}
    assert world.http(world.official.certificate).raw("GET", "/register", headers=headers).status_code == 401
    assert world.http(world.official.certificate).send("GET", "/register", token=token).status_code == 200
