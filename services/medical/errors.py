"""Everything the medical centre refuses, and why it could not serve."""

from services.kit.problems import ConflictError, ForbiddenError, NotFoundError, Problem, ProblemError


class MedicalError(ProblemError):
    """Base of the medical centre's errors."""


class CompartmentClosedError(MedicalError, ConflictError):
    """A bundle is sealed to a key that is no longer, or not yet, the one to use."""

    problem = Problem(
        409,
        "compartment_closed",
        "The compartment is not open for writing",
        "Fetch the keys again and seal anew.",
    )


class LabelTakenError(MedicalError, ConflictError):
    """A publication sets a label that is set, or skips a version."""

    problem = Problem(
        409, "label_taken", "A compartment's key is set once, versions count up", "Publish the next version."
    )


class BundleKnownError(MedicalError, ConflictError):
    """A bundle of this id is stored already."""

    problem = Problem(
        409,
        "bundle_known",
        "A bundle of this id is stored already",
        "Seal under a new random id, if it is another.",
    )


class DocumentVersionError(MedicalError, ConflictError):
    """A version is not the one after the stored one, or the document would change its author, category or year."""

    problem = Problem(
        409,
        "document_version",
        "Versions of a document count up from 1, in one category and year",
        "Seal the next version of the document.",
    )


class NoWalletError(MedicalError, NotFoundError):
    """The person has registered no wallet here, so there is nothing to seal to."""

    problem = Problem(
        404, "no_wallet", "The person has no wallet here", "Ask the person to set up the wallet in My Portal."
    )


class LinkUndoneError(MedicalError, ForbiddenError):
    """The link by which the organisation names the person was wrong."""

    problem = Problem(
        403,
        "link_undone",
        "The link to this person was undone",
        "Link the patient number anew, to the right person.",
    )


class SetApartMeanwhileError(MedicalError, ConflictError):
    """A part of the answer was set apart while it was on its way."""

    problem = Problem(
        409,
        "set_apart_meanwhile",
        "Records were set apart at this moment",
        "Ask again; they are left out then.",
    )


class AuthorError(MedicalError, ForbiddenError):
    """A document is not signed by the organisation that deposits it."""

    problem = Problem(
        403,
        "author_not_verified",
        "A document's author does not verify",
        "Sign with the accredited signing key.",
    )


class PublicationRefusedError(MedicalError, ForbiddenError):
    """A publication is not by the wallet that is registered here."""

    problem = Problem(
        403,
        "publication_not_verified",
        "The publication does not verify",
        "Sign it with the registered wallet.",
    )


class HeadersRefusedError(MedicalError, ForbiddenError):
    """Headers are not by the wallet that is announced, or not for the person's own records."""

    problem = Problem(
        403,
        "headers_refused",
        "These content keys are not taken",
        "Announce the wallet to come, fetch the headers again, and sign them by it.",
    )


class RenewalIncompleteError(MedicalError, ConflictError):
    """Some records are not ready for the wallet to come; everything is as before."""

    problem = Problem(
        409,
        "renewal_incomplete",
        "Records are still under the former keys",
        "Fetch the headers that are left, hand them over, and try again.",
    )


class IntegrityError(MedicalError):
    """What is stored is not what was signed and logged; nothing is released."""

    problem = Problem(
        500,
        "integrity",
        "Stored data were changed",
        "Tell the medical centre's operator; an audit names the rows.",
    )


class StoredDirectiveDamagedError(IntegrityError):
    """A directive's row is not what the person signed."""

    problem = Problem(
        500,
        "stored_directive_damaged",
        "A stored directive was changed",
        "Tell the medical centre's operator; an audit names the rows.",
    )


class StoredDocumentDamagedError(IntegrityError):
    """A record's row is not what was deposited and logged."""

    problem = Problem(
        500,
        "stored_document_damaged",
        "A stored record was changed",
        "Tell the medical centre's operator; an audit names the rows.",
    )


class StoredLogDamagedError(IntegrityError):
    """This centre's log contradicts what it signed before; nothing more is signed or released."""

    problem = Problem(
        500,
        "stored_log_damaged",
        "The log was changed",
        "Tell the medical centre's operator; an audit names the rows.",
    )
