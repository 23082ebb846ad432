"""Whoever writes the registry's database, without its keys, puts earlier rows back: in use, also after a restart.

Of records two bodies decide, each by its own rows; of basic items the registry decides alone, so its log is asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, insert, select
from support.identity_people import REGISTRY, Holder, Participant
from support.identity_permissions import Permissions, basic_terms, permissions
from support.identity_wire import refused
from support.identity_world import World, running

from consent.directives import Effect
from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import Confirm, Confirmed, Unchanged
from services.directives.logged import AsLogged
from services.directives.service import open_directives
from services.registry import tables

T, HISTORY = tables.DIRECTIVES, tables.KIT.journal.history.state
ASKED = {BasicItem.NAME: "山田　花子"}
TABLES = (T.directive, T.fragment, T.receipt, HISTORY)


@dataclass
class Scene:
    """A bank that a person permitted to ask, and the registry's database in the hands of its administrator."""

    world: World
    bank: Participant
    holder: Holder
    person: Permissions
    reference: str
    kept: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    def confirm(self) -> Confirmed:
        """Ask as the bank."""
        message = Confirm(
            token=self.world.name(self.reference, Body.REGISTRY, to=self.bank),
            items=ASKED,
            purpose=Purpose.IDENTITY_VERIFICATION,
            contract="account 12",
            reason=ConfirmationReason.PERIODIC_CHECK,
        )
        token = self.world.operator_token(self.bank, REGISTRY)
        return self.world.registry(self.bank).confirm(message, token=token)

    def lay_down(self, effect: Effect = Effect.PERMIT) -> str:
        """Permit or refuse."""
        return self.person.lay_down(basic_terms(self.world, self.bank, BasicItem.NAME, effect=effect))

    def copy(self) -> None:
        """Keep all rows as they are."""
        with self.world.registry_context.database.read() as conn:
            self.kept = {
                each.name: [dict(row._mapping) for row in conn.execute(select(each))] for each in TABLES
            }

    def put_back(self, *tables: Table) -> None:
        """Put all rows of these tables back."""
        with self.world.registry_context.database.write() as conn:
            for each in reversed(tables):
                conn.execute(delete(each))
            for each in tables:
                if self.kept[each.name]:
                    conn.execute(insert(each), list(self.kept[each.name]))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        bank = world.accredit("bank", Kind.BANK, Role.CONFIRMER)
        holder = world.holder(city)
        reference = world.link(holder, bank)
        yield Scene(world, bank, holder, permissions(world, holder, at=bank), reference)


def ended(scene: Scene) -> None:
    copy = scene.lay_down()
    scene.copy()
    scene.person.withdraw(copy)


def refused_later(scene: Scene) -> None:
    scene.lay_down()
    scene.copy()
    scene.lay_down(Effect.DENY)


@pytest.mark.parametrize("with_count", [(), (HISTORY,)], ids=["rows alone", "with the count of entries"])
@pytest.mark.parametrize("change", [ended, refused_later])
def test_what_a_person_took_back_or_refused_stays_so_when_earlier_rows_are_put_back(
    scene: Scene, change: Callable[[Scene], None], with_count: tuple[Table, ...]
) -> None:
    """IT5, IT6, SC1: every cell opens and every signature is the person's; the log knows better."""
    change(scene)
    scene.put_back(T.directive, T.fragment, T.receipt, *with_count)
    for _ in range(2):
        with refused("stored_data_changed", 500):
            scene.confirm()
        scene.world.restart()


def test_what_was_permitted_is_confirmed_through_all_changes_that_the_registry_made_itself(
    scene: Scene,
) -> None:
    """The comparison is silent about what was laid down, refused and taken back in order, also after a restart."""
    first, second = scene.lay_down(), scene.lay_down()
    assert scene.confirm().results == {BasicItem.NAME: Unchanged()}
    scene.person.withdraw(first)
    assert scene.confirm().results == {BasicItem.NAME: Unchanged()}
    scene.world.restart()
    assert scene.confirm().results == {BasicItem.NAME: Unchanged()}
    scene.person.withdraw(second)
    with refused("withdrawn", 403):
        scene.confirm()


def test_a_view_from_before_a_change_is_compared_with_the_log_of_then(scene: Scene) -> None:
    """Requests see the database of one moment each; what another one has read of the log since accuses nobody."""
    context = scene.world.registry_context
    directives = open_directives(context, T, directory=scene.world.oversight.directory)
    as_logged, whose = AsLogged(directives), T.directive.c.pseudonym
    first = scene.lay_down()
    with context.database.read() as before:
        person = Pseudonym(before.execute(select(whose)).scalars().one())
        scene.person.withdraw(first)
        scene.lay_down()
        with context.database.read() as after:
            as_logged.require(after, person)
            as_logged.require(before, person)
            as_logged.require(after, person)
