"""Permissions narrowed to a role, a professional or a number of uses, and refusals that speak of everybody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import MEDICATION, read, start
from support.medical_world import CLINIC, Running, Someone, World

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.directives import Effect, RecordScope
from consent.identifiers import OperatorId
from consent.jwk import to_jwk
from consent.recipients import EVERYBODY, Recipient
from consent.vocabulary import Body, Category
from services.contracts.directives import WithdrawalOrder
from services.contracts.oversight.messages import OperatorAccreditation
from services.contracts.oversight.register import Role
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError

COLLEAGUE = OperatorId("colleague")
TWICE_A_DAY = Conditions(Frequency(2, FrequencyUnit.DAY))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Open the centre with a person who has records and has permitted nobody."""
    with World(tmp_path).running() as opened:
        yield opened


def person(running: Running) -> Someone:
    someone = Someone("hanako")
    start(running, someone)
    return someone


def permit(running: Running, someone: Someone, **changes: Any) -> None:
    world = running.world
    denied = changes.get("effect") is Effect.DENY
    grant = world.grant(someone, world.terms(CLINIC, **changes), compartments=[] if denied else MEDICATION)
    running.permit(someone, grant)


def refusal(running: Running, someone: Someone) -> str:
    with pytest.raises(RemoteProblemError) as refused:
        read(running, someone)
    assert refused.value.status == 403
    return refused.value.code


def test_permission_is_used_as_often_as_it_allows_and_again_when_the_span_is_over(running: Running) -> None:
    someone = person(running)
    permit(running, someone, conditions=TWICE_A_DAY)
    assert len(read(running, someone).bundles) == 2
    assert len(read(running, someone).bundles) == 2
    assert refusal(running, someone) == "frequency_used_up"
    assert running.events(someone)[-1]["reason"] == "frequency_used_up"
    running.world.now += timedelta(days=1)
    assert len(read(running, someone).bundles) == 2


def test_requests_at_once_do_not_share_the_last_use(running: Running) -> None:
    someone = person(running)
    permit(running, someone, conditions=TWICE_A_DAY)

    def attempt(_: int) -> str:
        try:
            read(running, someone)
        except RemoteProblemError as refused:
            return refused.code
        return "read"

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(attempt, range(6)))
    assert found == ["frequency_used_up"] * 4 + ["read"] * 2


def test_uses_are_still_counted_after_a_restart(tmp_path: Path) -> None:
    world, someone = World(tmp_path), Someone("hanako")
    with world.running() as running:
        start(running, someone)
        permit(running, someone, conditions=Conditions(Frequency(1, FrequencyUnit.DAY)))
        read(running, someone)
    with world.running() as running:
        assert refusal(running, someone) == "frequency_used_up"


def test_permission_that_is_renewed_goes_on_counting(running: Running) -> None:
    """A withdrawal elsewhere, or new years, renew a permission: its recipient gains no use by that."""
    someone, world = person(running), running.world
    terms = world.terms(CLINIC, conditions=TWICE_A_DAY)
    first = world.grant(someone, terms, compartments=MEDICATION)
    running.permit(someone, first)
    read(running, someone)
    world.now += timedelta(seconds=1)
    running.permit(someone, world.grant(someone, terms, compartments=MEDICATION))
    order = someone.wallet.withdraw({Body.MEDICAL: first.copies[Body.MEDICAL].jws}, now=world.now)[
        Body.MEDICAL
    ]
    running.directives().withdraw(WithdrawalOrder(withdrawal=order), token=world.person_token(someone))
    read(running, someone)
    assert refusal(running, someone) == "frequency_used_up"
    world.now += timedelta(hours=23, minutes=59, seconds=59)
    read(running, someone)


def test_permission_in_other_terms_counts_by_itself(running: Running) -> None:
    someone, world = person(running), running.world
    permit(running, someone, conditions=TWICE_A_DAY)
    read(running, someone)
    read(running, someone)
    later = world.now + timedelta(days=31)
    permit(running, someone, conditions=TWICE_A_DAY, valid_until=later)
    read(running, someone)


@pytest.mark.parametrize(
    "recipient", [Recipient(CLINIC, "registrar"), Recipient(CLINIC, professional=COLLEAGUE)]
)
def test_narrowed_permission_opens_nothing_to_the_organisations_other_people(
    running: Running, recipient: Recipient
) -> None:
    someone, reader = person(running), running.world.members[CLINIC]
    running.world.oversight.accredit_operator(
        OperatorAccreditation(
            id=COLLEAGUE,
            organisation=CLINIC,
            roles=[Role.READER],
            card_key=to_jwk(reader.card.public_key()),
            expires=epoch_seconds(running.world.now) + 9999,
        )
    )
    permit(running, someone, recipient=recipient)
    assert refusal(running, someone) == "other_professional"


def test_narrowed_permission_opens_to_the_one_whom_it_names(running: Running) -> None:
    someone, world = person(running), running.world
    permit(running, someone, recipient=Recipient(CLINIC, professional=world.members[CLINIC].operator))
    assert len(read(running, someone).bundles) == 2


def test_refusal_of_everybody_stops_a_permission_that_is_not_narrower(running: Running) -> None:
    someone = person(running)
    permit(running, someone)
    years = RecordScope(frozenset({Category.MEDICATION}), YearSpan(2026, 2026))
    permit(running, someone, effect=Effect.DENY, recipient=EVERYBODY, scope=years)
    assert refusal(running, someone) == "denied_by_person"


@pytest.mark.parametrize(
    "recipient",
    [Recipient(CLINIC, "no-such-role"), Recipient(CLINIC, professional=OperatorId("no-such-operator"))],
)
def test_recipient_that_nobody_can_be_is_refused(running: Running, recipient: Recipient) -> None:
    someone, world = person(running), running.world
    grant = world.grant(someone, world.terms(CLINIC, recipient=recipient), compartments=MEDICATION)
    with pytest.raises(RemoteProblemError) as refused:
        running.permit(someone, grant)
    assert refused.value.code == "recipient_not_accredited"
