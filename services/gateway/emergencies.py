"""Emergencies on the hospital's side: one professional asks, another signs, both may open what the relay sealed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import Field

from consent import base64url, jws
from consent.compartments import YearSpan
from consent.emergency import (
    EmergencyRequest,
    Professional,
    SecondSignature,
    sign_request,
    sign_second,
    verify_request,
)
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.resealing import open_resealed, reseal
from consent.statements import Selection, TokenSubject, token_digest
from consent.vocabulary import Body, Category
from services.contracts.emergency_evidence import SECOND_WITHIN, is_relay
from services.contracts.oversight.emergencies import (
    ANSWER_TYPE,
    DecideReview,
    DeclareEmergency,
    EmergencyClient,
    RelayedAnswer,
    ReviewCase,
    Reviewed,
    ReviewOutcome,
    SecondEmergency,
    ShownEmergency,
)
from services.contracts.oversight.register import Directory, Kind, p256
from services.gateway.errors import NotVerifiedError, RefusedError
from services.gateway.organisation import Organisation
from services.kit.encoding import Base64Url, Message
from services.kit.problems import UnavailableError

Answer = TypeVar("Answer")


class RelayDetails(Message):
    """What the second professional seals to the relay: by which tokens it reads, and whose wallet it will meet."""

    tokens: dict[str, str]
    subject: str
    wallet_key: dict[str, str]


class EmergencyDocument(Message):
    """One document of an emergency, as the relay opened it."""

    id: str
    version: int
    media_type: str
    category: str
    year: int
    author: str
    content: Base64Url


class LeftOut(Message):
    """A document that is permitted and not relayed; `code` says why, `author` whom to ask for it."""

    id: str
    category: str
    year: int
    author: str
    code: str


class EmergencyRecords(Message):
    """What the relay seals to the hospital; `marked` says what it must not be used for."""

    case: str
    marked: str
    documents: list[EmergencyDocument]
    left_out: list[LeftOut] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opened:
    """An emergency's records, verified and opened here; None while the relay has not answered."""

    records: EmergencyRecords | None


def declare(
    organisation: Organisation,
    reference: str,
    *,
    categories: frozenset[Category],
    years: YearSpan,
    reason: str,
) -> ShownEmergency:
    """Ask, as the first professional, about a patient whom the organisation has linked. Raises: RefusedError."""
    token = organisation.name_person(reference, Body.OVERSIGHT).tokens[Body.OVERSIGHT]
    request = EmergencyRequest(
        by=_by(organisation),
        patient=token_digest(token),
        selection=Selection(categories, years),
        reason=reason,
        issued_at=organisation.clock(),
        nonce=base64url.encode(organisation.randomness(16)),
        staff=organisation.staff_mask(reference),
    )
    signed = sign_request(request, key=organisation.credentials.card_key, kid=_kid(organisation))
    message = DeclareEmergency(request=signed, patient=token)
    return ask(organisation, lambda client: client.declare(message))


def look(organisation: Organisation, case: str) -> tuple[ShownEmergency, EmergencyRequest]:
    """Return a case of the own organisation with what the first professional signed, verified.

    Raises: RefusedError, NotVerifiedError.
    """
    shown = ask(organisation, lambda client: client.show(case))
    claimed = _claimed_operator(organisation, shown.request)
    try:
        key = p256(claimed)
        now = organisation.clock()
        found = verify_request(shown.request, key=key, now=now, max_age=SECOND_WITHIN * 200)
    except ConsentError as error:
        raise NotVerifiedError("the case shows a request that no colleague of yours signed") from error
    return shown, found.request


def second(organisation: Organisation, reference: str, case: str) -> ShownEmergency:
    """Sign a colleague's request as the second professional; from now on it is in force.

    Raises: RefusedError, NotVerifiedError, UnavailableError when no relay is accredited.
    """
    shown, _ = look(organisation, case)
    mine = organisation.name_person(reference, Body.OVERSIGHT).tokens[Body.OVERSIGHT]
    reading = organisation.name_person(reference, Body.MEDICAL, Body.OVERSIGHT)
    if reading.wallet_key is None or reading.subject is None:
        raise NotVerifiedError("the ID centre knows no wallet of this person")
    told = RelayDetails(
        tokens={body.value: token for body, token in reading.tokens.items()},
        subject=reading.subject,
        wallet_key=reading.wallet_key,
    )
    digest = jws_digest(shown.request)
    details = base64url.encode(
        reseal(
            told.model_dump_json().encode(),
            to=relay_key(organisation.directory()),
            context=digest,
            randomness=organisation.randomness,
        )
    )
    signed = SecondSignature(
        by=_by(organisation),
        request=digest,
        patient=token_digest(mine),
        tokens=TokenSubject.of_tokens(reading.tokens).tokens,
        details=token_digest(details),
        issued_at=organisation.clock(),
        nonce=base64url.encode(organisation.randomness(16)),
        staff=organisation.staff_mask(reference),
    )
    text = sign_second(signed, key=organisation.credentials.card_key, kid=_kid(organisation))
    message = SecondEmergency(second=text, patient=mine, details=details)
    return ask(organisation, lambda client: client.second(case, message))


