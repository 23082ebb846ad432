"""The one table from this body's errors to problem documents."""

from consent.errors import MalformedError
from services.contracts.oversight.powers import UnchangedError
from services.kit.certificates import CertificateError
from services.kit.problems import MalformedRequestError, NotFoundError, Problem
from services.oversight import errors

PROBLEMS: dict[type[Exception], Problem] = {
    errors.AlreadyAccreditedError: Problem(
        409, errors.AlreadyAccreditedError.code, "This is accredited already", "Choose another identifier."
    ),
    errors.UnknownEntryError: NotFoundError.problem,
    errors.RolesNotAllowedError: Problem(
        409, errors.RolesNotAllowedError.code, "The organisation cannot have this role", "Leave the role out."
    ),
    errors.NotInFutureError: Problem(
        409, errors.NotInFutureError.code, "The accreditation would be over at once", "Set a later end."
    ),
    errors.NotPresentedError: Problem(
        409,
        errors.NotPresentedError.code,
        "It must be known which human this is",
        "Have the person present their own card at the ID centre (sekisho present-operator).",
    ),
    UnchangedError: Problem(409, "nothing_to_change", "It is so already", "Look at the register."),
    errors.RegisterChangedError: Problem(
        500,
        errors.RegisterChangedError.code,
        "What is stored here was changed",
        "Run the audit and restore the row.",
    ),
    MalformedError: MalformedRequestError.problem,
    CertificateError: MalformedRequestError.problem,
}
