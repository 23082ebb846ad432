"""What supervisors rely on: stops, reports, erasure; the same on the honest fake and on the real registry."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.identity_fakes import FakeWorld, running_fakes
from support.identity_people import REGISTRY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.look_ups import BORN, Official, appoint, items_of, query

from consent import jws
from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.analysis import AskReport, FindingKind, LookUpReport
from services.contracts.registry.change_reasons import ON_CHANGE, ON_DEPARTURE, ON_ENTRY, ChangeReason
from services.contracts.registry.messages import Depart, RegisterResident
from services.contracts.registry.supervision import ERASURE_TYPE, ErasureSearch
from services.kit.http import Token

LIMIT = 8


@dataclass(frozen=True)
class Scene:
    """A municipality's official and supervisor, a colleague in another one, and a person."""

    world: World
    official: Official
    supervisor: Participant
    holder: Holder

    def token(self) -> Token:
        """The supervisor's token."""
        return self.world.operator_token(self.supervisor, REGISTRY)

    def later(self, seconds: int) -> "Scene":
        """Let time pass; whoever was accredited before is no more, another one supervises."""
        self.world.clock.move(seconds)
        name = f"city-{int(self.world.clock().timestamp())}"
        return replace(self, supervisor=supervisor_of(self.world, name))

    def erase(self) -> int:
        """Have erased what is due."""
        return self.world.registry(self.supervisor).erase_history(token=self.token()).erased

    def report(self, days: int = 30) -> LookUpReport:
        """Ask for a report."""
        registry = self.world.registry(self.supervisor)
        return registry.look_up_report(AskReport(days=days), token=self.token())

    def kinds(self) -> set[tuple[FindingKind, str, int]]:
        """Return what stands out."""
        return {(each.kind, each.operator, each.count) for each in self.report().findings}

    def search(self) -> ErasureSearch:
        """Have it proved what is left."""
        proof = self.world.registry(self.supervisor).prove_erasure(token=self.token()).proof
        world = self.world
        key = (
            world.fake_registry.supervision.key.public_key()
            if isinstance(world, FakeWorld)
            else world.register.directory().signing_key(Body.REGISTRY)
        )
        return ErasureSearch.model_validate_json(jws.verify(proof, typ=ERASURE_TYPE, key=key).payload)

    def moves(self, address: str, reason: ChangeReason | None = None) -> str:
        """Let the person move."""
        at = self.official.at
        token = self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=at)
        message = RegisterResident(token=token, items=items_of("山田 花子", address), reason=reason)
        return self.world.registry(at).change(message, token=self.world.operator_token(at, REGISTRY)).resident

    def departs(self, reason: ChangeReason) -> str:
        """Take the person out of the register."""
        at = self.official.at
        token = self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=at)
        bearer = self.world.operator_token(at, REGISTRY)
        return self.world.registry(at).depart(Depart(token=token, reason=reason), token=bearer).resident

    def returns(self, address: str) -> str:
        """Enter the person anew."""
        at = self.official.at
        token = self.world.name(self.holder.enrolled.reference, Body.REGISTRY, to=at)
        moved_in = ChangeReason.MOVED_IN
        message = RegisterResident(token=token, items=items_of("山田 花子", address), reason=moved_in)
        bearer = self.world.operator_token(at, REGISTRY)
        return self.world.registry(at).register(message, token=bearer).resident


def supervisor_of(world: World, name: str) -> Participant:
    """Return the supervisor of another municipality."""
    return appoint(world, world.accredit(name, Kind.MUNICIPALITY, Role.REGISTRAR), "b")


