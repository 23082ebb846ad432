"""The real medical centre and the real second proxy, with their own databases and logs, over one register."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from support.medical_story import MEDICATION, open_answer, read, start
from support.medical_world import CLINIC, Running, Someone, World
from support.second_proxy_wire import released

from consent import base64url
from consent.directives import Grant
from consent.identifiers import Pseudonym
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.directives import (
    ReleaseAnswer,
    ReleaseRequest,
    WithdrawalOrder,
    submission,
    wallet_registration,
)
from services.directives import workflows
from services.directives.release import Releases
from services.directives.service import Directives, open_cosigner, open_directives, open_witness
from services.kit.context import BodyContext, open_body
from services.kit.http import RemoteProblemError
from services.kit.settings import BodySettings
from services.medical import tables as medical_tables
from services.medical.second_proxy import Releases as Releasing
from services.medical.second_proxy import SecondProxy
from services.oversight import tables
from services.oversight.app import MIGRATIONS


@dataclass(frozen=True)
class RealSecondProxy:
    """The component behind the oversight body's /releases, without the wire."""

    context: BodyContext
    directives: Directives
    releases: Releases

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Answer as the wire would."""
        return released(self.releases, request)

    def name(self, person: Someone) -> Pseudonym:
        """Return what this body calls a person."""
        return self.context.people.first_name(person.pseudonym(Body.OVERSIGHT))

    def take(self, person: Someone, grant: Grant) -> None:
        """P3 at this body."""
        name = self.name(person)
        now = self.context.clock()
        workflows.register_wallet(
            self.directives, name, wallet_registration(person.wallet, Body.OVERSIGHT, now)
        )
        workflows.submit(self.directives, name, submission(grant.copies[Body.OVERSIGHT]))

    def withdraw(self, person: Someone, grant: Grant) -> None:
        """W1 at this body."""
        copies = {Body.OVERSIGHT: grant.copies[Body.OVERSIGHT].jws}
        order = person.wallet.withdraw(copies, now=self.context.clock())[Body.OVERSIGHT]
        workflows.withdraw(self.directives, self.name(person), WithdrawalOrder(withdrawal=order))


@dataclass(frozen=True)
class OtherLeaf:
    """A medical centre's side that shows the second body the leaf of something else."""

    real: RealSecondProxy

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Ask with another leaf."""
        log = request.log.model_copy(update={"leaf": base64url.encode(bytes(64))})
        return self.real.release(request.model_copy(update={"log": log}))


@contextmanager
def together(
    folder: Path, between: Callable[[RealSecondProxy], Releasing] = lambda real: real
) -> Iterator[tuple[Running, RealSecondProxy]]:
    """Run both bodies, with `between` on the way from one to the other."""
    world = World(folder)
    second = open_second(world)
    verifier = open_cosigner(second.context).verifier
    link = world.second_proxies()[0].link
    proxy = SecondProxy(Body.OVERSIGHT, between(second), link, lambda: verifier)
    with world.running([proxy]) as running:
        yield running, second
    second.context.close()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Running, RealSecondProxy]]:
    with together(tmp_path) as bodies:
        yield bodies


def open_second(world: World) -> RealSecondProxy:
    """Open the oversight body's own database and keys, entered in the world's register."""
    settings = BodySettings(
        data=world.folder / "real-oversight",
        port=1,
        public_url="https://oversight.test",
        oversight_url="https://oversight.test",
        identity_url="https://identity.test",
        register_key=base64url.encode(bytes(32)),
    )
    context = open_body(Body.OVERSIGHT, settings, tables=tables.KIT, migrations=MIGRATIONS, clock=world.clock)
    world.seconds[Body.OVERSIGHT].sealing_key = context.sealing_key
    world.peoples[Body.OVERSIGHT] = context.people
    entry = world.register.directory().body(Body.OVERSIGHT)
    told: dict[str, Any] = {
        "sealing_key": base64url.encode(context.sealing_key.public_key().public_bytes_raw()),
        "witness_key": open_cosigner(context).verifier.vkey(),
        "signing_key": to_jwk(context.signing_key.public_key()),
    }
    world.oversight.put_body(entry.model_copy(update=told))
    directives = open_directives(context, tables.DIRECTIVES, directory=world.register.directory)
    witness = open_witness(context, directory=world.register.directory)
    return RealSecondProxy(context, directives, Releases(directives, witness))


def permitted(running: Running, second: RealSecondProxy) -> tuple[Someone, Grant]:
    """Return a person who permitted the clinic at both bodies."""
    world, person = running.world, Someone("hanako")
    start(running, person)
    grant = world.grant(person, world.terms(CLINIC), compartments=MEDICATION)
    second.take(person, grant)
    running.permit(person, grant)
    return person, grant


def test_reader_opens_with_fragments_of_both_real_bodies(both: tuple[Running, RealSecondProxy]) -> None:
    running, second = both
    person, _ = permitted(running, second)
    for _again in range(3):  # the log grows between, the witness follows
        assert len(open_answer(running.world, person, read(running, person))) == 5


def test_real_witness_cosigns_what_the_person_is_shown(both: tuple[Running, RealSecondProxy]) -> None:
    running, second = both
    person, _ = permitted(running, second)
    read(running, person)
    with running.world.context.database.read() as conn:
        newest = running.world.context.journal.checkpoints.latest_cosigned(conn)
    assert newest is not None
    shown = running.history(person)
    assert len(shown.entries) == len(running.events(person))


def test_withdrawal_at_the_second_body_alone_stops_the_read(both: tuple[Running, RealSecondProxy]) -> None:
    """A medical centre that ignored a withdrawal would get nothing from the other body."""
    running, second = both
    person, grant = permitted(running, second)
    second.withdraw(person, grant)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (403, "withdrawn")


@pytest.mark.parametrize("at", [Body.MEDICAL, Body.OVERSIGHT])
def test_rows_from_before_a_withdrawal_put_back_at_one_body_release_nothing(
    both: tuple[Running, RealSecondProxy], at: Body
) -> None:
    """IT5, IT6, SC3: every cell opens, every signature is the person's; the other body has its own rows."""
    running, second = both
    person, grant = permitted(running, second)
    mine = {Body.MEDICAL: running.world.context, Body.OVERSIGHT: second.context}[at].database
    theirs = {Body.MEDICAL: medical_tables.directives, Body.OVERSIGHT: tables.DIRECTIVES}[at]
    rows = (theirs.directive, theirs.fragment)
    with mine.read() as conn:
        kept = [(each, [dict(row._mapping) for row in conn.execute(select(each))]) for each in rows]
    assert len(open_answer(running.world, person, read(running, person))) == 5
    second.withdraw(person, grant)
    copies = {Body.MEDICAL: grant.copies[Body.MEDICAL].jws}
    order = person.wallet.withdraw(copies, now=running.world.now)[Body.MEDICAL]
    token = running.world.person_token(person)
    running.directives().withdraw(WithdrawalOrder(withdrawal=order), token=token)
    with mine.write() as conn:
        for each in (theirs.receipt, theirs.fragment, theirs.directive):
            conn.execute(delete(each))
        for each, stored in kept:
            conn.execute(insert(each), stored)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (403, "withdrawn")


def test_access_that_is_not_in_the_log_is_not_served(tmp_path: Path) -> None:
    """No log entry, no plaintext: a medical centre that proves something else gets no fragment."""
    with together(tmp_path, OtherLeaf) as (running, second):
        person, _ = permitted(running, second)
        with pytest.raises(RemoteProblemError) as refused:
            read(running, person)
        assert (refused.value.status, refused.value.code) == (403, "access_not_logged")
