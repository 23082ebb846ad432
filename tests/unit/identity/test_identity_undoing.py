"""Undoing a link over two bodies: what is cut stays cut, and the medical centre is told until it has answered."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update
from support.identity_people import IDENTITY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.patients import NUMBER, by_pin, link

from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.contracts.identity.messages import LinkedPatient, LinkFault, UndoLink
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import ASKED_BY
from services.identity import tables
from services.identity.audit import scan
from services.identity.centre import IdentityCentre
from services.identity.patient_links import LinkState
from services.identity.workflows.linking_undo import carry_on
from services.kit.credentials.pseudonyms import VerifiedPseudonym, open_pseudonym_token
from services.kit.problems import UnavailableError


@dataclass
class Scene:
    """A clinic that has linked somebody's patient number."""

    world: World
    city: Participant
    clinic: Participant
    holder: Holder
    linked: LinkedPatient

    @property
    def centre(self) -> IdentityCentre:
        """The ID centre over the present files."""
        return self.world.centre(self.world.registry(self.clinic))

    def undo(self, number: str = NUMBER) -> None:
        """Say that the link is wrong."""
        message = UndoLink(patient_number=number, fault=LinkFault.WRONG_NUMBER)
        token = self.world.operator_token(self.clinic, IDENTITY)
        self.world.identity(self.clinic).undo_link(message, token=token)

    def carry_on(self) -> None:
        """Do one run of telling."""
        carry_on(self.centre, self.world.medical)

    def states(self) -> list[str]:
        """Return where the links stand."""
        with self.world.identity_context.database.read() as conn:
            return list(conn.execute(select(tables.patient_link.c.state)).scalars())

    def findings(self) -> int:
        """Return how much the audit finds."""
        with self.world.identity_context.database.read() as conn:
            return len(scan(self.centre, conn)[1])

    def opened(self, token: str, organisation: OrganisationId) -> VerifiedPseudonym:
        """Open a token as the medical centre does."""
        return open_pseudonym_token(
            token,
            key=self.world.sealing_key(Body.MEDICAL),
            issuer=self.world.register.token_key(),
            body=Body.MEDICAL,
            organisation=organisation,
            now=self.world.clock(),
        )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        world.medical.up = False
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER, Role.WRITER)
        holder = world.holder(city)
        yield Scene(world, city, clinic, holder, link(world, clinic, by_pin(world, holder, clinic)))


def test_medical_centre_that_is_down_is_told_when_it_is_up_even_after_a_restart(scene: Scene) -> None:
    scene.undo()
    with pytest.raises(UnavailableError):
        scene.carry_on()
    with refused("not_found", 404):
        scene.world.name(scene.linked.reference, Body.MEDICAL, to=scene.clinic)
    assert (scene.states(), scene.findings()) == (["undoing"], 0)
    scene.world.restart()
    assert scene.states() == ["undoing"]
    scene.world.medical.up = True
    scene.carry_on()
    assert (scene.states(), scene.findings()) == (["undone"], 0)
    assert [(each.organisation, each.fault) for each in scene.world.medical.told] == [
        ("clinic", "wrong_number")
    ]
    scene.carry_on()
    assert len(scene.world.medical.told) == 1


@pytest.mark.parametrize("changed", ["link", "person"])
def test_row_that_somebody_changed_keeps_no_other_wrong_link_from_being_told(
    scene: Scene, changed: str
) -> None:
    """T2-2: one edited row would leave everybody's records where a wrong link had put them."""
    link(
        scene.world,
        scene.clinic,
        by_pin(scene.world, scene.world.holder(scene.city), scene.clinic, patient_number="P-2"),
    )
    for number in (NUMBER, "P-2"):
        scene.undo(number)
    database = scene.world.identity_context.database
    with database.read() as conn:
        first = scene.centre.patients.in_state(conn, LinkState.UNDOING)[0]
    column, where = tables.patient_link.c.told, tables.patient_link.c.id == first.id
    if changed == "person":
        column, where = tables.person.c.linkage, tables.person.c.pseudonym == first.holder
    with database.write() as conn:
        conn.execute(update(column.table).where(where).values({column.name: b"\0" * 60}))
    scene.world.medical.up = True
    with suppress(UnavailableError):
        scene.carry_on()
    assert sorted(scene.states()) == ["undoing", "undone"]
    assert len(scene.world.medical.told) == 1


def test_medical_centre_is_told_the_handle_that_the_links_own_tokens_carry(scene: Scene) -> None:
    before = scene.opened(
        scene.world.name(scene.linked.reference, Body.MEDICAL, to=scene.clinic), scene.clinic.organisation
    )
    by_card = scene.world.link(scene.holder, scene.clinic)
    other = scene.opened(scene.world.name(by_card, Body.MEDICAL, to=scene.clinic), scene.clinic.organisation)
    scene.undo()
    scene.world.medical.up = True
    scene.carry_on()
    told = scene.opened(scene.world.medical.told[0].token, ASKED_BY)
    assert told.handle == before.handle
    assert told.pseudonym == before.pseudonym == other.pseudonym
    assert other.handle != before.handle
    assert None not in (told.handle, other.handle)


def test_undoing_is_in_the_persons_history_with_its_reason(scene: Scene) -> None:
    scene.undo()
    with refused("not_found", 404):
        scene.undo()
    context = scene.world.identity_context
    with context.database.read() as conn:
        whose = dict(context.journal.persons(conn))
        openings = context.journal.openings(conn, list(whose))
    found = [
        (
            opening.event["outcome"],
            opening.event["reason"],
            opening.event.get("detail"),
            whose[at] is not None,
        )
        for at, opening in sorted(openings.items())
        if opening.event["kind"] == "patient_link_undone"
    ]
    assert found == [
        ("done", "wrong_number", {"link": scene.linked.link}, True),
        ("refused", "not_found", None, False),
    ]
