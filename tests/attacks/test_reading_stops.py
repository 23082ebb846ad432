"""A professional who opens too many records is stopped: what ends a stop before its time, and what does not."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from support.medical_world import Someone
from support.use_world import Doctor, Ward, ward

from services.contracts.oversight.emergencies import ReviewOutcome
from services.kit.http import RemoteProblemError

BLOCK, ALERT = 3, 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("ward")
    with ward(folder, reads_block_people=BLOCK, reads_alert_people=ALERT, sweep_people=3) as running:
        yield running


@pytest.fixture
def doctor(place: Ward, request: pytest.FixtureRequest) -> Doctor:
    """Return a professional whom nobody has seen yet."""
    return place.doctor(f"doctor-{abs(hash(request.node.name))}")


def _stopped(place: Ward, doctor: Doctor, people: list[Someone]) -> bool:
    try:
        place.read(doctor, people[0])
    except RemoteProblemError as refused:
        return refused.code == "reads_stopped"
    return False


def test_a_finding_that_it_was_justified_ends_the_stop_and_tells_the_people(
    place: Ward, doctor: Doctor
) -> None:
    """IL4, M5: and no finding of another kind does; who goes on is counted anew, and stopped again."""
    people = [place.person(f"justified {number}") for number in range(BLOCK)]
    for each in people:
        place.relate(each, doctor)
        place.read(doctor, each)
    place.watch()
    (case,) = place.waiting(doctor)
    assert _stopped(place, doctor, people)
    place.watch()
    place.decide(case.case, "the ward was moved that night", ReviewOutcome.JUSTIFIED)
    assert _stopped(place, doctor, people)
    place.watch()
    for each in people:
        resumed, reviewed = place.events(each, "reads_resumed"), place.events(each, "use_reviewed")
        assert [told["detail"]["case"] for told in resumed] == [told["detail"]["case"] for told in reviewed]
        assert len(resumed) == 1
        assert doctor.name not in str(resumed)
    assert not _stopped(place, doctor, people)
    for each in people[1:]:
        place.read(doctor, each)
    assert _stopped(place, doctor, people)


def test_a_finding_of_misuse_and_one_about_earlier_reads_end_no_stop(place: Ward, doctor: Doctor) -> None:
    """IL4, M5: an official who did not know of the stop has not excused it."""
    early = place.person("before the stop")
    people = [place.person(f"unexcused {number}") for number in range(BLOCK - 1)]
    place.relate(early)
    place.read(doctor, early)
    place.watch()
    (case,) = place.waiting(doctor)
    place.decide(case.case, "one look was in order", ReviewOutcome.JUSTIFIED)
    place.world.now += timedelta(seconds=5)
    for each in people:
        place.relate(each, doctor)
        place.read(doctor, each)
    place.watch()
    assert place.events(early, "use_reviewed")
    assert not place.events(early, "reads_resumed")
    assert _stopped(place, doctor, people)
    place.watch()
    (case,) = place.waiting(doctor)
    place.decide(case.case, "nobody asked for that")
    place.watch()
    assert _stopped(place, doctor, people)