def open_emergency(organisation: Organisation, case: str) -> Opened:
    """Open what the relay sealed, as one of the two who signed, while the emergency lasts.

    Guarantees: an accredited relay signed it for this case. Raises: RefusedError, NotVerifiedError.
    """
    answer = ask(organisation, lambda client: client.answer(case))
    if answer.refused is not None:
        raise RefusedError(answer.refused, "The relay was refused the records; the code says why.")
    if answer.sealed is None or answer.signature is None:
        return Opened(None)
    sealed = base64url.decode(answer.sealed)
    _require_relay(organisation, answer, case)
    try:
        plain = open_resealed(sealed, key=organisation.receiving_key, context=case)
    except ConsentError as error:
        raise NotVerifiedError("the relay's answer does not open with this organisation's key") from error
    return Opened(EmergencyRecords.model_validate_json(plain))


def reviews(official: Organisation) -> list[ReviewCase]:
    """Return the emergencies that wait for a finding, first due first. Raises: RefusedError."""
    return ask(official, lambda client: client.reviews()).cases


def review(official: Organisation, case: str, outcome: ReviewOutcome, *, comment: str) -> Reviewed:
    """Decide whether an emergency was one; the person sees it. Raises: RefusedError."""
    message = DecideReview(outcome=outcome, comment=comment)
    return ask(official, lambda client: client.decide(case, message))


def relay_key(directory: Directory) -> bytes:
    """Return the receiving key of the accredited relay. Raises: UnavailableError when there is none."""
    for each in directory.register.organisations:
        if each.kind is Kind.EMERGENCY_RELAY and directory.organisation(each.id) and each.receiving_key:
            return base64url.decode(each.receiving_key)
    raise UnavailableError("no emergency relay is accredited at present")


def answer_payload(case: str, sealed: str) -> dict[str, str]:
    """Return what a relay signs of its answer."""
    return {"case": case, "sealed": token_digest(sealed)}


def jws_digest(token: str) -> str:
    """Name a signed text by its signed part, as its verification does."""
    return token_digest(token.rpartition(".")[0])


def ask(organisation: Organisation, call: Callable[[EmergencyClient], Answer]) -> Answer:
    """Call the oversight body about emergencies. Raises: RefusedError."""
    return organisation.ask(Body.OVERSIGHT, lambda http, token: call(EmergencyClient(http, token=token)))


def _require_relay(organisation: Organisation, answer: RelayedAnswer, case: str) -> None:
    directory = organisation.directory()
    signature, sealed = answer.signature or "", answer.sealed or ""
    for each in directory.register.operators:
        if is_relay(directory, each.organisation) and directory.operator(each.organisation, each.id):
            try:
                told = jws.verify(signature, typ=ANSWER_TYPE, key=p256(each.card_key))
            except ConsentError:
                continue
            if json.loads(told.payload) == answer_payload(case, sealed):
                return
    raise NotVerifiedError("no accredited relay signed this answer; report it")


def _claimed_operator(organisation: Organisation, token: str) -> dict[str, str]:
    try:
        kid = jws.peek_kid(token)
    except ConsentError as error:
        raise NotVerifiedError("the case shows no signed request") from error
    for each in organisation.directory().register.operators:
        if each.organisation == organisation.id and thumbprint(each.card_key) == kid:
            return each.card_key
    raise NotVerifiedError("the case shows a request that no colleague of yours signed")


def _by(organisation: Organisation) -> Professional:
    own = organisation.credentials
    return Professional(OrganisationId(own.organisation), OperatorId(own.operator), own.terminal)


def _kid(organisation: Organisation) -> str:
    return thumbprint(to_jwk(organisation.credentials.card_key.public_key()))
