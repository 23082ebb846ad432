"""A person says no while reads are under way, over real processes (SC2)."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from support.waiting import until

from consent.compartments import YearSpan
from consent.directives import Effect, Notice, RecordScope, Terms
from consent.identifiers import OrganisationId
from consent.recipients import Recipient
from consent.statements import Selection
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.directives import DirectivesClient, submission
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Inhabitant, Scene
from services.gateway.clinic import prepare, send
from services.gateway.clinical import ClinicalRecord
from services.gateway.errors import RefusedError
from services.gateway.hospital import deposit, link
from services.gateway.person import Person, sign_in
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_randomness

pytestmark = pytest.mark.processes
AT_ONCE = 4
CLINIC = "clinic-b"
RECORD = ClinicalRecord("hers", Category.MEDICATION, 2026, "m1", b'{"resourceType": "MedicationRequest"}')
SELECTION = Selection(frozenset({Category.MEDICATION}), YearSpan(2025, 2026))


@pytest.fixture
def person(deployment: Scene) -> Person:
    """Return somebody who permits the clinic to read."""
    inhabitant: Inhabitant = deployment.people[3]
    connect = deployment.organisation(CLINIC).connect
    pin, signature = PINS[Application.AUTHENTICATION], PINS[Application.SIGNATURE]
    return sign_in(inhabitant.enrolled.card, connect, pin=pin, signature_pin=signature)


@pytest.fixture
def paused(deployment: Scene) -> Iterator[Scene]:
    """Let the oversight body hang, later, and wake it in the end."""
    try:
        yield deployment
    finally:
        deployment.processes.resume(Body.OVERSIGHT)


def terms(person: Person, effect: Effect) -> Terms:
    now = person.clock()
    return Terms(
        recipient=Recipient(OrganisationId(CLINIC)),
        effect=effect,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(SELECTION.categories, SELECTION.years),
        valid_from=now,
        valid_until=now + timedelta(days=1),
        notice=Notice.of_text("no", text_id="test", version="1", language="en", refusal_meaning="nothing"),
    )


def entries(scene: Scene) -> int:
    """Count the entries of the medical centre's log."""
    file = scene.layout.body(Body.MEDICAL) / "database.sqlite"
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM log_leaf").fetchone()[0])


# step P6
def test_reads_that_hang_at_the_second_body_are_refused_once_the_person_said_no(
    paused: Scene, person: Person
) -> None:
    """SC2: each was admitted and logged before; none is answered after the no was acknowledged."""
    clinic, hospital = paused.organisation(CLINIC), paused.organisation("hospital-a")
    deposit(hospital, link(hospital, person), [RECORD])
    reference = link(clinic, person)
    lay_down(person, terms(person, Effect.PERMIT))
    prepared = [
        prepare(clinic, reference, selection=SELECTION, purpose=Purpose.TREAT) for _ in range(AT_ONCE + 1)
    ]
    assert RECORD.content in [each.content for each in send(clinic, prepared.pop())]
    refusal = person.wallet.grant(
        terms(person, Effect.DENY),
        recipient_receiving_key=None,
        compartments=[],
        persons={body: person.pseudonym(body) for body in PROXIES},
        handle_keys={body: person.directory().sealing_key(body) for body in (Body.OVERSIGHT, Body.IDENTITY)},
        now=person.clock(),
        randomness=system_randomness,
    ).copies[Body.MEDICAL]
    before = entries(paused)
    paused.processes.pause(Body.OVERSIGHT)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        flying = [pool.submit(send, clinic, each) for each in prepared]
        until(lambda: entries(paused) >= before + AT_ONCE)
        person.ask(
            Body.MEDICAL, lambda http, token: DirectivesClient(http).submit(submission(refusal), token=token)
        )
        paused.processes.resume(Body.OVERSIGHT)
        for each in flying:
            with pytest.raises(RefusedError) as refused:
                each.result()
            assert refused.value.code == "denied_by_person"
