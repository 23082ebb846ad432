"""The ID centre's and the registry's workflows, many requests at the same moment, on every database.

Whoever decides by what is stored holds it first; without that each of these tests sees an effect too many, one too few,
or an internal error on PostgreSQL.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Barrier, Event

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import func, select
from support.database import DATABASES, database_url
from support.identity_people import IDENTITY, REGISTRY, Holder, Participant, card_request, some_items
from support.identity_world import World, running
from support.patients import by_pin, link

from consent.identifiers import OperatorId
from consent.vocabulary import BasicItem, Body
from services.contracts.identity.messages import Application, CardState, LinkFault, UndoLink
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import RegisterResident
from services.identity.centre import IdentityCentre
from services.identity.holding import keep_card
from services.identity.tables import retired_number
from services.identity.token_store import LiveToken
from services.identity.workflows.revocation import card_ground, card_stopped, take_place
from services.kit.http import RemoteProblemError
from services.registry.store import Store
from services.registry.tables import resident_history
from services.registry.throttle import Limit, Pace, Throttle

AT_ONCE = 6
PATIENCE = 20.0
LONG = 0.3
"""However long one waits: what has to wait does not end."""


@dataclass(frozen=True)
class Scene:
    """Both bodies on one kind of database, a municipality and a clinic."""

    world: World
    city: Participant
    clinic: Participant

    @property
    def centre(self) -> IdentityCentre:
        """The ID centre over the same database, as another process has it."""
        return self.world.centre(self.world.registry(self.clinic))

    def done(self, kind: str, holder: Holder) -> int:
        """Count what was done to somebody, as the ID centre's log has it."""
        context, name = self.world.identity_context, self.own_name(holder)
        with context.database.read() as conn:
            openings = context.journal.openings(conn, range(context.journal.tree.size(conn)))
            own = [place for place, who in context.journal.persons(conn) if who == name]
        told = [openings[place].event for place in own]
        return sum(each["kind"] == kind and each["outcome"] == "done" for each in told)

    def own_name(self, holder: Holder) -> str:
        """Return what the ID centre itself calls somebody."""
        centre = self.centre
        with centre.context.database.read() as conn:
            held = centre.store.card(conn, holder.issued.card)
        assert held is not None
        return held.holder.pseudonym


@pytest.fixture(scope="module", params=DATABASES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    database_url(request.param)  # says why it skips
    with running(tmp_path_factory.mktemp("at-once"), databases=request.param) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER, Role.WRITER)
        yield Scene(world, city, clinic)


def at_once(requests: Sequence[Callable[[], object]]) -> Counter[str]:
    """Send requests that start together; return how often each code came, `done` for an answer."""
    together = Barrier(len(requests))

    def one(ask: Callable[[], object]) -> str:
        together.wait(PATIENCE)
        try:
            ask()
        except RemoteProblemError as problem:
            return problem.code
        return "done"

    with ThreadPoolExecutor(len(requests)) as pool:
        return Counter(pool.map(one, requests))


def former_addresses(world: World) -> list[str]:
    """Return the addresses of all former entries of the registry."""
    context = world.registry_context
    store = Store(context.cipher, context.randomness)
    with context.database.read() as conn:
        rows = conn.execute(select(resident_history)).all()
    opened = [
        store.open_history(row.id, person=row.pseudonym, until=row.until, items=row.items) for row in rows
    ]
    return [each.items[BasicItem.ADDRESS] for each in opened]


def test_every_change_of_a_number_counts_and_none_retires_a_number_twice(scene: Scene) -> None:
    """J5, DV1."""
    holder, world = scene.world.holder(scene.city), scene.world
    identity, token = world.identity(scene.city), world.person_token(holder, IDENTITY, at=scene.city)

    def retired() -> int:
        with world.identity_context.database.read() as conn:
            return int(conn.execute(select(func.count()).select_from(retired_number)).scalar_one())

    before = retired()
    told = at_once([lambda: identity.change_own_number(token=token)] * AT_ONCE)
    assert told == {"done": AT_ONCE}
    assert retired() == before + AT_ONCE
    assert scene.done("number_changed", holder) == AT_ONCE


def test_of_many_cards_for_one_person_one_is_issued(scene: Scene) -> None:
    """K1."""
    world, enrolled = scene.world, scene.world.enrol(scene.city)
    world.settle(enrolled, scene.city)
    identity, token = world.identity(scene.city), world.operator_token(scene.city, IDENTITY)

    def request() -> Callable[[], object]:
        keys = {application: generate_private_key(SECP256R1()) for application in Application}
        asked = card_request(enrolled.reference, keys, world.random.randbytes(32))
        return lambda: identity.issue_card(asked, token=token)

    told = at_once([request() for _ in range(AT_ONCE)])
    assert told == {"done": 1, "card_exists": AT_ONCE - 1}


