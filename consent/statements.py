"""Access statements: what a reader signs with the operator's card before it may read.

R2 sign statement: who asks, from which terminal, for what, on which ground. Every body that takes part
in the read verifies the same signed text itself, and the log keeps it as evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal, Self, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from pydantic import Field

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.compartments import YearSpan
from consent.errors import MalformedError, StatementError, StatementFault
from consent.identifiers import DirectiveId, DocumentId, OperatorId, OrganisationId, TerminalId
from consent.instants import whole_second, write
from consent.purposes import named
from consent.staff import StaffMask, StaffWire
from consent.terms import YearsWire, unique, years_payload
from consent.vocabulary import Body, Category, Purpose
from consent.wire import Identifier, Instant, Octets, WireModel, parse

ACCESS: Final = "sekisho-access+jws"

CLOCK_SKEW: Final = timedelta(seconds=5)
"""How far ahead of the verifier's clock a statement may be dated."""

_SHORTEST_NONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Selection:
    """All records of some categories over a span of years. Raises: MalformedError if it is empty."""

    categories: frozenset[Category]
    years: YearSpan

    def __post_init__(self) -> None:
        if not self.categories:
            raise MalformedError("Name at least one category.")


@dataclass(frozen=True, slots=True)
class DocumentSelection:
    """Single documents. Raises: MalformedError if it is empty."""

    ids: frozenset[DocumentId]

    def __post_init__(self) -> None:
        if not self.ids:
            raise MalformedError("Name at least one document.")


def token_digest(token: str) -> str:
    """Name a pseudonym token without repeating it. Shape: 43 characters, base64url of SHA-256."""
    return base64url.encode(sha256(token.encode()).digest())


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """The person, named to each body by the digest of the pseudonym token that travels beside."""

    tokens: Mapping[Body, str]

    @classmethod
    def of_tokens(cls, tokens: Mapping[Body, str]) -> Self:
        """Take the digests of the tokens themselves."""
        return cls({body: token_digest(token) for body, token in tokens.items()})

    def names(self, body: Body, token: str) -> bool:
        """Whether this is the token that the reader meant for this body."""
        return self.tokens.get(body) == token_digest(token)


@dataclass(frozen=True, slots=True)
class GrantSubject:
    """The person, named by the medical centre's copy of a directive and the handles of the others."""

    grant: DirectiveId
    handles: Mapping[Body, bytes]


