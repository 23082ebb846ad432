"""Messages of the medical centre. Binary members are `bytes` inside and base64url on the wire."""

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from consent import base64url
from consent.errors import MalformedError
from consent.vocabulary import Body, Category
from services.contracts.emergency_evidence import EmergencyEvidence
from services.contracts.released import WrongRelease
from services.kit.encoding import Message

RECEIPT_TYPE = "sekisho-deposit-receipt+jws"
MAX_BUNDLES = 1000
MAX_DOCUMENTS = 5000


def _octets(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        if isinstance(value, str):
            return base64url.decode(value)
    except MalformedError as error:
        raise ValueError(str(error)) from error
    raise ValueError("base64url text is expected, without padding")


Octets = Annotated[bytes, BeforeValidator(_octets), PlainSerializer(base64url.encode, return_type=str)]
Name = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
MediaType = Annotated[str, Field(pattern=r"^[ -~]{1,128}$")]
Label = Annotated[str, Field(max_length=40)]
SignedText = Annotated[str, Field(min_length=1, max_length=1 << 20)]
BodyName = Annotated[Body, Field(strict=False)]
Jwk = dict[str, str]


class Publication(Message):
    """PUT /compartments: the wallet's signed compartment keys."""

    publication: SignedText


class Publications(Message):
    """Answer of PUT and GET /compartments: all that is published, oldest first."""

    publications: list[str]


class CategoryYear(Message):
    """Records of one category and year."""

    category: Annotated[Category, Field(strict=False)]
    year: int


class CompartmentSearch(Message):
    """POST /compartments/search (D2): under which keys to seal for the person whom the token names."""

    token: SignedText
    compartments: Annotated[list[CategoryYear], Field(max_length=1000)] | None = None


class CompartmentKeys(Message):
    """Answer of the search: signed publications, and which label is open for each `category/year`."""

    publications: list[str]
    open: dict[str, str]


class DocumentMessage(Message):
    """One sealed document."""

    id: Name
    version: Annotated[int, Field(ge=1, lt=2**31)]
    media_type: MediaType
    nonce: Octets
    ciphertext: Octets
    signature: Octets


class BundleMessage(Message):
    """One sealed bundle; subject and author are those of the deposit."""

    id: Name
    compartment: Label
    message_kit: Octets
    documents: Annotated[list[DocumentMessage], Field(min_length=1, max_length=MAX_DOCUMENTS)]


class DepositRequest(Message):
    """POST /deposits (D4)."""

    token: SignedText
    bundles: Annotated[list[BundleMessage], Field(min_length=1, max_length=MAX_BUNDLES)]


class DepositAnswer(Message):
    """Answer of POST /deposits (D7): the receipt is a JWS of type `RECEIPT_TYPE` by the medical centre."""

    receipt: str
    stored: int


class OwnDeposit(Message):
    """POST /own-deposits (the person): bundles whose author is the person's own wallet key."""

    bundles: Annotated[list[BundleMessage], Field(min_length=1, max_length=MAX_BUNDLES)]


class LogIndex(Message):
    """Where an entry stands in the body's log."""

    index: int


class DepositReceipt(Message):
    """Payload of a deposit receipt."""

    bundles: list[str]
    documents: list[str]
    log: LogIndex


class FirstRead(Message):
    """F5: the read that is asked again: what was signed for it, and which entry of the log has it."""

    statement: SignedText
    entry: Annotated[int, Field(ge=0, lt=2**62)]


class ReadRequest(Message):
    """POST /reads (R2): the signed access statement, and one pseudonym token for each body it names (R1).

    An emergency relay shows `emergency`; its tokens are those of the hospital that asks. `wrong` shows that a second
    body handed out a wrong fragment for an earlier read of the same: it is not asked again. With `first` the two are
    one use of a permission that counts its uses.
    """

    statement: SignedText
    tokens: dict[BodyName, SignedText] = Field(default_factory=dict)
    emergency: EmergencyEvidence | None = None
    wrong: WrongRelease | None = None
    first: FirstRead | None = None


class SealedAsMessage(Message):
    """What the author sealed a bundle as, when its content key was handed to another wallet key since."""

    subject: str
    compartment: Label
    kit_digest: Octets


class ReadBundle(Message):
    """One bundle of an answer: what is stored of it, and the capsule fragments of two bodies."""

    id: str
    compartment: str
    author: str
    subject: str
    message_kit: Octets
    documents: list[DocumentMessage]
    fragments: dict[BodyName, Octets]
    sealed_as: SealedAsMessage | None = None


class ReadAnswer(Message):
    """Answer of POST /reads (R8); `renewals` prove the former wallet keys of bundles that have `sealed_as`.

    `tickets`: by the id of each document that stands for a large one, what its segments are fetched with; `released`:
    what each of the two bodies signed of its fragments (`contracts.released`).
    """

    bundles: list[ReadBundle]
    publications: list[str]
    renewals: list[str] = Field(default_factory=list)
    reader_notice: str
    wallet: Jwk | None
    log: LogIndex
    tickets: dict[str, str] = Field(default_factory=dict)
    released: dict[BodyName, str] = Field(default_factory=dict)


class OwnRecordsRequest(Message):
    """POST /own-records (the person): of which categories and years, all where none are named; from which place on."""

    categories: Annotated[list[Annotated[Category, Field(strict=False)]], Field(max_length=20)] | None = None
    first_year: Annotated[int, Field(ge=0, le=9999)] = 0
    last_year: Annotated[int, Field(ge=0, le=9999)] = 9999
    start: Annotated[int, Field(ge=0, lt=2**62)] = 0


class OwnRecords(Message):
    """Answer of POST /own-records: newest versions, still sealed; `next` is where the next part begins, if any."""

    bundles: list[ReadBundle]
    next: int | None
    log: LogIndex


class AskOwnSegment(Message):
    """POST /own-records/segments (the person): which segment (from 0) of an own large document."""

    document: Name
    version: Annotated[int, Field(ge=1, lt=2**31)]
    number: Annotated[int, Field(ge=0, lt=2**31)]


class OwnSegment(Message):
    """Answer of POST /own-records/segments: the segment, sealed."""

    content: Octets


class GrantEntry(Message):
    """One permission for the caller's organisation, without anything that names the person."""

    grant: str
    handles: dict[BodyName, Octets]
    reader_notice: str
    subject_key: Jwk


class Grants(Message):
    """Answer of GET /grants."""

    grants: list[GrantEntry]


class SetApart(Message):
    """POST /links/set-apart (ID centre): the link that the token names was wrong; whose it was, and in what way."""

    token: SignedText
    organisation: Name
    fault: Name


class WasSetApart(Message):
    """How many documents are set apart now because of this link, counted again when it is asked again."""

    documents: int


class ApartNotice(Message):
    """Documents that were deposited under a wrong link by `author`, and when the told organisation read among them.

    An organisation that read nothing is the author itself.
    """

    author: Name
    fault: Name
    documents: list[str]
    reads: list[str]
    at: str


class ApartNotices(Message):
    """GET /set-apart: everything that concerns the caller's organisation, oldest first."""

    notices: list[ApartNotice]
