"""What two officials enter, on the fake: tried out on its lists for the preview, and done on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pydantic import JsonValue, ValidationError

from services.contracts.fake_credentials import problem
from services.contracts.oversight.entering import Entering, Presented, PresentedOperator, outcome_of
from services.contracts.oversight.messages import (
    Changed,
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.register import BodyEntry, Kind, Operator, Organisation, Terminal
from services.contracts.proposals_fake import FakeKind, Parameters

OFFICIALS = frozenset({Kind.OVERSIGHT.value})


class Entered(Protocol):
    """The fake's register, as far as entering needs it."""

    organisations: list[Organisation]
    terminals: list[Terminal]
    operators: list[Operator]
    bodies: list[BodyEntry]
    serial: int

    def accredit_organisation(self, organisation: OrganisationAccreditation) -> Changed:
        """Enter an organisation."""

    def accredit_terminal(self, terminal: TerminalAccreditation) -> TerminalAccredited:
        """Enter a terminal."""

    def enter_operator(self, operator: PresentedOperator) -> Changed:
        """Enter an operator whose presentation was looked at."""

    def tag(self, operator: OperatorAccreditation) -> str | None:
        """Look at a presentation."""

    def put_body(self, entry: BodyEntry) -> None:
        """Enter a body."""


def entering_kinds(kept: Entered) -> dict[str, FakeKind]:
    """Return the kinds by which something new is entered."""
    return {"enter": _enter(kept), "enter-body": _body(kept)}


def _enter(kept: Entered) -> FakeKind:
    def settle(told: Parameters) -> Parameters:
        try:
            asked = Entering.model_validate(told, strict=False)
        except ValidationError:
            raise problem(400, "malformed_request") from None
        if asked.empty:
            raise problem(400, "malformed_request")
        operators = [PresentedOperator.of(each, kept.tag(each)) for each in asked.operators]
        presented = Presented(
            organisations=asked.organisations, terminals=asked.terminals, operators=operators
        )
        return presented.model_dump(mode="json")

    def preview(told: Parameters) -> dict[str, JsonValue]:
        with _tried(kept):
            _all(kept, _presented(told))
        asked = _presented(told)
        return {
            "organisations": [{"id": each.id} for each in asked.organisations],
            "terminals": [{"id": each.id} for each in asked.terminals],
            "operators": [
                {"id": each.id, "presented": each.person_tag is not None} for each in asked.operators
            ],
        }

    def effect(told: Parameters) -> dict[str, JsonValue]:
        before = kept.serial
        outcome = _all(kept, _presented(told))
        kept.serial = before + 1
        return outcome(kept.serial)

    return FakeKind(OFFICIALS, preview, effect, settle)


def _all(kept: Entered, asked: Presented) -> Callable[[int], dict[str, JsonValue]]:
    for each in asked.organisations:
        kept.accredit_organisation(each)
    told = {each.id: kept.accredit_terminal(each) for each in asked.terminals}
    for member in asked.operators:
        kept.enter_operator(member)
    certificates = {name: each.certificate for name, each in told.items()}
    authority = next((each.authority for each in told.values()), "")
    return lambda serial: outcome_of(serial=serial, certificates=certificates, authority=authority)


@contextmanager
def _tried(kept: Entered) -> Iterator[None]:
    organisations, terminals, operators = [*kept.organisations], [*kept.terminals], [*kept.operators]
    serial = kept.serial
    try:
        yield
    finally:
        kept.organisations[:], kept.terminals[:], kept.operators[:] = organisations, terminals, operators
        kept.serial = serial


def _body(kept: Entered) -> FakeKind:
    def preview(told: Parameters) -> dict[str, JsonValue]:
        asked = BodyEntry.model_validate(told, strict=False)
        if asked in kept.bodies:
            raise problem(409, "nothing_to_change")
        return {"body": asked.body.value}

    def effect(told: Parameters) -> dict[str, JsonValue]:
        kept.put_body(BodyEntry.model_validate(told, strict=False))
        return {"serial": kept.serial}

    return FakeKind(OFFICIALS, preview, effect)


def _presented(told: Parameters) -> Presented:
    return Presented.model_validate(told, strict=False)
