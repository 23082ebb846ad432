"""Disclosing basic items to a bank with which the person opens an account, once (docs/accounts.md).

O6 in one transaction: the disclosure is signed by the wallet of the person whom the ID centre's token names, for this
bank, not over, used for the first time, and touched by no refusal of the person's; log entry; signed confirmation.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from consent import base64url
from consent.accounts import DISCLOSURE_SEAL, Disclosure, verify_disclosure
from consent.decision import BasicRequest, Refusal, decide
from consent.errors import ConsentError
from consent.explanations import RefusalCode
from consent.identifiers import Pseudonym
from consent.terms import Effect
from consent.vocabulary import ConfirmationReason, Purpose
from services.contracts.registry.disclosures import Disclose, Disclosed
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ReplayError
from services.registry import egress
from services.registry.centre import Registry
from services.registry.errors import ConfirmationRefusedError
from services.registry.model import Resident
from services.registry.policy import may_confirm

OPENING: Final = ConfirmationReason.OPENING
REPLAYED: Final = "replayed"


@dataclass(frozen=True, slots=True)
class _Granted:
    """A yes: the items as registered, and the person's word for telling them."""

    resident: Resident
    disclosure: Disclosure


def disclose(registry: Registry, caller: OperatorCaller, message: Disclose) -> Disclosed:
    """O6: tell a bank the items that the person agreed to disclose to it.

    Raises: ConfirmationRefusedError, ReplayError (both logged, with the reason), PseudonymTokenError.
    """
    named = registry.whom(message.token, caller.organisation)
    opened = _open(registry, message)
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        asked = _verified(registry, conn, person, opened)
        verdict = _judge(registry, conn, caller, person=person, asked=asked)
        event = _event(caller, asked, None if isinstance(verdict, _Granted) else verdict)
        statement = opened.encode() if asked is not None and opened is not None else None
        registry.context.journal.record(conn, person=person, event=event, statement=statement)
    if isinstance(verdict, _Granted):
        return egress.disclosure(registry, verdict.resident, verdict.disclosure)
    if verdict == REPLAYED:
        raise ReplayError("this disclosure was already used")
    raise ConfirmationRefusedError(RefusalCode(verdict))


def _open(registry: Registry, message: Disclose) -> str | None:
    try:
        sealed = base64url.decode(message.disclosure)
        return open_sealed(registry.context.sealing_key, sealed, info=DISCLOSURE_SEAL).decode("ascii")
    except (InvalidTag, ValueError):
        return None


def _verified(
    registry: Registry, conn: Connection, person: Pseudonym, opened: str | None
) -> Disclosure | None:
    wallet = registry.directives.store.wallet(conn, person)
    if wallet is None or opened is None:
        return None
    try:
        told = verify_disclosure(opened, wallet)
    except ConsentError:
        return None
    return told if told.person == person else None


def _judge(
    registry: Registry,
    conn: Connection,
    caller: OperatorCaller,
    *,
    person: Pseudonym,
    asked: Disclosure | None,
) -> _Granted | str:
    if not may_confirm(caller.roles):
        return RefusalCode.ROLE_MISSING
    resident = registry.store.resident(conn, person)
    if resident is None:
        return RefusalCode.SUBJECT_UNKNOWN
    if asked is None or asked.organisation != caller.organisation:
        return RefusalCode.NOT_SIGNED_BY_PERSON
    if asked.until <= registry.context.clock():
        return RefusalCode.EXPIRED
    if _denied(registry, conn, caller, asked):
        return RefusalCode.DENIED_BY_PERSON
    return _Granted(resident, asked) if _first_time(registry, conn, asked) else REPLAYED


def _denied(registry: Registry, conn: Connection, caller: OperatorCaller, asked: Disclosure) -> bool:
    request = BasicRequest(
        reader=caller.reader,
        items=asked.items,
        purpose=Purpose.IDENTITY_VERIFICATION,
        contract=asked.contract,
        reason=OPENING,
        now=registry.context.clock(),
    )
    registry.as_logged.require(conn, asked.person)
    held = registry.directives.store.of_person_for(conn, asked.person, asked.organisation)
    refusals = [each.held for each in held if each.terms.effect is Effect.DENY]
    decision = decide(request, refusals)
    return isinstance(decision, Refusal) and decision.code is RefusalCode.DENIED_BY_PERSON


def _first_time(registry: Registry, conn: Connection, asked: Disclosure) -> bool:
    return registry.context.replays.first(
        conn,
        kind="disclosure",
        value=asked.agreement,
        expires=epoch_seconds(asked.until),
        now=epoch_seconds(registry.context.clock()),
    )


def _event(caller: OperatorCaller, asked: Disclosure | None, refusal: str | None) -> Event:
    return by_operator(
        caller,
        EventKind.ITEMS_DISCLOSED,
        outcome=Outcome.PERMITTED if refusal is None else Outcome.REFUSED,
        purpose=Purpose.IDENTITY_VERIFICATION.value,
        categories=tuple(sorted(asked.items)) if asked is not None else (),
        reason=refusal,
        detail={"contract": asked.contract, "reason": OPENING.value} if asked is not None else None,
    )
