"""What a reviewer says to one person of a case is read by that person, and by nobody else of the case."""

import json
from collections.abc import Iterator

import pytest
from support.use_world import Ward, ward

OWN, COMMON = "the doctor had mistaken you for somebody", "nobody asked the doctor to"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with ward(tmp_path_factory.mktemp("ward")) as running:
        yield running


def test_each_person_reads_their_own_comment_or_the_common_one(place: Ward) -> None:
    """R14: the reviewer sees names that the people's histories have for this case, and no pseudonym."""
    doctor, people = place.doctor("doctor-many"), [place.person(f"person {number}") for number in range(3)]
    place.relate(place.person("of somebody else"))
    for each in people:
        place.read(doctor, each)
    place.watch()
    (case,) = place.waiting(doctor)
    flagged = [place.events(each, "use_flagged")[-1]["detail"]["case"] for each in people]
    assert sorted(flagged) == [share.name for share in case.each]
    shown = case.model_dump_json()
    assert not any(place.world.pseudonym(each) in shown for each in people)
    place.decide(case.case, COMMON, comments={flagged[1]: OWN})
    place.watch()
    read = [place.events(each, "use_reviewed")[-1]["detail"]["comment"] for each in people]
    assert read == [COMMON, OWN, COMMON]
    assert [OWN in json.dumps(place.running.events(each)) for each in people] == [False, True, False]