def test_token_that_is_just_being_issued_ends_with_its_card(scene: Scene) -> None:
    """R4: the card is stopped between the look at it and the token."""
    holder, centre = scene.world.holder(scene.city), scene.centre
    database, card = scene.world.identity_context.database, holder.issued.card
    looked, go = Event(), Event()

    def issue() -> int:
        with database.write() as conn:
            keep_card(conn, card)
            looked.set()
            assert go.wait(PATIENCE)
            token = LiveToken(card_ground(card), "proof key", None, centre.seconds() + 300)
            return take_place(centre, conn, token)

    def stop() -> None:
        with database.write() as conn:
            held = centre.cards.by_code(conn, centre.code_digest(holder.issued.suspension_code))
            assert held is not None
            centre.store.set_card_state(conn, held, CardState.SUSPENDED)
            card_stopped(centre, conn, card)

    with ThreadPoolExecutor(2) as pool:
        issuing = pool.submit(issue)
        assert looked.wait(PATIENCE)
        stopping = pool.submit(stop)
        with pytest.raises(TimeoutError):
            stopping.result(LONG)
        go.set()
        place = issuing.result(PATIENCE)
        stopping.result(PATIENCE)
    with database.read() as conn:
        assert place in centre.tokens.stopped(conn)


def test_of_many_who_undo_a_link_one_does(scene: Scene) -> None:
    """LN3: one entry in the person's history, one cut."""
    world, clinic, holder = scene.world, scene.clinic, scene.world.holder(scene.city)
    link(world, clinic, by_pin(world, holder, clinic))
    identity, token = world.identity(clinic), world.operator_token(clinic, IDENTITY)
    message = UndoLink(patient_number="P-0001", fault=LinkFault.WRONG_NUMBER)
    told = at_once([lambda: identity.undo_link(message, token=token)] * AT_ONCE)
    assert told == {"done": 1, "not_found": AT_ONCE - 1}
    assert scene.done("patient_link_undone", holder) == 1


def test_same_link_by_many_at_once_is_the_same_link(scene: Scene) -> None:
    """UC10."""
    world, clinic, holder = scene.world, scene.clinic, scene.world.holder(scene.city)
    number = {"patient_number": "P-0002"}
    messages = [by_pin(world, holder, clinic, **number) for _ in range(AT_ONCE)]
    identity, token = world.identity(clinic), world.operator_token(clinic, IDENTITY)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        links = list(pool.map(lambda each: identity.link_patient(each, token=token).link, messages))
    assert len(set(links)) == 1


def test_person_is_registered_once_and_every_change_is_in_the_history(scene: Scene) -> None:
    """J7: each former item was right until the next one, and none is missing."""
    world, city = scene.world, scene.city
    registry, token = world.registry(city), world.operator_token(city, REGISTRY)
    enrolled = world.enrol(city)

    def message(**changed: str) -> RegisterResident:
        named = world.name(enrolled.reference, Body.REGISTRY, to=city)
        return RegisterResident(token=named, items=some_items().model_copy(update=changed))

    entries = [partial(registry.register, message(), token=token) for _ in range(AT_ONCE)]
    assert at_once(entries) == {"done": 1, "already_registered": AT_ONCE - 1}
    changes = [
        partial(registry.change, message(address=f"みなと市 {n}"), token=token) for n in range(AT_ONCE)
    ]
    before = len(former_addresses(world))
    assert at_once(changes) == {"done": AT_ONCE}
    former = former_addresses(world)
    assert len(former) == before + AT_ONCE
    assert len({each for each in former if each.startswith("みなと市")}) == AT_ONCE - 1


def test_counts_of_a_card_are_never_lost(scene: Scene) -> None:
    """J3: the first count too, when there is no row to lock yet."""
    context = scene.world.registry_context
    throttle, limit, now = Throttle(context.cipher), Limit(1000, 60), 1_700_000_000
    who = Account(scene.city.organisation, OperatorId("asks often"))

    def ask() -> None:
        with context.database.write() as conn:
            state = throttle.held(conn, who)
            throttle.keep(conn, who, state.counted(Pace.SINGLE, 1, now=now, limit=limit))

    assert at_once([ask] * AT_ONCE) == {"done": AT_ONCE}
    with context.database.write() as conn:
        found = throttle.held(conn, who)
    assert found.single.total == AT_ONCE
