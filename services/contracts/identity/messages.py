"""Messages of the ID centre: enrolment, cards, tokens, pseudonyms."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, Strict

from consent.vocabulary import Body
from services.kit.encoding import Base64Url, Message

Jwk = dict[str, str]
BodyName = Annotated[Body, Strict(False)]
Reference = Annotated[Base64Url, Field(min_length=43, max_length=43)]
"""How one organisation, and no other, names a person."""
CardId = Annotated[Base64Url, Field(min_length=22, max_length=22)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]

PRESENTATION_TYPE: Final = "sekisho-presentation+jws"
SUBJECT_TYPE: Final = "sekisho-subject+jws"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_CREDENTIALS: Final = "client_credentials"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
CLIENT_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Application(StrEnum):
    """The applications of a card, independent of each other (K4)."""

    AUTHENTICATION = "authentication"
    SIGNATURE = "signature"


ApplicationName = Annotated[Application, Strict(False)]


class CardState(StrEnum):
    """Where a card stands (K5)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class EnrolPerson(Message):
    """POST /persons: a person appears at the municipality's counter. Nothing about them is sent."""


class EnrolledPerson(Message):
    """The municipality's own reference, the new personal number, and whom to register (a registry token)."""

    reference: Reference
    personal_number: str
    registry_token: str


class OwnNumber(Message):
    """GET /number, POST /number (person), POST /numbers/changes (registrar): the personal number, the new one."""

    personal_number: str


class ChangeOwnNumber(Message):
    """POST /number: the person, signed in with the card, wants another number (J5)."""


class ChangeNumber(Message):
    """POST /numbers/changes: a person asks for another number at the counter (J5)."""

    reference: Reference


class NewApplication(Message):
    """One application of a new card: its P-256 key, and SHA-256 of the PIN proof."""

    public_key: Jwk
    pin_verifier: Base64Url


class IssueCard(Message):
    """POST /cards: both applications, made on the person's side."""

    reference: Reference
    applications: dict[ApplicationName, NewApplication]


class IssuedApplication(Message):
    """The certificate (PEM), the ID centre's share of the wrapping key, and how many wrong PINs lock it."""

    certificate: str
    share: Base64Url
    retries: int


class IssuedCard(Message):
    """A card and its applications, and the code by which its holder stops it on the telephone: told this once."""

    card: CardId
    applications: dict[ApplicationName, IssuedApplication]
    suspension_code: str


class CardChange(StrEnum):
    """What can happen to a card at the counter."""

    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


class ChangeCard(Message):
    """POST /cards/changes: a card is lost, found again, or given up."""

    reference: Reference
    card: CardId
    change: Annotated[CardChange, Strict(False)]
    reason: Reason


class ChangedCard(Message):
    """The card's state now; when it was resumed, its new code for the telephone."""

    card: CardId
    state: Annotated[CardState, Strict(False)]
    suspension_code: str | None = None


class UnlockCard(Message):
    """POST /cards/unlock: one try of a PIN."""

    card: CardId
    application: ApplicationName
    pin_proof: Base64Url


class UnlockedCard(Message):
    """The ID centre's share of the application's wrapping key."""

    share: Base64Url


class Challenge(Message):
    """POST /oauth/challenge: a random challenge, good once. Units: seconds."""

    challenge: str
    expires_in: int


class TokenAnswer(Message):
    """POST /oauth/token (RFC 6749, section 5.1; RFC 9449, section 5); `issued_token_type` in an exchange (RFC 8693)."""

    access_token: str
    token_type: Literal["DPoP"]
    expires_in: int
    scope: str
    issued_token_type: str | None = None


