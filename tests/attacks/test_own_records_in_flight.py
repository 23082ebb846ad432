"""SC2, SC4: no own records are on their way to a guardian once the end of the right was acknowledged."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_bytes

import pytest
from support.database import BODIES, DATABASES
from support.guardian_tokens import guardian_token
from support.medical_story import deposit, documents, seal
from support.medical_world import HOSPITAL, Running, Someone, World
from support.streams import IMAGING, study, upload

from consent.compartments import Compartment
from consent.guardians import Capacity, Change, LegalState
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.guardianship import GuardianKey, PersonState, TellStates
from services.contracts.medical.messages import AskOwnSegment, OwnRecords, OwnRecordsRequest
from services.contracts.medical.streams import StreamsClient
from services.directives import guarding
from services.directives.errors import RefusedError
from services.directives.service import Directives, open_directives
from services.kit.credentials.callers import PersonCaller, SignedInBy
from services.kit.http import RemoteProblemError
from services.medical import tables
from services.medical.apart import Apart
from services.medical.app import open_blobs
from services.medical.centre import Centre
from services.medical.own_records import OwnRecordsOffice
from services.medical.store import MedicalStore
from services.medical.stream_store import StreamStore

SUMMARY, SENSITIVE = (Compartment(each, 2026, 1) for each in (Category.SUMMARY, Category.SENSITIVE))
EVERYTHING = OwnRecordsRequest(categories=None, first_year=2000, last_year=2030, start=0)


@dataclass
class Scene:
    """A ward with records, a guardian, and the medical centre's own parts."""

    running: Running
    ward: Someone
    directives: Directives
    office: OwnRecordsOffice
    key: dict[str, str]
    number: int = 0

    @property
    def guardian(self) -> PersonCaller:
        """The guardian, signed in."""
        return PersonCaller(
            self.running.world.pseudonym(self.ward), SignedInBy.GUARDIAN, thumbprint(self.key)
        )

    def tell(self, state: LegalState, ended: Change | None = None) -> None:
        """Have the ID centre tell; returns when that is acknowledged."""
        self.number += 1
        known = GuardianKey(key=self.key, capacity=Capacity.PARENT, ended=ended)
        name = self.ward.pseudonym(Body.MEDICAL)
        said = PersonState(person=name, number=self.number, state=state, guardians=[known])
        guarding.tell(self.directives, TellStates(states=[said]))


@pytest.fixture(params=DATABASES, scope="module")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Directives]]:
    """Run the medical centre on each kind of database, once."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(BODIES, request.param)
        world = World(tmp_path_factory.mktemp("in-flight"))
    with world.running() as running:
        directory = world.register.directory
        yield running, open_directives(world.context, tables.directives, directory=directory)


@pytest.fixture
def scene(opened: tuple[Running, Directives], request: pytest.FixtureRequest) -> Scene:
    """Return a child with records of two kinds, and a guardian."""
    (running, directives), ward = opened, Someone(request.node.name)
    running.enrol(ward, [SUMMARY, SENSITIVE])
    for place in (SUMMARY, SENSITIVE):
        plain = documents(1, prefix=f"{ward.name}-{place.category.value}")
        deposit(running, ward, [seal(running.world, ward, plain, compartment=place)])
    key = to_jwk(Wallet.create(token_bytes).guardian_key("w", Body.MEDICAL).public_key())
    office = OwnRecordsOffice(_centre(running.world, directives))
    made = Scene(running, ward, directives, office, key)
    made.tell(LegalState.CHILD)
    return made


# step G4
def test_an_answer_under_way_delays_the_end_of_the_guardianship(scene: Scene) -> None:
    order: list[str] = []

    def end() -> None:
        scene.tell(LegalState.CHILD, Change.GUARDIAN_CHANGED)
        order.append("acknowledged")

    found = scene.office.fetch(scene.guardian, EVERYTHING)
    with ThreadPoolExecutor(1) as pool:
        with scene.office.in_force(found), scene.office.in_force(found):  # beside another answer
            ending = pool.submit(end)
            with pytest.raises(
                TimeoutError
            ):  # however long one waits: it cannot end while the answer is sent
                ending.result(timeout=0.2)
            order.append("sent")
        ending.result()
    assert order == ["sent", "acknowledged"]


@pytest.mark.parametrize(
    ("state", "ended", "code"),
    [
        (LegalState.CHILD, Change.GUARDIAN_CHANGED, "guardianship_ended"),
        (LegalState.YOUTH, None, "person_decides"),
    ],
)
def test_what_was_read_before_is_not_sent_after_the_right_ended(
    scene: Scene, state: LegalState, ended: Change | None, code: str
) -> None:
    """Also where only what a youth decides alone is the guardian's to read no more."""
    found = scene.office.fetch(scene.guardian, EVERYTHING)
    assert len(OwnRecords.model_validate_json(found.content).bundles) == 2
    scene.tell(state, ended)
    with pytest.raises(RefusedError) as refusal, scene.office.in_force(found):
        pytest.fail("the answer was sent")
    assert refusal.value.code.value == code
    told = [(each["outcome"], each.get("reason")) for each in scene.running.events(scene.ward)[-3:]]
    assert told[0] == ("done", None)
    assert told[-1] == ("refused", code)


