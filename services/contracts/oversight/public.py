"""The register as everybody may read it: organisations with terms and sanctions, bodies; operators as numbers only."""

from collections import Counter
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from consent import jws
from consent.errors import SignatureError
from consent.vocabulary import Body
from services.contracts.oversight.register import BodyEntry, Kind, Organisation, Register, Role
from services.contracts.oversight.terms import Agreement, ReportDemand, Sanction
from services.kit.encoding import Message
from services.kit.problems import UnavailableError

PUBLIC_REGISTER_TYPE = "sekisho-public-register+jws"
KindName = Annotated[Kind, Field(strict=False)]
BodyName = Annotated[Body, Field(strict=False)]
RoleName = Annotated[Role, Field(strict=False)]


class PublicRegisterAnswer(Message):
    """GET /register/public: the newest edition, signed (typ `sekisho-public-register+jws`)."""

    edition: str = Field(alias="register")


class PublicOrganisation(Message):
    """One organisation; `operators` counts those in force by role. Times are epoch seconds."""

    id: str
    name: str
    kind: KindName
    active: bool
    revoked: bool
    expires: int
    scope: list[BodyName] | None
    tasks: list[RoleName] | None
    withheld: list[BodyName]
    agreement: Agreement | None
    sanctions: list[Sanction]
    reports: list[ReportDemand]
    operators: dict[RoleName, int]
    terminals: int


class PublicRegister(Message):
    """One edition; `bodies` with the keys by which everybody checks what they sign."""

    serial: int
    issued_at: int
    organisations: list[PublicOrganisation]
    bodies: list[BodyEntry]


def public_register(register: Register) -> PublicRegister:
    """Return what of an edition is for everybody: no operator, terminal, card or person tag."""
    shown = [shown_organisation(register, each) for each in register.organisations]
    return PublicRegister(
        serial=register.serial, issued_at=register.issued_at, organisations=shown, bodies=register.bodies
    )


def shown_organisation(register: Register, each: Organisation) -> PublicOrganisation:
    """Return what everybody may read of one organisation."""
    staff = [one for one in register.operators if one.organisation == each.id and one.active]
    roles = Counter(role for one in staff for role in one.roles)
    return PublicOrganisation(
        id=each.id,
        name=each.name,
        kind=each.kind,
        active=each.active,
        revoked=each.revoked,
        expires=each.expires,
        scope=each.scope,
        tasks=each.tasks,
        withheld=each.withheld,
        agreement=each.agreement,
        sanctions=each.sanctions,
        reports=each.reports,
        operators={role: roles[role] for role in sorted(roles)},
        terminals=sum(one.organisation == each.id and one.active for one in register.terminals),
    )


def verify_public_register(token: str, *, key: Ed25519PublicKey) -> PublicRegister:
    """Return an edition that the oversight body signed. Raises: UnavailableError."""
    try:
        return PublicRegister.model_validate_json(
            jws.verify(token, typ=PUBLIC_REGISTER_TYPE, key=key).payload
        )
    except (SignatureError, ValidationError) as error:
        raise UnavailableError("the public register does not verify") from error
