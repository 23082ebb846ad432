"""What the ID centre stores: every column says why it is as it is, and an edited row is found or useless."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest
from sqlalchemy import Table, select, text, update
from support.identity_people import IDENTITY, MEDICAL, PIN, Holder, Participant
from support.identity_world import World, running

from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import SUBJECT_TYPE, CardChange, RegisterSubject
from services.contracts.oversight.register import Kind, Role
from services.identity import tables
from services.identity.audit import scan
from services.identity.centre import IdentityCentre
from services.kit.clock import epoch_seconds
from services.kit.log.audit import Finding

OWN = (
    tables.person,
    tables.retired_number,
    tables.card,
    tables.card_application,
    tables.link,
    tables.subject,
    tables.CARDS.standing,
)
SEALED = [
    (table.name, column.name)
    for table in OWN
    for column in table.columns
    if column.info["stored"] == "sealed"
]

INDEXED = {("person", "number"), ("retired_number", "number"), ("link", "id")}
"""Exchanging what rows are found by exchanges the rows."""


@dataclass(frozen=True)
class Scene:
    """Two people with cards and wallets, linked to a hospital."""

    world: World
    city: Participant
    hospital: Participant
    holders: tuple[Holder, Holder]

    @property
    def centre(self) -> IdentityCentre:
        """The ID centre over the same database."""
        return self.world.centre(self.world.registry(self.city))

    def findings(self) -> list[Finding]:
        """Run the scan."""
        with self.world.identity_context.database.read() as conn:
            seen, found = scan(self.centre, conn)
        assert seen >= 12
        return found

    def edit(self, statement: str, **values: object) -> None:
        """Do what somebody with the database file can do."""
        with self.world.identity_context.database.write() as conn:
            assert conn.execute(text(statement), values).rowcount > 0


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("rows")) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        holders = (world.holder(city), world.holder(city))
        for holder in holders:
            world.link(holder, hospital)
            wallet = Wallet.create(world.random.randbytes)
            proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(world.clock())})
            message = RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)
            token = world.person_token(holder, IDENTITY, at=city)
            world.identity(city).register_subject(message, token=token)
            world.identity(city).change_own_number(token=world.person_token(holder, IDENTITY, at=city))
        yield Scene(world, city, hospital, holders)


def test_untouched_rows_are_found_in_order(scene: Scene) -> None:
    assert scene.findings() == []


@pytest.mark.parametrize(("table", "column"), SEALED)
def test_changed_cell_is_found_and_named(scene: Scene, table: str, column: str) -> None:
    scene.edit(
        f"UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 1) || x'00' AS BLOB) "
        f"WHERE {column} = (SELECT min({column}) FROM {table})"
    )
    assert table in {finding.table for finding in scene.findings()}


@pytest.mark.parametrize(("table", "column"), [each for each in SEALED if each not in INDEXED])
def test_cells_exchanged_between_people_are_found(scene: Scene, table: str, column: str) -> None:
    swap(scene, tables.metadata.tables[table], column)
    named = [finding.table for finding in scene.findings()]
    assert named.count(table) >= 2


def swap(scene: Scene, table: Table, column: str) -> None:
    """Exchange a cell of two rows."""
    key = list(table.primary_key.columns)
    with scene.world.identity_context.database.write() as conn:
        rows = conn.execute(select(*key, table.c[column])).all()
        one, other = next(pair for pair in combinations(rows, 2) if pair[0][0] != pair[1][0])
        for row, cell in ((one, other[-1]), (other, one[-1])):
            where = [column == value for column, value in zip(key, row[:-1], strict=True)]
            conn.execute(update(table).where(*where).values({column: cell}))


def test_card_given_to_somebody_else_in_the_database_signs_nobody_in(scene: Scene) -> None:
    one, other = scene.holders
    scene.edit(
        "UPDATE card SET holder = (SELECT holder FROM card WHERE id = :other) WHERE id = :one",
        one=one.issued.card,
        other=other.issued.card,
    )
    assert {finding.row.split()[0] for finding in scene.findings()} == {f"card={one.issued.card}"}
    answer = scene.world.ask_token(scene.city, scene.world.person_fields(one, MEDICAL, at=scene.city))
    assert (answer.status_code, answer.json()["code"]) == (500, "stored_data_changed")


@pytest.mark.parametrize("edit", ["state = 'active'", "state = 'active', expires = expires + 1"])
def test_revoked_card_is_not_brought_back_by_editing_its_row(scene: Scene, edit: str) -> None:
    holder = scene.holders[0]
    scene.world.change_card(scene.city, holder, CardChange.REVOKE)
    scene.edit(f"UPDATE card SET {edit} WHERE id = :card", card=holder.issued.card)
    answer = scene.world.ask_token(scene.city, scene.world.person_fields(holder, MEDICAL, at=scene.city))
    assert (answer.status_code, answer.json()["code"]) == (500, "stored_data_changed")


def test_everything_is_still_there_after_a_restart(scene: Scene) -> None:
    scene.world.restart()
    holder = scene.holders[0]
    assert scene.world.identity(scene.city).unlock(holder.attempt(PIN)).share
    assert scene.world.person_token(holder, MEDICAL, at=scene.city).value
    assert scene.findings() == []
