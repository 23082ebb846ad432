"""The emergency relay: a separate accredited organisation that opens in memory, seals to the hospital, and forgets.

It has no port, no database and no state: it asks the oversight body what waits, checks everything by itself, reads as
any reader does (so both bodies decide and log), and hands over what only the hospital opens.
"""

import logging
import re
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from consent import base64url, jws
from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import SubjectKeyId
from consent.jwk import thumbprint, to_jwk
from consent.resealing import open_resealed, reseal
from consent.sealing import BundleMeta, PlainDocument
from consent.statements import TokenSubject
from consent.streams import StreamName
from consent.vocabulary import Body, Purpose
from services.contracts.emergency_evidence import (
    Emergency,
    EmergencyEvidence,
    EmergencyUnprovenError,
    verify_evidence,
)
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.medical.client import MedicalClient
from services.contracts.oversight.emergencies import (
    ANSWER_TYPE,
    NOT_FOR_EXPORT,
    RelayedAnswer,
    WaitingEmergency,
)
from services.contracts.released import WrongReason
from services.gateway import clinic
from services.gateway.emergencies import (
    EmergencyDocument,
    EmergencyRecords,
    LeftOut,
    RelayDetails,
    answer_payload,
    ask,
    jws_digest,
)
from services.gateway.errors import NotVerifiedError, RefusedError
from services.gateway.opening import Prepared, open_bundles
from services.gateway.organisation import Organisation
from services.gateway.unopened import Unopened
from services.gateway.wrong_fragments import WrongFragmentError
from services.kit.egress import egress

logger = logging.getLogger("sekisho")
UNPROVEN = "emergency_unproven"
NOT_VERIFIED = "not_verified"
_CODE: Final = re.compile(r"[a-z_]{1,60}")
"""What an answer may say of why it was refused; a body that says something else says nothing."""
UNOPENABLE = "emergency_unopenable"
"""Why: its writer sealed it so that no key of the person opens it."""
LARGE = "emergency_large_document"
"""Why: segments are fetched by a reader's own tickets for hours, and a relay that keeps nothing cannot hold them; what
opens them is not handed on without them.
"""


@dataclass(frozen=True, slots=True)
class Relayed:
    """What became of one emergency: how many documents went to the hospital, and how many were too large; or with which
    code it was refused.
    """

    case: str
    documents: int = 0
    left_out: int = 0
    refused: str | None = None


def relay_waiting(relay: Organisation) -> list[Relayed]:
    """Serve every emergency that waits, once; one that cannot be served keeps none of the others waiting.

    Raises: RefusedError when the list is refused; kit's PeerUnavailableError.
    """
    return [_serve(relay, each) for each in ask(relay, lambda client: client.waiting()).waiting]


def _serve(relay: Organisation, waiting: WaitingEmergency) -> Relayed:
    try:
        evidence = EmergencyEvidence(request=waiting.request, second=waiting.second)
        emergency = verify_evidence(evidence, directory=relay.directory(), now=relay.clock())
        records = _read(relay, waiting, emergency, evidence)
        answer = _sealed(relay, waiting.case, emergency, records)
        told = Relayed(waiting.case, len(records.documents), len(records.left_out))
    except EmergencyUnprovenError:
        answer, told = RelayedAnswer(refused=UNPROVEN), Relayed(waiting.case, refused=UNPROVEN)
    except WrongFragmentError as wrong:
        # no other body may be the second one here, so there is nobody to go on with
        code = NOT_VERIFIED if wrong.shown is None else WrongReason.FRAGMENT_WRONG.value
        logger.warning("%s: the %s body handed out a wrong fragment", waiting.case, wrong.body.value)
        answer, told = RelayedAnswer(refused=code), Relayed(waiting.case, refused=code)
    except NotVerifiedError:
        answer, told = RelayedAnswer(refused=NOT_VERIFIED), Relayed(waiting.case, refused=NOT_VERIFIED)
    except RefusedError as refused:
        code = refused.code if _CODE.fullmatch(refused.code) else NOT_VERIFIED
        answer, told = RelayedAnswer(refused=code), Relayed(waiting.case, refused=code)
    try:
        ask(relay, lambda client: client.relayed(waiting.case, answer))
    except RefusedError as late:  # it ended, or another relay was first
        return Relayed(waiting.case, refused=late.code)
    return told