@pytest.fixture(params=["fake", "real"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    limits = {"inquirer_look_ups": LIMIT}
    start = (
        running_fakes(tmp_path) if request.param == "fake" else running(tmp_path, registry_settings=limits)
    )
    with start as world:
        if isinstance(world, FakeWorld):
            world.fake_registry.look_ups.limit = LIMIT
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)
        holder = world.holder(city, items_of("山田 花子"))
        yield Scene(world, Official(world, city), appoint(world, city, "a"), holder)


def test_stopped_card_is_listed_for_its_supervisor_and_for_auditors_only(scene: Scene) -> None:
    """J3: visible."""
    world, registry = scene.world, scene.world.registry(scene.supervisor)
    assert registry.stops(token=scene.token()).stops == []
    with refused("look_ups_stopped", 403):
        for _ in range(LIMIT + 1):
            scene.official.asks(query("山*", born=BORN))
    (stop,) = registry.stops(token=scene.token()).stops
    assert (stop.organisation, stop.operator) == ("city", "city-operator")
    assert stop.since == int(world.clock().timestamp())
    other = supervisor_of(world, "other")
    office = world.accredit("office", Kind.OVERSIGHT, Role.AUDITOR)
    seen = {
        who.organisation: world.registry(who).stops(token=world.operator_token(who, REGISTRY)).stops
        for who in (other, office)
    }
    assert seen == {"other": [], "office": [stop]}


def test_report_names_what_stands_out(scene: Scene) -> None:
    """J13: one person again and again, refusals, a stop; for the supervisor's own organisation."""
    scene.world.clock.move(-scene.world.clock().timestamp() % 86_400 + 3 * 3600)  # noon in Japan
    assert scene.report().findings == []
    for _ in range(3):
        scene.official.asks(query("山*", born=BORN))
    assert scene.kinds() == {(FindingKind.REPEATEDLY, "city-operator", 1)}
    for _ in range(5):
        with refused("look_up_name_alone", 403):
            scene.official.asks(query("山*"))
    with refused("look_ups_stopped", 403):
        scene.official.asks(query("山*", born=BORN))
    assert scene.kinds() == {
        (FindingKind.REPEATEDLY, "city-operator", 1),
        (FindingKind.REFUSED, "city-operator", 6),
        (FindingKind.STOPPED, "city-operator", 1),
    }
    other = supervisor_of(scene.world, "other")
    told = scene.world.registry(other).look_up_report(
        AskReport(days=30), token=scene.world.operator_token(other, REGISTRY)
    )
    assert (told.look_ups, told.findings) == (0, [])
    scene.world.clock.move(31 * 86_400)
    assert scene.report().look_ups == 0


def test_rows_of_a_file_stand_out_like_single_look_ups(scene: Scene) -> None:
    scene.world.clock.move(-scene.world.clock().timestamp() % 86_400 + 3 * 3600)  # noon in Japan
    before = scene.report().look_ups
    scene.official.asks_all(*[query("山*", born=BORN)] * 3)
    assert scene.report().look_ups == before + 3
    assert scene.kinds() == {(FindingKind.REPEATEDLY, "city-operator", 1)}


def test_look_ups_at_night_stand_out(scene: Scene) -> None:
    """IL4"""
    scene.world.clock.move(-scene.world.clock().timestamp() % 86_400 + 15 * 3600)  # midnight in Japan
    scene.official.asks(query("山*", born=BORN))
    assert scene.kinds() == {(FindingKind.AT_NIGHT, "city-operator", 1)}


def test_person_learns_who_looked_them_up_and_nothing_of_others(scene: Scene) -> None:
    scene.official.enters(items_of("鈴木 一郎", born="1990-01-01"))
    scene.official.asks(query("山*", born=BORN))
    scene.official.asks(query("鈴*", born="1990-01-01"))
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.official.at)
    told = scene.world.registry(scene.official.at).own_look_up_report(AskReport(days=1), token=token)
    assert (told.look_ups, told.operators) == (1, 1)


def test_only_supervisors_and_auditors_watch(scene: Scene) -> None:
    world = scene.world
    clerk = world.accredit("clerk", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)
    registry, token = world.registry(clerk), world.operator_token(clerk, REGISTRY)
    for ask in (
        lambda: registry.stops(token=token),
        lambda: registry.look_up_report(AskReport(days=1), token=token),
        lambda: registry.own_look_up_report(AskReport(days=1), token=token),
        lambda: registry.erase_history(token=token),
        lambda: registry.prove_erasure(token=token),
    ):
        with refused("forbidden", 403):
            ask()


def test_former_items_are_kept_five_years_then_erased_and_that_is_proved(scene: Scene) -> None:
    """J8; who moved abroad is the exception of the seed."""
    assert scene.moves("東京都港区芝公園1", ChangeReason.MOVED_WITHIN) == "changed"
    assert scene.departs(ChangeReason.MOVED_ABROAD) == "departed"
    scene = scene.later(5 * 365 * 86_400 - 86_400)
    assert scene.erase() == 0
    assert scene.search().left == 0
    scene = scene.later(3 * 86_400)
    before = scene.search()
    assert (before.history_entries, before.left, before.kept_abroad, before.clean) == (2, 1, 1, False)
    assert scene.erase() == 1
    after = scene.search()
    assert (after.history_entries, after.left, after.kept_abroad, after.clean) == (1, 0, 1, True)
    assert scene.erase() == 0


@pytest.mark.parametrize("reason", sorted(ON_DEPARTURE))
def test_who_departed_is_found_by_nothing_and_the_change_is_kept(scene: Scene, reason: ChangeReason) -> None:
    """J1, J8: neither by number nor by name; who comes back is a resident again."""
    number = scene.holder.enrolled.personal_number
    by_name = query("山*", born=BORN)
    assert scene.official.asks_for_number(number) == scene.official.asks(by_name) == ["山田 花子"]
    scene.departs(reason)
    assert scene.official.asks_for_number(number) == scene.official.asks(by_name) == []
    assert scene.search().history_entries == 1
    with refused("not_found", 404):
        scene.departs(reason)
    with refused("not_found", 404):
        scene.moves("東京都港区芝公園1")
    assert scene.returns("東京都港区芝公園2") == "registered"
    assert scene.official.asks(by_name) == ["山田 花子"]
    assert scene.search().history_entries == 1


@pytest.mark.parametrize("reason", ChangeReason)
def test_reasons_go_with_entering_changing_or_departing_or_are_the_id_centres(
    scene: Scene, reason: ChangeReason
) -> None:
    world, at = scene.world, scene.official.at
    if reason in ON_CHANGE:
        assert scene.moves("東京都港区芝公園1", reason) == "changed"
    else:
        with refused("malformed_request", 400):
            scene.moves("東京都港区芝公園1", reason)
    if reason in ON_DEPARTURE:
        assert scene.departs(reason) == "departed"
    else:
        with refused("malformed_request", 400):
            scene.departs(reason)
    token = world.enrol(at).registry_token
    message = RegisterResident(token=token, items=items_of("山田 花子"), reason=reason)
    registry = world.registry(at)
    if reason in ON_ENTRY:
        assert registry.register(message, token=world.operator_token(at, REGISTRY)).resident == "registered"
    else:
        with refused("malformed_request", 400):
            registry.register(message, token=world.operator_token(at, REGISTRY))
