"""What two officials enter into the register: organisations with their terminals and operators, and bodies."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue

from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.register import Jwk, Role
from services.kit.encoding import Message

AT_ONCE = 32
CERTIFICATES, AUTHORITY = "certificates", "authority"


class Entering(Message):
    """Proposal `enter`: all of it is entered together, or nothing."""

    organisations: Annotated[list[OrganisationAccreditation], Field(max_length=AT_ONCE)] = Field(
        default_factory=list
    )
    terminals: Annotated[list[TerminalAccreditation], Field(max_length=AT_ONCE)] = Field(default_factory=list)
    operators: Annotated[list[OperatorAccreditation], Field(max_length=AT_ONCE)] = Field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is to be entered."""
        return not (self.organisations or self.terminals or self.operators)


class PresentedOperator(Message):
    """An operator to be entered, with the pseudonym of whoever presented their own card for them, if anybody did."""

    id: str
    organisation: str
    roles: list[Role]
    card_key: Jwk
    expires: int
    person_tag: str | None

    @classmethod
    def of(cls, asked: OperatorAccreditation, person_tag: str | None) -> "PresentedOperator":
        """Return what stands when a presentation, which lasts a moment only, was looked at."""
        told = {name: value for name, value in asked if name != "presentation"}
        return cls(person_tag=person_tag, **told)


class Presented(Message):
    """`Entering` as it waits for its approval."""

    organisations: list[OrganisationAccreditation]
    terminals: list[TerminalAccreditation]
    operators: list[PresentedOperator]


def outcome_of(*, serial: int, certificates: Mapping[str, str], authority: str) -> dict[str, JsonValue]:
    """Return what is told of an entering; certificates are PEM, by terminal."""
    if not certificates:
        return {"serial": serial}
    return {"serial": serial, CERTIFICATES: dict(certificates), AUTHORITY: authority}


def certified(outcome: Mapping[str, JsonValue] | None, terminal: str) -> TerminalAccredited | None:
    """Return the certificate that an approved entering gave a terminal, if it is told of one."""
    told = (outcome or {}).get(CERTIFICATES)
    if not isinstance(told, dict) or terminal not in told:
        return None
    return TerminalAccredited.model_validate(
        {"certificate": told[terminal], "authority": (outcome or {}).get(AUTHORITY)}
    )