@egress(
    to="medical, and through it oversight",
    fields="an access statement signed by the relay, both professionals' signatures, the hospital's tokens",
    purpose="emergency treatment",
    ground="two professionals' signatures over one request, verified here",
)
def _read(
    relay: Organisation, waiting: WaitingEmergency, emergency: Emergency, evidence: EmergencyEvidence
) -> EmergencyRecords:
    details = _details(relay, waiting)
    tokens = _tokens(details)
    selection = emergency.first.selection
    signed = clinic.sign_read(
        relay,
        TokenSubject.of_tokens(tokens),
        tokens=tokens,
        selection=selection,
        purpose=Purpose.ETREAT,
        whom=waiting.case,
    )
    request = signed.model_copy(update={"emergency": evidence})
    named = PseudonymTokens(
        tokens=tokens, subject=SubjectKeyId(details.subject), wallet_key=details.wallet_key
    )
    answer = relay.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).read(request, token=token))
    prepared = Prepared(request, named, selection, Purpose.ETREAT)
    unopened: list[Unopened] = []
    opened = [
        (bundle.meta, document)
        for bundle in open_bundles(relay, prepared, answer, left_out=unopened.append)
        for document in bundle.documents
    ]
    large = [(meta, document) for meta, document in opened if _is_large(document)]
    return EmergencyRecords(
        case=waiting.case,
        marked=NOT_FOR_EXPORT,
        documents=[_document(*each) for each in opened if not _is_large(each[1])],
        left_out=[
            *(_left_out(meta.compartment, document.id, meta.author, LARGE) for meta, document in large),
            *(_left_out(each.compartment, each.document, each.author, UNOPENABLE) for each in unopened),
        ],
    )


def _is_large(document: PlainDocument) -> bool:
    return StreamName.of(document.media_type) is not None


def _document(meta: BundleMeta, document: PlainDocument) -> EmergencyDocument:
    return EmergencyDocument(
        id=document.id,
        version=document.version,
        media_type=document.media_type,
        category=meta.compartment.category.value,
        year=meta.compartment.year,
        author=meta.author,
        content=base64url.encode(document.content),
    )


def _left_out(place: Compartment, document: str, author: str, code: str) -> LeftOut:
    return LeftOut(id=document, category=place.category.value, year=place.year, author=author, code=code)


@egress(
    to="the hospital or clinic that asked",
    fields="the opened records, sealed to its receiving key and marked as not for export",
    purpose="emergency treatment",
    ground="two professionals of that hospital signed, and two bodies released",
)
def _sealed(relay: Organisation, case: str, emergency: Emergency, records: EmergencyRecords) -> RelayedAnswer:
    hospital = relay.directory().organisation(emergency.organisation)
    if hospital is None or hospital.receiving_key is None:
        raise NotVerifiedError("the hospital has no receiving key in the register")
    sealed = base64url.encode(
        reseal(
            records.model_dump_json().encode(),
            to=base64url.decode(hospital.receiving_key),
            context=case,
            randomness=relay.randomness,
        )
    )
    key = relay.credentials.card_key
    kid = thumbprint(to_jwk(key.public_key()))
    signature = jws.sign(answer_payload(case, sealed), typ=ANSWER_TYPE, key=key, kid=kid)
    return RelayedAnswer(sealed=sealed, signature=signature)


def _tokens(details: RelayDetails) -> dict[Body, str]:
    try:
        return {Body(name): token for name, token in details.tokens.items()}
    except ValueError as error:
        raise NotVerifiedError("what the hospital sealed names a body that there is not") from error


def _details(relay: Organisation, waiting: WaitingEmergency) -> RelayDetails:
    try:
        plain = open_resealed(
            base64url.decode(waiting.details), key=relay.receiving_key, context=jws_digest(waiting.request)
        )
        return RelayDetails.model_validate_json(plain)
    except (ConsentError, ValidationError) as error:
        raise NotVerifiedError("what the hospital sealed does not open") from error
