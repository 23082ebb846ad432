"""Granting, refusing, withdrawing, rolling, depositing, restarting in any order: who reads what is as laid down."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.medical_story import deposit, documents, open_answer, read, seal
from support.medical_world import CLINIC, HOSPITAL, Running, Someone, World

from consent.compartments import Compartment, YearSpan
from consent.directives import DirectiveCopy, Effect, Grant, RecordScope, UnverifiedDirective
from consent.identifiers import DirectiveId, OrganisationId
from consent.statements import Selection
from consent.vocabulary import Body, Category
from services.contracts.directives import WithdrawalOrder
from services.contracts.medical.messages import Publication
from services.kit.http import RemoteProblemError

YEAR = 2026
CATEGORIES = (Category.MEDICATION, Category.MEDICATION, Category.MEDICATION, Category.LABORATORY)
READERS = (CLINIC, CLINIC, CLINIC, HOSPITAL)
"""Mostly one: what happens to it happens often enough in few steps; likewise the categories."""


@dataclass
class Laid:
    """A permission or refusal as the model knows it, with its present copies."""

    reader: OrganisationId
    category: Category
    effect: Effect
    grant: Grant


@dataclass
class Place:
    """The one medical centre of all examples; `restart` closes and opens it."""

    world: World
    running: Running
    stack: ExitStack
    numbers: Iterator[int] = field(default_factory=count)

    def restart(self) -> None:
        """Close the centre and open it again on its files."""
        self.stack.close()
        self.running = self.stack.enter_context(self.world.running())


class Permissions(RuleBasedStateMachine):
    """One person in one medical centre, against a dictionary."""

    place: ClassVar[Place]
    laid = Bundle("laid")

    @initialize(target=laid)
    def enrol(self) -> Laid:
        """Somebody new, with open compartments, a record, and a permission for the clinic."""
        self.person = Someone(f"person-{next(self.place.numbers)}")
        self.versions = dict.fromkeys(CATEGORIES, 1)
        self.records: dict[Category, set[str]] = {each: set() for each in CATEGORIES}
        self.model: list[Laid] = []
        self.place.running.enrol(self.person, [Compartment(each, YEAR, 1) for each in self.versions])
        self.deposit(Category.MEDICATION)
        return self.lay_down(CLINIC, Category.MEDICATION, Effect.PERMIT)

    @rule(
        target=laid,
        reader=st.sampled_from(READERS),
        category=st.sampled_from(CATEGORIES),
        effect=st.sampled_from([Effect.PERMIT, Effect.PERMIT, Effect.DENY]),
    )
    def permit_or_refuse(self, reader: OrganisationId, category: Category, effect: Effect) -> Laid:
        """P2 to P7."""
        return self.lay_down(reader, category, effect)

    def lay_down(self, reader: OrganisationId, category: Category, effect: Effect) -> Laid:
        """Lay down at every body, and in the model."""
        made = Laid(reader, category, effect, self._grant(reader, category, effect))
        self.model.append(made)
        return made

    @rule(which=consumes(laid))
    def withdraw(self, which: Laid) -> None:
        """W1 to W4: take one back at every body, then roll the keys that it opened."""
        self._withdraw(which.grant)
        self.model.remove(which)
        if which.effect is Effect.PERMIT:
            self.roll(which.category)

    @rule(category=st.sampled_from(CATEGORIES))
    def roll_keys(self, category: Category) -> None:
        """W4 by itself."""
        self.roll(category)

    def roll(self, category: Category) -> None:
        """W4: publish the next version, and renew what goes on."""
        self.versions[category] += 1
        following = Compartment(category, YEAR, self.versions[category])
        world, token = self.place.world, self.place.world.person_token(self.person)
        publication = self.person.wallet.publish([following], world.now)
        self.place.running.medical().publish(Publication(publication=publication), token=token)
        for each in self.model:
            if each.category is category and each.effect is Effect.PERMIT:
                former, each.grant = each.grant, self._grant(each.reader, category, each.effect)
                self._withdraw(former)

    @rule(category=st.sampled_from(CATEGORIES))
    def add_record(self, category: Category) -> None:
        """D3, D4."""
        self.deposit(category)

    def deposit(self, category: Category) -> None:
        """Deposit one document under the newest key."""
        name = f"r{next(self.place.numbers)}"
        compartment = Compartment(category, YEAR, self.versions[category])
        plain = documents(1, prefix=name)
        deposit(
            self.place.running,
            self.person,
            [seal(self.place.world, self.person, plain, compartment=compartment)],
        )
        self.records[category].add(plain[0].id)

    @rule(reader=st.just(HOSPITAL), category=st.sampled_from(CATEGORIES))
    def others_read(self, reader: OrganisationId, category: Category) -> None:
        """As the other reader, and of the other category."""
        self.read(reader, category)
        self.read(CLINIC, Category.LABORATORY)

    def read(self, reader: OrganisationId, category: Category) -> None:
        """R1 to R10: everything of the category, or nothing."""
        effects = {each.effect for each in self.model if (each.reader, each.category) == (reader, category)}
        code, opened = self._read(reader, category)
        if effects == {Effect.PERMIT}:
            assert (code, opened) == (None, self.records[category])
            return
        assert code is not None
        assert code == "denied_by_person" or Effect.DENY not in effects
        assert self.place.running.events(self.person)[-1]["reason"] == code

    @invariant()
    def clinic_reads_as_laid_down(self) -> None:
        """After every step."""
        self.read(CLINIC, Category.MEDICATION)

    @rule()
    def restart(self) -> None:
        """The centre is closed and opened again."""
        self.place.restart()

    def _read(self, reader: OrganisationId, category: Category) -> tuple[str | None, set[str]]:
        """Return the refusal's code, or what was opened."""
        selection = Selection(frozenset({category}), YearSpan(YEAR, YEAR))
        try:
            answer = read(self.place.running, self.person, reader=reader, selection=selection)
        except RemoteProblemError as refused:
            return refused.code, set()
        return None, set(open_answer(self.place.world, self.person, answer, reader=reader))

    def _grant(self, reader: OrganisationId, category: Category, effect: Effect) -> Grant:
        world = self.place.world
        world.now += timedelta(seconds=1)
        scope = RecordScope(frozenset({category}), YearSpan(YEAR, YEAR))
        compartments = [
            Compartment(category, YEAR, version) for version in range(1, self.versions[category] + 1)
        ]
        grant = world.grant(
            self.person, world.terms(reader, scope=scope, effect=effect), compartments=compartments
        )
        self.place.running.permit(self.person, grant)
        return grant

    def _withdraw(self, grant: Grant) -> None:
        world, wallet = self.place.world, self.person.wallet
        copies = {Body.MEDICAL: grant.copies[Body.MEDICAL].jws}
        order = WithdrawalOrder(withdrawal=wallet.withdraw(copies, now=world.now)[Body.MEDICAL])
        self.place.running.directives().withdraw(order, token=world.person_token(self.person))
        for body, second in world.seconds.items():
            second.withdraw(self._id(grant.copies[body], body))

    def _id(self, copy: DirectiveCopy, body: Body) -> DirectiveId:
        return UnverifiedDirective(copy.jws).verify(self.person.wallet.public_jwk(body)).directive.id


