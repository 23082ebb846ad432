"""What people and registrars rely on of a keeper of wallets' parts: the same on the fake and at the real ID centre."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.identity_fakes import FakeWorld, running_fakes
from support.identity_people import IDENTITY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running

from consent import base64url, jws
from consent.canonical import JsonValue
from consent.identifiers import Pseudonym
from consent.recovery import paper_proof, split
from consent.staff import open_mask
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import DirectivesClient, wallet_registration
from services.contracts.identity.messages import CardState
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Kind, Role
from services.contracts.recovery import (
    CONFIRMATION,
    DEPOSIT,
    PART_INFO,
    RELEASE_INFO,
    RETIREMENT,
    DepositPart,
    RecoveryClient,
    RecoveryKeeper,
    ReleaseParts,
    RetireParts,
)
from services.contracts.recovery_fake import FakeKeeper
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import open_sealed, seal_to
from services.kit.http import Token
from services.kit.staff import OPENING, colleagues, member

HERE = Body.IDENTITY


@dataclass(frozen=True)
class Scene:
    """One keeper, fake or real, two registrars, and somebody with a wallet that is registered there."""

    world: World
    keeper: RecoveryKeeper
    city: Participant
    town: Participant
    holder: Holder
    wallet: Wallet
    key: X25519PrivateKey

    @property
    def token(self) -> Token:
        return self.world.person_token(self.holder, IDENTITY, at=self.city)

    @property
    def recovery_key(self) -> str:
        return base64url.encode(self.key.public_key().public_bytes_raw())

    def now(self) -> int:
        return epoch_seconds(self.world.clock())

    def present(self, **humans: str | None) -> None:
        """Have the register say which humans presented themselves for the city's and the town's account."""
        tags = {each.operator: humans[name] for name, each in (("city", self.city), ("town", self.town))}
        operators = self.world.oversight.operators
        operators[:] = [
            each.model_copy(update={"person_tag": tags.get(each.id, each.person_tag)}) for each in operators
        ]

    def deposit(self, name: str, part: bytes, digest: bytes, /, *, wallet: Wallet | None = None) -> int:
        sealed = seal_to(self.world.sealing_key(HERE).public_key(), part, info=PART_INFO)
        told: dict[str, JsonValue] = {
            "id": name,
            "part": base64url.encode(sealed),
            "paper_digest": base64url.encode(digest),
            "at": self.now(),
        }
        signed = (wallet or self.wallet).sign(HERE, DEPOSIT, told)
        return self.keeper.deposit(DepositPart(deposit=signed), token=self.token).parts

    def confirmation(self, at: Participant, /, **replaced: JsonValue) -> str:
        told: dict[str, JsonValue] = {
            "body": HERE.value,
            "recovery_key": self.recovery_key,
            "card": self.holder.issued.card,
            "at": self.now(),
            **replaced,
        }
        kid = f"{at.organisation}/{at.operator}"
        return jws.sign(told, typ=CONFIRMATION, key=at.card_key, kid=kid)

    def release(self, *confirmations: str, paper: str | None = None) -> list[bytes]:
        message = ReleaseParts(
            recovery_key=self.recovery_key,
            confirmations=list(confirmations),
            paper_proof=None if paper is None else base64url.encode(paper_proof(paper, HERE)),
        )
        told = self.keeper.release(message, token=self.token)
        return [open_sealed(self.key, base64url.decode(each), info=RELEASE_INFO) for each in told.parts]


def _fake(world: FakeWorld, holder: Holder, wallet: Wallet) -> RecoveryKeeper:
    fake = world.fake_identity

    def own(person: Pseudonym, card_id: str) -> bool:
        card = fake.cards.get(card_id)
        usable = card is not None and card.state is CardState.ACTIVE
        return usable and card is not None and fake.pseudonym(HERE, card.holder) == person

    person = fake.pseudonym(HERE, fake.cards[holder.issued.card].holder)
    return FakeKeeper(
        HERE,
        IDENTITY,
        world.clock,
        world.oversight.directory,
        world.sealing_key(HERE),
        own,
        wallets={person: wallet.public_jwk(HERE)},
    )


@pytest.fixture(params=["fake", "real"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    strict = partial(running, identity_settings={"signed_max_age_seconds": 60, "recovery_parts": 3})
    starts: dict[str, Callable[[Path], AbstractContextManager[World]]] = {
        "fake": running_fakes,
        "real": running,
        "strict": strict,
    }
    with starts[request.param](tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        town = world.accredit("town", Kind.MUNICIPALITY, Role.REGISTRAR)
        holder, wallet = world.holder(city), Wallet.create(world.random.randbytes)
        if isinstance(world, FakeWorld):
            keeper = _fake(world, holder, wallet)
        else:
            http = world.http(IDENTITY, city)
            keeper = RecoveryClient(http)
            token = world.person_token(holder, IDENTITY, at=city)
            DirectivesClient(http).register_wallet(
                wallet_registration(wallet, HERE, world.clock()), token=token
            )
        yield Scene(world, keeper, city, town, holder, wallet, X25519PrivateKey.generate())


def test_part_comes_back_with_paper_and_one_registrar(scene: Scene) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    assert scene.deposit("first", made.parts[HERE], made.digests[HERE]) == 1
    assert scene.deposit("first", made.parts[HERE], made.digests[HERE]) == 1
    confirmation = scene.confirmation(scene.city)
    assert scene.release(confirmation, paper=made.paper) == [made.parts[HERE]]
    with refused("replayed", 409):
        scene.release(confirmation, paper=made.paper)


def test_without_paper_two_registrars_confirm(scene: Scene) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    with refused("second_registrar_missing", 403):
        scene.release(scene.confirmation(scene.city))
    with refused("recovery_not_confirmed", 403):
        scene.release(scene.confirmation(scene.city), scene.confirmation(scene.city))
    scene.present(city="one human", town="another human")
    assert scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town)) == [made.parts[HERE]]


@pytest.mark.parametrize("scene", ["real"], indirect=True)
def test_both_registrars_who_confirmed_can_be_unmasked(scene: Scene) -> None:
    """Q2: in the person's entry, each sealed to the oversight body, for the town they work for."""
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    scene.present(city="one human", town="another human")
    scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town))
    context = scene.world.identity_context
    with context.database.read() as conn:
        found = context.journal.openings(conn, range(context.journal.tree.size(conn)))
    (event,) = [each.event for each in found.values() if each.event["kind"] == "recovery_released"]
    (beside,) = colleagues(event)
    pseudonym, first = member(event, "pseudonym"), member(event, OPENING)
    assert pseudonym is not None
    assert first is not None
    signed = (scene.city, pseudonym, first), (scene.town, beside["pseudonym"], beside[OPENING])
    for who, name, sealed in signed:
        key = scene.world.sealing_key(Body.OVERSIGHT)
        opened = open_mask(key, base64url.decode(sealed), organisation=who.organisation, pseudonym=name)
        assert opened.opening.operator == who.operator


