"""A person's choice for emergencies: laid down for the relay, changed, refused."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from support.gateway_card import PINS
from support.gateway_world import ITEMS, YEAR, World

from consent.directives import Effect, RecordScope
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.oversight.register import Kind, Role
from services.gateway.emergency_choice import NOTICE, REFUSING, choices, choose
from services.gateway.errors import RefusedError
from services.gateway.people import enrol
from services.gateway.person import Person

RELAY = "relay"


@dataclass(frozen=True)
class Town:
    world: World
    person: Person


@pytest.fixture
def town(tmp_path: Path) -> Town:
    world = World(tmp_path)
    counter = world.organisation("counter", Kind.MUNICIPALITY, Role.REGISTRAR)
    world.organisation(RELAY, Kind.EMERGENCY_RELAY, Role.EMERGENCY_RELAY)
    world.watch.tick()
    return Town(world, enrol(counter, ITEMS, pins=PINS, years={YEAR}).person)


def test_a_yes_lies_at_the_three_proxies_for_the_relay_and_these_kinds_only(town: Town) -> None:
    choose(town.person, [Category.SUMMARY, Category.MEDICATION])
    (chosen,) = choices(town.person)
    assert chosen.copies.keys() == set(PROXIES)
    assert isinstance(chosen.terms.scope, RecordScope)
    assert (chosen.terms.recipient.organisation, chosen.terms.effect) == (RELAY, Effect.PERMIT)
    assert chosen.terms.purposes == {Purpose.ETREAT}
    assert chosen.terms.scope.categories == {Category.SUMMARY, Category.MEDICATION}


def test_the_text_that_was_shown_is_named_in_its_language(town: Town) -> None:
    choose(town.person, [Category.SUMMARY], language="ja")
    (chosen,) = choices(town.person)
    assert chosen.terms.notice.language == "ja"
    assert chosen.terms.notice.sha256_of_text == sha256(NOTICE.ja.encode()).hexdigest()
    assert chosen.terms.notice.refusal_meaning == REFUSING.ja


def test_another_choice_takes_the_earlier_one_back(town: Town) -> None:
    choose(town.person, [Category.SUMMARY, Category.MEDICATION])
    town.world.watch.tick()
    choose(town.person, [Category.SUMMARY])
    (chosen,) = choices(town.person)
    assert isinstance(chosen.terms.scope, RecordScope)
    assert chosen.terms.scope.categories == {Category.SUMMARY}


def test_a_narrower_choice_leaves_nothing_of_the_wider_one_at_any_of_several_relays(town: Town) -> None:
    """W4: taking the first one back renews none of those that are taken back next."""
    town.world.organisation("relay-2", Kind.EMERGENCY_RELAY, Role.EMERGENCY_RELAY)
    town.world.watch.tick(60)  # the register is read anew
    choose(town.person, [Category.SUMMARY, Category.MEDICATION])
    town.world.watch.tick()
    choose(town.person, [Category.SUMMARY])
    scopes = [each.terms.scope for each in choices(town.person)]
    assert [each.categories for each in scopes if isinstance(each, RecordScope)] == [{Category.SUMMARY}] * 2


def test_a_no_takes_the_permission_back_and_a_later_yes_the_no(town: Town) -> None:
    choose(town.person, [Category.SUMMARY])
    town.world.watch.tick()
    choose(town.person, [])
    assert [each.terms.effect for each in choices(town.person)] == [Effect.DENY]
    assert list(town.world.states(Body.MEDICAL).values()).count("active") == 1
    town.world.watch.tick()
    choose(town.person, [Category.SUMMARY])
    assert [each.terms.effect for each in choices(town.person)] == [Effect.PERMIT]


def test_without_an_accredited_relay_nothing_is_chosen(tmp_path: Path) -> None:
    world = World(tmp_path)
    counter = world.organisation("counter", Kind.MUNICIPALITY, Role.REGISTRAR)
    world.watch.tick()
    person = enrol(counter, ITEMS, pins=PINS, years={YEAR}).person
    with pytest.raises(RefusedError, match="No emergency relay"):
        choose(person, [Category.SUMMARY])
