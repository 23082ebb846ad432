"""What is measured on: four bodies as processes of their own over TLS, a hospital, a clinic, two people."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from consent.compartments import YearSpan
from consent.directives import Effect, Notice, RecordScope, Terms
from consent.identifiers import DocumentId, OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import Body, Category, Purpose
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import Application
from services.deployment.bootstrap import OFFICIALS, open_deployment
from services.deployment.layout import Layout, free_ports
from services.deployment.organisations import (
    APPLICANTS,
    KNOWN_EVERYWHERE_SECONDS,
    both_officials,
    credential_folder,
)
from services.deployment.processes import Processes
from services.gateway.accreditor import accredit
from services.gateway.clinical import BasicItems, ClinicalRecord
from services.gateway.credentials import tls_of
from services.gateway.hospital import deposit, link
from services.gateway.organisation import Organisation
from services.gateway.people import enrol
from services.gateway.person import Person
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_clock

HOST: Final = "127.0.0.1"
BODIES: Final = (Body.OVERSIGHT, Body.IDENTITY, Body.REGISTRY, Body.MEDICAL)
MUNICIPALITY, HOSPITAL, CLINIC = "municipality", "hospital-a", "clinic-b"
PINS: Final = {Application.AUTHENTICATION: "2583", Application.SIGNATURE: "kaki5678"}
CATEGORIES: Final = (Category.MEDICATION, Category.LABORATORY, Category.CHECKUP, Category.ENCOUNTER)
YEARS_LONG: Final = 5
BUNDLES: Final = len(CATEGORIES) * YEARS_LONG
DOCUMENTS: Final = 100
DOCUMENT_BYTES: Final = 2000
RESIDENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is up: a hospital that deposits for `patient`, a clinic that reads what `owner` permitted.

    `person` is the owner with the wallet; `municipality` knows the `residents`. Of `owner_of_many` there are `many`
    documents.
    """

    layout: Layout
    municipality: Organisation
    residents: list[str]
    hospital: Organisation
    clinic: Organisation
    patient: str
    owner: str
    owner_of_many: str
    many: int
    person: Person
    document: DocumentId
    years: YearSpan
    names: Iterator[int]

    def again(self) -> Organisation:
        """Return the hospital once more, with connections of its own."""
        return Organisation.at(credential_folder(self.layout, HOSPITAL))

    def records(self, number: int) -> list[ClinicalRecord]:
        """Return so many new records, spread evenly over the bundles' categories and years."""
        return records(number, self.years, self.names)


@contextmanager
def stage(folder: Path, *, many: int = DOCUMENTS) -> Iterator[Stage]:
    """Start the bodies in `folder`, set the scene with one who has `many` documents, and stop them at the end.

    Raises: DeploymentError, RefusedError.
    """
    layout, register_key = open_deployment(folder, host=HOST, ports=free_ports(HOST))
    processes = Processes(layout, register_key, tls_of(layout.credentials / OFFICIALS))
    try:
        processes.start(BODIES)
        yield _set(layout, many=many)
    finally:
        processes.stop()


def records(number: int, years: YearSpan, names: Iterator[int]) -> list[ClinicalRecord]:
    """Return `number` records of the usual size of a FHIR resource."""
    places = [(category, year) for category in CATEGORIES for year in range(years.first, years.last + 1)]
    content = b'{"resourceType": "Observation", "text": "'.ljust(DOCUMENT_BYTES - 2, b"x") + b'"}'
    return [
        ClinicalRecord("somebody", *places[each % len(places)], f"Observation/{next(names)}", content)
        for each in range(number)
    ]


def terms_of(
    recipient: OrganisationId, years: YearSpan, categories: frozenset[Category] = frozenset(CATEGORIES)
) -> Terms:
    """Return the terms of a permission to read everything here for treatment."""
    now = system_clock().replace(microsecond=0)
    text = Notice.of_text("...", text_id="bench", version="1", language="en", refusal_meaning="nothing")
    return Terms(
        recipient=Recipient(recipient),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(categories, years),
        valid_from=now,
        valid_until=now.replace(year=now.year + 1, day=1),
        notice=text,
    )


def _set(layout: Layout, *, many: int) -> Stage:
    wanted = (MUNICIPALITY, HOSPITAL, CLINIC)
    municipality, hospital, clinic = _accredited(layout, wanted)
    this_year = system_clock().year
    years = YearSpan(this_year - YEARS_LONG + 1, this_year)
    names = count()
    people = [
        enrol(municipality, BasicItems(f"Somebody {number}", "Minato", "female", "1970-01-01"), pins=PINS)
        for number in range(3)
    ]
    patient, owner, owner_of_many = [link(hospital, each.person) for each in people]
    deposited = deposit(hospital, owner, records(DOCUMENTS, years, names))
    deposit(hospital, owner_of_many, records(many, years, names))
    for each in people[1:]:
        lay_down(each.person, terms_of(clinic.id, years))
    return Stage(
        layout=layout,
        municipality=municipality,
        residents=[_enrolled(municipality) for _ in range(RESIDENTS)],
        hospital=hospital,
        clinic=clinic,
        patient=patient,
        owner=link(clinic, people[1].person),
        owner_of_many=link(clinic, people[2].person),
        many=many,
        person=people[1].person,
        document=next(iter(deposited.documents.values())),
        years=years,
        names=names,
    )


def _enrolled(municipality: Organisation) -> str:
    return municipality.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).enrol(token=token).reference
    )


def _accredited(layout: Layout, wanted: Sequence[str]) -> list[Organisation]:
    pair = both_officials(layout)
    for applicant in APPLICANTS:
        if applicant.id in wanted:
            accredit(pair, applicant, credential_folder(layout, applicant.id))
    time.sleep(KNOWN_EVERYWHERE_SECONDS)
    return [Organisation.at(credential_folder(layout, name)) for name in wanted]
