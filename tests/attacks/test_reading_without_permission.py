"""A reader without the person's permission for exactly this gets nothing, and the person sees the attempt (SC1)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import ASKED, MEDICATION, open_answer, read, story
from support.medical_world import CLINIC, OTHER_CLINIC, Running, Someone

from consent.compartments import YearSpan
from consent.explanations import RefusalCode
from consent.identifiers import DocumentId, OrganisationId
from consent.statements import DocumentSelection, Selection
from consent.terms import Effect, RecordScope
from consent.vocabulary import Category, Purpose
from services.contracts.oversight.messages import RolesChange
from services.kit.http import RemoteProblemError


@dataclass(frozen=True)
class Attempt:
    """A permission as it is, and a read that is not within it."""

    code: RefusalCode
    permitted: dict[str, Any] | None = field(default_factory=dict)
    reader: OrganisationId = CLINIC
    selection: Selection | DocumentSelection = ASKED
    purpose: Purpose = Purpose.TREAT
    later: timedelta = timedelta(0)
    starts: timedelta = timedelta(0)


WIDE = Selection(frozenset({Category.MEDICATION}), YearSpan(2023, 2026))
LABORATORY = Selection(frozenset({Category.LABORATORY}), YearSpan(2026, 2026))
ATTEMPTS = {
    "no permission at all": Attempt(RefusalCode.NO_PERMISSION, permitted=None),
    "after its end": Attempt(RefusalCode.EXPIRED, later=timedelta(days=31)),
    "before its beginning": Attempt(RefusalCode.NOT_YET_VALID, starts=timedelta(days=2)),
    "for another purpose": Attempt(RefusalCode.OTHER_PURPOSE, purpose=Purpose.HRESCH),
    "by another recipient": Attempt(RefusalCode.NO_PERMISSION, reader=OTHER_CLINIC),
    "for another category": Attempt(RefusalCode.OTHER_CATEGORY, selection=LABORATORY),
    "for another year": Attempt(RefusalCode.OTHER_PERIOD, selection=WIDE),
    "a document of another category": Attempt(
        RefusalCode.OTHER_CATEGORY, selection=DocumentSelection(frozenset({DocumentId("l26-0")}))
    ),
    "a document that is not there": Attempt(
        RefusalCode.NO_PERMISSION, selection=DocumentSelection(frozenset({DocumentId("nobody-knows")}))
    ),
}


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, Someone]]:
    with story(tmp_path) as started:
        yield started


# step R4
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_read_outside_the_permission_is_refused_and_stands_in_the_history(
    told: tuple[Running, Someone], attempt: Attempt
) -> None:
    """SC1: no, expired, not yet valid, other purpose, other recipient, other category or period."""
    running, person = told
    world = running.world
    if attempt.permitted is not None:
        terms = world.terms(
            CLINIC,
            valid_from=world.now + attempt.starts,
            valid_until=world.now + timedelta(days=30),
            **attempt.permitted,
        )
        running.permit(person, world.grant(person, terms, compartments=MEDICATION))
    world.now += attempt.later
    request = running.request(person, attempt.reader, selection=attempt.selection, purpose=attempt.purpose)
    with pytest.raises(RemoteProblemError) as refused:
        running.medical(attempt.reader).read(request, token=world.token(world.members[attempt.reader]))
    assert (refused.value.status, refused.value.code) == (403, attempt.code.value)
    last = running.events(person)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == ("records_read", "refused", attempt.code.value)
    assert (last["organisation"], last["purpose"]) == (attempt.reader, attempt.purpose.value)


# step R3
def test_statement_with_an_unknown_purpose_is_refused_with_a_code_of_its_own(
    told: tuple[Running, Someone],
) -> None:
    """SC1: signed by the right card, for what no list has; the person sees the attempt."""
    running, person = told
    request = running.request(person, CLINIC, selection=ASKED, purpose="HMARKT")
    _assert_refused(
        lambda: running.medical(CLINIC).read(
            request, token=running.world.token(running.world.members[CLINIC])
        ),
        RefusalCode.UNKNOWN_PURPOSE,
    )
    assert running.events(person)[-1]["reason"] == "unknown_purpose"


def test_same_read_within_the_permission_opens(told: tuple[Running, Someone]) -> None:
    """SC1, the other side: what the refusals above are refused for is the only thing wrong with them."""
    running, person = told
    world = running.world
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    opened = open_answer(world, person, read(running, person))
    assert sorted(opened) == ["m25-0", "m25-1", "m26-0", "m26-1", "m26-2"]


def test_refusal_by_the_person_stands_over_a_wider_permission(told: tuple[Running, Someone]) -> None:
    """SC1: an explicit no."""
    running, person = told
    world = running.world
    years = RecordScope(frozenset({Category.MEDICATION}), YearSpan(2026, 2026))
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    denial = world.grant(person, world.terms(CLINIC, effect=Effect.DENY, scope=years), compartments=[])
    running.permit(person, denial)
    _assert_refused(lambda: read(running, person), RefusalCode.DENIED_BY_PERSON)


def test_operator_whose_role_was_taken_is_refused_with_a_token_from_before(
    told: tuple[Running, Someone],
) -> None:
    """SC1, IL5: the role holds as of now, not as of the token; the person sees the attempt."""
    running, person = told
    world = running.world
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    member = world.members[CLINIC]
    token, request = world.token(member), running.request(person, CLINIC, selection=ASKED)
    change = RolesChange(organisation=CLINIC, id=member.operator, roles=[])
    world.oversight.change_roles(change)
    _assert_refused(lambda: running.medical(CLINIC).read(request, token=token), RefusalCode.ROLE_MISSING)
    assert running.events(person)[-1]["reason"] == "role_missing"


# step R3
def test_one_persons_token_beside_a_statement_about_another_is_refused(
    told: tuple[Running, Someone],
) -> None:
    """SC1: the statement names tokens by their digest, so they cannot be exchanged."""
    running, person = told
    world = running.world
    other = Someone("taro")
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    mine = running.request(person, CLINIC, selection=ASKED)
    theirs = running.request(other, CLINIC, selection=ASKED)
    mixed = theirs.model_copy(update={"tokens": mine.tokens})
    with pytest.raises(RemoteProblemError) as refused:
        running.medical(CLINIC).read(mixed, token=world.token(world.members[CLINIC]))
    assert refused.value.code == "other_person"


# step R5
def test_statement_is_good_once(told: tuple[Running, Someone]) -> None:
    """SC1: a recorded request does not read again, with fresh pseudonym tokens or without."""
    running, person = told
    world = running.world
    running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
    request = running.request(person, CLINIC, selection=ASKED)
    token = world.token(world.members[CLINIC])
    running.medical(CLINIC).read(request, token=token)
    with pytest.raises(RemoteProblemError) as refused:
        running.medical(CLINIC).read(request, token=token)
    assert (refused.value.status, refused.value.code) == (409, "replayed")
    assert running.events(person)[-1]["reason"] == "replayed"


def _assert_refused(call: Callable[[], object], code: RefusalCode) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        call()
    assert (refused.value.status, refused.value.code) == (403, code.value)
