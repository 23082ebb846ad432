"""A labelled log of accesses, honest and dishonest, made without looking at the rules.

Honest work that looks odd: first night duties, colleagues of other wards who are asked for advice, clerks who code
records weeks after discharge, days on which a whole school is vaccinated, relatives by name only, staff treated at
their own hospital. Misuse that no rule can see: somebody curious about a patient of the own ward; a relative of another
surname and household.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.suspicion_town import DAY, DAYS, HOSPITAL, START, Patient, Town, Worker
from consent.identifiers import OperatorId
from services.contracts.medical.uses import ReaderIs
from services.medical.use_model import Access

HOUR: Final = 3600


class Misuse(StrEnum):
    """What a dishonest access was in truth; the words are not those of the rules."""

    NAMESAKE = "relative of the same surname"
    OTHER_NAME = "relative of another surname"
    NEIGHBOUR = "somebody of the same household"
    COLLEAGUE = "colleague's record"
    CELEBRITY = "well-known person"
    OWN = "own record"
    FORMER = "patient of long ago"
    NIGHT = "curiosity by night"
    MADE_UP = "appointment of one's own making"
    OWN_WARD = "curiosity about the own ward"
    BULK = "hundreds in minutes"
    SLOW = "dozens in a day"
    LIST = "down the list"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One access, whose record it was, and what it was in truth (None: honest)."""

    access: Access
    patient: Patient
    misuse: Misuse | None


@dataclass(frozen=True, slots=True)
class _Draft:
    at: int
    worker: OperatorId
    patient: Patient
    misuse: Misuse | None


