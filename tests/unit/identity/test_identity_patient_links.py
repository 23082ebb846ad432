"""Linking patient numbers: what is logged, what is stored, what an audit names, what is limited."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import Table, delete, select, update
from support.identity_bodies import nobody
from support.identity_people import REGISTRY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.patients import NAME, NUMBER, by_document, by_photo, by_pin, link

from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.client import RegistryClient
from services.directives.service import open_directives
from services.identity import app as identity_app
from services.identity import tables
from services.identity.audit import scan
from services.identity.settings import Settings
from services.kit.context import BodyContext
from services.registry import identification
from services.registry import tables as registry_tables
from services.registry.centre import Registry
from services.registry.store import Store


@dataclass(frozen=True)
class Scene:
    """A municipality, a clinic, and somebody with a card."""

    world: World
    city: Participant
    clinic: Participant
    holder: Holder

    def events(self, context: BodyContext) -> list[dict[str, JsonValue]]:
        """Return all events of a body, oldest first."""
        with context.database.read() as conn:
            openings = context.journal.openings(conn, range(context.journal.tree.size(conn)))
        return [dict(openings[each].event) for each in sorted(openings)]

    def whose(self, context: BodyContext) -> list[bool]:
        """Tell for each event whether it is somebody's."""
        with context.database.read() as conn:
            return [person is not None for _, person in context.journal.persons(conn)]

    def findings(self) -> list[str]:
        """Return the tables in which the audit finds something."""
        centre = self.world.centre(self.world.registry(self.city))
        with self.world.identity_context.database.read() as conn:
            return [each.table for each in scan(centre, conn)[1]]

    def limit(self, checks: int) -> None:
        """Serve the ID centre with another limit."""
        context = self.world.identity_context
        assert isinstance(context.settings, Settings)
        settings = context.settings.model_copy(update={"identity_checks_per_day": checks})
        registry = RegistryClient(self.world.body_http(REGISTRY, Body.IDENTITY))
        app = identity_app.assemble(
            context,
            settings,
            register=self.world.register,
            registry=registry,
            peers=nobody,
            medical=self.world.medical,
        )
        self.world.identity_app = self.world._serve(app)

    def change(self, table: Table, **values: object) -> None:
        """Change all rows of a table, as who holds the disk can."""
        with self.world.identity_context.database.write() as conn:
            conn.execute(update(table).values(**values))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER)
        yield Scene(world, city, clinic, world.holder(city))


def test_link_and_refusal_are_in_the_history_of_whose_card_it_is(scene: Scene) -> None:
    told = link(scene.world, scene.clinic, by_photo(scene.world, scene.holder, scene.clinic))
    with refused("identity_mismatch", 403):
        link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic, name="別人"))
    with refused("identity_mismatch", 403):
        link(scene.world, scene.clinic, by_document(scene.world, scene.clinic, name="別人"))
    context = scene.world.identity_context
    found = [
        (event["outcome"], event.get("reason"), event.get("detail"), person)
        for event, person in zip(scene.events(context), scene.whose(context), strict=True)
        if event["kind"] == "patient_linked"
    ]
    assert found == [
        ("done", None, {"link": told.link, "check": "photo"}, True),
        ("refused", "identity_mismatch", None, True),
        ("refused", "identity_mismatch", None, False),
    ]
    compared = [
        each for each in scene.events(scene.world.registry_context) if each["kind"] == "identity_compared"
    ]
    assert [each.get("reason") for each in compared] == [None, "identity_mismatch", "no_single_match"]
    assert {each["organisation"] for each in compared} == {"clinic"}


def test_neither_log_nor_tables_hold_number_name_or_birth_date(scene: Scene) -> None:
    link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    told = json.dumps(scene.events(scene.world.identity_context), ensure_ascii=False)
    assert NUMBER not in told
    assert NAME not in told
    with scene.world.identity_context.database.read() as conn:
        rows = [row for table in tables.metadata.sorted_tables for row in conn.execute(select(table))]
    stored = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    assert not any(NUMBER.encode() in value or NAME.encode() in value for value in stored)


def test_checks_without_a_pin_are_limited_and_with_a_pin_are_not(scene: Scene) -> None:
    scene.limit(2)
    for _ in range(2):
        with refused("identity_mismatch", 403):
            link(scene.world, scene.clinic, by_document(scene.world, scene.clinic, name="別人"))
    for message in (
        by_document(scene.world, scene.clinic),
        by_photo(scene.world, scene.holder, scene.clinic),
    ):
        with refused("too_many_checks", 429):
            link(scene.world, scene.clinic, message)
    link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    scene.world.clock.move(24 * 3600)
    link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))


def test_checks_of_one_human_with_two_accounts_are_limited_together(scene: Scene) -> None:
    scene.limit(2)
    clinics = [scene.world.accredit(f"clinic-{each}", Kind.CLINIC, Role.READER) for each in "ab"]
    operators = scene.world.oversight.operators
    for at, each in enumerate(operators):
        if each.organisation in {clinic.organisation for clinic in clinics}:
            operators[at] = each.model_copy(update={"person_tag": "one human"})
    for clinic in clinics:
        with refused("identity_mismatch", 403):
            link(scene.world, clinic, by_document(scene.world, clinic, name="別人"))
    for clinic in clinics:
        with refused("too_many_checks", 429):
            link(scene.world, clinic, by_document(scene.world, clinic))


def test_limit_survives_a_restart(scene: Scene) -> None:
    with refused("identity_mismatch", 403):
        link(scene.world, scene.clinic, by_document(scene.world, scene.clinic, name="別人"))
    scene.world.restart()
    scene.limit(1)
    with refused("too_many_checks", 429):
        link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))


def test_person_enrolled_before_there_were_such_names_is_found(scene: Scene) -> None:
    with scene.world.identity_context.database.write() as conn:
        conn.execute(delete(tables.registry_handle))
    with scene.world.registry_context.database.write() as conn:
        conn.execute(delete(registry_tables.resident_match))
    with refused("identity_mismatch", 403):
        link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))
    identification.enter_missing(_registry(scene))
    link(scene.world, scene.clinic, by_pin(scene.world, scene.holder, scene.clinic))
    link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))


def _registry(scene: Scene) -> Registry:
    context = scene.world.registry_context
    store = Store(context.cipher, context.randomness)
    directives = open_directives(
        context, registry_tables.DIRECTIVES, directory=scene.world.register.directory
    )
    return Registry(context, scene.world.register, store, directives)


def test_audit_finds_nothing_in_untouched_rows_and_names_changed_ones(scene: Scene) -> None:
    link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))
    assert scene.findings() == []
    scene.change(tables.patient_link, state="undone")
    assert scene.findings() == ["link", "patient_link"]


@pytest.mark.parametrize("table", [tables.patient_link, tables.registry_handle, tables.identity_try], ids=str)
def test_removed_or_changed_cell_is_named(scene: Scene, table: Table) -> None:
    link(scene.world, scene.clinic, by_document(scene.world, scene.clinic))
    column = {"patient_link": "number", "registry_handle": "person", "identity_try": "day"}[table.name]
    scene.change(table, **{column: "2001-01-01" if column == "day" else b"x" * 40})
    assert table.name in scene.findings()
