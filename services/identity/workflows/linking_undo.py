"""Undoing a wrong link: it counts no more at once, and the medical centre is told until it has answered.

U1 the link is cut, and what is to be told is written down, in one transaction (stops every use from here on);
U2 the medical centre is told by a run that comes again and again; it sets apart once, however often it is told;
U3 with its answer the link is undone. A death anywhere in between leaves U1, and the next run goes on from there.
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.explanations import RefusalCode
from consent.vocabulary import Body
from services.contracts.identity.messages import (
    DisownLink,
    LinkFault,
    OwnLink,
    OwnLinks,
    UndoLink,
    UndoneLink,
)
from services.identity import egress_patients as egress
from services.identity.centre import IdentityCentre, RecordKeeper
from services.identity.errors import RoleMissingError, UnknownLinkError
from services.identity.patient_links import LinkState, PatientLink
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.problems import UnavailableError


def undo_link(centre: IdentityCentre, caller: OperatorCaller, message: UndoLink) -> UndoneLink:
    """Cut the link of a patient number, as its organisation asks. Raises: RoleMissingError, UnknownLinkError."""
    told = by_operator(caller, EventKind.PATIENT_LINK_UNDONE, outcome=Outcome.DONE)
    with centre.context.database.write() as conn:
        link = _linked(
            centre, conn, centre.patients.of_number(conn, caller.organisation, message.patient_number)
        )
        may = policies().permits(caller.roles, "receive-patients", Body.IDENTITY)
        person = None if link is None else link.holder
        if link is not None and may:
            _cut(centre, conn, link, fault=message.fault, event=told)
        else:
            reason = "not_found" if may else RefusalCode.ROLE_MISSING.value
            refused = replace(told, outcome=Outcome.REFUSED, reason=reason)
            centre.context.journal.record(conn, person=person, event=refused)
    if not may:
        raise RoleMissingError
    if link is None:
        raise UnknownLinkError
    return UndoneLink(link=link.id)


def disown_link(centre: IdentityCentre, caller: PersonCaller, message: DisownLink) -> UndoneLink:
    """Cut a link as the person asks whom it names. Raises: UnknownLinkError."""
    with centre.context.database.write() as conn:
        link = _linked(centre, conn, centre.patients.own(conn, message.link, caller.pseudonym))
        if link is not None:
            _cut(centre, conn, link, fault=message.fault, event=_event(organisation=link.organisation))
        else:
            refused = replace(_event(organisation=None), outcome=Outcome.REFUSED, reason="not_found")
            centre.context.journal.record(conn, person=caller.pseudonym, event=refused)
    if link is None:
        raise UnknownLinkError
    return UndoneLink(link=link.id)


def own_links(centre: IdentityCentre, caller: PersonCaller) -> OwnLinks:
    """Return the person's links, oldest first."""
    with centre.context.database.read() as conn:
        found = centre.patients.of_holder(conn, caller.pseudonym)
    return OwnLinks(
        links=[
            OwnLink(
                link=each.id,
                organisation=each.organisation,
                linked_at=each.linked_at,
                check=each.check,
                state=each.state.value,
            )
            for each in found
        ]
    )


def carry_on(centre: IdentityCentre, medical: RecordKeeper) -> None:
    """U2, U3: tell the medical centre of every link that is being undone.

    Raises: UnavailableError when it does not take one; the others were told all the same.
    """
    with centre.context.database.read() as conn:
        waiting = centre.patients.in_state(conn, LinkState.UNDOING)
    untold = 0
    for link in waiting:
        try:
            egress.set_apart(centre, medical, link)
        except (UnavailableError, ColumnError):  # one person's rows keep nobody else's records apart
            untold += 1
            continue
        with centre.context.database.write() as conn:
            centre.patients.set_state(conn, link, LinkState.UNDONE)
    if untold:
        raise UnavailableError(f"{untold} wrong links are not told yet to the medical centre")


def _linked(centre: IdentityCentre, conn: Connection, found: PatientLink | None) -> PatientLink | None:
    """Hold a link that was found, if it counts still: of two who cut it at once, one does."""
    held = None if found is None else centre.patients.hold(conn, found)
    return held if held is not None and held.state is LinkState.LINKED else None


def _cut(
    centre: IdentityCentre, conn: Connection, link: PatientLink, *, fault: LinkFault, event: Event
) -> None:
    """U1, within the caller's transaction."""
    centre.store.remove_link(conn, organisation=link.organisation, reference=link.reference)
    faulty = replace(link, fault=fault.value, undone_at=centre.seconds())
    centre.patients.set_state(conn, faulty, LinkState.UNDOING)
    told = replace(event, reason=fault.value, detail={"link": link.id})
    centre.context.journal.record(conn, person=link.holder, event=told)


def _event(*, organisation: str | None) -> Event:
    return Event(kind=EventKind.PATIENT_LINK_UNDONE, outcome=Outcome.DONE, organisation=organisation)
