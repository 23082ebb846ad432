"""What is refused of large documents."""

from services.kit.problems import (
    BodyTooLargeError,
    ConflictError,
    ForbiddenError,
    MalformedRequestError,
    NotFoundError,
    Problem,
)
from services.medical.errors import MedicalError


class TooLargeError(MedicalError, BodyTooLargeError):
    """The announced document is over the limit."""

    problem = Problem(
        413,
        "upload_too_large",
        "The document is larger than the medical centre takes",
        "Deposit it in smaller documents; the detail names the limit.",
    )


class QuotaError(MedicalError, ConflictError):
    """The organisation has too much that it uploaded and did not deposit."""

    problem = Problem(
        409,
        "upload_quota",
        "Too much is uploaded and not deposited",
        "Deposit what is uploaded, or wait until it ends by itself.",
    )


class UploadUnknownError(MedicalError, NotFoundError):
    """No upload of this organisation has this name, or it ended, or is deposited."""

    problem = Problem(404, "upload_unknown", "There is no such upload of yours", "Begin a new upload.")


class SegmentUnknownError(MedicalError, NotFoundError):
    """The document has no segment of this number."""

    problem = Problem(
        404, "segment_unknown", "There is no segment of this number", "Segments count from 0 to the last."
    )


class SegmentSizeError(MedicalError, MalformedRequestError):
    """A segment has another size than its place asks for."""

    problem = Problem(
        400,
        "segment_size",
        "The segment has another size than its place asks for",
        "Send whole segments; only the last one is shorter.",
    )


class SegmentKnownError(MedicalError, ConflictError):
    """Another segment has arrived under this number."""

    problem = Problem(
        409,
        "segment_known",
        "Another segment has this number already",
        "Begin a new upload; one stream is sealed once.",
    )


class UploadIncompleteError(MedicalError, ConflictError):
    """Segments have not arrived yet."""

    problem = Problem(
        409,
        "upload_incomplete",
        "Segments are missing",
        "Ask for the upload's state and send what is missing.",
    )


class UploadDigestError(MedicalError, ConflictError):
    """What has arrived is not what the digest says."""

    problem = Problem(
        409,
        "upload_digest",
        "What has arrived has another digest; nothing of it was kept",
        "Seal and upload the document anew.",
    )


class StreamMissingError(MedicalError, ConflictError):
    """A deposit names a stream that the organisation has not uploaded completely, or deposited before."""

    problem = Problem(
        409,
        "stream_missing",
        "A document names segments that are not here",
        "Upload and complete the segments first; each upload is deposited once.",
    )


class TicketError(MedicalError, ForbiddenError):
    """The ticket is none, is somebody else's, or is past its time."""

    problem = Problem(
        403,
        "stream_ticket",
        "The ticket does not count",
        "Read the record again; the answer has a new ticket.",
    )
