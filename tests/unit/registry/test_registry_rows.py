"""What the registry stores and logs, and what withdrawal means to a question that is being answered."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TypeVar

import pytest
from pydantic import JsonValue
from sqlalchemy import select, text, update
from support.identity_people import REGISTRY, Holder, Participant, some_items
from support.identity_permissions import Permissions, basic_terms, permissions
from support.identity_wire import refused
from support.identity_world import World, running

from consent import base64url
from consent.explanations import RefusalCode
from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import Confirm, RegisterResident
from services.directives.service import open_directives
from services.kit.credentials.callers import OperatorCaller
from services.kit.log.audit import Finding
from services.kit.strict_json import loads
from services.registry import tables, workflows
from services.registry.audit import scan
from services.registry.centre import Registry
from services.registry.errors import ConfirmationRefusedError
from services.registry.store import Store

T = TypeVar("T")
NEW_ADDRESS = "東京都千代田区一番町2"


@dataclass(frozen=True)
class Scene:
    """A municipality, a bank, a person known to both, and the person's wallet."""

    world: World
    city: Participant
    bank: Participant
    holder: Holder
    reference: str
    wallet: Permissions

    @property
    def registry(self) -> Registry:
        """The registry over the same database."""
        context = self.world.registry_context
        register = self.world.register
        directives = open_directives(context, tables.DIRECTIVES, directory=register.directory)
        return Registry(context, register, Store(context.cipher, context.randomness), directives)

    def question(self, *items: BasicItem) -> Confirm:
        """Return a question of the bank about items, believed to be as in the register."""
        known = some_items().model_dump(mode="json")
        return Confirm(
            token=self.world.name(self.reference, Body.REGISTRY, to=self.bank),
            items={item: known[item.value] for item in items},
            purpose=Purpose.IDENTITY_VERIFICATION,
            contract="account 12",
            reason=ConfirmationReason.PERIODIC_CHECK,
        )

    def move(self) -> None:
        """Enter a new address."""
        items = some_items().model_copy(update={"address": NEW_ADDRESS})
        token = self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=self.city)
        self.world.registry(self.city).change(
            RegisterResident(token=token, items=items),
            token=self.world.operator_token(self.city, REGISTRY),
        )

    def findings(self) -> list[Finding]:
        """Run the scan."""
        registry = self.registry
        with registry.context.database.read() as conn:
            return scan(registry.store, conn)[1]

    def told(self) -> list[dict[str, JsonValue]]:
        """Return all events of the journal, oldest first."""
        journal = self.world.registry_context.journal
        with self.world.registry_context.database.read() as conn:
            openings = journal.openings(conn, range(journal.tree.size(conn)))
        return [dict(openings[position].event) for position in sorted(openings)]


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("registry")) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        bank = world.accredit("bank", Kind.BANK, Role.CONFIRMER)
        holder = world.holder(city)
        reference = world.link(holder, bank)
        yield Scene(world, city, bank, holder, reference, permissions(world, holder, at=bank))


def test_no_item_lies_in_the_files_in_the_clear(scene: Scene) -> None:
    """R5: neither the present items nor the former ones."""
    scene.move()
    folder = scene.world.folder / "registry"
    stored = b"".join(file.read_bytes() for file in folder.glob("database.sqlite*"))
    values = [*some_items().model_dump(mode="json").values(), NEW_ADDRESS]
    for value in values:
        if value == "female":
            continue  # too short a word to be looked for
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert value.encode(encoding) not in stored


def test_former_items_are_kept_with_the_day_only(scene: Scene) -> None:
    scene.move()
    with scene.world.registry_context.database.read() as conn:
        row = conn.execute(select(tables.resident_history)).one()
        former = scene.registry.store.open_history(
            row.id, person=row.pseudonym, until=row.until, items=row.items
        )
    assert row.until == scene.world.clock().date().isoformat()
    assert former.items[BasicItem.ADDRESS] == some_items().address


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("resident", item.value) for item in BasicItem),
        ("resident_history", "items"),
        ("resident_history", "until"),
    ],
)
def test_changed_cell_is_found_and_named(scene: Scene, table: str, column: str) -> None:
    scene.move()
    assert scene.findings() == []
    value = "'2000-01-01'" if column == "until" else f"CAST(substr({column}, 2) || x'00' AS BLOB)"
    with scene.world.registry_context.database.write() as conn:
        conn.execute(text(f"UPDATE {table} SET {column} = {value}"))
    assert {finding.table for finding in scene.findings()} == {table}


