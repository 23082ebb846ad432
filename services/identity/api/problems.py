"""How the wire words the ID centre's errors; the token endpoint has words of its own (RFC 6749)."""

from collections.abc import Mapping
from typing import Final

from consent.errors import MalformedError, SignatureError
from consent.explanations import RefusalCode
from services.identity.errors import (
    CapacityError,
    CardApplicationsError,
    CardExistsError,
    CardNotUsableError,
    CardTransitionError,
    ConfirmationError,
    ConsentRefusedError,
    DeceasedError,
    GuardianOfferError,
    NoCardError,
    NoSectorError,
    NotDeceasedError,
    NotResidentError,
    PasskeyRefusedError,
    PatientNumberTakenError,
    PinLockedError,
    PresenceError,
    PresentationError,
    RoleMissingError,
    SectorBusyError,
    SubjectTakenError,
    TokenKeyBusyError,
    TooManyChecksError,
    TooManyGuardiansError,
    TooManyPasskeysError,
    TooManyPeopleError,
    TooManyTriesError,
    UnknownGuardianshipError,
    UnknownLinkError,
    UnknownReferenceError,
    WardUnknownError,
)
from services.kit.columns import ColumnError
from services.kit.problems import ForbiddenError, Problem

TO_THE_COUNTER: Final = "Go to the municipality's counter with the card."

PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    UnknownReferenceError: Problem(
        404, "not_found", "Nobody under that reference", "Have the card presented at your organisation."
    ),
    RoleMissingError: Problem(
        403, RefusalCode.ROLE_MISSING.value, "A role is missing", "Ask the organisation's administrator."
    ),
    PinLockedError: Problem(403, "pin_locked", "This card application is locked", TO_THE_COUNTER),
    CardNotUsableError: Problem(403, "card_not_usable", "This card is not usable", TO_THE_COUNTER),
    PasskeyRefusedError: Problem(
        403, "passkey_refused", "The passkey is not accepted", "Try again, on the page of My Portal."
    ),
    TooManyPasskeysError: Problem(
        409, "too_many_passkeys", "You have too many passkeys", "Remove one that you do not use."
    ),
    PresentationError: Problem(403, "presentation_refused", "The card is not accepted", "Read it again."),
    ConsentRefusedError: Problem(
        403,
        "consent_refused",
        "The card's consent is not accepted",
        "Have the person sign for your offer anew.",
    ),
    CardApplicationsError: Problem(
        400, "card_applications", "A card has two applications", "Send one key and verifier for each."
    ),
    CardTransitionError: Problem(409, "card_state", "The card cannot change so", "Look at its state."),
    NoSectorError: Problem(
        409, "no_sector", "This body keeps nothing about people", "Name a body that does."
    ),
    SectorBusyError: Problem(
        409, "sector_busy", "The sector's key is being changed", "Wait until the change has ended."
    ),
    TokenKeyBusyError: Problem(
        409, "token_key_busy", "Another key for tokens is planned", "Wait until it has taken over."
    ),
    CardExistsError: Problem(409, "card_exists", "The person has a card", "Revoke that card first."),
    PresenceError: Problem(
        403,
        "presence_refused",
        "The holder's presence is not proved",
        "Have the card's other PIN entered here.",
    ),
    TooManyTriesError: Problem(429, "too_many_tries", "Too many tries", "Wait some minutes and call again."),
    NoCardError: Problem(404, "no_card", "There is no card", TO_THE_COUNTER),
    NotResidentError: Problem(
        409, "not_resident", "The person is not in the registry", "Register the person there first."
    ),
    SubjectTakenError: Problem(
        409, "subject_taken", "Another wallet is registered", "Use the wallet that was registered first."
    ),
    UnknownLinkError: Problem(
        404, "not_found", "No such link", "Look at the patient number, or at the links in My Portal."
    ),
    TooManyPeopleError: Problem(
        413, "too_many_people", "Too many people in one request", "Send several requests with fewer people."
    ),
    ConfirmationError: Problem(
        403, "confirmation_refused", "The staff's confirmation is not accepted", "Confirm the patient anew."
    ),
    PatientNumberTakenError: Problem(
        409,
        "patient_number_taken",
        "The patient number is somebody else's",
        "Undo the other link if it is wrong.",
    ),
    TooManyChecksError: Problem(
        429, "too_many_checks", "Too many checks without a PIN", "Have the person give the card's PIN."
    ),
    GuardianOfferError: Problem(
        403,
        "guardian_offer_refused",
        "The guardian's offer is not accepted",
        "Have the guardian make it anew.",
    ),
    WardUnknownError: Problem(
        409, "ward_unknown", "The person's age is not known yet", "Look the ward up first, then propose."
    ),
    CapacityError: Problem(
        409, "capacity_refused", "Nobody is entered so", "Compare capacity, evidence and both ages."
    ),
    TooManyGuardiansError: Problem(409, "too_many_guardians", "There are guardians enough", "End one first."),
    UnknownGuardianshipError: Problem(
        404, "not_found", "No such guardianship", "Look the ward up and take the id from there."
    ),
    DeceasedError: Problem(
        409,
        "person_deceased",
        "The death is entered",
        "There is nothing left to do; if it is wrong, two supervisors take it back (correct-death).",
    ),
    NotDeceasedError: Problem(
        409, "death_unknown", "No death is entered", "Look at the reference; there is nothing to take back."
    ),
    SignatureError: Problem(403, "signature_refused", "The signature is not accepted", "Sign it again."),
    ColumnError: Problem(
        500, "stored_data_changed", "What is stored here was changed", "Tell the operator to run the audit."
    ),
    MalformedError: Problem(400, "malformed_request", "The request cannot be read", "Correct it."),
}


class WrongPinProblemError(ForbiddenError):
    """See `WrongPinError`; carries the member `tries_left`."""

    problem = Problem(403, "wrong_pin", "The PIN is wrong", "Try again with care; the card locks itself.")


class IdentityMismatchProblemError(ForbiddenError):
    """See `IdentityMismatchError`; carries the member `items`."""

    problem = Problem(
        403,
        "identity_mismatch",
        "This is another person",
        "Look at whose patient number it is; nothing is linked.",
    )
