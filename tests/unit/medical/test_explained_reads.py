"""What a person is told about why a read was nothing unusual, by the very rule by which it was judged."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from support.medical_world import HOSPITAL, Someone
from support.use_world import DAY, WARD, Ward, ward

from consent.recipients import Recipient
from services.contracts.medical.uses import Explanation, RelationshipKind


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with ward(tmp_path_factory.mktemp("ward")) as running:
        yield running


def explained(place: Ward, someone: Someone) -> list[tuple[str, str]]:
    """Return each explained read, by the roles that its entry shows, and what explains it."""
    told = place.keeper.watched(token=place.world.person_token(someone)).explained
    with place.world.context.database.read() as conn:
        found = place.world.context.journal.openings(conn, [each.entry for each in told])
    return [(str(found[each.entry].event["kind"]), each.by) for each in told]


def test_each_read_is_explained_by_what_was_registered_before_it(place: Ward) -> None:
    hanako, doctor = place.person("hanako"), place.doctor("doctor-explained")
    place.read(doctor, hanako)
    place.relate(hanako, doctor, kind=RelationshipKind.REFERRAL)
    assert explained(place, hanako) == []
    place.read(doctor, hanako)
    assert explained(place, hanako) == [("records_read", Explanation.REFERRAL)]


def test_team_and_a_permission_by_name_explain_and_only_to_whose_records_they_are(place: Ward) -> None:
    doctor = place.doctor("doctor-of-the-ward")
    place.describe(doctor, WARD)
    taro, jiro = (
        place.person("taro"),
        place.person("jiro", recipient=Recipient(HOSPITAL, None, doctor.operator)),
    )
    place.relate(taro, kind=RelationshipKind.OWN_TEAM)
    place.read(doctor, taro)
    place.read(doctor, jiro)
    assert explained(place, taro) == [("records_read", Explanation.OWN_TEAM)]
    assert explained(place, jiro) == [("records_read", Explanation.PERMISSION)]


def test_own_word_and_what_is_over_explain_nothing(place: Ward) -> None:
    """OP1: the reader's own registration is no explanation to the person either."""
    saburo, doctor = place.person("saburo"), place.doctor("doctor-too-late")
    place.relate(saburo, place.clerk)
    place.read(place.clerk, saburo)
    place.relate(saburo, doctor)
    place.world.now += timedelta(seconds=40 * DAY)
    place.read(doctor, saburo)
    assert explained(place, saburo) == []
