"""What can go wrong at the ID centre."""

from enum import StrEnum


class IdentityError(Exception):
    """Base of the ID centre's errors."""


class OAuthCode(StrEnum):
    """Error codes of the token endpoint (RFC 6749 section 5.2, RFC 8707 section 2, RFC 9449 sections 5 and 8).

    The last two are ours: a guardian who signs in for a ward is told them, with status 400.
    """

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"
    GUARDIAN_UNKNOWN = "guardian_unknown"
    GUARDIANSHIP_ENDED = "guardianship_ended"


class OAuthError(IdentityError):
    """A token request is refused; `code` goes to the wire as it is."""

    def __init__(self, code: OAuthCode, description: str) -> None:
        super().__init__(description)
        self.code = code


class NoSectorError(IdentityError):
    """This body keeps nothing about people, so it has no key to change."""


class SectorBusyError(IdentityError):
    """The key of this sector is being changed already."""


class TokenKeyBusyError(IdentityError):
    """Another key for access tokens is planned already."""


class UnknownReferenceError(IdentityError):
    """The organisation has no person under this reference."""

    def __init__(self) -> None:
        super().__init__("your organisation has nobody under that reference; have the card presented")


class TooManyPeopleError(IdentityError):
    """More people are to be named in one request than this centre names at once; nobody was named."""

    def __init__(self, most: int) -> None:
        super().__init__(f"name at most {most} people in one request")


class RoleMissingError(IdentityError):
    """The operator's roles do not allow this; the person sees the refusal."""

    def __init__(self) -> None:
        super().__init__("the operator does not have the role for this")


class WrongPinError(IdentityError):
    """The PIN is wrong, or there is no such card: nobody learns which."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("the PIN is wrong")
        self.tries_left = tries_left


class PinLockedError(IdentityError):
    """Too many wrong PINs."""


class CardNotUsableError(IdentityError):
    """The card is suspended, revoked or past its date."""


class PresentationError(IdentityError):
    """The presentation is not by a usable card for this organisation, or its challenge is used up."""

    def __init__(self) -> None:
        super().__init__("the card's answer is not acceptable here and now")


class ConsentRefusedError(IdentityError):
    """The consent is not by a card's signature application, for this organisation, in time."""

    def __init__(self) -> None:
        super().__init__("the card's consent is not acceptable here and now")


class PasskeyRefusedError(IdentityError):
    """What the device made is not for this page and challenge, or is known already."""

    def __init__(self) -> None:
        super().__init__("the passkey cannot be added")


class TooManyPasskeysError(IdentityError):
    """The person has as many passkeys as one may have."""

    def __init__(self) -> None:
        super().__init__("remove a passkey that you do not use first")


class ChallengeError(IdentityError):
    """The challenge is not ours, or too old."""


class CardApplicationsError(IdentityError):
    """A card has exactly the applications that are asked for, each with a P-256 key of its own."""


class CardTransitionError(IdentityError):
    """The card cannot change this way from its present state."""


class PresenceError(IdentityError):
    """The card's other application did not sign for this, here and now; the holder sees the refusal."""

    def __init__(self) -> None:
        super().__init__("the card's other application must sign for this at your counter, now")


class TooManyTriesError(IdentityError):
    """Too many telephone codes were tried in a while."""


class NoCardError(IdentityError):
    """The person has no card that is not revoked."""


class CardExistsError(IdentityError):
    """The person has a card already; it is revoked before there is another."""


class NotResidentError(IdentityError):
    """The registry does not know the person yet."""


class SubjectTakenError(IdentityError):
    """Another wallet is registered for the person."""


class ConfirmationError(IdentityError):
    """The staff's confirmation is not this operator's, not about this patient here and now, or lacks its evidence."""

    def __init__(self) -> None:
        super().__init__("the confirmation by the staff is not acceptable; make it anew, for this patient")


class IdentityMismatchError(IdentityError):
    """What the organisation knows of its patient is not what the registry knows; `items` only when a card names who."""

    def __init__(self, items: tuple[str, ...]) -> None:
        super().__init__(
            "name and birth date are not those of the person; look at whose patient number it is"
        )
        self.items = items


class PatientNumberTakenError(IdentityError):
    """The number is linked to another person; that link is undone first, if it is wrong."""

    def __init__(self) -> None:
        super().__init__("the patient number is linked to somebody else; undo that link first if it is wrong")


class TooManyChecksError(IdentityError):
    """The operator has had name and birth date checked without a PIN too often today."""

    def __init__(self) -> None:
        super().__init__("too many checks without a PIN today; have the person give the card's PIN")


class UnknownLinkError(IdentityError):
    """The caller has no such link that counts."""

    def __init__(self) -> None:
        super().__init__("you have no such link that counts; look at the patient number or the link's id")


class GuardianOfferError(IdentityError):
    """The guardian's card did not offer this, for this municipality, now, once."""

    def __init__(self) -> None:
        super().__init__("the guardian's own card must offer this at your counter, now; have it made anew")


class WardUnknownError(IdentityError):
    """The registry was not asked yet how old the person is."""

    def __init__(self) -> None:
        super().__init__("the registry was not asked about this person's age yet; look the ward up first")


class CapacityError(IdentityError):
    """Capacity, evidence and the two people's ages do not go together."""

    def __init__(self) -> None:
        super().__init__(
            "nobody is entered in this capacity, on this evidence, for this person; look at both"
        )


class TooManyGuardiansError(IdentityError):
    """The person has as many guardians as one may have, or this one already."""

    def __init__(self) -> None:
        super().__init__(
            "this guardian is entered already, or there are as many as there may be; end one first"
        )


class UnknownGuardianshipError(IdentityError):
    """The person has no such guardianship that counts."""

    def __init__(self) -> None:
        super().__init__("the person of that reference has no such guardianship that counts")


class DeceasedError(IdentityError):
    """The person's death is entered already."""

    def __init__(self) -> None:
        super().__init__("the person's death is entered already")


class NotDeceasedError(IdentityError):
    """There is no death to be taken back."""

    def __init__(self) -> None:
        super().__init__("no death of the person is entered")