@pytest.mark.parametrize("scene", ["strict"], indirect=True)
def test_a_body_may_be_told_to_keep_fewer_parts_and_to_take_only_what_is_fresher(scene: Scene) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    kept = [scene.deposit(f"n-{n}", made.parts[HERE], made.digests[HERE]) for n in range(4)]
    assert kept == [1, 2, 3, 3]
    with refused("recovery_not_confirmed", 403):
        scene.release(scene.confirmation(scene.city, at=scene.now() - 61), paper=made.paper)
    released = scene.release(scene.confirmation(scene.city, at=scene.now() - 60), paper=made.paper)
    assert released == [made.parts[HERE]] * 3


def test_one_human_with_two_cards_does_not_stand_for_two_registrars(scene: Scene) -> None:
    """OP4: two accounts, two cards, two towns, one human; an account for which nobody came is no human."""
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    scene.present(city="one human", town="one human")
    with refused("one_human_twice", 403):
        scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town))
    scene.present(city="one human", town=None)
    with refused("registrar_not_presented", 403):
        scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town))
    both = scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town), paper=made.paper)
    assert both == [made.parts[HERE]]


def test_wrong_paper_releases_nothing_whoever_confirms(scene: Scene) -> None:
    made, other = (split(scene.wallet, randomness=scene.world.random.randbytes) for _ in range(2))
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    with refused("wrong_paper_code", 403):
        scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town), paper=other.paper)


