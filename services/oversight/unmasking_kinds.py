"""Q3 to Q5: what two officials decide about a case, each with what the person is told in the same transaction."""

from dataclasses import replace

from pydantic import JsonValue
from sqlalchemy import Connection

from services.contracts.oversight.register import Kind as Sector
from services.contracts.oversight.unmasking import (
    REFUSE,
    UNMASK,
    RefuseUnmasking,
    Tell,
    UnmaskingState,
    UnmaskStaff,
)
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval
from services.kit.events import Colleague, Event, EventKind, Outcome
from services.oversight.unmasking import Unmasker, identify, told
from services.oversight.unmasking_errors import UnmaskingFault, UnmaskingRefusedError
from services.oversight.unmasking_store import OPEN, Case

OFFICIALS = frozenset({Sector.OVERSIGHT.value})


def unmasking_kinds(unmasker: Unmasker) -> list[AnyKind]:
    """Return what two officials decide about who acted."""
    return [_unmask(unmasker), _refuse(unmasker)]


def _unmask(unmasker: Unmasker) -> AnyKind:
    def preview(conn: Connection, asked: UnmaskStaff) -> Shown:
        case = _open_case(unmasker, conn, asked.case)
        if asked.opening is not None and identify(unmasker, case, asked.opening) is None:  # Q4
            raise UnmaskingRefusedError(UnmaskingFault.FALSE_OPENING)
        return {**_shown(case), "tell": asked.tell.value}

    def effect(conn: Connection, asked: UnmaskStaff, approval: Approval) -> Shown:
        case = _open_case(unmasker, conn, asked.case)
        found = identify(unmasker, case, asked.opening)  # Q4
        if found is None:
            _end(unmasker, conn, replace(case, state=UnmaskingState.FALSE_OPENING), approval)
            return {"case": case.id, "of": case.masked.organisation, "opening": "false"}
        name = found.name if asked.tell is Tell.NAME else None
        _end(unmasker, conn, replace(case, state=UnmaskingState.UNMASKED, name=name), approval)  # Q5
        return {
            "case": case.id,
            "organisation": case.masked.organisation,
            "operator": found.opening.operator,
            "terminal": found.opening.terminal,
            "name": found.name,
        }

    return Kind(
        name=UNMASK,
        asked=UnmaskStaff,
        sectors=OFFICIALS,
        preview=preview,
        effect=effect,
        person=lambda conn, asked: _open_case(unmasker, conn, asked.case).pseudonym,
        refusals=(UnmaskingRefusedError,),
    )


def _refuse(unmasker: Unmasker) -> AnyKind:
    def preview(conn: Connection, asked: RefuseUnmasking) -> Shown:
        return {**_shown(_open_case(unmasker, conn, asked.case)), "comment": asked.comment}

    def effect(conn: Connection, asked: RefuseUnmasking, approval: Approval) -> Shown:
        case = _open_case(unmasker, conn, asked.case)
        refused = replace(case, state=UnmaskingState.REFUSED, comment=asked.comment)
        _end(unmasker, conn, refused, approval)
        return {"case": case.id}

    return Kind(
        name=REFUSE,
        asked=RefuseUnmasking,
        sectors=OFFICIALS,
        preview=preview,
        effect=effect,
        person=lambda conn, asked: _open_case(unmasker, conn, asked.case).pseudonym,
        refusals=(UnmaskingRefusedError,),
    )


def _open_case(unmasker: Unmasker, conn: Connection, name: str) -> Case:
    case = unmasker.store.get(conn, name)
    if case is None or case.state not in OPEN:
        raise UnmaskingRefusedError(UnmaskingFault.DECIDED)
    return case


def _shown(case: Case) -> dict[str, JsonValue]:
    return {
        **told(case),
        "what": case.masked.kind,
        "at": case.masked.at,
        "pseudonym": case.masked.pseudonym,
        "why": case.why,
        "state": case.state.value,
    }


def _end(unmasker: Unmasker, conn: Connection, case: Case, approval: Approval) -> None:
    """Q5: keep what came of a case, and tell its person."""
    unmasker.store.put(conn, case)
    false = case.state is UnmaskingState.FALSE_OPENING
    detail: dict[str, JsonValue] = {**told(case), "finding": case.state.value}
    if case.name is not None:
        detail["name"] = case.name
    if case.comment is not None:
        detail["comment"] = case.comment
    event = Event(
        kind=EventKind.STAFF_UNMASKED,
        outcome=Outcome.DONE if case.state is UnmaskingState.UNMASKED else Outcome.REFUSED,
        organisation=approval.organisation,
        operator=approval.approver,
        colleagues=(Colleague(approval.organisation, approval.proposer),),
        unmasked_by=unmasker.context.sealing_key.public_key(),
        terminal=approval.terminal,
        reason=UnmaskingFault.FALSE_OPENING.value if false else None,
        detail=detail,
    )
    unmasker.context.journal.record(conn, person=case.pseudonym, event=event)
