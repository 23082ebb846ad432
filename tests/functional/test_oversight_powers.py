"""What two officials decide holds in all bodies, real processes over TLS, once the register may be a second old."""

import json
import time

import pytest

from consent.vocabulary import Body
from services.contracts.bodies import REGISTER_SEEN
from services.contracts.oversight.messages import Accredited, StandingChange
from services.contracts.oversight.powers import Provision
from services.demo.scene import Scene
from services.deployment.organisations import APPLICANTS, KNOWN_EVERYWHERE_SECONDS
from services.gateway.accreditor import read_public_register
from services.gateway.errors import RefusedError
from services.gateway.organisation import Organisation
from services.gateway.supervisor import approve, propose
from services.kit.encoding import Message

pytestmark = pytest.mark.processes

SERVING = [body for body in Body if body is not Body.PORTAL]


def served(member: Organisation) -> set[Body]:
    """Return the bodies that answer an organisation's operator at the log's checkpoint or say there is none yet."""
    found: set[Body] = set()
    for body in SERVING:
        try:
            member.ask(body, lambda http, token: http.send("GET", "/log/leaves", token=token))
        except RefusedError:
            continue
        found.add(body)
    return found


def decide(deployment: Scene, kind: str, message: Message) -> None:
    deployment.both_officials.decide(Body.OVERSIGHT, kind, message, reason="a test")
    time.sleep(KNOWN_EVERYWHERE_SECONDS)


def test_one_body_stops_serving_one_organisation_and_goes_on(deployment: Scene) -> None:
    """J12: the others serve it meanwhile."""
    shop = deployment.organisation("retailer")
    assert served(shop) == set(SERVING)
    decide(deployment, "withhold", Provision(id="retailer", body=Body.PRODUCT_SAFETY))
    assert served(shop) == set(SERVING) - {Body.PRODUCT_SAFETY}
    shown = read_public_register(shop).organisations
    assert [each.withheld for each in shown if each.id == "retailer"] == [[Body.PRODUCT_SAFETY]]
    decide(deployment, "provide", Provision(id="retailer", body=Body.PRODUCT_SAFETY))
    assert served(shop) == set(SERVING)


def test_suspended_organisation_is_served_by_no_body(deployment: Scene) -> None:
    """R9, R16: with tokens that it got before."""
    maker = deployment.organisation("maker")
    assert served(maker) == set(SERVING)
    decide(deployment, "suspend", StandingChange(kind=Accredited.ORGANISATION, id="maker"))
    assert served(maker) == set()
    decide(deployment, "resume", StandingChange(kind=Accredited.ORGANISATION, id="maker"))
    assert served(maker) == set(SERVING)


def test_municipality_has_two_supervisors_that_are_two_humans(deployment: Scene) -> None:
    """OP4: their tags come from their own cards; they have no say at the oversight body."""
    two = [deployment.organisation(name) for name in ("municipality-2", "municipality-3")]
    register = two[0].directory().register
    names = {each.credentials.operator for each in two}
    assert len({each.person_tag for each in register.operators if each.id in names}) == 2
    asked = json.loads(StandingChange(kind=Accredited.ORGANISATION, id="bank").model_dump_json())
    with pytest.raises(RefusedError) as refused:
        propose(two[0], Body.OVERSIGHT, "suspend", asked, reason="no business of theirs")
    assert refused.value.code == "forbidden"


def test_official_alone_suspends_nobody(deployment: Scene) -> None:
    """OP4: a single administrator proposes, and that is all."""
    asked = json.loads(StandingChange(kind=Accredited.ORGANISATION, id="bank").model_dump_json())
    made = propose(deployment.officials, Body.OVERSIGHT, "suspend", asked, reason="alone")
    with pytest.raises(RefusedError) as refused:
        approve(deployment.officials, Body.OVERSIGHT, made.id)
    assert refused.value.code == "same_person"
    assert deployment.organisation("bank").directory().organisation(deployment.organisation("bank").id)


def test_bodies_remember_which_edition_of_the_register_they_used(deployment: Scene) -> None:
    """LD7: beside the database, so that neither a restart nor an old copy of it forgets."""
    for body in (Body.IDENTITY, Body.REGISTRY, Body.MEDICAL):
        marks = list((deployment.layout.body(body) / REGISTER_SEEN).iterdir())
        assert max(int(each.name) for each in marks) > len(APPLICANTS), body
