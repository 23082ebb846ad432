"""Checks 1 to 3: seven separate bodies, accredited organisations, people with cards."""

import ssl

from consent.vocabulary import Body
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import PINS, Inhabitant, Scene, at_once
from services.demo.search import ENCODINGS, find_texts
from services.deployment.organisations import APPLICANTS, accredit_missing, credential_folder
from services.gateway.clinical import Patient
from services.gateway.credentials import tls_of
from services.gateway.people import enrol
from services.kit.certificates import Usage, create_authority, issue, to_pem
from services.kit.clock import system_clock
from services.kit.http import Http, PeerUnavailableError, RemoteProblemError, client_context
from services.kit.keys import KeyFolder, pem, write_private
from services.kit.server import Tls

PROBES = (
    ("GET", "/history"),
    ("GET", "/log/checkpoint"),
    ("GET", "/log/leaves"),
    ("GET", "/audit"),
    ("POST", "/reads"),
    ("POST", "/persons"),
    ("PUT", "/wallet"),
    ("GET", "/register"),
    ("DELETE", "/anything-else"),
)


def seven_bodies(scene: Scene, steps: Steps) -> str:
    """Check 1: seven processes with ports and databases of their own; no certificate, no connection; no token, 401."""
    processes = scene.processes
    ids = {process.pid for process in processes.running.values()}
    files = {scene.layout.body(body) / "database.sqlite" for body in Body}
    expect(len(ids) == len(Body), f"{len(ids)} processes run instead of {len(Body)}")
    expect(all(file.exists() for file in files), "a body has no database of its own")
    steps.begin("trying to connect as a stranger", len(Body))
    refused = [_refuses_strangers(scene, body) for body in Body if body is not Body.PORTAL]
    answers = 0
    context = client_context(authority=scene.layout.authority, tls=processes.probe)
    for body in Body:
        http = Http(scene.layout.url(body), context=context)
        for method, path in PROBES:
            _expect_401(http, method, path)
            answers += 1
        http.close()
        steps.advance()
    ports = ", ".join(f"{body.value} {scene.layout.ports[body]}" for body in Body)
    return (
        f"{len(ids)} processes on ports {ports}; {sum(refused)} connections without an accredited certificate "
        f"failed in the handshake; {answers} requests without a token got 401 "
        "(My Portal is open to browsers without a certificate, and answers its routes with 401 alike)"
    )


def _refuses_strangers(scene: Scene, body: Body) -> int:
    stranger = _stranger(scene)
    contexts = (
        client_context(authority=scene.layout.authority, tls=None),
        client_context(authority=scene.layout.authority, tls=stranger),
    )
    for context in contexts:
        http = Http(scene.layout.url(body), context=context, timeout=5)
        try:
            http.get("/healthz")
        except (PeerUnavailableError, ssl.SSLError):
            continue
        finally:
            http.close()
        raise CheckFailedError(f"{body.value} let a client without an accredited certificate connect")
    return len(contexts)


def _stranger(scene: Scene) -> Tls:
    """Return TLS files that look right and come from an authority of the stranger's own."""
    folder = scene.layout.folder / "stranger"
    tls = Tls(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    if not tls.certificate.exists():
        key, now = KeyFolder(folder).p256("stranger"), system_clock()
        authority = create_authority("Sekisho accreditation", days=30, now=now)
        own = issue(
            authority,
            key.public_key(),
            common_name="terminal",
            sans=[],
            usages=[Usage.CLIENT],
            days=30,
            now=now,
        )
        write_private(tls.key, pem(key))
        write_private(tls.certificate, to_pem(own).encode())
    return tls


def _expect_401(http: Http, method: str, path: str) -> None:
    try:
        http.send(method, path)
    except RemoteProblemError as problem:
        expect(problem.status == 401, f"{http.base_url}{path} answered {problem.status} without a token")
    else:
        raise CheckFailedError(f"{http.base_url}{path} answered without a token")


def accreditations(scene: Scene, steps: Steps) -> str:
    """Check 2: the oversight body accredits the organisations."""
    steps.begin("accrediting organisations", None)
    made = accredit_missing(scene.layout)
    directory = scene.officials.directory()
    for applicant in APPLICANTS:
        organisation = scene.organisation(applicant.id).id
        expect(directory.organisation(organisation), f"{applicant.id} is not in the register")
        expect(tls_of(credential_folder(scene.layout, applicant.id)).certificate.exists(), "no certificate")
    serial = directory.register.serial
    return f"{len(made)} accredited ({', '.join(made)}), each with terminal and operator; register edition {serial}"


def enrolment(scene: Scene, steps: Steps) -> str:
    """Check 3: people get numbers, cards and wallets; nobody but the ID centre holds a number."""
    counter = scene.organisation("municipality")
    years = {patient.id: {each.year for each in scene.data.of(patient.id)} for patient in scene.data.patients}

    def enrol_one(patient: Patient) -> Inhabitant:
        return Inhabitant(patient, enrol(counter, patient.items, pins=PINS, years=years[patient.id]))

    steps.begin("enrolling people, issuing cards, making wallets", len(scene.data.patients))
    scene.people = at_once(enrol_one, scene.data.patients, steps)
    numbers = {each.enrolled.personal_number for each in scene.people}
    expect(len(numbers) == len(scene.people), "two people have one personal number")
    steps.begin("searching for personal numbers", len(Body) - 1)
    for body in Body:
        found = find_texts(scene.layout.body(body), numbers)
        expect(not found, f"{body.value} holds {len(found)} personal numbers in the clear ({found[:1]})")
        steps.advance()
    return (
        f"{len(scene.people)} people have a number, a card with two certificates, and a wallet; no number is in any "
        f"file of the {len(Body)} bodies as {', '.join(ENCODINGS)} (the ID centre keeps them encrypted)"
    )
