"""Enrolling, naming and changing sector keys in any order: everybody stays one person, nobody becomes another."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from support.identity_bodies import nobody
from support.identity_machine import IdentityMachine
from support.identity_people import REGISTRY, some_items
from support.identity_wire import refused

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.identity.messages import EnrolledPerson
from services.contracts.registry.messages import RegisterResident
from services.contracts.shared import NamesRenewed, RenewNames, SharedClient
from services.identity.centre import IdentityCentre, Peers
from services.identity.errors import SectorBusyError
from services.identity.workflows import sectors
from services.kit.http import PeerUnavailableError
from services.kit.problems import UnavailableError
from services.registry import tables

LASTING = 60
Named = tuple[EnrolledPerson, str, datetime]


class Losing(SharedClient):
    """The registry behind a network that loses the `lost`th answer: the registry has done what it was told."""

    def __init__(self, real: SharedClient, lost: int) -> None:
        self._real = real
        self._left = lost

    def renew_names(self, message: RenewNames) -> NamesRenewed:
        told = self._real.renew_names(message)
        self._left -= 1
        if self._left == 0:
            raise PeerUnavailableError("the answer is lost")
        return told


class SectorKeys(IdentityMachine):
    """The real ID centre and the real registry; the model is who was entered in the registry."""

    people = Bundle("people")
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.entered: dict[str, Pseudonym] = {}

    def centre(self, peers: Peers) -> IdentityCentre:
        return self.world.centre(self.world.registry(self.city), peers)

    def registry_peer(self, wrap: Callable[[SharedClient], SharedClient] = lambda real: real) -> Peers:
        return {Body.REGISTRY: wrap(SharedClient(self.world.registry_link))}.__getitem__

    def rows(self) -> set[Pseudonym]:
        with self.world.registry_context.database.read() as conn:
            return {Pseudonym(name) for name in conn.execute(select(tables.resident.c.pseudonym)).scalars()}

    @rule(target=people)
    def enrol(self) -> EnrolledPerson:
        """Somebody is enrolled; the registry's token is used or thrown away."""
        return self.world.enrol(self.city)

    @rule(target=tokens, person=people)
    def name(self, person: EnrolledPerson) -> Named:
        """A participant has a person named, and keeps the token for a while."""
        return person, self.world.name(person.reference, Body.REGISTRY, to=self.city), self.world.clock()

    @rule(held=consumes(tokens))
    def use(self, held: Named) -> None:
        """A token is used: the first time the person is entered, later found again."""
        person, token, made = held
        message = RegisterResident(token=token, items=some_items())
        registry = self.world.registry(self.city)
        bearer = self.world.operator_token(self.city, REGISTRY)
        before, reference = self.rows(), person.reference
        if (self.world.clock() - made).total_seconds() >= LASTING:
            with refused("pseudonym_token_refused", 403):
                registry.change(message, token=bearer)
            return
        if reference in self.entered:
            assert registry.change(message, token=bearer).resident == "unchanged"
            return
        registry.register(message, token=bearer)
        (added,) = self.rows() - before
        self.entered[reference] = added

    @rule()
    def begin(self) -> None:
        """An official begins to change the registry's sector key."""
        centre = self.centre(nobody)
        with suppress(SectorBusyError), centre.context.database.write() as conn:
            sectors.begin(centre, conn, Body.REGISTRY)

    @rule(lost=st.integers(min_value=0, max_value=3))
    def carry_on(self, lost: int) -> None:
        """The change goes on, perhaps until an answer is lost on the way."""
        peers = self.registry_peer(lambda real: Losing(real, lost))
        with suppress(UnavailableError):
            sectors.carry_on(self.centre(peers))

    @rule()
    def registry_is_down(self) -> None:
        """The change goes on while the registry is down."""
        with suppress(UnavailableError):
            sectors.carry_on(self.centre(nobody))

    @rule()
    def restart(self) -> None:
        """Both bodies are stopped and started."""
        self.world.restart()

    @rule(seconds=st.sampled_from([10, 700]))
    def time_passes(self, seconds: int) -> None:
        """Tokens end, and so does the time in which the registry takes old names."""
        self.world.clock.moment += timedelta(seconds=seconds)

    @invariant()
    def everybody_is_one_person(self) -> None:
        """There is one row for everybody who was entered, and it stays."""
        assert self.rows() == set(self.entered.values())
        assert len(set(self.entered.values())) == len(self.entered)


# step S1
def test_everybody_stays_one_person_whatever_happens() -> None:
    """LN5, with answers lost, bodies down, restarts and people enrolled in the middle of it."""
    run_state_machine_as_test(
        SectorKeys, settings=settings(max_examples=6, stateful_step_count=25, deadline=None)
    )