@contextmanager
def machine(folder: Path) -> Iterator[type[Permissions]]:
    """Run the centre that all examples share."""
    world, stack = World(folder), ExitStack()
    with stack:
        place = Place(world, stack.enter_context(world.running()), stack)
        yield type("Running", (Permissions,), {"place": place})


def bound(examples: int, steps: int) -> settings:
    """Return how much is tried."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("number", range(2))
def test_who_reads_what_is_as_laid_down_whatever_happened_before(tmp_path: Path, number: int) -> None:
    """SC1, SC3: a short walk by chance, so that few steps meet everything; the machine looks for more."""
    chance = Random(number)
    with machine(tmp_path) as made:
        one = made()
        one.enrol()
        one.clinic_reads_as_laid_down()
        for step in range(18):
            if step == 9:
                one.restart()
            match chance.choice(
                ["permit", "roll", "roll", "deposit", "deposit", "withdraw", "withdraw", "deny"]
            ):
                case "withdraw" if one.model:
                    refusals = [each for each in one.model if each.effect is Effect.DENY]
                    one.withdraw(which=chance.choice(refusals or one.model))
                case "roll":
                    one.roll(Category.MEDICATION)
                case "deny":
                    one.lay_down(CLINIC, Category.MEDICATION, Effect.DENY)
                case "permit":
                    one.lay_down(chance.choice(READERS), chance.choice(CATEGORIES), Effect.PERMIT)
                case _:
                    one.deposit(Category.MEDICATION)
            one.clinic_reads_as_laid_down()


@pytest.mark.long
def test_who_reads_what_is_as_laid_down_over_long_times(tmp_path: Path) -> None:
    """SC1, SC3: with restarts, many times over."""
    with machine(tmp_path) as made:
        run_state_machine_as_test(made, settings=bound(60, 50))
