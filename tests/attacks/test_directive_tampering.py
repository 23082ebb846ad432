"""IT6: who edits the database of a body forges, widens, revives or hides no directive.

Each edit is made with SQL, as an administrator of the database can; the column key is not in the database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, Row, delete, insert, select, text, update
from support.oversight_reads import (
    MEDICATION,
    Reads,
    events,
    grant,
    permitted_reads,
    submit,
    withdraw,
)
from support.oversight_world import OversightWorld, Person, oversight

from consent.directives import Effect
from consent.explanations import RefusalCode
from consent.vocabulary import Body
from services.contracts.oversight.register import Role
from services.kit.http import RemoteProblemError
from services.oversight import tables

T = tables.DIRECTIVES


@dataclass
class Scene:
    """A permission in force, another person, and the database in the hands of its administrator."""

    world: OversightWorld
    reads: Reads
    taro: Person

    def edit(self, how: Callable[[Connection], object]) -> None:
        """Change the database behind the body's back."""
        with self.world.context.database.write() as conn:
            how(conn)

    def release(self) -> None:
        """Ask for fragments as usual."""
        self.world.as_body(Body.MEDICAL).release(self.reads.request())

    def findings(self) -> list[tuple[str, str]]:
        """Return what the audit names."""
        http = self.world.http(self.world.official.certificate)
        report = http.get("/audit", token=self.world.operator_token(self.world.official, Role.AUDITOR))
        return [(each["table"], each["problem"]) for each in report["findings"]]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Open the oversight body with one permission of Hanako, and Taro who has a wallet."""
    with oversight(tmp_path) as world:
        made = permitted_reads(world, tmp_path)
        yield Scene(world, made, world.person("taro"))


def _flip(table: object, column: str) -> Callable[[Connection], object]:
    name = getattr(table, "name", "")

    def edit(conn: Connection) -> object:
        stored: bytes = conn.execute(text(f"SELECT {column} FROM {name}")).scalars().first() or b""
        changed = stored[:-1] + bytes([stored[-1] ^ 1])
        return conn.execute(text(f"UPDATE {name} SET {column} = :changed"), {"changed": changed})

    return edit


def _to_another_person(conn: Connection) -> object:
    other = conn.execute(
        select(T.wallet.c.pseudonym).where(
            T.wallet.c.pseudonym != select(T.directive.c.pseudonym).scalar_subquery()
        )
    ).scalar_one()
    return conn.execute(update(T.directive).values(pseudonym=other))


EDITS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "a byte of a directive": (_flip(T.directive, "content"), "directive"),
    "the recipient": (_flip(T.directive, "recipient"), "directive"),
    "the state": (lambda conn: conn.execute(update(T.directive).values(state="expired")), "directive"),
    "whose it is": (_to_another_person, "directive"),
    "the wallet's key": (_flip(T.wallet, "signing_key"), "wallet"),
    "a byte of a fragment": (_flip(T.fragment, "package"), "directive_fragment"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_row_releases_nothing_and_the_audit_names_it(scene: Scene, name: str) -> None:
    """IT6: forge, widen or move; refused when next used and named by the audit."""
    assert scene.findings() == []
    edit, table = EDITS[name]
    scene.edit(edit)
    with pytest.raises(RemoteProblemError) as refused:
        scene.release()
    assert (refused.value.status, refused.value.code) == (500, "stored_data_changed")
    assert table in {each[0] for each in scene.findings()}


def test_a_withdrawn_directive_brought_back_from_an_old_copy_is_named(scene: Scene) -> None:
    """IT6, back-dating: rows and fragments of before the withdrawal are put back, every seal intact."""
    kept: dict[str, list[Row[tuple[object, ...]]]] = {}

    def keep(conn: Connection) -> None:
        for table in (T.directive, T.fragment):
            kept[table.name] = list(conn.execute(select(table)))

    def put_back(conn: Connection) -> None:
        for table in (T.receipt, T.fragment, T.directive):
            conn.execute(delete(table))
        for table in (T.directive, T.fragment):
            conn.execute(insert(table), [dict(row._mapping) for row in kept[table.name]])

    scene.edit(keep)
    withdraw(scene.world, scene.reads.person, scene.reads.grant)
    scene.edit(put_back)
    assert ("directive", "in force, though the log says it was withdrawn") in scene.findings()


def test_a_deleted_refusal_is_named(scene: Scene) -> None:
    """IT6, deletion: the person's refusal disappears from the table, not from the log."""
    denial = grant(scene.world, scene.reads.person, scene.reads.clinic, effect=Effect.DENY)
    accepted = submit(scene.world, scene.reads.person, denial.copies[Body.OVERSIGHT])
    scene.edit(lambda conn: conn.execute(delete(T.directive).where(T.directive.c.id == accepted.directive)))
    assert ("directive", "missing, though the log says it was stored") in scene.findings()


def test_a_directive_that_the_log_does_not_have_opens_nothing(scene: Scene) -> None:
    """IT6, insertion: a genuine signed directive whose log entry is another one is refused."""
    scene.edit(lambda conn: conn.execute(update(tables.KIT.journal.log.leaf).values(leaf=bytes(64))))
    with pytest.raises(RemoteProblemError) as refused:
        scene.release()
    assert refused.value.code == "stored_data_changed"


def test_a_fragment_moved_to_another_directive_does_not_open(scene: Scene) -> None:
    """IT5 on fragments: Taro's permission gets Hanako's fragment; it is refused, not used."""
    other = grant(scene.world, scene.taro, scene.reads.clinic)
    accepted = submit(scene.world, scene.taro, other.copies[Body.OVERSIGHT])

    def swap(conn: Connection) -> None:
        row = T.fragment.c
        hanakos = conn.execute(select(row.package).where(row.directive != accepted.directive)).scalar_one()
        conn.execute(update(T.fragment).where(row.directive == accepted.directive).values(package=hanakos))

    scene.edit(swap)
    scene.reads.person, scene.reads.grant = scene.taro, other
    with pytest.raises(RemoteProblemError) as refused:
        scene.release()
    assert refused.value.code == "stored_data_changed"


def test_a_permission_deleted_from_the_table_permits_nothing(scene: Scene) -> None:
    """IT6: a missing row is a missing permission, logged as such."""
    scene.edit(lambda conn: (conn.execute(delete(T.fragment)), conn.execute(delete(T.directive))))
    with pytest.raises(RemoteProblemError) as refused:
        scene.release()
    assert refused.value.code == RefusalCode.SUBJECT_UNKNOWN.value
    assert events(scene.world)[-1]["reason"] == RefusalCode.SUBJECT_UNKNOWN.value


def test_an_untouched_database_has_no_findings_after_every_kind_of_change(scene: Scene) -> None:
    """The audit is silent about what the body itself did."""
    scene.release()
    denial = grant(scene.world, scene.taro, scene.reads.clinic, effect=Effect.DENY)
    submit(scene.world, scene.taro, denial.copies[Body.OVERSIGHT])
    withdraw(scene.world, scene.reads.person, scene.reads.grant)
    assert scene.findings() == []
    assert MEDICATION.label not in str(scene.findings())