def test_cells_of_two_people_cannot_be_exchanged(scene: Scene) -> None:
    scene.world.holder(scene.city, some_items().model_copy(update={"name": "鈴木 一郎"}))
    resident = tables.resident
    with scene.world.registry_context.database.write() as conn:
        one, other = conn.execute(select(resident.c.pseudonym, resident.c.name)).all()
        for whose, name in ((one.pseudonym, other.name), (other.pseudonym, one.name)):
            conn.execute(update(resident).where(resident.c.pseudonym == whose).values(name=name))
    assert len(scene.findings()) == 2
    scene.wallet.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    with refused("stored_data_changed", 500):
        scene.world.registry(scene.bank).confirm(
            scene.question(BasicItem.NAME), token=scene.world.operator_token(scene.bank, REGISTRY)
        )


def test_every_question_is_in_the_history_with_ground_or_reason(scene: Scene) -> None:
    registry = scene.world.registry(scene.bank)
    token = scene.world.operator_token(scene.bank, REGISTRY)
    with refused("no_permission", 403):
        registry.confirm(scene.question(BasicItem.NAME), token=token)
    scene.wallet.lay_down(basic_terms(scene.world, scene.bank, BasicItem.NAME))
    registry.confirm(scene.question(BasicItem.NAME), token=token)
    refusal, answer = (each for each in scene.told() if each["kind"] == "confirmation")
    assert (refusal["outcome"], refusal["reason"]) == ("refused", "no_permission")
    assert (answer["outcome"], answer["purpose"]) == ("permitted", "IdentityVerification")
    assert answer["categories"] == ["name"]
    assert answer["detail"] == {"contract": "account 12", "reason": "periodic_check"}
    assert answer["ground"] in {
        each.get("ground") for each in scene.told() if each["kind"] == "directive_stored"
    }
    assert "花子" not in str(scene.told())


def test_presence_is_for_the_id_centre_only(scene: Scene) -> None:
    """Neither an operator's terminal nor a token made for a participant will do."""
    named = scene.world.name(scene.holder.enrolled.reference, Body.REGISTRY, to=scene.city)
    token = scene.world.operator_token(scene.city, REGISTRY)
    with refused("forbidden", 403):
        scene.world.http(REGISTRY, scene.city).post("/presence", {"token": named}, token=token)
    with refused("unauthenticated", 401):
        RegistryClient(scene.world.http(REGISTRY, scene.city)).presence(named)
    with refused("pseudonym_token_refused", 403):
        RegistryClient(scene.world.body_http(REGISTRY, Body.IDENTITY)).presence(named)


class WithdrawnMeanwhile(ExitStack):
    """Stands for the moment between the first look at the directive and the last one."""

    def __init__(self, scene: Scene, copy: str) -> None:
        super().__init__()
        self._scene = scene
        self._copy = copy

    def enter_context(self, cm: AbstractContextManager[T, bool | None]) -> T:
        """Withdraw, then hold."""
        self._scene.wallet.withdraw(self._copy)
        return super().enter_context(cm)


def bank_operator(scene: Scene) -> OperatorCaller:
    return OperatorCaller(
        scene.bank.organisation, scene.bank.operator, scene.bank.terminal, frozenset({"confirmer"})
    )


def directive_id(copy: str) -> str:
    return str(loads(base64url.decode(copy.split(".")[1]))["id"])


@pytest.mark.parametrize("permissions_held", [1, 2])
def test_question_in_flight_is_refused_when_the_withdrawal_was_acknowledged(
    scene: Scene, permissions_held: int
) -> None:
    """SC2: also when another permission would do; that one is not held, so the question is asked anew."""
    terms = basic_terms(scene.world, scene.bank, BasicItem.NAME)
    copies = [scene.wallet.lay_down(terms) for _ in range(permissions_held)]
    relied_on = min(copies, key=directive_id)
    question = scene.question(BasicItem.NAME)
    with (
        WithdrawnMeanwhile(scene, relied_on) as hold,
        pytest.raises(ConfirmationRefusedError) as refusal,
    ):
        workflows.confirm(scene.registry, bank_operator(scene), question, hold=hold)
    assert refusal.value.code is RefusalCode.WITHDRAWN_IN_FLIGHT
    last = [each for each in scene.told() if each["kind"] == "confirmation"][-1]
    assert (last["outcome"], last["reason"]) == ("refused", "withdrawn_in_flight")


def test_text_that_is_no_token_means_nobody_here(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    message = RegisterResident(token=enrolled.registry_token[::-1], items=some_items())
    with refused("pseudonym_token_refused", 403):
        scene.world.registry(scene.city).register(
            message, token=scene.world.operator_token(scene.city, REGISTRY)
        )
