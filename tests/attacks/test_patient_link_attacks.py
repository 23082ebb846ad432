"""What a participant, an operator or a centre's administrator tries with patient numbers, links and their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update
from support.identity_people import IDENTITY, REGISTRY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.patients import BIRTH_DATE, NAME, by_document, by_pin, link

from consent import base64url
from consent.vocabulary import Body
from services.contracts.identity.messages import RequestPseudonymTokens
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import CompareIdentity, MatchIdentity
from services.identity import tables
from services.kit.http import RemoteProblemError


@dataclass(frozen=True)
class Scene:
    """A municipality, two clinics and somebody with a card."""

    world: World
    city: Participant
    clinic: Participant
    other: Participant
    holder: Holder

    def tokens(self, reference: str, at: Participant) -> dict[Body, str]:
        """Have a person named to the three bodies of a read."""
        message = RequestPseudonymTokens(
            reference=reference, bodies=[Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY]
        )
        identity = self.world.identity(at)
        return identity.pseudonym_tokens(message, token=self.world.operator_token(at, IDENTITY)).tokens

    def refusals(self) -> list[tuple[str, str, bool]]:
        """Return (kind, reason, whether it is in somebody's history) of every refusal at the ID centre."""
        context = self.world.identity_context
        with context.database.read() as conn:
            whose = dict(context.journal.persons(conn))
            openings = context.journal.openings(conn, list(whose))
        return [
            (str(opening.event["kind"]), str(opening.event["reason"]), whose[at] is not None)
            for at, opening in sorted(openings.items())
            if opening.event["outcome"] == "refused"
        ]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER, Role.WRITER)
        other = world.accredit("other-clinic", Kind.CLINIC, Role.READER)
        yield Scene(world, city, clinic, other, world.holder(city))


def test_same_person_through_two_sectors_twice_shares_nothing_but_the_length(scene: Scene) -> None:
    """LN3: tokens for three bodies, of two links, asked for twice: one length, no common block of bytes."""
    by_number = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic)).reference
    by_card = scene.world.link(scene.holder, scene.clinic)
    told = [
        base64url.decode(token)
        for reference in (by_number, by_card)
        for _ in range(2)
        for token in scene.tokens(reference, scene.clinic).values()
    ]
    assert len({len(each) for each in told}) == 1
    blocks = [each[at : at + 8] for each in told for at in range(0, len(each) - 8, 8)]
    assert len(set(blocks)) == len(blocks)


def test_token_of_one_body_is_worth_nothing_at_another(scene: Scene) -> None:
    """LN4: names are not converted: a medical token opens at the medical centre only, and no route takes one."""
    reference = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic)).reference
    medical = scene.tokens(reference, scene.clinic)[Body.MEDICAL]
    told = CompareIdentity(token=medical, organisation="clinic", name=NAME, birth_date=BIRTH_DATE)
    registry = RegistryClient(scene.world.body_http(REGISTRY, Body.IDENTITY))
    with refused("pseudonym_token_refused", 403):
        registry.compare(told)


def test_name_of_one_sector_is_no_reference_and_the_asking_is_seen(scene: Scene) -> None:
    """LN4: an administrator who holds a body's pseudonym asks with it as if it were a reference."""
    reference = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic)).reference
    pseudonym = scene.world.named(
        scene.tokens(reference, scene.clinic)[Body.MEDICAL], Body.MEDICAL, to=scene.clinic
    )
    for who in (scene.clinic, scene.other):
        message = RequestPseudonymTokens(reference=pseudonym, bodies=[Body.OVERSIGHT])
        token = scene.world.operator_token(who, IDENTITY)
        with refused("not_found", 404):
            scene.world.identity(who).pseudonym_tokens(message, token=token)
    city = RequestPseudonymTokens(reference=scene.holder.enrolled.reference, bodies=[Body.MEDICAL])
    with refused("role_missing", 403):
        scene.world.identity(scene.city).pseudonym_tokens(
            city, token=scene.world.operator_token(scene.city, IDENTITY)
        )
    assert ("pseudonym_provided", "role_missing", True) in scene.refusals()


def test_participant_cannot_ask_the_registry_in_the_id_centres_place(scene: Scene) -> None:
    """LN4, OP1: who has this name and birth date is answered to the ID centre only."""
    for who in (scene.clinic, scene.city):
        http = scene.world.http(REGISTRY, who)
        with pytest.raises(RemoteProblemError) as refusal:
            RegistryClient(http).match(MatchIdentity(organisation="clinic", name=NAME, birth_date=BIRTH_DATE))
        assert refusal.value.status in (401, 403)


def test_without_a_link_of_ones_own_nobody_is_named(scene: Scene) -> None:
    """OP1: a colleague's reference, the same patient number elsewhere, a number that was never linked."""
    told = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    for reference in (told.reference, scene.holder.enrolled.reference, "A" * 43):
        with refused("not_found", 404):
            scene.tokens(reference, scene.other)


def test_curious_operator_who_guesses_names_is_counted_and_every_guess_is_logged(scene: Scene) -> None:
    """OP1: linking a celebrity by name and birth date needs a signed lie about a document, and they see it."""
    for guess in ("1984-02-27", "1984-02-28"):
        with refused("identity_mismatch", 403):
            link(scene.world, scene.other, by_document(scene.world, scene.other, birth_date=guess))
    link(scene.world, scene.other, by_document(scene.world, scene.other))
    assert scene.refusals() == [("patient_linked", "identity_mismatch", False)] * 2
    context = scene.world.identity_context
    with context.database.read() as conn:
        row = conn.execute(select(tables.identity_try.c.tries)).scalar_one()
    assert row == 3


def test_link_given_to_somebody_else_on_the_disk_is_not_used(scene: Scene) -> None:
    """OP1: an administrator exchanges who two references mean."""
    somebody = scene.world.holder(scene.city)
    first = link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    message = by_pin(scene.world, somebody, scene.clinic, patient_number="P-0002")
    link(scene.world, scene.clinic, message)
    rows = tables.link
    with scene.world.identity_context.database.write() as conn:
        told = {row.id: row.person for row in conn.execute(select(rows)).all()}
        keys = sorted(told)
        for key, other in zip(keys, keys[1:] + keys[:1], strict=True):
            conn.execute(update(rows).where(rows.c.id == key).values(person=told[other]))
    with refused("stored_data_changed", 500):
        scene.tokens(first.reference, scene.clinic)
