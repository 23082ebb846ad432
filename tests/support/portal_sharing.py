"""Permissions for records in My Portal: what its tests fill in, and what comes of it at the bodies."""

from support.portal_browser import Visit

from consent.compartments import YearSpan
from consent.vocabulary import PROXIES, Category, Purpose
from services.demo.scene import Inhabitant, Scene
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.hospital import deposit, link
from services.gateway.wallet_actions import Permission, permissions
from services.kit.clock import system_clock

NOW = system_clock().year
SPAN = YearSpan(NOW - 1, NOW)


def write(scene: Scene, someone: Inhabitant, name: str) -> None:
    hospital = scene.organisation("hospital-a")
    record = b'{"resourceType": "MedicationRequest"}'
    deposit(
        hospital,
        link(hospital, someone.person),
        [ClinicalRecord("his", Category.MEDICATION, NOW, f"MedicationRequest/{name}", record)],
    )


def read(scene: Scene, someone: Inhabitant, organisation: str, *categories: Category) -> int:
    reader = scene.organisation(organisation)
    reference = link(reader, someone.person)
    return len(
        open_records(reader, reference, categories=frozenset(categories), years=SPAN, purpose=Purpose.TREAT)
    )


def fill_in(visit: Visit, recipient: str, *categories: Category, effect: str = "permit") -> None:
    """Fill in and ask what would change."""
    page = visit.page
    page.check(f"#effect-{effect}")
    page.select_option("#recipient", recipient)
    for each in categories:
        page.check(f"#category-{each.value}")
    page.fill("#first", str(SPAN.first))
    page.fill("#last", str(SPAN.last))
    page.check("#purpose-TREAT")


def active(someone: Inhabitant) -> list[Permission]:
    return [each for each in permissions(someone.person, bodies=PROXIES) if each.active(system_clock())]
