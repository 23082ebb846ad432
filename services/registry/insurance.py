"""Insurance by the municipality: entered by its registrar, told as a signed answer to whoever just saw the person."""

from datetime import date

from sqlalchemy import Connection, bindparam, delete, insert, select

from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.contracts.registry.messages import (
    AskEligibility,
    Eligibility,
    Membership,
    RegisteredMembership,
    RegisterMembership,
)
from services.kit.clock import JAPAN
from services.kit.columns import ColumnCipher
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.registry import egress_identification as egress
from services.registry.centre import Registry
from services.registry.errors import NotRegisteredError
from services.registry.tables import insurance

NOT_INSURED = "not_insured"

_FORGET = delete(insurance).where(insurance.c.pseudonym == bindparam("person"))
_ENTER = insert(insurance)
_FIND = select(insurance.c.membership).where(insurance.c.pseudonym == bindparam("person"))


def forget(conn: Connection, person: Pseudonym) -> None:
    """Take a person's insurance out."""
    conn.execute(_FORGET, {"person": person})


def register_membership(
    registry: Registry, caller: OperatorCaller, message: RegisterMembership
) -> RegisteredMembership:
    """Enter a person's insurance in place of a former one.

    Raises: NotRegisteredError, PseudonymTokenError, ReplayError, MalformedError.
    """
    _check(message.membership)
    named = registry.whom(message.token, caller.organisation)
    context = registry.context
    with context.database.write() as conn:
        person = registry.use_up(conn, named)
        if not registry.store.registered(conn, person):
            raise NotRegisteredError("the person is not registered")
        _keep(conn, context.cipher, person, message.membership)
        event = by_operator(caller, EventKind.INSURANCE_REGISTERED, outcome=Outcome.DONE)
        context.journal.record(conn, person=person, event=event)
    return RegisteredMembership(insurance="registered")


def eligibility(registry: Registry, caller: OperatorCaller, message: AskEligibility) -> Eligibility:
    """Tell, signed, whether the person of a token is insured today. Raises: PseudonymTokenError, ReplayError."""
    named = registry.whom(message.token, caller.organisation)
    context = registry.context
    today = context.clock().astimezone(JAPAN).date().isoformat()
    with context.database.write() as conn:
        person = registry.use_up(conn, named)
        held = membership(conn, context.cipher, person)
        if held is not None and not held.valid_from <= today <= held.valid_until:
            held = None
        reason = NOT_INSURED if held is None else None
        event = by_operator(caller, EventKind.ELIGIBILITY_TOLD, outcome=Outcome.DONE, reason=reason)
        context.journal.record(conn, person=person, event=event)
    return egress.eligibility(registry, held, organisation=caller.organisation, token=message.token)


def membership(conn: Connection, cipher: ColumnCipher, person: Pseudonym) -> Membership | None:
    """Return a person's insurance. Raises: ColumnError when the cell was changed."""
    stored = conn.execute(_FIND, {"person": person}).scalar_one_or_none()
    if stored is None:
        return None
    return Membership.model_validate_json(cipher.open(stored, cell=_cell(person)))


def _keep(conn: Connection, cipher: ColumnCipher, person: Pseudonym, held: Membership) -> None:
    sealed = cipher.seal(held.model_dump_json().encode(), cell=_cell(person))
    conn.execute(_FORGET, {"person": person})
    conn.execute(_ENTER, {"pseudonym": person, "membership": sealed})


def _check(held: Membership) -> None:
    try:
        first, last = date.fromisoformat(held.valid_from), date.fromisoformat(held.valid_until)
    except ValueError:
        raise MalformedError("The first and the last day are days of the calendar.") from None
    if last < first:
        raise MalformedError("The last day is not before the first.")


def _cell(person: Pseudonym) -> str:
    return f"insurance.membership/{person}"
