"""R3: who asks, about whom, and whether the request is what it says.

R3a the operator is accredited now and may read (stops a role that was taken away);
R3b the statement is signed by the operator's card, in time, for this centre, by this very caller;
R3c token and statement, or grant and handles, name one person (stops one person's token beside another's name); by a
    grant reads only who does so for many people by their task: in a token the ID centre says whether the operator is
    the person, or a colleague (stops who leaves that out);
R3d an emergency relay reads exactly what two professionals of a hospital signed for (stops a relay on its own).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import JsonValue

from consent.errors import ConsentError, UnknownPurposeError
from consent.explanations import RefusalCode
from consent.identifiers import OrganisationId, Pseudonym
from consent.statements import GrantSubject, TokenSubject, UnverifiedStatement, VerifiedStatement
from consent.vocabulary import PROXIES, Body
from services.contracts.directives import ReleaseFault
from services.contracts.emergency_evidence import (
    Emergency,
    EmergencyUnprovenError,
    is_relay,
    verify_evidence,
)
from services.contracts.medical.messages import ReadRequest
from services.contracts.oversight.register import p256
from services.directives.errors import RefusedError, StoredDirectiveChangedError
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.medical import policy
from services.medical.centre import Centre


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as it was verified: what its entry in the log says, also when it is refused."""

    caller: OperatorCaller
    tokens: Mapping[Body, str]
    event: Event
    statement: VerifiedStatement | None = None
    fault: RefusalCode | ReleaseFault = ReleaseFault.STATEMENT_REFUSED
    token: VerifiedPseudonym | None = None
    person: Pseudonym | None = None
    emergency: Emergency | None = None


def identify(centre: Centre, caller: OperatorCaller, request: ReadRequest) -> Asked:
    """Read who asks about whom, as far as it can be verified; what is missing is judged afterwards."""
    event = by_operator(caller, EventKind.RECORDS_READ, outcome=Outcome.REFUSED)
    emergency = _emergency(centre, caller, request)
    whose = caller.organisation if emergency is None else emergency.organisation
    event = event if emergency is None else replace(event, detail=_behalf(emergency))
    asked = Asked(caller, request.tokens, event, emergency=emergency)
    opened = _open_token(centre, whose, request.tokens.get(Body.MEDICAL))
    if opened is not None:
        event = _with_asker(event, opened)
        asked = replace(asked, token=opened, person=opened.pseudonym, event=event)
    statement = _statement(centre, caller, request)
    if not isinstance(statement, VerifiedStatement):
        return replace(asked, fault=statement)
    said = statement.statement
    told = policy.asked(replace(event, purpose=said.purpose.value, staff=said.staff), said.selection)
    asked = replace(asked, statement=statement, event=told)
    if isinstance(said.subject, GrantSubject):
        asked = replace(asked, person=_person_of(centre, said.subject))
    return asked


def require_acceptable(centre: Centre, asked: Asked) -> VerifiedStatement:
    """Return the statement of a request that may be decided. Raises: RefusedError."""
    caller = asked.caller
    if centre.register.directory().operator(caller.organisation, caller.operator) is None:  # R3a
        raise RefusedError(RefusalCode.NOT_ACCREDITED)
    if not policies().permits(caller.roles, "read-records", Body.MEDICAL):
        raise RefusedError(RefusalCode.ROLE_MISSING)
    if asked.statement is None:  # R3b
        raise RefusedError(asked.fault)
    subject = asked.statement.statement.subject
    # before it matters whether there is such a grant; a token says what the operator is to the person, a grant does not
    if isinstance(subject, GrantSubject) and not policies().permits(
        caller.roles, "read-by-grant", Body.MEDICAL
    ):
        raise RefusedError(RefusalCode.ROLE_MISSING)
    if asked.person is None:
        raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)
    relay = is_relay(centre.register.directory(), caller.organisation)  # R3d
    if relay and not (asked.emergency and asked.emergency.covers(asked.statement.statement)):
        raise RefusedError(RefusalCode.EMERGENCY_UNPROVEN)
    named = asked.tokens.keys() <= set(PROXIES)
    if isinstance(subject, TokenSubject):  # R3c
        if asked.token is None or len(asked.tokens) < 2:
            raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)
        # what it says of who asks is about whoever asked for it; for a relay two professionals signed the token
        if asked.emergency is None and not asked.token.asked_by(caller.operator):
            raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)
        named = named and all(subject.names(body, token) for body, token in asked.tokens.items())
    else:
        named = named and not asked.tokens
    if not named:
        raise RefusedError(ReleaseFault.OTHER_PERSON)
    return asked.statement


def _emergency(centre: Centre, caller: OperatorCaller, request: ReadRequest) -> Emergency | None:
    directory = centre.register.directory()
    if request.emergency is None or not is_relay(directory, caller.organisation):
        return None
    try:
        return verify_evidence(request.emergency, directory=directory, now=centre.context.clock())
    except EmergencyUnprovenError:
        return None


def _with_asker(event: Event, named: VerifiedPseudonym) -> Event:
    """Say what the one who asks is to the person, where the ID centre said it."""
    if named.asker is None:
        return event
    return replace(event, detail={**(event.detail or {}), "asker": named.asker})


def _behalf(emergency: Emergency) -> dict[str, JsonValue]:
    return {
        "emergency": True,
        "for": emergency.organisation,
        "professionals": [each.staff.pseudonym for each in (emergency.first, emergency.second)],
    }


def _open_token(centre: Centre, whose: OrganisationId, token: str | None) -> VerifiedPseudonym | None:
    if token is None:
        return None
    try:
        return centre.open_token(token, whose)
    except PseudonymTokenError:
        return None


def _statement(
    centre: Centre, caller: OperatorCaller, request: ReadRequest
) -> VerifiedStatement | RefusalCode | ReleaseFault:
    operator = centre.register.directory().operator(caller.organisation, caller.operator)
    if operator is None:
        return ReleaseFault.STATEMENT_REFUSED
    try:
        verified = UnverifiedStatement(request.statement).verify(
            p256(operator.card_key),
            centre.context.clock(),
            timedelta(seconds=centre.settings.statement_max_age_seconds),
            audience=centre.context.settings.public_url,
        )
    except UnknownPurposeError:
        return RefusalCode.UNKNOWN_PURPOSE
    except ConsentError:
        return ReleaseFault.STATEMENT_REFUSED
    said = verified.statement
    if (said.organisation, said.operator, said.terminal) != (
        caller.organisation,
        caller.operator,
        caller.terminal,
    ):
        return ReleaseFault.STATEMENT_REFUSED
    return verified


def _person_of(centre: Centre, subject: GrantSubject) -> Pseudonym | None:
    with centre.context.database.read() as conn:
        try:
            named = centre.directives.get(conn, subject.grant)
        except StoredDirectiveChangedError:
            return None
    return named.person if named else None
