"""What can go wrong in the library, split by what the caller can do about it."""

from enum import StrEnum
from typing import Final

from consent.vocabulary import Body

_SEAL: Final = "The sealed record could not be opened; fetch it again, and report it if it fails again."
_SIGNATURE: Final = "The signature or the form of the signed text is not acceptable; ask for a new original."


class ConsentError(Exception):
    """Base of every error of this library."""


class MalformedError(ConsentError):
    """A value has the wrong form; the message says which form is right, never the value."""


class UnknownPurposeError(MalformedError):
    """A purpose is named that is not in the list of `consent.purposes`."""

    def __init__(self) -> None:
        super().__init__("A purpose is not known here; name one of the list in consent/purposes.py.")


class PeriodError(MalformedError):
    """A period ends before it begins, or has no length."""


class SignatureError(ConsentError):
    """A signed text was refused; deliberately does not say why."""

    def __init__(self) -> None:
        super().__init__(_SIGNATURE)


class SealError(ConsentError):
    """Sealing, opening or delegation failed; deliberately does not say where."""

    def __init__(self) -> None:
        super().__init__(_SEAL)


class UnopenableError(SealError):
    """A record opens with no key, though all who took part did right: if its writer's signature verifies, it was
    sealed so.
    """


class FaultyProxyError(ConsentError):
    """A body returned a capsule fragment that does not verify; `body` names it."""

    def __init__(self, body: Body) -> None:
        super().__init__(f"The {body} body returned a wrong fragment; ask another body, report this one.")
        self.body = body


class WrongCapsuleFragmentError(ConsentError):
    """A capsule fragment does not work for its capsule and keys."""

    def __init__(self) -> None:
        super().__init__("The capsule fragment is wrong; ask another body, report this one.")


class TooFewFragmentsError(ConsentError):
    """Fewer bodies took part than opening needs."""

    def __init__(self) -> None:
        super().__init__("Fragments of at least two bodies are needed; ask one more body.")


class StatementFault(StrEnum):
    """Why an access statement with a good signature is refused all the same."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_AUDIENCE = "wrong_audience"


_STATEMENT: Final = {
    StatementFault.EXPIRED: "The access statement is too old; sign a new one.",
    StatementFault.NOT_YET_VALID: "The access statement is dated in the future; set the clock.",
    StatementFault.WRONG_AUDIENCE: "The access statement is for somebody else; sign one for this body.",
}


class StatementError(ConsentError):
    """A genuine access statement that cannot be used here or now; `fault` says why."""

    def __init__(self, fault: StatementFault) -> None:
        super().__init__(_STATEMENT[fault])
        self.fault = fault


class TransitionError(ConsentError):
    """A directive cannot go from its state to the one asked for."""
