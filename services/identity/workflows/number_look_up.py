"""A number becomes a token by which the registry, and nobody between, learns who is meant (J1).

A number that nobody has is looked up, logged and answered like any other (OL2): it gets a linkage code of its own,
computed and kept nowhere, and a token for a pseudonym that the registry has never seen.
"""

from dataclasses import replace

from consent.vocabulary import Body
from services.contracts.identity.numbers import LookUpNumbers, NumberTokens
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import RoleMissingError
from services.identity.policy import may_look_up_numbers
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.journal import DatedEvent
from services.kit.operator_events import by_operator

ROLE_MISSING = "role_missing"


def look_up_numbers(centre: IdentityCentre, caller: OperatorCaller, message: LookUpNumbers) -> NumberTokens:
    """Return tokens for the registry. Raises: RoleMissingError; who has a number sees that it was asked for."""
    permitted = may_look_up_numbers(caller.roles)
    event = by_operator(
        caller,
        EventKind.NUMBER_LOOKED_UP,
        outcome=Outcome.PERMITTED if permitted else Outcome.REFUSED,
        purpose=message.task,
        reason=None if permitted else ROLE_MISSING,
        detail={"case": message.case},
    )
    with centre.context.database.write() as conn:
        holders = centre.store.by_numbers(conn, message.numbers)
        people = [holders.get(each) or centre.nobody(each) for each in message.numbers]
        centre.context.journal.record_bulk(
            conn, replace(event, count=len(people)), [DatedEvent(each.pseudonym, event) for each in people]
        )
        call = centre.names(conn)
        names = [call(Body.REGISTRY, each.linkage) for each in people]
    if not permitted:
        raise RoleMissingError
    return NumberTokens(tokens=[egress.number_token(centre, each, caller.organisation) for each in names])