class TokenErrorAnswer(Message):
    """An error of POST /oauth/token (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class PresentCard(Message):
    """POST /links: the card, presented at this organisation (JWS by its authentication key)."""

    presentation: str


class LinkedPerson(Message):
    """How this organisation names the person from now on."""

    reference: Reference


class RequestPseudonymTokens(Message):
    """POST /pseudonym-tokens: tokens that name the person to the given bodies."""

    reference: Reference
    bodies: Annotated[list[BodyName], Field(min_length=1, max_length=len(Body))]


class PseudonymTokens(Message):
    """One token for each body; the medical wallet key and its thumbprint when the medical centre is one of them."""

    tokens: dict[BodyName, str]
    subject: str | None
    wallet_key: Jwk | None


class RegisterSubject(Message):
    """PUT /subject: the wallet's key for the medical sector, with its own signature over {at}."""

    wallet_key: Jwk
    proof: str


class RegisteredSubject(Message):
    """The thumbprint under which writers and readers know the wallet."""

    subject: str


class AuthorizationServerMetadata(Message):
    """GET /.well-known/oauth-authorization-server (RFC 8414)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    revocation_endpoint_auth_methods_supported: list[str]
    jwks_uri: str
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    scopes_supported: list[str]


class SmartConfiguration(AuthorizationServerMetadata):
    """GET /.well-known/smart-configuration (SMART App Launch 2.2, Backend Services)."""

    capabilities: list[str]


class Jwks(Message):
    """GET /.well-known/jwks.json (RFC 7517, section 5)."""

    keys: list[Jwk]


CONFIRMATION_TYPE: Final = "sekisho-staff-confirmation+jws"
PatientNumber = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,39}$")]
"""An organisation's own number of a patient."""
LinkId = Annotated[Base64Url, Field(min_length=22, max_length=22)]
ItemText = Annotated[str, Field(min_length=1, max_length=300)]


class StaffCheck(StrEnum):
    """How the staff made sure who is there: the card's PIN, the card's photo, or a document with a photo."""

    PIN = "pin"
    PHOTO = "photo"
    DOCUMENT = "document"


class IdentityDocument(StrEnum):
    """Documents with a photo that count when there is no card."""

    DRIVING_LICENCE = "driving_licence"
    PASSPORT = "passport"
    RESIDENCE_CARD = "residence_card"
    DISABILITY_CERTIFICATE = "disability_certificate"


class LinkPatient(Message):
    """POST /patient-links: the organisation's number, name and birth date of somebody who is there now.

    `confirmation` is the operator's signed word (JWS of type CONFIRMATION_TYPE, by the operator's card);
    `presentation` the card's answer as in POST /links, when its PIN was given.
    """

    patient_number: PatientNumber
    name: ItemText
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    confirmation: str
    presentation: str | None = None


class LinkedPatient(Message):
    """The link's id (for undoing it), the reference under which the patient is named, and who to ask the registry
    about: a token good once, for the eligibility of somebody who is there now."""

    link: LinkId
    reference: Reference
    eligibility_token: str


class LinkFault(StrEnum):
    """What is wrong with a link: another person's file, another person's card, or the person knows nothing of it."""

    WRONG_PERSON = "wrong_person"
    WRONG_NUMBER = "wrong_number"
    UNKNOWN_TO_ME = "unknown_to_me"


FaultName = Annotated[LinkFault, Strict(False)]


class UndoLink(Message):
    """POST /patient-links/undo: the organisation says that the link of its patient number is wrong."""

    patient_number: PatientNumber
    fault: FaultName


class DisownLink(Message):
    """POST /patient-links/disown: the person says that a link of theirs is wrong."""

    link: LinkId
    fault: FaultName


class UndoneLink(Message):
    """The link, which counts no more; what was deposited under it is set apart at the medical centre."""

    link: LinkId


class OwnLink(Message):
    """A link of the person: where, since when (epoch seconds), how they were identified, whether it counts."""

    link: LinkId
    organisation: str
    linked_at: int
    check: Annotated[StaffCheck, Strict(False)]
    state: str


class OwnLinks(Message):
    """GET /patient-links: all links of the person, oldest first."""

    links: list[OwnLink]
