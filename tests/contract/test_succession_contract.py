"""What a person relies on of a body when a wallet follows another: the same on the fake and at the real ID centre."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from support.identity_fakes import FakeWorld
from support.identity_people import IDENTITY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World

from consent import jws
from consent.canonical import JsonObject
from consent.jwk import thumbprint
from consent.succession import announce, lineage, take_over
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import DirectivesClient, wallet_registration
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import SUBJECT_TYPE, Application, RegisterSubject
from services.contracts.oversight.register import Kind, Role
from services.contracts.succession import (
    CARD_CONSENT,
    AnnounceSuccessor,
    RenewWallet,
    SuccessionClient,
    SuccessionKeeper,
    WalletStanding,
)
from services.contracts.succession_fake import FakeSuccession
from services.kit.clock import epoch_seconds
from services.kit.http import Token

HERE = Body.IDENTITY


@dataclass(frozen=True)
class Scene:
    """The ID centre, fake or real, and somebody with a card, the wallet that is registered and the one to come."""

    world: World
    keeper: SuccessionKeeper
    city: Participant
    holder: Holder
    wallet: Wallet
    heir: Wallet

    @property
    def token(self) -> Token:
        return self.world.person_token(self.holder, IDENTITY, at=self.city)

    def now(self) -> int:
        return epoch_seconds(self.world.clock())

    def announces(self, by: Wallet | None = None, /, *, body: Body = HERE) -> str:
        text = announce(by or self.wallet, self.heir, body=body, now=self.world.clock())
        self.keeper.announce(AnnounceSuccessor(succession=text), token=self.token)
        return text

    def consent(
        self, of: Holder | None = None, /, *, by: Application = Application.SIGNATURE, at: int = 0
    ) -> str:
        holder = of or self.holder
        told: JsonObject = {
            "subject": self.heir.subject,
            "wallet": thumbprint(self.heir.public_jwk(HERE)),
            "at": self.now() + at,
        }
        return jws.sign(told, typ=CARD_CONSENT, key=holder.keys[by], kid=holder.kid_of(by))

    def takes_over(self, announced: str, card: str, /) -> WalletStanding:
        proof = self.heir.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": self.now()})
        message = RenewWallet(
            renewal=take_over(self.heir, announced, body=HERE, now=self.world.clock()),
            card=card,
            subject=RegisterSubject(wallet_key=self.heir.public_jwk(Body.MEDICAL), proof=proof),
        )
        return self.keeper.renew(message, token=self.token)


def _fake(world: FakeWorld, holder: Holder, wallet: Wallet) -> SuccessionKeeper:
    fake = world.fake_identity
    person = fake.pseudonym(HERE, fake.cards[holder.issued.card].holder)
    signing = Application.SIGNATURE
    return FakeSuccession(
        HERE,
        IDENTITY,
        world.clock,
        world.oversight.directory,
        world.sealing_key(HERE),
        wallets={person: wallet.public_jwk(HERE)},
        cards={holder.kid_of(signing): (person, holder.keys[signing].public_key())},
    )


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    holder, wallet = world.holder(city), Wallet.create(world.random.randbytes)
    if isinstance(world, FakeWorld):
        keeper = _fake(world, holder, wallet)
    else:
        http = world.http(IDENTITY, city)
        keeper = SuccessionClient(http)
        token = world.person_token(holder, IDENTITY, at=city)
        registration = wallet_registration(wallet, HERE, world.clock())
        DirectivesClient(http).register_wallet(registration, token=token)
        proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(world.clock())})
        first = RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)
        IdentityClient(http).register_subject(first, token=token)
    return Scene(world, keeper, city, holder, wallet, Wallet.create(world.random.randbytes))


def test_successor_takes_over_once_and_the_chain_leads_back(scene: Scene) -> None:
    announced = scene.announces()
    told = scene.takes_over(announced, scene.consent())
    assert told.subject == thumbprint(scene.heir.public_jwk(HERE))
    assert told.announced is None
    assert lineage(scene.heir.public_jwk(HERE), told.renewals, body=HERE) == (scene.wallet.public_jwk(HERE),)
    assert scene.takes_over(announced, scene.consent()) == told == scene.keeper.standing(token=scene.token)


def test_only_the_registered_wallet_announces_and_for_this_body(scene: Scene) -> None:
    with refused("not_signed_by_wallet", 403):
        scene.announces(Wallet.create(scene.world.random.randbytes))
    with refused("not_signed_by_wallet", 403):
        scene.announces(body=Body.OVERSIGHT)
    announced = scene.announces()
    scene.takes_over(announced, scene.consent())
    with refused("not_signed_by_wallet", 403):
        scene.announces()


def test_nobody_takes_over_unannounced(scene: Scene) -> None:
    unsent = announce(scene.wallet, scene.heir, body=HERE, now=scene.world.clock())
    with refused("successor_not_announced", 403):
        scene.takes_over(unsent, scene.consent())
    other = replace(scene, heir=Wallet.create(scene.world.random.randbytes))
    first = scene.announces()
    other.announces()
    with refused("successor_not_announced", 403):
        scene.takes_over(first, scene.consent())


def test_id_centre_wants_the_signature_of_the_card_in_force(scene: Scene) -> None:
    """Who has the old seed and somebody's sign-in, and not the signature application, has writers seal to no key."""
    announced = scene.announces()
    stranger = scene.world.holder(scene.city)
    elsewhere = replace(scene, heir=Wallet.create(scene.world.random.randbytes))
    for card in (
        scene.consent(by=Application.AUTHENTICATION),
        scene.consent(stranger),
        elsewhere.consent(),
    ):
        with refused("card_consent_refused", 403):
            scene.takes_over(announced, card)
    assert scene.keeper.standing(token=scene.token).subject == thumbprint(scene.wallet.public_jwk(HERE))


def test_texts_count_while_they_are_fresh(scene: Scene) -> None:
    stale = announce(scene.wallet, scene.heir, body=HERE, now=scene.world.clock() - timedelta(seconds=301))
    with refused("not_signed_by_wallet", 403):
        scene.keeper.announce(AnnounceSuccessor(succession=stale), token=scene.token)
    with refused("card_consent_refused", 403):
        scene.takes_over(scene.announces(), scene.consent(at=-301))
