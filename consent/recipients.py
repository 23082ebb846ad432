"""Whom a directive speaks of, and who asks.

A permission names one organisation, for whose key the fragments are made, and may be narrowed to one role or one
professional in it. A refusal may also speak of everybody, or of a role wherever it is held.
"""

from dataclasses import dataclass

from consent.errors import MalformedError
from consent.identifiers import OperatorId, OrganisationId


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: an organisation's professional, with the roles that the register gives them now."""

    organisation: OrganisationId
    operator: OperatorId
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a directive speaks of; `organisation` None is every organisation.

    Raises: MalformedError for a professional without an organisation (a professional's id means something in it only)
    or beside a role.
    """

    organisation: OrganisationId | None
    role: str | None = None
    professional: OperatorId | None = None

    def __post_init__(self) -> None:
        if self.professional is not None and self.organisation is None:
            raise MalformedError("Name the organisation in which the professional works.")
        if self.professional is not None and self.role is not None:
            raise MalformedError("Name a professional or a role, not both.")

    def required(self) -> OrganisationId:
        """Return the organisation. Raises: MalformedError if it is everybody."""
        if self.organisation is None:
            raise MalformedError("Name an organisation: keys cannot be made for everybody.")
        return self.organisation

    def addresses(self, reader: Reader) -> bool:
        """Whether the directive speaks of this reader."""
        return (
            self.organisation in (None, reader.organisation)
            and self.professional in (None, reader.operator)
            and (self.role is None or self.role in reader.roles)
        )

    def within(self, other: "Recipient") -> bool:
        """Whether `other` speaks of everybody whom this one speaks of, both addressing one reader.

        A professional counts as narrower than a role: both address the same reader, who holds that role.
        """
        return (
            other.organisation in (None, self.organisation)
            and other.professional in (None, self.professional)
            and (other.role in (None, self.role) or self._names_one_where(other))
        )

    def _names_one_where(self, other: "Recipient") -> bool:
        return self.professional is not None and other.professional is None


EVERYBODY = Recipient(None)
"""Every organisation and everybody in it; for refusals."""
