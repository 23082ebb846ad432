"""What two professionals sign in an emergency, each with their own card: one request about one patient.

The first signs what is asked for and why. The second signs that very request, and names the single-use tokens by which
the patient is read; every body that takes part verifies both texts by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from pydantic import Field

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.compartments import YearSpan
from consent.errors import StatementError, StatementFault
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.instants import whole_second, write
from consent.staff import StaffMask, StaffWire
from consent.statements import CLOCK_SKEW, Selection
from consent.terms import YearsWire, unique, years_payload
from consent.vocabulary import Body, Category
from consent.wire import Identifier, Instant, WireModel, parse

REQUEST: Final = "sekisho-emergency+jws"
SECOND: Final = "sekisho-emergency-second+jws"
LONGEST_REASON: Final = 1000


@dataclass(frozen=True, slots=True)
class Professional:
    """Who signs: an operator of an organisation at a terminal."""

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId


@dataclass(frozen=True, slots=True)
class EmergencyRequest:
    """What the first professional asks for. `patient` is the digest of the token that names them to the oversight body.

    Units: `issued_at` rounded down to whole seconds, UTC. Shape: `nonce` base64url of 16 bytes.
    """

    by: Professional
    patient: str
    selection: Selection
    reason: str
    issued_at: datetime
    nonce: str
    staff: StaffMask

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", whole_second(self.issued_at))


@dataclass(frozen=True, slots=True)
class SecondSignature:
    """The second professional's word on a request, by its digest.

    `patient` as in the request, of a token of the second's own; `tokens` are the digests of those by which the relay
    reads, and `details` that of what is sealed to the relay.
    """

    by: Professional
    request: str
    patient: str
    tokens: Mapping[Body, str]
    details: str
    issued_at: datetime
    nonce: str
    staff: StaffMask

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", whole_second(self.issued_at))


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request that a card has signed, in time; `digest` names it."""

    request: EmergencyRequest
    jws: str
    digest: str


@dataclass(frozen=True, slots=True)
class VerifiedSecond:
    """A second signature that a card has made, in time."""

    second: SecondSignature
    jws: str


class _ByWire(WireModel):
    organisation: Identifier
    operator: Identifier
    terminal: Identifier
    patient: Identifier
    issued_at: Instant
    nonce: Identifier
    staff: StaffWire

    def by(self) -> Professional:
        return Professional(
            OrganisationId(self.organisation), OperatorId(self.operator), TerminalId(self.terminal)
        )


class _RequestWire(_ByWire):
    categories: list[Category]
    years: YearsWire
    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


class _SecondWire(_ByWire):
    request: Identifier
    tokens: dict[Body, Identifier]
    details: Identifier


def _by(by: Professional) -> dict[str, str]:
    return {"organisation": by.organisation, "operator": by.operator, "terminal": by.terminal}


def sign_request(request: EmergencyRequest, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """Sign a request with the first professional's card."""
    payload: JsonObject = {
        **_by(request.by),
        "patient": request.patient,
        "categories": sorted(request.selection.categories),
        "years": years_payload(request.selection.years),
        "reason": request.reason,
        "issued_at": write(request.issued_at),
        "nonce": request.nonce,
        "staff": request.staff.payload(),
    }
    return jws.sign(payload, typ=REQUEST, key=key, kid=kid)


def sign_second(second: SecondSignature, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """Sign a request of somebody else with the second professional's card."""
    payload: JsonObject = {
        **_by(second.by),
        "patient": second.patient,
        "request": second.request,
        "tokens": {str(body): digest for body, digest in second.tokens.items()},
        "details": second.details,
        "issued_at": write(second.issued_at),
        "nonce": second.nonce,
        "staff": second.staff.payload(),
    }
    return jws.sign(payload, typ=SECOND, key=key, kid=kid)


def verify_request(
    token: str, *, key: EllipticCurvePublicKey, now: datetime, max_age: timedelta
) -> VerifiedRequest:
    """Check a request's signature, form and time.

    Guarantees: nothing about whose card the key is. Raises: SignatureError, MalformedError, StatementError.
    """
    verified = jws.verify(token, typ=REQUEST, key=key)
    wire = parse(_RequestWire, verified.payload)
    unique(wire.categories)
    request = EmergencyRequest(
        by=wire.by(),
        patient=wire.patient,
        selection=Selection(frozenset(wire.categories), YearSpan(wire.years.first, wire.years.last)),
        reason=wire.reason,
        issued_at=_in_time(wire, now=now, max_age=max_age),
        nonce=wire.nonce,
        staff=wire.staff.to_mask(),
    )
    return VerifiedRequest(request, token, base64url.encode(verified.digest))


def verify_second(
    token: str, *, key: EllipticCurvePublicKey, now: datetime, max_age: timedelta
) -> VerifiedSecond:
    """Check a second signature, its form and time. Guarantees, Raises: as `verify_request`."""
    wire = parse(_SecondWire, jws.verify(token, typ=SECOND, key=key).payload)
    second = SecondSignature(
        by=wire.by(),
        request=wire.request,
        patient=wire.patient,
        tokens=wire.tokens,
        details=wire.details,
        issued_at=_in_time(wire, now=now, max_age=max_age),
        nonce=wire.nonce,
        staff=wire.staff.to_mask(),
    )
    return VerifiedSecond(second, token)


def _in_time(wire: _ByWire, *, now: datetime, max_age: timedelta) -> datetime:
    if wire.issued_at > now + CLOCK_SKEW:
        raise StatementError(StatementFault.NOT_YET_VALID)
    if now - wire.issued_at > max_age:
        raise StatementError(StatementFault.EXPIRED)
    return wire.issued_at
