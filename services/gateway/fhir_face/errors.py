"""What goes wrong at the FHIR face, as OperationOutcome; every refusal has a stable code and says what to do next."""

from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from services.gateway.errors import (
    AuditFileError,
    CredentialFolderError,
    GatewayError,
    NotVerifiedError,
    RefusedError,
)
from services.kit.http import PeerUnavailableError
from services.kit.problems import UnavailableError

Resource = dict[str, JsonValue]
FHIR_JSON: Final = "application/fhir+json"
CODES: Final = "urn:sekisho:code"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One kind of refusal: its stable code, the HTTP status, and FHIR's own word for it (IssueType)."""

    code: str
    status: int
    issue: str


MALFORMED: Final = Wrong("malformed_request", 400, "structure")
UNSUITABLE: Final = Wrong("unsuitable_resource", 422, "invalid")
NOT_SUPPORTED: Final = Wrong("not_supported", 400, "not-supported")
UNKNOWN_SECRET: Final = Wrong("unauthenticated", 401, "login")
NOT_FOUND: Final = Wrong("not_found", 404, "not-found")
NOT_ACCEPTABLE: Final = Wrong("not_acceptable", 406, "not-supported")
OTHER_METHOD: Final = Wrong("method_not_allowed", 405, "not-supported")
TOO_LARGE: Final = Wrong("body_too_large", 413, "too-long")
OTHER_MEDIA_TYPE: Final = Wrong("media_type", 415, "not-supported")
NOT_VERIFIED: Final = Wrong("not_verified", 502, "security")
UNREACHABLE: Final = Wrong("unavailable", 503, "transient")
NOT_NOTED: Final = Wrong("audit_file", 500, "exception")
NOT_EQUIPPED: Final = Wrong("not_equipped", 403, "forbidden")
UNEXPECTED: Final = Wrong("internal_error", 500, "exception")
SAME_DOCUMENT: Final = Wrong("document_version", 409, "duplicate")

NOT_KNOWN: Final = (
    "a body does not answer, and what it was asked for may have been done or not; try again in a moment, and search "
    "before you send anew what has no identifier"
)
"""As an answer that is lost on its way leaves no other word."""

_REFUSALS: Final = {
    "not_found": NOT_FOUND,
    "document_version": SAME_DOCUMENT,
    "bundle_known": Wrong("bundle_known", 409, "duplicate"),
    "compartment_closed": Wrong("compartment_closed", 409, "conflict"),
}


class FaceError(Exception):
    """A request is refused; `text` says what to do next and never repeats a value."""

    def __init__(self, wrong: Wrong, text: str) -> None:
        super().__init__(f"{wrong.code}: {text}")
        self.wrong = wrong
        self.text = text


EXPECTED: Final = (GatewayError, PeerUnavailableError, UnavailableError)
"""What the gateway's own work can raise; `refused` turns each into a refusal."""


def refused(error: Exception) -> FaceError:
    """Return the refusal for an error of the gateway or of a body."""
    match error:
        case RefusedError():
            return FaceError(_of_body(error), error.explanation)
        case NotVerifiedError():
            return FaceError(NOT_VERIFIED, str(error))
        case AuditFileError():
            return FaceError(NOT_NOTED, str(error))
        case CredentialFolderError():
            return FaceError(NOT_EQUIPPED, str(error))
        case PeerUnavailableError() | UnavailableError():
            return FaceError(UNREACHABLE, NOT_KNOWN)
        case _:
            return FaceError(UNEXPECTED, "nothing more is known here; look at the gateway's own output")


def _of_body(error: RefusedError) -> Wrong:
    if error.code in _REFUSALS:
        return _REFUSALS[error.code]
    if error.status < 500:
        return Wrong(error.code, 403, "forbidden")
    # not a no to this caller, and worth another try where the body says so
    return Wrong(error.code, 503, "transient") if error.status == 503 else Wrong(error.code, 502, "exception")


def outcome(error: FaceError) -> Resource:
    """Return a refusal as OperationOutcome."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": error.wrong.issue,
                "details": {"coding": [{"system": CODES, "code": error.wrong.code}], "text": error.text},
            }
        ],
    }
