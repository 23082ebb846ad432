"""Errors of the oversight body; `code` is what the wire calls them."""

from typing import ClassVar


class OversightError(Exception):
    """Base of what is refused here."""

    code: ClassVar[str] = "refused"


class AlreadyAccreditedError(OversightError):
    """The identifier is in the register already."""

    code = "already_accredited"


class UnknownEntryError(OversightError):
    """The register has no such organisation, terminal or operator."""

    code = "not_found"


class RolesNotAllowedError(OversightError):
    """The organisation's kind does not allow one of the roles."""

    code = "roles_not_allowed"


class NotInFutureError(OversightError):
    """The accreditation would be over at once."""

    code = "not_in_future"


class NotPresentedError(OversightError):
    """A role needs to know which human has it, and the presentation is missing or not genuine."""

    code = "not_presented"


class RegisterChangedError(OversightError):
    """A stored entry of the register does not open: somebody edited it."""

    code = "stored_data_changed"
