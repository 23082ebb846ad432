"""A made-up hospital for the benchmark of suspicious use: staff, patients, names, households, and what is registered.

Nothing here knows a rule. Names follow how common surnames are in Japan; the wards, the clerks' mistakes and the staff
who are patients themselves are what makes honest work look odd.
"""

import random
from dataclasses import dataclass, field
from typing import Final

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.medical.uses import RelationshipKind
from services.medical.use_model import Known, Member, Relationship, Tags

HOSPITAL: Final = OrganisationId("hospital")
RECEPTION: Final = OperatorId("reception")
WARDS: Final = ("internal", "surgery", "children", "maternity", "emergency", "laboratory")
DAY: Final = 86_400
START: Final = 1_780_239_600
"""2026-06-01 00:00 in Japan. Units: epoch seconds."""
DAYS: Final = 30
SHARES: Final = (1.5, 1.4, 1.2, 1.1, 0.9, 0.85, 0.85, 0.82, 0.7, 0.66)
"""Per cent of people who have each of the ten most common surnames; the rest thins out over some thousand."""
NEVER: Final = 4 * 365 * DAY


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody of the town: surname and household are numbers."""

    surname: int
    household: int


@dataclass
class Patient:
    """A patient; `ward` treats them, `visits` are the days on which, from `START`."""

    person: Pseudonym
    resident: Resident
    ward: str
    visits: list[int]
    order: int
    well_known: bool = False
    staff: OperatorId | None = None
    registered: list[Relationship] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the staff: whether they work nights as a rule, are on the list, and are known to the ID centre."""

    id: OperatorId
    ward: str
    resident: Resident
    nights: bool
    team_told: bool
    presented: bool


class Town:
    """The hospital with everybody; all chance comes from `chance`."""

    def __init__(self, chance: random.Random, *, staff: int, patients: int) -> None:
        self.chance = chance
        self.residents = self._people(patients + staff)
        self.workers = [self._worker(number) for number in range(staff)]
        self.patients = [self._patient(number) for number in range(patients)]
        self._staff_as_patients()
        for each in self.patients:
            self._register(each)
        self.members = {
            each.id: Member(
                frozenset({each.ward}) if each.team_told else frozenset(),
                RECEPTION,
                self._tags(each.resident, told=0.9),
            )
            for each in self.workers
        }

    def known(self, operator: OperatorId, patient: Patient) -> Known:
        """Return what the medical centre would know about both."""
        return Known(
            keeps=True,
            relationships=tuple(patient.registered),
            member=self.members.get(operator),
            well_known=patient.well_known,
            order=patient.order,
        )

    def relationship(self, patient: Patient, *, day: int, length: int, by: OperatorId) -> Relationship:
        """Return what somebody registers about a patient from a day on."""
        resident = patient.resident
        return Relationship(
            RelationshipKind.APPOINTMENT if length == 1 else RelationshipKind.OWN_TEAM,
            frozenset(),
            frozenset({patient.ward}),
            START + day * DAY,
            START + (day + length) * DAY,
            by,
            self._tags(resident, told=0.85),
        )

    def _tags(self, resident: Resident, *, told: float) -> Tags:
        """Return somebody's tags, as far as the hospital told them."""
        surname, address = f"s{resident.surname}", f"h{resident.household}"
        return Tags(
            surname if self.chance.random() < told else None, address if self.chance.random() < told else None
        )

    def _people(self, number: int) -> list[Resident]:
        found: list[Resident] = []
        household = 0
        while len(found) < number:
            household += 1
            surname = self._surname()
            for _ in range(self.chance.choice((1, 1, 2, 2, 3, 4))):
                other = self.chance.random() < 0.06  # households with two names
                found.append(Resident(self._surname() if other else surname, household))
        self.chance.shuffle(found)
        return found[:number]

    def _surname(self) -> int:
        drawn = self.chance.random() * 100
        for number, share in enumerate(SHARES):
            drawn -= share
            if drawn < 0:
                return number
        return len(SHARES) + min(4000, int(self.chance.paretovariate(0.35)))

    def _worker(self, number: int) -> Worker:
        ward = WARDS[number % len(WARDS)]
        return Worker(
            OperatorId(f"staff-{number}"),
            ward,
            self.residents.pop(),
            nights=self.chance.random() < 0.3,
            team_told=self.chance.random() > 0.03,  # the list of staff lags behind
            presented=self.chance.random() > 0.2,
        )

    def _patient(self, number: int) -> Patient:
        first = self.chance.randrange(-120, DAYS)
        again = [first + 28 * turn for turn in range(self.chance.choice((1, 1, 2, 4, 6)))]
        return Patient(
            Pseudonym(f"patient-{number}"),
            self.residents.pop(),
            self.chance.choice(WARDS[:5]),
            again,
            order=number,
            well_known=self.chance.random() < 0.01,
        )

    def _staff_as_patients(self) -> None:
        for worker in self.chance.sample(self.workers, len(self.workers) // 4):
            patient = self.chance.choice(self.patients)
            patient.staff, patient.resident = worker.id, worker.resident

    def _register(self, patient: Patient) -> None:
        for day in patient.visits:
            if self.chance.random() < 0.02:  # a clerk forgets; the access is honest all the same
                continue
            length = self.chance.choice((1, 1, 1, 4, 10))
            patient.registered.append(self.relationship(patient, day=day, length=length, by=RECEPTION))
