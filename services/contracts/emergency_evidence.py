"""What a body must see before it takes part in an emergency read: two professionals' signatures over one request.

U6a both texts are signed, in time, by the cards of operators who are accredited readers of one hospital or clinic now;
U6b they are two humans: other accounts, other cards, other people (stops one human with two accounts);
U6c the second signed this very request, for the same organisation;
U6d the reason has substance (whether it is copied only the oversight body can tell, which knows earlier ones);
U6e the read is by an accredited relay, for the emergency purpose, of exactly what was asked for, about whom the second
   named (stops a relay that reads more, or somebody else).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from consent import base64url, canonical
from consent.emergency import (
    EmergencyRequest,
    Professional,
    SecondSignature,
    VerifiedRequest,
    VerifiedSecond,
    verify_request,
    verify_second,
)
from consent.emergency_reason import substance_fault
from consent.errors import ConsentError, MalformedError
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import thumbprint
from consent.statements import AccessStatement, TokenSubject
from consent.vocabulary import Purpose
from services.contracts.oversight.register import Directory, Kind, Operator, Role, p256
from services.kit.encoding import Message

SECOND_WITHIN: Final = timedelta(minutes=15)
"""How long after the first the second professional may sign."""
READ_WITHIN: Final = timedelta(minutes=5)
"""How long after the second signature the relay may read; the tokens that it names live no longer."""
CARING: Final = frozenset({Kind.HOSPITAL, Kind.CLINIC})


class EmergencyUnprovenError(Exception):
    """The two signatures do not make an emergency; the caller refuses with `emergency_unproven`."""


class EmergencyEvidence(Message):
    """The two signed texts, as the relay shows them."""

    request: Annotated[str, Field(max_length=8192)]
    second: Annotated[str, Field(max_length=8192)]


@dataclass(frozen=True, slots=True)
class Emergency:
    """One request that two professionals of one organisation have signed; made by `verify_evidence` only."""

    first: EmergencyRequest
    second: SecondSignature

    @property
    def organisation(self) -> OrganisationId:
        """The hospital or clinic on whose behalf the relay reads."""
        return self.first.by.organisation

    def covers(self, statement: AccessStatement) -> bool:
        """U6e: whether a relay's access statement is this read and no other."""
        subject = statement.subject
        return (
            statement.purpose is Purpose.ETREAT
            and statement.selection == self.first.selection
            and isinstance(subject, TokenSubject)
            and dict(subject.tokens) == dict(self.second.tokens)
        )


def is_relay(directory: Directory, organisation: OrganisationId) -> bool:
    """Tell whether an organisation is an accredited emergency relay: it reads on evidence only."""
    found = directory.organisation(organisation)
    return found is not None and found.kind is Kind.EMERGENCY_RELAY


def signed_request(
    token: str, *, directory: Directory, now: datetime, max_age: timedelta
) -> tuple[VerifiedRequest, Operator]:
    """U6a for the first professional. Raises: EmergencyUnprovenError."""
    operator = caring_operator(token, directory)
    try:
        verified = verify_request(token, key=p256(operator.card_key), now=now, max_age=max_age)
    except ConsentError as error:
        raise EmergencyUnprovenError("the request does not verify or is not in time") from error
    return verified, operator


def signed_second(
    token: str, *, directory: Directory, now: datetime, max_age: timedelta
) -> tuple[VerifiedSecond, Operator]:
    """U6a for the second professional. Raises: EmergencyUnprovenError."""
    operator = caring_operator(token, directory)
    try:
        verified = verify_second(token, key=p256(operator.card_key), now=now, max_age=max_age)
    except ConsentError as error:
        raise EmergencyUnprovenError("the second signature does not verify or is not in time") from error
    return verified, operator


def two_humans(one: Operator, other: Operator) -> bool:
    """U6b: whether two operators are two people. Guarantees: no, while it is not known who one of them is."""
    if one.person_tag is None or other.person_tag is None:
        return False
    same_card = thumbprint(one.card_key) == thumbprint(other.card_key)
    return one.id != other.id and not same_card and one.person_tag != other.person_tag


def verify_evidence(evidence: EmergencyEvidence, *, directory: Directory, now: datetime) -> Emergency:
    """U6a to U6d. Raises: EmergencyUnprovenError."""
    age = SECOND_WITHIN + READ_WITHIN
    first, one = signed_request(evidence.request, directory=directory, now=now, max_age=age)
    second, other = signed_second(evidence.second, directory=directory, now=now, max_age=READ_WITHIN)
    if not two_humans(one, other):
        raise EmergencyUnprovenError("two people must sign, each with their own card")
    same = first.request.by.organisation == second.second.by.organisation
    if not same or second.second.request != first.digest:  # U6c
        raise EmergencyUnprovenError("the second signature is over another request")
    if substance_fault(first.request.reason) is not None:  # U6d
        raise EmergencyUnprovenError("the reason says nothing about this patient")
    return Emergency(first.request, second.second)


def caring_operator(token: str, directory: Directory) -> Operator:
    """Return whose card must have signed, according to the text, if they may read now.

    Raises: EmergencyUnprovenError.
    """
    by = claimed_professional(token)
    operator = directory.operator(by.organisation, by.operator)
    holder = directory.organisation(by.organisation)
    reads = Role.READER.value in directory.roles(by.organisation, by.operator)
    if operator is None or holder is None or holder.kind not in CARING or not reads:
        raise EmergencyUnprovenError("an accredited reader of a hospital or clinic must sign")
    terminal = directory.terminal(by.terminal)
    if terminal is None or terminal.organisation != by.organisation:
        raise EmergencyUnprovenError("the terminal is not the organisation's")
    return operator


def claimed_professional(token: str) -> Professional:
    """Return who signs according to the text; proves nothing. Raises: EmergencyUnprovenError."""
    try:
        claimed = canonical.decode(base64url.decode(token.split(".")[1]))
    except (MalformedError, IndexError) as error:
        raise EmergencyUnprovenError("a signed text is expected") from error
    told = [claimed.get(name) for name in ("organisation", "operator", "terminal")]
    organisation, operator, terminal = (each if isinstance(each, str) else "" for each in told)
    return Professional(OrganisationId(organisation), OperatorId(operator), TerminalId(terminal))
