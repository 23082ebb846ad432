"""A wrong fragment in an emergency: named by a code of its own, nothing opened, and no third body asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.emergency_world import Town, town
from support.medical_world import RELAY
from support.wrong_fragments import Centre, Reader, Scene, changed

from consent.vocabulary import Body
from services.contracts.medical.messages import ReadAnswer
from services.gateway.emergencies import open_emergency
from services.gateway.emergency_relay import relay_waiting
from services.gateway.errors import RefusedError


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as here:
        yield here


def _own_changed(answer: ReadAnswer) -> ReadAnswer:
    first, *rest = answer.bundles
    fragments = first.fragments | {Body.MEDICAL: changed(first.fragments[Body.MEDICAL])}
    return answer.model_copy(update={"bundles": [first.model_copy(update={"fragments": fragments}), *rest]})


def _unsigned(answer: ReadAnswer) -> ReadAnswer:
    return _own_changed(answer).model_copy(update={"released": {}})


@pytest.mark.parametrize(("shown", "code"), [(True, "fragment_wrong"), (False, "not_verified")])
def test_relay_says_that_a_body_is_shown_to_be_wrong_and_opens_nothing(
    place: Town, shown: bool, code: str
) -> None:
    """IT8, R9, R18: professional and person read why; what nothing shows is put on nobody."""
    grant = place.choose()
    case, doctor, _ = place.in_force(relayed=False)
    relay = Reader(place, place.relay.credentials)
    relay.centre = Centre(place.running.http(RELAY))
    scene = Scene(place, grant, relay)
    relay.centre.change = (lambda answer: scene.sign(_own_changed(answer))) if shown else _unsigned
    (told,) = relay_waiting(relay)
    assert (told.refused, told.documents) == (code, 0)
    assert place.last() == ("emergency_relayed", "refused", code)
    with pytest.raises(RefusedError) as refused:
        open_emergency(doctor, case)
    assert refused.value.code == code
