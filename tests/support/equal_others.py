"""Names that somebody may try at the product safety centre and at the anonymiser: whose they are, and how one asks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from starlette.testclient import TestClient
from support.compared import Names, Told, Trial
from support.product_safety_app import InProcess, open_centre, served
from support.product_safety_office import Office
from support.product_safety_world import OTHER_MAKER, make_world
from support.product_safety_world import World as Trade
from support.research_app import Running, running
from support.research_people import Someone
from support.research_requests import SEX, wish
from support.research_world import OTHER_UNIVERSITY, UNIVERSITY
from support.research_world import World as Research

from consent import base64url
from consent.vocabulary import Body
from services.contracts.research.messages import JobAnswer
from services.kit.clock import system_randomness
from services.kit.context import BodyContext
from services.kit.http import Http
from services.product_safety import tables
from services.product_safety.centre import Centre

OWNER, ASKER = "owner", "asker"


@dataclass(frozen=True)
class Shelf:
    """A maker's recall and one owner's notice of it. No dispatch runs: its own queries would be counted, too."""

    world: Trade
    context: BodyContext
    http: Http
    recall: str
    notice: str

    @property
    def contexts(self) -> list[BodyContext]:
        """The body whose log is looked at."""
        return [self.context]

    def progress(self, recall: str) -> Told:
        """Ask as another maker."""
        token = self.world.operator_token(OTHER_MAKER)
        return self.http.send("GET", f"/recalls/{recall}", token=token)

    def read(self, notice: str) -> Told:
        """Mark a notice read as the person who tries."""
        token, content = self.world.person_token(ASKER), json.dumps({"notice": notice}).encode()
        return self.http.send("POST", "/inbox/read", token=token, content=content)


@contextmanager
def recalled(folder: Path) -> Iterator[Shelf]:
    """Run the product safety centre with everything in place."""
    world = make_world(folder)
    context = open_centre(world)
    office = Office(world, Centre(context, world.register))
    for person, serial in ((OWNER, "1"), (ASKER, "2")):
        office.buy(person, serial)
    recall = office.recall()
    office.dispatch(recall)
    person = world.pseudonym(OWNER)
    with context.database.read() as conn:
        owned = select(tables.notice.c.id).join(tables.ownership).where(tables.ownership.c.person == person)
        notice = conn.execute(owned).scalar_one()
    client = TestClient(served(world, context), base_url=world.url, raise_server_exceptions=False)
    yield Shelf(world, context, InProcess(client, world), recall.id, notice)


@dataclass(frozen=True)
class Shelves:
    """A university's job and the table that was released to it."""

    running: Running
    answer: JobAnswer

    @property
    def contexts(self) -> list[BodyContext]:
        """The body whose log is looked at."""
        return [self.running.context]

    def ask(self, path: str) -> Told:
        """Ask as another university."""
        token = self.running.world.token(OTHER_UNIVERSITY)
        return self.running.http(OTHER_UNIVERSITY).send("GET", path, token=token)


@contextmanager
def released(folder: Path) -> Iterator[Shelves]:
    """Run the anonymiser with everything in place."""
    world = Research(folder)
    world.settle([Someone(f"person-{number}") for number in range(6)])
    with running(world) as here:
        answer = here.research(UNIVERSITY).submit(wish(SEX), token=world.token(UNIVERSITY))
        yield Shelves(here, answer)


def _beside(name: str) -> Names:
    """Return a name that exists beside a random one of its length."""
    return Names(name, base64url.encode(system_randomness(len(base64url.decode(name)))))


def _release(here: Shelves) -> str:
    assert here.answer.release is not None
    return here.answer.release.id


AT_PRODUCT_SAFETY: list[Trial[Shelf]] = [
    Trial(
        Body.PRODUCT_SAFETY,
        "GET /recalls/{recall}",
        "recall",
        lambda here: _beside(here.recall),
        lambda here, name: here.progress(name),
    ),
    Trial(
        Body.PRODUCT_SAFETY,
        "POST /inbox/read",
        "notice",
        lambda here: _beside(here.notice),
        lambda here, name: here.read(name),
    ),
]

AT_RESEARCH: list[Trial[Shelves]] = [
    Trial(
        Body.RESEARCH,
        "GET /jobs/{job}",
        "job",
        lambda here: _beside(here.answer.job),
        lambda here, name: here.ask(f"/jobs/{name}"),
    ),
    Trial(
        Body.RESEARCH,
        "GET /releases/{release}",
        "release",
        lambda here: _beside(_release(here)),
        lambda here, name: here.ask(f"/releases/{name}"),
    ),
]
