"""A person says no while a large document is on its way (SC2): no further segment leaves."""

from pathlib import Path

import pytest
from support.medical_story import ALL
from support.medical_world import CLINIC, HOSPITAL, Someone, World
from support.streams import IMAGING, study, upload

from consent.compartments import YearSpan
from consent.statements import Selection
from consent.terms import Effect, RecordScope
from consent.vocabulary import Category, Purpose
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import DepositRequest
from services.contracts.medical.streams import AskSegment, StreamsClient
from services.kit.http import RemoteProblemError

SCOPE = RecordScope(frozenset({Category.IMAGING}), YearSpan(2024, 2026))


@pytest.mark.parametrize(("purpose", "stopped"), [(Purpose.TREAT, True), (Purpose.HRESCH, False)])
def test_no_segment_leaves_after_an_acknowledged_refusal_that_touches_it(
    purpose: Purpose, stopped: bool, tmp_path: Path
) -> None:
    """SC2: the read was permitted, the first segment is out; a no for another purpose stops nothing."""
    world, person = World(tmp_path), Someone("hanako")
    with world.running() as running:
        running.enrol(person, [*ALL, IMAGING])
        hospital, clinic = (world.members[each] for each in (HOSPITAL, CLINIC))
        made = study(person)
        upload(StreamsClient(running.http(HOSPITAL)), made, token=world.token(hospital))
        named = world.pseudonym_token(person, hospital)
        deposit = DepositRequest(token=named, bundles=[worded_bundle(made.bundle(world))])
        running.medical(HOSPITAL).deposit(deposit, token=world.token(hospital))
        running.permit(person, world.grant(person, world.terms(CLINIC, scope=SCOPE), compartments=[IMAGING]))
        request = running.request(person, CLINIC, selection=Selection(SCOPE.categories, SCOPE.years))
        ticket = running.medical(CLINIC).read(request, token=world.token(clinic)).tickets["study"]
        streams = StreamsClient(running.http(CLINIC))

        def segment(number: int) -> bytes:
            return streams.segment(AskSegment(ticket=ticket, number=number), token=world.token(clinic))

        assert segment(0) == made.segments[0]
        no = world.terms(CLINIC, scope=SCOPE, effect=Effect.DENY, purposes=frozenset({purpose}))
        running.permit(person, world.grant(person, no, compartments=[IMAGING]))
        if not stopped:
            assert segment(1) == made.segments[1]
            return
        with pytest.raises(RemoteProblemError) as refused:
            segment(1)
        assert (refused.value.status, refused.value.code) == (403, "denied_by_person")
        last = running.events(person)[-1]
        assert (last["kind"], last["outcome"], last["reason"]) == (
            "large_document_sent",
            "refused",
            "denied_by_person",
        )
