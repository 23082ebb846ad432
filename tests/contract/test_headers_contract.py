"""Headers on their way to a wallet's successor: the same contract at the real medical centre and at the fake one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from support.identity_wire import refused
from support.medical_story import LABORATORY, MEDICATION, start
from support.medical_world import HOSPITAL, Running, Someone, World

from consent import base64url
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.identifiers import Pseudonym
from consent.succession import announce
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.medical.fake_headers import FakeHeaders
from services.contracts.medical.headers import HEADERS_TYPE, Header, HeaderKeeper, HeadersClient, StageHeaders
from services.contracts.succession import AnnounceSuccessor, SuccessionClient
from services.kit.clock import epoch_seconds
from services.kit.http import Token

FOLLOWING = {
    (each.category, each.year): Compartment(each.category, each.year, 2)
    for each in (*MEDICATION, *LABORATORY)
}


@dataclass
class Scene:
    """Somebody with records, the wallet to come, and who keeps the headers."""

    running: Running
    person: Someone
    heir: Someone = field(init=False)
    fake: FakeHeaders | None = None
    announced: str | None = None

    def __post_init__(self) -> None:
        self.heir = Someone(self.person.name)

    @property
    def keeper(self) -> HeaderKeeper:
        """Who is under test."""
        return self.fake or HeadersClient(self.running.http(HOSPITAL))

    @property
    def token(self) -> Token:
        """The person's."""
        return self.running.world.person_token(self.person)

    def announce(self) -> list[Header]:
        """Announce the wallet to come, and return what is left to be handed over."""
        now = self.running.world.now
        told = announce(self.person.wallet, self.heir.wallet, body=Body.MEDICAL, now=now)
        client = SuccessionClient(self.running.http(HOSPITAL))
        client.announce(AnnounceSuccessor(succession=told), token=self.token)
        if self.fake is not None:
            real = HeadersClient(self.running.http(HOSPITAL)).headers(token=self.token)
            self.fake.own[Pseudonym(self.person.name)] = real.headers
        self.announced = told
        return self.keeper.headers(token=self.token).headers

    def anew(self, header: Header, *, to: Compartment | None = None) -> Header:
        """Seal a content key to the wallet to come."""
        present = Compartment.parse(header.compartment)
        target = to or FOLLOWING[present.category, present.year]
        key = self.heir.wallet.compartment_public_key(target)
        kit = self.person.wallet.hand_over(header.message_kit, present, to=key)
        return Header(bundle=header.bundle, compartment=target.label, message_kit=kit)

    def stage(self, *headers: Header, by: Wallet | None = None, said: list[Header] | None = None) -> int:
        """Lay headers down; return how many are left."""
        told = [
            [each.bundle, each.compartment, base64url.encode(sha256(each.message_kit).digest())]
            for each in said or headers
        ]
        payload: JsonObject = {"headers": told, "at": epoch_seconds(self.running.world.now)}
        statement = (by or self.heir.wallet).sign(Body.MEDICAL, HEADERS_TYPE, payload)
        message = StageHeaders(statement=statement, headers=list(headers))
        return self.keeper.stage(message, token=self.token).left


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with World(tmp_path_factory.mktemp("headers")).running() as centre:
        yield centre


@pytest.fixture(params=["real", "fake"])
def scene(running: Running, request: pytest.FixtureRequest) -> Scene:
    made = Scene(running, Someone(request.node.name))
    start(running, made.person)
    if request.param == "fake":
        name = Pseudonym(made.person.name)
        made.fake = FakeHeaders(lambda _token: name, lambda _person: made.announced, {})
    return made


def test_before_a_successor_is_announced_nothing_is_handed_over(scene: Scene) -> None:
    with refused("headers_refused", 403):
        scene.keeper.headers(token=scene.token)
    message = StageHeaders(statement="x", headers=[Header(bundle="b", compartment="c", message_kit=b"k")])
    with refused("headers_refused", 403):
        scene.keeper.stage(message, token=scene.token)


def test_what_is_laid_down_is_left_no_more_and_may_be_laid_down_again(scene: Scene) -> None:
    first, *others = scene.announce()
    assert len(others) == 2
    again = scene.anew(first)
    assert scene.stage(again) == 2
    assert scene.stage(again) == 2
    left = scene.keeper.headers(token=scene.token)
    assert (left.left, {each.bundle for each in left.headers}) == (2, {each.bundle for each in others})
    assert scene.stage(*(scene.anew(each) for each in others)) == 0


def test_headers_of_another_signer_place_or_bundle_are_refused_whole(scene: Scene) -> None:
    found = scene.announce()
    laboratory = next(each for each in found if each.compartment.startswith("laboratory"))
    others = [scene.anew(each) for each in found if each is not laboratory]
    right = scene.anew(laboratory)
    elsewhere = scene.anew(laboratory, to=FOLLOWING[Category.MEDICATION, 2026])
    nobodys = right.model_copy(update={"bundle": "nobodys"})
    for wrong in ([*others, elsewhere], [*others, nobodys], [right, right]):
        with refused("headers_refused", 403):
            scene.stage(*wrong)
    with refused("headers_refused", 403):
        scene.stage(right, by=scene.person.wallet)
    with refused("headers_refused", 403):
        scene.stage(right, said=others)
    with refused("headers_refused", 403):
        scene.stage(right.model_copy(update={"message_kit": b"no kit"}))
    assert scene.keeper.headers(token=scene.token).left == len(found)
