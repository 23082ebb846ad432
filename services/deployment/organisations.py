"""The organisations of the story, accredited on an embedded deployment so that somebody can go on by hand."""

import time
from pathlib import Path
from typing import Final

from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.deployment.bootstrap import OFFICIALS
from services.deployment.layout import Layout
from services.gateway.accreditor import Applicant, accredit
from services.gateway.organisation import Organisation

ANONYMISER: Final = "anonymiser"
KNOWN_EVERYWHERE_SECONDS: Final = 1.2
"""A body may hold an edition of the register that is a second old (register_max_age_seconds)."""
APPLICANTS: Final = (
    Applicant(
        "municipality",
        "みなと市役所 / Minato City Hall",
        Kind.MUNICIPALITY,
        [Role.REGISTRAR, Role.INQUIRER, Role.SUPERVISOR],
    ),
    Applicant("hospital-a", "A 病院 / Hospital A", Kind.HOSPITAL, [Role.WRITER, Role.READER]),
    Applicant("clinic-b", "B 診療所 / Clinic B", Kind.CLINIC, [Role.WRITER, Role.READER]),
    Applicant("clinic-c", "C 診療所 / Clinic C", Kind.CLINIC, [Role.WRITER, Role.READER]),
    Applicant("retailer", "はるかぜ電器 / Harukaze Appliances", Kind.RETAILER, [Role.SELLER]),
    Applicant("maker", "みどり製作所 / Midori Works", Kind.MAKER, [Role.RECALLER]),
    Applicant("bank", "つばめ銀行 / Tsubame Bank", Kind.BANK, [Role.CONFIRMER]),
    Applicant(ANONYMISER, "匿名加工センター / Anonymisation Centre", Kind.ANONYMISER, [Role.ANONYMISER]),
    Applicant("university", "ひので大学 / Hinode University", Kind.UNIVERSITY, [Role.RESEARCHER]),
)


def credential_folder(layout: Layout, organisation: str) -> Path:
    """Return where an organisation's credentials lie; the anonymiser's are with its body."""
    if organisation == ANONYMISER:
        return layout.body(Body.RESEARCH) / "organisation"
    return layout.credentials / organisation


def officials(layout: Layout) -> Organisation:
    """Return the oversight body's officials. Raises: CredentialFolderError."""
    return Organisation.at(layout.credentials / OFFICIALS)


def accredit_missing(layout: Layout) -> list[str]:
    """Accredit the organisations that are not yet; return their names. Raises: RefusedError."""
    official = officials(layout)
    made = []
    for applicant in APPLICANTS:
        folder = credential_folder(layout, applicant.id)
        if not (folder / "organisation.json").exists():
            accredit(official, applicant, folder)
            made.append(applicant.id)
    if made:
        time.sleep(KNOWN_EVERYWHERE_SECONDS)
    return made
