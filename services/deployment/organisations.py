"""The organisations of the story, accredited on an embedded deployment so that somebody can go on by hand."""

import time
from pathlib import Path
from typing import Final

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.deployment.layout import Layout
from services.gateway.accreditor import ENTER, Applicant, accredit, operator_entering
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.credentials import save
from services.gateway.organisation import Organisation
from services.gateway.people import enrol
from services.gateway.supervisor import Pair, colleague, present_operator

ANONYMISER: Final = "anonymiser"
EMERGENCY_RELAY: Final = "emergency-relay"
MUNICIPALITY: Final = "municipality"
SUPERVISORS: Final = {
    f"{MUNICIPALITY}-2": BasicItems("監督 一郎", "みなと市役所一丁目1番", "male", "1970-01-01"),
    f"{MUNICIPALITY}-3": BasicItems("監督 花子", "みなと市役所一丁目2番", "female", "1971-02-03"),
}
"""The municipality's supervisors by their credential folders; made-up residents of the demo."""
HOSPITAL: Final = "hospital-a"
PROFESSIONALS: Final = {
    f"{HOSPITAL}-2": BasicItems("救急 医師子", "みなと市病院前一丁目1番", "female", "1980-03-04"),
    f"{HOSPITAL}-3": BasicItems("救急 看護夫", "みなと市病院前一丁目2番", "male", "1985-05-06"),
}
"""Two professionals of hospital A, known as two humans, as an emergency needs them; made-up residents, too."""
SUPERVISORS_PINS: Final = {Application.AUTHENTICATION: "2583", Application.SIGNATURE: "kaki5678"}
"""Public, as everything of a made-up resident is."""
KNOWN_EVERYWHERE_SECONDS: Final = 1.2
"""A body may hold an edition of the register that is a second old (register_max_age_seconds)."""
APPLICANTS: Final = (
    Applicant(
        MUNICIPALITY,
        "みなと市役所 / Minato City Hall",
        Kind.MUNICIPALITY,
        [Role.REGISTRAR, Role.INQUIRER],
    ),
    Applicant("hospital-a", "A 病院 / Hospital A", Kind.HOSPITAL, [Role.WRITER, Role.READER]),
    Applicant("clinic-b", "B 診療所 / Clinic B", Kind.CLINIC, [Role.WRITER, Role.READER]),
    Applicant("clinic-c", "C 診療所 / Clinic C", Kind.CLINIC, [Role.WRITER, Role.READER]),
    Applicant("retailer", "はるかぜ電器 / Harukaze Appliances", Kind.RETAILER, [Role.SELLER]),
    Applicant("maker", "みどり製作所 / Midori Works", Kind.MAKER, [Role.RECALLER]),
    Applicant("bank", "つばめ銀行 / Tsubame Bank", Kind.BANK, [Role.CONFIRMER]),
    Applicant(ANONYMISER, "匿名加工センター / Anonymisation Centre", Kind.ANONYMISER, [Role.ANONYMISER]),
    Applicant(
        EMERGENCY_RELAY,
        "緊急時中継センター / Emergency Relay",
        Kind.EMERGENCY_RELAY,
        [Role.EMERGENCY_RELAY],
    ),
    Applicant("pension-office", "年金事務所 / Pension Office", Kind.ADMINISTRATION, [Role.INQUIRER]),
    Applicant("university", "ひので大学 / Hinode University", Kind.UNIVERSITY, [Role.RESEARCHER]),
)


STAFF: Final = {name: (MUNICIPALITY, items, Role.SUPERVISOR) for name, items in SUPERVISORS.items()} | {
    name: (HOSPITAL, items, Role.READER) for name, items in PROFESSIONALS.items()
}
"""Who is appointed by presenting their own card: their employer, who they are, and what they do."""


def credential_folder(layout: Layout, organisation: str) -> Path:
    """Return where an organisation's credentials lie; the anonymiser's are with its body."""
    if organisation == ANONYMISER:
        return layout.body(Body.RESEARCH) / "organisation"
    return layout.credentials / organisation


def officials(layout: Layout) -> Organisation:
    """Return the oversight body's officials. Raises: CredentialFolderError."""
    return Organisation.at(layout.credentials / OFFICIALS)


def second_official(layout: Layout) -> Organisation:
    """Return the other supervisor of the oversight body. Raises: CredentialFolderError."""
    return Organisation.at(layout.credentials / SECOND_OFFICIAL)


def both_officials(layout: Layout) -> Pair:
    """Return two supervisors of the oversight body, who decide together. Raises: CredentialFolderError."""
    return Pair(officials(layout), second_official(layout))


def accredit_missing(layout: Layout) -> list[str]:
    """Accredit the organisations that are not yet; return their names. Raises: RefusedError."""
    pair = both_officials(layout)
    made = []
    for applicant in APPLICANTS:
        folder = credential_folder(layout, applicant.id)
        if not (folder / "organisation.json").exists():
            accredit(pair, applicant, folder)
            made.append(applicant.id)
    if made:
        time.sleep(KNOWN_EVERYWHERE_SECONDS)
    if not all((layout.credentials / name / "organisation.json").exists() for name in STAFF):
        _appoint_staff(layout, pair)
        time.sleep(KNOWN_EVERYWHERE_SECONDS)
    return made


def _appoint_staff(layout: Layout, pair: Pair) -> None:
    """Appoint who must be known as a human: residents who present their own cards, kept beside the credentials."""
    counter = Organisation.at(layout.credentials / MUNICIPALITY)
    for name, (employer, items, role) in STAFF.items():
        folder = layout.credentials / name
        if (folder / "organisation.json").exists():
            continue
        resident = enrol(counter, items, pins=SUPERVISORS_PINS)
        own = counter if employer == MUNICIPALITY else Organisation.at(layout.credentials / employer)
        credentials = colleague(own.credentials, name)
        told = present_operator(resident.person, credentials)
        entering = operator_entering(pair.first, credentials, [role], presentation=told)
        pair.decide(Body.OVERSIGHT, ENTER, entering, reason=f"appointed by {employer}")
        save_card(resident.card, folder / "own-card.json")
        save(credentials, folder)