@dataclass(frozen=True, slots=True)
class AccessStatement:
    """What the reader says it does; `staff` is how the person is shown the operator.

    Units: `issued_at` rounded down to whole seconds, UTC. Shape: `nonce` base64url of 16 bytes or more.
    """

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    selection: Selection | DocumentSelection
    purpose: Purpose
    subject: TokenSubject | GrantSubject
    issued_at: datetime
    nonce: str
    audience: str
    staff: StaffMask

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", whole_second(self.issued_at))
        if len(base64url.decode(self.nonce)) < _SHORTEST_NONCE:
            raise MalformedError("A statement's nonce has at least 16 random bytes.")


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement that the operator's card has signed, in time; made by `UnverifiedStatement.verify` only.

    Shape: `digest` 32 bytes, SHA-256 of the signed part: the same at every body, whatever signature
    the card happened to produce.
    """

    statement: AccessStatement
    jws: str
    kid: str
    digest: bytes


class _SelectionWire(WireModel):
    kind: Literal["records"]
    categories: list[Category]
    years: YearsWire

    def to_selection(self) -> Selection:
        unique(self.categories)
        return Selection(frozenset(self.categories), self.years.to_span())


class _DocumentsWire(WireModel):
    kind: Literal["documents"]
    ids: list[Identifier]

    def to_selection(self) -> DocumentSelection:
        unique(self.ids)
        return DocumentSelection(frozenset(map(DocumentId, self.ids)))


class _TokensWire(WireModel):
    kind: Literal["tokens"]
    tokens: dict[Body, Identifier]

    def to_subject(self) -> TokenSubject:
        return TokenSubject(self.tokens)


class _GrantWire(WireModel):
    kind: Literal["grant"]
    grant: Identifier
    handles: dict[Body, Octets]

    def to_subject(self) -> GrantSubject:
        return GrantSubject(DirectiveId(self.grant), self.handles)


_AnySelection: TypeAlias = Annotated[_SelectionWire | _DocumentsWire, Field(discriminator="kind")]
_AnySubject: TypeAlias = Annotated[_TokensWire | _GrantWire, Field(discriminator="kind")]


class _StatementWire(WireModel):
    organisation: Identifier
    operator: Identifier
    terminal: Identifier
    selection: _AnySelection
    purpose: Identifier
    subject: _AnySubject
    issued_at: Instant
    nonce: Identifier
    audience: Identifier
    staff: StaffWire


def _selection_payload(selection: Selection | DocumentSelection) -> JsonObject:
    if isinstance(selection, DocumentSelection):
        return {"kind": "documents", "ids": sorted(selection.ids)}
    return {
        "kind": "records",
        "categories": sorted(selection.categories),
        "years": years_payload(selection.years),
    }


def _subject_payload(subject: TokenSubject | GrantSubject) -> JsonObject:
    if isinstance(subject, TokenSubject):
        tokens: JsonObject = {str(body): digest for body, digest in subject.tokens.items()}
        return {"kind": "tokens", "tokens": tokens}
    handles: JsonObject = {body: base64url.encode(handle) for body, handle in subject.handles.items()}
    return {"kind": "grant", "grant": subject.grant, "handles": handles}


def statement_payload(statement: AccessStatement) -> JsonObject:
    """Write a statement for signing, here or by a card elsewhere."""
    return {
        "organisation": statement.organisation,
        "operator": statement.operator,
        "terminal": statement.terminal,
        "selection": _selection_payload(statement.selection),
        "purpose": statement.purpose,
        "subject": _subject_payload(statement.subject),
        "issued_at": write(statement.issued_at),
        "nonce": statement.nonce,
        "audience": statement.audience,
        "staff": statement.staff.payload(),
    }


def sign_statement(statement: AccessStatement, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """R2: sign with the operator's card key; `kid` names the card's certificate."""
    return jws.sign(statement_payload(statement), typ=ACCESS, key=key, kid=kid)


@dataclass(frozen=True, slots=True)
class UnverifiedStatement:
    """A statement as it arrives."""

    jws: str

    @property
    def kid(self) -> str:
        """The certificate it claims to be signed with; proves nothing."""
        return jws.peek_kid(self.jws)

    def verify(
        self,
        public_key: EllipticCurvePublicKey,
        now: datetime,
        max_age: timedelta,
        *,
        audience: str | None = None,
    ) -> VerifiedStatement:
        """Check signature, form and time; with `audience` also for whom it is.

        Guarantees: nothing about replay (the caller keeps nonces for `max_age`), nor about whose card
        the key is (the caller has it from a valid certificate and compares operator and organisation).
        Raises: SignatureError, MalformedError, UnknownPurposeError, or StatementError saying what to change.
        """
        verified = jws.verify(self.jws, typ=ACCESS, key=public_key)
        statement = _read(verified.payload)
        if statement.issued_at > now + CLOCK_SKEW:
            raise StatementError(StatementFault.NOT_YET_VALID)
        if now - statement.issued_at > max_age:
            raise StatementError(StatementFault.EXPIRED)
        if audience is not None and statement.audience != audience:
            raise StatementError(StatementFault.WRONG_AUDIENCE)
        return VerifiedStatement(statement, self.jws, verified.kid, verified.digest)


def _read(payload: bytes) -> AccessStatement:
    wire = parse(_StatementWire, payload)
    return AccessStatement(
        organisation=OrganisationId(wire.organisation),
        operator=OperatorId(wire.operator),
        terminal=TerminalId(wire.terminal),
        selection=wire.selection.to_selection(),
        purpose=named(wire.purpose),
        subject=wire.subject.to_subject(),
        issued_at=wire.issued_at,
        nonce=wire.nonce,
        audience=wire.audience,
        staff=wire.staff.to_mask(),
    )
