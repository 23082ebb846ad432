"""References of an organisation become tokens that name people to bodies (D2, R1), one or many in a request."""

from collections.abc import Sequence
from dataclasses import replace

from consent.explanations import RefusalCode
from consent.jwk import thumbprint
from consent.vocabulary import Body
from services.contracts.identity.messages import Jwk, PseudonymTokens, RequestPseudonymTokens
from services.contracts.identity.naming import PeopleNamed, RequestPeopleNamed
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import RoleMissingError, TooManyPeopleError, UnknownReferenceError
from services.identity.naming_store import NamingStore
from services.identity.policy import may_name_to
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.kit.unknown_names import note_unknown


def name_person(
    centre: IdentityCentre, caller: OperatorCaller, request: RequestPseudonymTokens
) -> PseudonymTokens:
    """Return tokens that name a person of the caller's organisation to bodies.

    Raises: UnknownReferenceError (logged), RoleMissingError (logged, with the person).
    """
    (named,) = _named(centre, caller, [request.reference], request.bodies)
    if named is None:
        raise UnknownReferenceError
    return named


def name_people(centre: IdentityCentre, caller: OperatorCaller, request: RequestPeopleNamed) -> PeopleNamed:
    """Return tokens for each of many references; each is an entry in its person's history, all in one batch.

    The same reference again gets further tokens, each with its entry; a refusal of all is one entry for each person.
    References of nobody are counted in one entry.

    Raises: TooManyPeopleError; RoleMissingError (logged, with everybody who was named).
    """
    most = centre.settings.people_named_at_once
    if len(request.references) > most:
        raise TooManyPeopleError(most)
    return PeopleNamed(people=_named(centre, caller, request.references, request.bodies))


def _named(
    centre: IdentityCentre, caller: OperatorCaller, references: Sequence[str], told: Sequence[Body]
) -> list[PseudonymTokens | None]:
    database, store = centre.context.database, NamingStore(centre.store)
    with database.read() as conn:
        people = store.linked(conn, organisation=caller.organisation, references=references)
    bodies = sorted(set(told))
    if any(each not in people for each in references):
        unknown = sum(each not in people for each in references)
        note_unknown(centre.context, replace(_event(caller, bodies), count=unknown))
    if not people:
        return [None] * len(references)
    event = _event(caller, bodies)
    refused = event.outcome is Outcome.REFUSED
    known = [(each, people[each]) for each in (people if refused else references) if each in people]
    with database.write() as conn:
        asked = {each.pseudonym for each in people.values()} if Body.MEDICAL in bodies else set()
        wallets = store.subjects(conn, sorted(asked))
        centre.context.journal.record_all(conn, [DatedEvent(each.pseudonym, event) for _, each in known])
    if refused:
        raise RoleMissingError
    tokens = iter(egress.pseudonym_tokens(centre, known, bodies=bodies, caller=caller))
    return [
        _answer(next(tokens), wallets.get(people[each].pseudonym)) if each in people else None
        for each in references
    ]


def _answer(tokens: dict[Body, str], wallet_key: Jwk | None) -> PseudonymTokens:
    subject = thumbprint(wallet_key) if wallet_key is not None else None
    return PseudonymTokens(tokens=tokens, subject=subject, wallet_key=wallet_key)


def _event(caller: OperatorCaller, bodies: list[Body]) -> Event:
    permitted = may_name_to(caller.roles, bodies)
    return Event(
        kind=EventKind.PSEUDONYM_PROVIDED,
        outcome=Outcome.PERMITTED if permitted else Outcome.REFUSED,
        organisation=caller.organisation,
        operator=caller.operator,
        roles=caller.roles,
        terminal=caller.terminal,
        reason=None if permitted else RefusalCode.ROLE_MISSING.value,
        detail={"bodies": [body.value for body in bodies]},
    )