class Log:
    """Draws the accesses of a month."""

    def __init__(self, town: Town, chance: random.Random) -> None:
        self._town = town
        self._chance = chance
        self._presented = {each.id for each in town.workers if each.presented}
        self._wards: dict[str, list[Worker]] = {}
        for each in town.workers:
            self._wards.setdefault(each.ward, []).append(each)

    def draw(self) -> list[Labelled]:
        """Return all accesses in the order of time."""
        drafts = [*self._visits(), *self._odd_but_honest(), *self._dishonest()]
        drafts.sort(key=lambda each: (each.at, each.worker, each.patient.order))
        return [self._labelled(position, each) for position, each in enumerate(drafts)]

    def _labelled(self, position: int, draft: _Draft) -> Labelled:
        reader_is = None
        if draft.patient.staff in self._presented:
            reader_is = ReaderIs.SELF if draft.patient.staff == draft.worker else ReaderIs.CO_WORKER
        person = draft.patient.person
        access = Access(position, draft.at, HOSPITAL, draft.worker, person, reader_is=reader_is)
        return Labelled(access, draft.patient, draft.misuse)

    def _visits(self) -> Iterator[_Draft]:
        for patient in self._town.patients:
            for day in patient.visits:
                for offset in range(self._chance.choice((1, 1, 2, 3))):
                    if not 0 <= day + offset < DAYS:
                        continue
                    team = [each for each in self._wards[patient.ward] if each.id != patient.staff]
                    for worker in self._chance.sample(team, self._chance.choice((1, 2, 3))):
                        at = self._moment(day + offset, night=worker.nights and self._chance.random() < 0.5)
                        yield _Draft(at, worker.id, patient, None)

    def _odd_but_honest(self) -> Iterator[_Draft]:
        chance, town = self._chance, self._town
        for _ in range(60):  # advice across wards, registered by nobody
            patient, day = self._visited()
            worker = chance.choice([each for each in town.workers if each.ward != patient.ward])
            yield _Draft(self._moment(day), worker.id, patient, None)
        for _ in range(40):  # coding and letters, weeks after
            patient = chance.choice(town.patients)
            worker = chance.choice(self._wards[patient.ward])
            if worker.id != patient.staff:
                yield _Draft(self._moment(chance.randrange(DAYS)), worker.id, patient, None)
        for worker in chance.sample(
            [each for each in town.workers if not each.nights], 6
        ):  # first night duty
            day = chance.randrange(DAYS)
            for patient in self._of_ward(worker.ward, 5):
                yield _Draft(self._moment(day, night=True), worker.id, patient, None)
        for _ in range(3):  # a whole school, registered for the team that vaccinates
            worker, start = chance.choice(self._wards["children"]), self._moment(chance.randrange(DAYS))
            for turn, patient in enumerate(self._of_ward("children", 90)):
                yield _Draft(start + turn * 60, worker.id, patient, None)

    def _dishonest(self) -> Iterator[_Draft]:
        town = self._town
        pairs: tuple[tuple[Misuse, int, Callable[[Worker, Patient], bool]], ...] = (
            (Misuse.NAMESAKE, 25, lambda w, p: w.resident.surname == p.resident.surname and w.ward != p.ward),
            (
                Misuse.OTHER_NAME,
                15,
                lambda w, p: w.resident.surname != p.resident.surname and w.ward != p.ward,
            ),
            (
                Misuse.NEIGHBOUR,
                15,
                lambda w, p: w.resident.household == p.resident.household and w.id != p.staff,
            ),
            (Misuse.COLLEAGUE, 25, lambda w, p: p.staff not in (None, w.id) and w.ward != p.ward),
            (Misuse.CELEBRITY, 25, lambda w, p: p.well_known and w.ward != p.ward),
            (Misuse.OWN, 15, lambda w, p: p.staff == w.id),
            (Misuse.FORMER, 25, lambda w, p: w.ward == p.ward and max(p.visits) < -40),
            (Misuse.OWN_WARD, 15, lambda w, p: w.ward == p.ward and min(p.visits) >= 0 and w.id != p.staff),
        )
        for misuse, number, fits in pairs:
            found = [(w, p) for w in town.workers for p in town.patients if fits(w, p)]
            for worker, patient in self._chance.sample(found, min(number, len(found))):
                yield _Draft(self._moment(self._chance.randrange(DAYS)), worker.id, patient, misuse)
        yield from self._by_night()
        yield from self._made_up()
        yield from self._many()

    def _by_night(self) -> Iterator[_Draft]:
        for worker in self._chance.sample([each for each in self._town.workers if not each.nights], 10):
            for patient in self._chance.sample(self._town.patients, 2):
                if patient.ward != worker.ward and patient.staff != worker.id:
                    at = self._moment(self._chance.randrange(10, DAYS), night=True)
                    yield _Draft(at, worker.id, patient, Misuse.NIGHT)

    def _made_up(self) -> Iterator[_Draft]:
        for _ in range(15):
            patient = self._chance.choice([e for e in self._town.patients if max(e.visits) < -60])
            worker = self._chance.choice(self._wards[patient.ward])
            day = self._chance.randrange(DAYS)
            made = self._town.relationship(patient, day=day, length=1, by=worker.id)
            patient.registered.append(made)
            yield _Draft(self._moment(day), worker.id, patient, Misuse.MADE_UP)

    def _many(self) -> Iterator[_Draft]:
        chance, town = self._chance, self._town
        for misuse, number, seconds, ordered in (
            (Misuse.BULK, 130, 4, False),
            (Misuse.SLOW, 40, 600, False),
            (Misuse.LIST, 25, 90, True),
        ):
            for worker in chance.sample(town.workers, 2):
                first = chance.randrange(len(town.patients) - number)
                chosen = town.patients[first : first + number]
                chosen = chosen if ordered else chance.sample(town.patients, number)
                start = self._moment(chance.randrange(DAYS - 1))
                for turn, patient in enumerate(each for each in chosen if each.staff != worker.id):
                    at = start + turn * seconds + chance.randrange(seconds)
                    yield _Draft(at, worker.id, patient, misuse)

    def _visited(self) -> tuple[Patient, int]:
        found = [(each, day) for each in self._town.patients for day in each.visits if 0 <= day < DAYS]
        return self._chance.choice(found)

    def _of_ward(self, ward: str, most: int) -> list[Patient]:
        found = [
            each
            for each in self._town.patients
            if each.ward == ward and each.staff is None and any(0 <= day < DAYS for day in each.visits)
        ]
        return self._chance.sample(found, min(most, len(found)))

    def _moment(self, day: int, *, night: bool = False) -> int:
        hour = self._chance.choice((22, 23, 0, 1, 2, 4)) if night else self._chance.randrange(8, 19)
        return START + day * DAY + hour * HOUR + self._chance.randrange(HOUR)
