"""Who listens on the line and sends again what was sent: at once, after a restart, to another body. One effect in all.

Every message is sent again byte for byte, and with a fresh proof by the sender's own key and token, so that it is the
message itself that is found to be used up, and not only its envelope.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from support.listening import Heard, Line, told

from consent.compartments import YearSpan
from consent.vocabulary import Body, Category, Purpose
from services.demo.scene import Inhabitant, Scene, medical_terms
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.history import history
from services.gateway.hospital import deposit, link
from services.gateway.wallet_actions import lay_down, withdraw
from services.kit.clock import system_clock
from services.kit.http import Token

pytestmark = pytest.mark.processes

Effects = Callable[[], list[tuple[str, str, str]]]


@pytest.fixture
def lines(deployment: Scene) -> Iterator[Callable[[str], Line]]:
    opened: list[Line] = []

    def line(organisation: str) -> Line:
        opened.append(Line(deployment, organisation))
        return opened[-1]

    yield line
    for each in opened:
        each.close()


def effects(person: Inhabitant, *kinds: str) -> Effects:
    """Return a way to count what a person's proved history says was done or permitted, by kind; not refusals."""

    def found() -> list[tuple[str, str, str]]:
        entries = history(person.person).entries
        return [
            (each.body, each.kind, each.outcome)
            for each in entries
            if each.kind in kinds and each.outcome != "refused"
        ]

    return found


def fresh(records: Sequence[ClinicalRecord]) -> list[ClinicalRecord]:
    """Return records under names that no other test has deposited."""
    return [replace(each, name=f"OT2 {each.name}") for each in records]


def restart(scene: Scene, body: Body) -> None:
    """End a body as a power cut would, and start it again."""
    scene.processes.kill(body)
    scene.processes.start([body])


def assert_used_up(line: Line, heard: Heard, *, token: Callable[[], Token], codes: set[str]) -> None:
    """Send a message again, at once and after a restart: refused each time."""
    for again in range(2):
        same = told(line.replay(heard))
        assert same in {(409, "replayed"), (401, "unauthenticated")}, same
        fresh = told(line.replay(heard, token=token()))
        assert fresh[0] in {403, 409}, fresh
        assert fresh[1] in codes, fresh
        if not again:
            restart(line.scene, heard.body)


def assert_worthless_elsewhere(line: Line, heard: Heard, *, token: Callable[[Body], Token]) -> None:
    """Send a message to every other body, with its own envelope and with a good one for that body."""
    for body in (each for each in Body if each not in {heard.body, Body.PORTAL}):
        assert line.replay(heard, to=body).status_code == 401, body.value
        answer = line.replay(heard, to=body, token=token(body))
        assert 400 <= answer.status_code < 500, f"{body.value}: {answer.status_code} {answer.text[:200]}"


def test_a_deposit_is_stored_once(deployment: Scene, lines: Callable[[str], Line]) -> None:
    """OT2: sealed bundles under a used pseudonym token."""
    line, person = lines("hospital-a"), deployment.people[2]
    hospital = line.organisation()
    counted = effects(person, "records_deposited")
    earlier = counted()
    deposit(hospital, link(hospital, person.person), fresh(deployment.records(person)[:3]))
    before = counted()
    assert before == [*earlier, ("medical", "records_deposited", "done")]
    heard = line.last("POST", "/deposits", Body.MEDICAL)

    def token(body: Body = Body.MEDICAL) -> Token:
        return hospital.tokens.token(deployment.layout.url(body))

    assert_used_up(line, heard, token=token, codes={"replayed", "bundle_known"})
    assert_worthless_elsewhere(line, heard, token=token)
    assert counted() == before


