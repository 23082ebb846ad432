"""Messages of the oversight body's register (accreditation, suspension) and its bootstrap file.

Times are epoch seconds. Kinds and roles are taken as text, because JSON has no enumerations.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.oversight.register import (
    BodyEntry,
    FormerKey,
    Jwk,
    Kind,
    Operator,
    Organisation,
    PolicyEdition,
    Role,
    Terminal,
)
from services.kit.encoding import Base64Url, Message

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
KindName = Annotated[Kind, Field(strict=False)]
RoleName = Annotated[Role, Field(strict=False)]
PolicyDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Days = Annotated[int, Field(ge=1, le=825)]
Moment = Annotated[int, Field(ge=0, le=2**40)]
"""Epoch seconds. An edition with a number over 2^53 has no canonical JSON: nobody could sign it, and all would stop."""


class Accredited(StrEnum):
    """What is accredited and can be suspended."""

    ORGANISATION = "organisation"
    TERMINAL = "terminal"
    OPERATOR = "operator"


class RegisterAnswer(Message):
    """GET /register: the newest edition, signed (typ `sekisho-register+jws`)."""

    edition: str = Field(alias="register")


class OrganisationAccreditation(Message):
    """An organisation to be entered (proposal `enter`)."""

    id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: KindName
    expires: Moment
    signing_key: Jwk | None = None
    receiving_key: Base64Url | None = None


class OrganisationKeys(Message):
    """Proposal `change-keys`: new keys; what was sealed and delegated for the old ones stays as it is.

    `former` says whether what the present signing key signed stays genuine.
    """

    id: Name
    signing_key: Jwk | None
    receiving_key: Base64Url | None
    former: Annotated[FormerKey, Field(strict=False)] = FormerKey.KEPT


class TerminalAccreditation(Message):
    """A terminal to be entered: a P-256 key to be certified for `days`."""

    id: Name
    organisation: Name
    public_key: Jwk
    days: Days


class TerminalAccredited(Message):
    """The TLS client certificate and the authority's certificate, both PEM."""

    certificate: str
    authority: str


class OperatorAccreditation(Message):
    """An operator to be entered, with the P-256 key of their card.

    `presentation` is the ID centre's word that a human presented their own card for this one; a supervisor needs it.
    """

    id: Name
    organisation: Name
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=16)]
    card_key: Jwk
    expires: Moment
    presentation: Annotated[str, Field(max_length=4000)] | None = None


class StandingChange(Message):
    """Proposals `suspend` and `resume`; `organisation` is needed for an operator."""

    kind: Annotated[Accredited, Field(strict=False)]
    id: Name
    organisation: Name | None = None


class RolesChange(Message):
    """Proposal `roles`: the roles that the operator has from now on."""

    organisation: Name
    id: Name
    roles: Annotated[list[RoleName], Field(max_length=16)]


class PolicyApproval(Message):
    """Proposal `approve-policies`: an edition of services/policies, by its digest (`sekisho policies`)."""

    digest: PolicyDigest
    note: Reason


class PolicyRetirement(Message):
    """Proposal `retire-policies`: programs with this edition serve no operator any more."""

    digest: PolicyDigest


class HandInReport(Message):
    """POST /reports: a report that was demanded from the caller's organisation."""

    report: Name
    text: Annotated[str, Field(min_length=1, max_length=100_000)]


class HandedIn(Message):
    """GET /reports/{organisation}/{report}."""

    organisation: str
    operator: str
    text: str


class Changed(Message):
    """The edition of the register from which a change holds."""

    serial: int


class Bootstrap(Message):
    """The file that a register begins with: the bodies, and whoever is accredited from the beginning."""

    bodies: list[BodyEntry]
    organisations: list[Organisation] = Field(default_factory=list)
    terminals: list[Terminal] = Field(default_factory=list)
    operators: list[Operator] = Field(default_factory=list)
    policies: list[PolicyEdition] = Field(default_factory=list)