@pytest.mark.parametrize(
    "replaced",
    [{"body": "oversight"}, {"recovery_key": base64url.encode(bytes(32))}, {"at": "now"}],
    ids=str,
)
def test_confirmation_for_something_else_confirms_nothing(
    scene: Scene, replaced: dict[str, JsonValue]
) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    with refused("recovery_not_confirmed", 403):
        scene.release(scene.confirmation(scene.city, **replaced), paper=made.paper)


def test_former_registrar_confirms_nothing(scene: Scene) -> None:
    """IL5: the register counts, at this body, now."""
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    confirmation = scene.confirmation(scene.town)
    scene.world.oversight.change_roles(
        RolesChange(organisation=scene.town.organisation, id=scene.town.operator, roles=[])
    )
    with refused("recovery_not_confirmed", 403):
        scene.release(confirmation, paper=made.paper)


def test_confirmation_is_for_the_card_in_force(scene: Scene) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    other = scene.world.holder(scene.city)
    with refused("not_the_new_card", 403):
        scene.release(scene.confirmation(scene.city, card=other.issued.card), paper=made.paper)


def test_only_the_registered_wallet_lays_down_and_retires(scene: Scene) -> None:
    made = split(scene.wallet, randomness=scene.world.random.randbytes)
    thief = Wallet.create(scene.world.random.randbytes)
    with refused("not_signed_by_wallet", 403):
        scene.deposit("first", made.parts[HERE], made.digests[HERE], wallet=thief)
    scene.deposit("first", made.parts[HERE], made.digests[HERE])
    signed = thief.sign(HERE, RETIREMENT, {"keep": "first", "at": scene.now()})
    with refused("not_signed_by_wallet", 403):
        scene.keeper.retire(RetireParts(retirement=signed), token=scene.token)


def test_earlier_paper_counts_until_its_part_is_retired(scene: Scene) -> None:
    first, second = (split(scene.wallet, randomness=scene.world.random.randbytes) for _ in range(2))
    for name, made in (("first", first), ("second", second)):
        scene.deposit(name, made.parts[HERE], made.digests[HERE])
    assert scene.release(scene.confirmation(scene.city), paper=first.paper) == [first.parts[HERE]]
    signed = scene.wallet.sign(HERE, RETIREMENT, {"keep": "second", "at": scene.now()})
    assert scene.keeper.retire(RetireParts(retirement=signed), token=scene.token).parts == 1
    with refused("wrong_paper_code", 403):
        scene.release(scene.confirmation(scene.city), paper=first.paper)


def test_times_that_broke_off_make_room_and_the_paper_in_use_goes_on_to_count(scene: Scene) -> None:
    """LD8: laying down was begun again and again and never came to its end."""
    used, broken, last = (split(scene.wallet, randomness=scene.world.random.randbytes) for _ in range(3))
    scene.deposit("used", used.parts[HERE], used.digests[HERE])
    kept = [scene.deposit(f"b-{n}", broken.parts[HERE], broken.digests[HERE]) for n in range(9)]
    assert kept == [*range(2, 9), 8, 8]
    assert scene.deposit("last", last.parts[HERE], last.digests[HERE]) == 8
    assert scene.release(scene.confirmation(scene.city), paper=used.paper) == [used.parts[HERE]]
    assert scene.release(scene.confirmation(scene.town), paper=last.paper) == [last.parts[HERE]]


def test_nothing_was_laid_down(scene: Scene) -> None:
    with refused("no_recovery", 403):
        scene.release(scene.confirmation(scene.city), scene.confirmation(scene.town))