@pytest.mark.long
def test_what_a_person_says_and_what_is_read_on_it_counts_once(
    deployment: Scene, lines: Callable[[str], Line]
) -> None:
    """OT2: directives and withdrawals of a person, the access statement of a reader, one after the other."""
    person, hospital = deployment.protagonist, deployment.organisation("hospital-a")
    medication = fresh(deployment.of_category(person, Category.MEDICATION))
    deposit(hospital, link(hospital, person.person), medication)
    counted = effects(person, "directive_stored", "directive_withdrawn", "records_read", "fragments_released")
    counter, clinic_line = lines("municipality"), lines("clinic-b")
    speaker, clinic = counter.person(person), clinic_line.organisation()
    years = YearSpan(min(each.year for each in deployment.records(person)), system_clock().year)
    terms = medical_terms("clinic-b", categories=[Category.MEDICATION], years=years)

    def by_person(body: Body) -> Token:
        return speaker.tokens.token(deployment.layout.url(body))

    def by_clinic(body: Body = Body.MEDICAL) -> Token:
        return clinic.tokens.token(deployment.layout.url(body))

    permission = lay_down(speaker, terms)
    stored = counted()
    for body in (Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY):
        heard = counter.last("POST", "/directives", body)
        assert_used_up(counter, heard, token=partial(by_person, body), codes={"directive_known"})
        assert_worthless_elsewhere(counter, heard, token=by_person)
    assert counted() == stored

    opened = open_records(
        clinic,
        link(clinic, person.person),
        categories=frozenset({Category.MEDICATION}),
        years=years,
        purpose=Purpose.TREAT,
    )
    assert opened
    read = counted()
    statement = clinic_line.last("POST", "/reads", Body.MEDICAL)
    assert_used_up(clinic_line, statement, token=by_clinic, codes={"replayed"})
    assert_worthless_elsewhere(clinic_line, statement, token=by_clinic)
    other = lines("clinic-c")
    thief = other.organisation().tokens.token(deployment.layout.url(Body.MEDICAL))
    assert told(other.replay(statement, token=thief))[0] == 403
    assert counted() == read

    withdraw(speaker, permission)
    withdrawn = counted()
    for body in (Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY):
        heard = counter.last("POST", "/withdrawals", body)
        assert told(counter.replay(heard))[0] in {401, 409}
        receipts = [counter.replay(heard, token=by_person(body)).json()["receipt"]]
        restart(deployment, body)
        receipts.append(counter.replay(heard, token=by_person(body)).json()["receipt"])
        assert len(set(receipts)) == 1
        assert_worthless_elsewhere(counter, heard, token=by_person)
        directive = counter.last("POST", "/directives", body)
        assert told(counter.replay(directive, token=by_person(body))) == (409, "directive_known")
    assert counted() == withdrawn
    assert told(clinic_line.replay(statement, token=by_clinic()))[0] in {403, 409}


def test_a_proof_of_possession_counts_once(deployment: Scene, lines: Callable[[str], Line]) -> None:
    """OT2: the very same GET, at once and after a restart; a new one goes on."""
    line = lines("municipality")
    person = line.person(deployment.people[1])
    url = deployment.layout.url(Body.REGISTRY)
    token = person.tokens.token(url)
    assert line(Body.REGISTRY).send("GET", "/history", token=token).status_code == 200
    heard = line.last("GET", "/history", Body.REGISTRY)
    assert told(line.replay(heard)) == (409, "replayed")
    restart(deployment, Body.REGISTRY)
    assert told(line.replay(heard)) == (409, "replayed")
    assert line.replay(heard, to=Body.MEDICAL).status_code == 401
    assert line.replay(heard, token=token).status_code == 200


def test_a_token_request_and_a_presented_card_count_once(
    deployment: Scene, lines: Callable[[str], Line]
) -> None:
    """OT2: assertions of operator, terminal and card, and the card's answer at an organisation."""
    line, person = lines("bank"), deployment.people[3]
    bank, counted = line.organisation(), effects(person, "card_linked", "token_issued")
    at_terminal = line.person(person)
    at_terminal.tokens.token(deployment.layout.url(Body.IDENTITY))
    requested = [line.last("POST", "/oauth/token", Body.IDENTITY)]
    link(bank, at_terminal)
    asked = [each for each in line.heard if "client_assertion" in (each.form or {})]
    requested.append(asked[-1])
    presented = line.last("POST", "/links", Body.IDENTITY)
    person.person.tokens.forget()  # those from earlier tests would expire between the counts, and new ones be issued
    counted()  # to look at a whole history takes tokens, too, for each body that is asked
    issued = counted()
    for again in range(2):
        for heard in requested:
            assert told(line.replay(heard)) == (400, "invalid_dpop_proof")
        token = bank.tokens.token(deployment.layout.url(Body.IDENTITY))
        assert told(line.replay(presented))[0] in {401, 409}
        assert told(line.replay(presented, token=token)) in {(409, "replayed"), (403, "presentation_refused")}
        if not again:
            restart(deployment, Body.IDENTITY)
    elsewhere = lines("clinic-c")
    thief = elsewhere.organisation().tokens.token(deployment.layout.url(Body.IDENTITY))
    assert told(elsewhere.replay(presented, token=thief)) == (403, "presentation_refused")
    assert counted() == issued
