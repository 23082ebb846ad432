"""Naming many people in one request is naming each of them: the same contract on the fake and the real ID centre."""

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_people import IDENTITY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.identity.naming import RequestPeopleNamed
from services.contracts.identity.presenting import PresentOperator, presented_tag
from services.contracts.oversight.register import Kind, Operator, Role
from services.identity.settings import Settings
from services.kit.clock import epoch_seconds

NOBODY = "A" * 43
MOST = Settings.model_fields["people_named_at_once"].default


@dataclass(frozen=True)
class Scene:
    """One ID centre, fake or real, with a municipality and a hospital."""

    world: World
    city: Participant
    hospital: Participant

    def name(
        self, references: list[str], *bodies: Body, at: Participant | None = None
    ) -> list[PseudonymTokens | None]:
        who = at or self.city
        message = RequestPeopleNamed(references=references, bodies=list(bodies))
        token = self.world.operator_token(who, IDENTITY)
        return self.world.identity(who).name_people(message, token=token).people

    def whom(self, named: PseudonymTokens | None) -> Pseudonym | None:
        if named is None:
            return None
        return self.world.named(named.tokens[Body.REGISTRY], Body.REGISTRY, to=self.city)


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER)
    return Scene(world, city, hospital)


def test_each_is_named_as_alone_in_the_order_asked(scene: Scene) -> None:
    """LN1: somebody twice gets two tokens that have nothing in common."""
    people = [scene.world.enrol(scene.city) for _ in range(3)]
    alone = {
        each.reference: scene.world.named(each.registry_token, Body.REGISTRY, to=scene.city)
        for each in people
    }
    asked = [people[2].reference, NOBODY, people[0].reference, people[2].reference, people[1].reference]
    named = scene.name(asked, Body.REGISTRY)
    assert [scene.whom(each) for each in named] == [alone.get(each) for each in asked]
    tokens = [each.tokens[Body.REGISTRY] for each in named if each is not None]
    assert len(set(tokens)) == 4
    assert {len(each) for each in tokens} == {len(tokens[0])}


def test_wallet_is_told_with_the_names_for_the_medical_centre_only(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    reference = scene.world.link(holder, scene.hospital)
    (named,) = scene.name([reference], Body.MEDICAL, at=scene.hospital)
    assert named is not None
    assert set(named.tokens) == {Body.MEDICAL}
    assert (named.subject is None) == (named.wallet_key is None)


def test_references_of_another_organisation_name_nobody(scene: Scene) -> None:
    """LN1, OL2: like references that nobody has."""
    people = [scene.world.enrol(scene.city).reference for _ in range(2)]
    assert scene.name([*people, NOBODY], Body.MEDICAL, at=scene.hospital) == [None, None, None]


def test_role_decides_for_all_of_them(scene: Scene) -> None:
    people = [scene.world.enrol(scene.city).reference for _ in range(2)]
    with refused("role_missing", 403):
        scene.name(people, Body.REGISTRY, Body.MEDICAL)


def test_more_than_a_request_may_name_are_refused(scene: Scene) -> None:
    assert scene.name([NOBODY] * MOST, Body.REGISTRY) == [None] * MOST
    with refused("too_many_people", 413):
        scene.name([NOBODY] * (MOST + 1), Body.REGISTRY)


def test_medical_centre_is_told_whether_it_is_the_asker_or_a_colleague(scene: Scene) -> None:
    """OP1: whoever presented their own card as an operator is known when their own records are asked for."""
    world, holder = scene.world, scene.world.holder(scene.city)
    reference = world.link(holder, scene.hospital)

    def asker() -> str | None:
        token = world.name(reference, Body.MEDICAL, to=scene.hospital)
        return world.opened(token, Body.MEDICAL, to=scene.hospital).asker

    told = [asker()]
    for operator, at in (("clerk", "city"), ("colleague", "hospital"), ("hospital-operator", "hospital")):
        _present(world, scene, holder, at=at, operator=operator)
        told.append(asker())
    assert told == [None, None, "co_worker", "self"]


def _present(world: World, scene: Scene, holder: Holder, *, at: str, operator: str) -> None:
    card = to_jwk(generate_private_key(SECP256R1()).public_key())
    message = PresentOperator(organisation=at, card_key=card)
    token = world.person_token(holder, IDENTITY, at=scene.city)
    said = world.identity(scene.city).present_operator(message, token=token).presentation
    key = world.register.directory().signing_key(Body.IDENTITY)
    now = epoch_seconds(world.clock())
    tag = presented_tag(said, key=key, organisation=at, card_key=card, now=now)
    operators = world.oversight.operators
    known = [each for each in operators if each.id == operator]
    for each in known:
        operators[operators.index(each)] = each.model_copy(update={"person_tag": tag})
    if not known:
        entry = Operator(
            id=OperatorId(operator),
            organisation=OrganisationId(at),
            roles=[],
            card_key=card,
            active=True,
            expires=now + 1000,
            person_tag=tag,
        )
        operators.append(entry)
