"""Names that look like somebody's and are not: Unicode twins, other spellings of the same bytes, added signs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from support.desk import PINS
from support.raw_requests import Callers, assert_problem, callers

from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.contracts.identity.messages import StaffCheck
from services.demo.scene import Scene
from services.gateway import reception
from services.gateway.clinical import BasicItems
from services.gateway.people import Enrolled, enrol

pytestmark = pytest.mark.processes
ITEMS = BasicItems("双葉 ひとみ", "みなと市 5-5-5", "female", "1982-04-05")
PATIENT = "Patient-7"
LOOKALIKES = str.maketrans("aceopxyPB0127", "асеорхуРВО١٢٧")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def twins(name: str) -> Iterator[str]:
    """Return texts that somebody, or some normalisation, could take for `name`."""
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in name)
    alike = name.translate(LOOKALIKES)
    last = ALPHABET.index(name[-1]) if len(name) % 4 else None
    spelled = [] if last is None else [name[:-1] + ALPHABET[last ^ 1], name + "=" * (-len(name) % 4)]
    signs = ["\u200b", "\u00ad", "\u00a0", " ", "\n", "\ufeff", "\u0301", "\U000e0041"]
    added = (
        [name + sign for sign in signs] + [sign + name for sign in signs] + [name[:2] + "\u200d" + name[2:]]
    )
    swapped = [name.swapcase(), name.upper(), name.lower()]
    yield from (
        each for each in (wide, wide[0] + name[1:], alike, *spelled, *added, *swapped) if each != name
    )


@dataclass(frozen=True)
class Desk:
    """Somebody with a card and a patient number."""

    enrolled: Enrolled
    calls: Callers
    scene: Scene

    @property
    def own(self) -> list[str]:
        """What nobody may learn who only has a twin."""
        told = self.enrolled
        return [told.reference, told.personal_number, told.card.card, ITEMS.name, ITEMS.address]


@pytest.fixture(scope="module")
def desk(deployment: Scene) -> Iterator[Desk]:
    enrolled = enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)
    patient = reception.Patient(PATIENT, ITEMS.name, ITEMS.birth_date)
    word = reception.StaffWord(StaffCheck.PIN)
    reception.link_patient(deployment.organisation("hospital-a"), patient, word, person=enrolled.person)
    with callers(deployment) as made:
        yield Desk(enrolled, made, deployment)


Message = dict[str, object]
ROUTES: list[tuple[str, str, Callable[[Enrolled], str], Callable[[str], Message]]] = [
    (
        "municipality",
        "POST /pseudonym-tokens",
        lambda told: told.reference,
        lambda name: {"reference": name, "bodies": ["registry"]},
    ),
    ("municipality", "POST /cards/standings", lambda told: told.reference, lambda name: {"reference": name}),
    (
        "municipality",
        "POST /number-look-ups",
        lambda told: told.personal_number,
        lambda name: {"numbers": [name], "task": "resident_record", "case": "c"},
    ),
    (
        "hospital-a",
        "POST /patient-links/undo",
        lambda _: PATIENT,
        lambda name: {"patient_number": name, "fault": "wrong_number"},
    ),
    ("municipality", "POST /numbers/changes", lambda told: told.reference, lambda name: {"reference": name}),
]
"""Routes by which one names somebody; those that change something last, so that the name itself works to the end."""


@pytest.mark.parametrize(
    ("who", "route", "own_name", "message"), ROUTES, ids=[route for _, route, *_ in ROUTES]
)
def test_twin_of_a_name_names_nobody(
    desk: Desk,
    who: str,
    route: str,
    own_name: Callable[[Enrolled], str],
    message: Callable[[str], Message],
) -> None:
    """Every twin is refused and told nothing of the person; then the name itself is good."""
    method, _, path = route.partition(" ")
    caller = desk.calls.organisation(who)
    url = desk.scene.layout.url(Body.IDENTITY) + path
    name, tried = own_name(desk.enrolled), 0
    for twin in twins(name):
        content = json.dumps(message(twin), ensure_ascii=False).encode()
        answer = desk.calls.send(caller, method, url, content=content)
        told = assert_problem(answer, where=f"{route} {twin!a}", never=tuple(desk.own))
        assert told["code"] in {"malformed_request", "not_found"}, f"{twin!a}: {told}"
        tried += 1
    assert tried > 18
    known = desk.calls.send(caller, method, url, content=json.dumps(message(name)).encode())
    assert known.status_code == 200, known.text


def test_twin_of_an_organisation_changes_no_key(desk: Desk) -> None:
    """A key taken from the real hospital would stop it; the real one still writes by its own."""
    office = desk.scene.layout.url(Body.OVERSIGHT)
    caller = desk.calls.organisation("oversight-office")
    for twin in twins("hospital-a"):
        keyless = {"id": twin, "signing_key": None, "receiving_key": None}
        asked = {"kind": "change-keys", "parameters": keyless, "reason": "r"}
        content = json.dumps(asked, ensure_ascii=False).encode()
        answer = desk.calls.send(caller, "POST", f"{office}/proposals", content=content)
        assert assert_problem(answer, where=ascii(twin))["code"] in {"malformed_request", "not_found"}
    entry = desk.scene.officials.directory().organisation(OrganisationId("hospital-a"))
    assert entry is not None
    assert entry.signing_key is not None