def test_a_slow_answer_holds_up_nothing_that_is_laid_down_meanwhile(scene: Scene) -> None:
    found = scene.office.fetch(scene.guardian, EVERYTHING)
    done = threading.Event()

    def lay_down() -> None:
        turn = guarding.turn(scene.guardian.pseudonym)
        with scene.directives.barrier.take_in(turn, against=guarding.nobody_waits):
            done.set()

    with ThreadPoolExecutor(1) as pool, scene.office.in_force(found):
        pool.submit(lay_down).result()
        assert done.is_set()


# SQLite alone: on PostgreSQL what ends a right waits for the very lock by which this test delays the answer
@pytest.mark.parametrize("opened", ["sqlite"], indirect=True)
@pytest.mark.parametrize("route", ["records", "segment"])
def test_routes_look_once_more_before_they_send(
    opened: tuple[Running, Directives], scene: Scene, route: str
) -> None:
    """Over the wire: between reading and sending, the guardianship ends."""
    running, made = opened[0], study(scene.ward, document=f"{scene.ward.name}-study")
    running.enrol(scene.ward, [IMAGING])
    hospital, medical = running.world.members[HOSPITAL], running.medical()
    upload(StreamsClient(running.http(HOSPITAL)), made, token=running.world.token(hospital))
    deposit(running, scene.ward, [made.bundle(running.world)])
    token = guardian_token(running, scene.ward, thumbprint(scene.key))
    asked = AskOwnSegment(document=made.document, version=1, number=0)
    routes: dict[str, Callable[[], object]] = {
        "records": lambda: medical.own_records(EVERYTHING, token=token),
        "segment": lambda: medical.own_segment(asked, token=token),
    }
    ask = routes[route]
    assert ask()
    before = _fetched(scene)
    barrier, right = running.app.state.watching.centre.barrier, guarding.right(scene.guardian.pseudonym)
    with ThreadPoolExecutor(1) as pool:
        with barrier._turns.exclusive(right):
            flying = pool.submit(ask)
            while _fetched(scene) == before:
                assert not flying.done()
            scene.tell(LegalState.CHILD, Change.GUARDIAN_CHANGED)
        with pytest.raises(RemoteProblemError) as refusal:
            flying.result()
    assert refusal.value.code == "guardianship_ended"


def _fetched(scene: Scene) -> int:
    told = [(each["kind"], each["outcome"]) for each in scene.running.events(scene.ward)]
    return told.count(("own_records_fetched", "done"))


def _centre(world: World, directives: Directives) -> Centre:
    context = world.context
    return Centre(
        context=context,
        settings=world.settings,
        register=world.register,
        directives=directives.store,
        barrier=directives.barrier,
        store=MedicalStore(context.cipher),
        apart=Apart(context.cipher, context.randomness),
        streams=StreamStore(context.cipher),
        blobs=open_blobs(world.settings),
        seconds=[],
        workers=ThreadPoolExecutor(1),
    )
