"""What a person laid down at one body, and how it ended, as the person finds it again."""

from datetime import datetime

from consent.guardians import Act, Matter, matter_of
from consent.lifecycle import DirectiveState, state_at
from services.contracts.directives import DirectiveItem, DirectiveList
from services.directives.endings import Ending
from services.directives.guarding import act_refused
from services.directives.model import StoredDirective
from services.directives.refusing import refused
from services.directives.service import Directives
from services.kit.credentials.callers import PersonCaller
from services.kit.events import EventKind


def own_directives(directives: Directives, caller: PersonCaller) -> DirectiveList:
    """Return the person's directives, a guardian those that the rule table lets them see.

    One past its end is shown as expired. Raises: RefusedError.
    """
    now, person = directives.context.clock(), caller.pseudonym
    with directives.context.database.read() as conn:
        refusals = {
            matter: act_refused(directives.store, conn, caller, Act.GET_RECEIPTS, matter=matter)
            for matter in Matter
        }
        unfit = refusals[Matter.ORDINARY]
        stored = directives.store.of_person(conn, person)
        found = [each for each in stored if refusals[matter_of(each.terms)] is None]
        ended = {each.id for each in found if each.state is DirectiveState.WITHDRAWN}
        endings = directives.store.endings.of(conn, ended)
    if unfit is not None:
        raise refused(directives, person, kind=EventKind.GRANTS_LISTED, code=unfit, guardian=caller.guardian)
    return DirectiveList(directives=[_item(each, endings.get(each.id), now=now) for each in found])


def _item(stored: StoredDirective, ending: Ending | None, *, now: datetime) -> DirectiveItem:
    state = state_at(stored.state, valid_until=stored.terms.valid_until, now=now)
    return DirectiveItem(
        id=stored.id,
        jws=stored.verified.jws,
        state=state.value,
        withdrawal=None if ending is None else ending.withdrawal,
        receipt=None if ending is None else ending.receipt,
    )
