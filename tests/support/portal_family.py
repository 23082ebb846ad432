"""A mother and her child in front of My Portal, over real bodies."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from support.portal_browser import Visit

from consent.guardians import Capacity
from consent.identifiers import OrganisationId
from consent.vocabulary import PROXIES, Body
from services.contracts.identity.guardianships import Evidence, RegisterGuardianship
from services.demo.scene import PINS, Scene
from services.gateway import guardians
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.errors import RefusedError
from services.gateway.people import Enrolled, enrol
from services.gateway.person import Person
from services.gateway.supervisor import Pair
from services.gateway.wallet_actions import Permission, permissions
from services.kit.clock import system_clock

DOCUMENT = sha256(b"a scan").hexdigest()
YEAR = system_clock().year
T = TypeVar("T")


@dataclass
class Family:
    """A mother with a card, her child without one, and the file that she keeps."""

    scene: Scene
    card: Path
    file: Path
    mother: Person
    reference: str
    kept: guardians.WardFile

    @property
    def child(self) -> Person:
        """The child, as the mother acts for them."""
        return guardians.acting(self.mother, self.kept)

    def active(self) -> list[Permission]:
        """Return what is in force."""
        return [each for each in permissions(self.child, bodies=PROXIES) if each.active(system_clock())]

    def end(self) -> None:
        """Have the municipality end it."""
        counter = self.scene.organisation("municipality")
        guardians.end(
            counter,
            self.reference,
            self.kept.guardianship,
            evidence=Evidence.COURT_DECISION,
            document=DOCUMENT,
        )


def family(scene: Scene, folder: Path, *, age: int) -> Family:
    """Enrol both, have the mother entered by two supervisors, and make the child's wallet known."""
    found = _entered(scene, folder, guardians.enrol_ward(scene.organisation("municipality"), _child(age)))
    heard(lambda: guardians.begin(found.child))
    return found


def family_with_cards(scene: Scene, folder: Path, *, age: int) -> tuple[Family, Enrolled]:
    """Enrol both with cards; the mother's file has the child's own wallet."""
    child = enrol(scene.organisation("municipality"), _child(age), pins=PINS)
    found = _entered(scene, folder, child.reference)
    kept = guardians.with_wallet(found.mother, found.kept, child.person.wallet)
    guardians.replace_ward(kept, found.file)
    found = replace(found, kept=kept)
    heard(lambda: permissions(found.child, bodies=PROXIES))
    return found, child


def _child(age: int) -> BasicItems:
    return BasicItems("子 一", "みなと市 1-1", "male", f"{YEAR - age}-01-01")


def _entered(scene: Scene, folder: Path, reference: str) -> Family:
    counter = scene.organisation("municipality")
    adult = BasicItems("母 花", "みなと市 1-1", "female", "1990-05-06")
    made = enrol(counter, adult, pins=PINS)
    guardians.look_up(counter, reference)
    text, kept = guardians.offer(made.person, OrganisationId("municipality"), Capacity.PARENT)
    asked = RegisterGuardianship(
        reference=reference, offer=text, evidence=Evidence.FAMILY_REGISTER, document=DOCUMENT
    )
    pair = Pair(scene.organisation("municipality-2"), scene.organisation("municipality-3"))
    pair.decide(Body.IDENTITY, "register-guardianship", asked, reason="birth")
    card, file = folder / "mother.json", folder / "child.json"
    save_card(made.card, card)
    guardians.save_ward(kept, file)
    return Family(scene, card, file, made.person, reference, kept)


def heard(act: Callable[[], T]) -> T:
    """Do something as soon as the bodies have heard of the guardian; the tests' own limit ends this."""
    while True:
        try:
            return act()
        except RefusedError as refused:
            if refused.code != "guardian_unknown":
                raise
            time.sleep(0.2)


def sign_in(visit: Visit, found: Family) -> None:
    visit.present(found.card)
    visit.rows.first.wait_for()
    visit.go("guardian")


def act_for(visit: Visit, found: Family, *, name: str = "", file: Path | None = None) -> None:
    """Choose the ward, and wait until the page acts."""
    page = visit.page
    page.select_option("#act-ward", found.kept.guardianship)
    page.fill("#act-name", name)
    if file is not None:
        page.set_input_files("#act-file", str(file))
    page.click("#act-button")
    page.locator("#acting:not([hidden])").wait_for()
    page.locator("#guardian-heading:focus").wait_for()
