"""What every body does when the ID centre changes the key by which it names people to that body."""

from consent.identifiers import Pseudonym
from services.contracts.shared import NamesRenewed, RenewalStep, RenewNames
from services.contracts.shared_egress import names_taken
from services.kit.context import BodyContext
from services.kit.events import Event, EventKind, Outcome
from services.kit.people import Renewal


def renew_names(context: BodyContext, message: RenewNames) -> NamesRenewed:
    """Take one step of a renewal; the same step again changes nothing. Raises: ConflictError."""
    people, version = context.people, message.version
    renewals = [Renewal(Pseudonym(each.old), Pseudonym(each.new)) for each in message.renewals]
    with context.database.write() as conn:
        match message.step:
            case RenewalStep.ASK:
                renewed = 0
            case RenewalStep.MOVE:
                renewed = people.renew(conn, version, renewals)
            case RenewalStep.COMPLETE:
                renewed = int(people.complete(conn, version))
            case RenewalStep.RETIRE:
                renewed = int(people.retire(conn, version))
        if renewed:
            event = Event(
                kind=EventKind.NAMES_RENEWED,
                outcome=Outcome.DONE,
                count=renewed if message.step is RenewalStep.MOVE else None,
                detail={"key": version, "step": message.step.value},
            )
            context.journal.record(conn, person=None, event=event)
        key = people.key_in_force(conn)
    return names_taken(renewed, key=key)
