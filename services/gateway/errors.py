"""What can go wrong on the participant's side, split by what the caller can do about it."""

from collections.abc import Mapping

from services.kit.http import RemoteProblemError


class GatewayError(Exception):
    """Base of every error of this package; the message says what to do next."""


class CredentialFolderError(GatewayError):
    """A file of an organisation's credential folder is missing or damaged; restore the folder."""


class CardFileError(GatewayError):
    """The file is not a card file, or it was changed; the message names what is wrong."""


class WrongPinError(GatewayError):
    """The PIN is not this application's; `tries_left` is None where the ID centre does not say."""

    def __init__(self, tries_left: int | None, *, hint: str | None = None) -> None:
        rest = "" if tries_left is None else f"; {tries_left} tries are left"
        own = "" if hint is None else f' Your hint: "{hint}".'
        super().__init__(f"Wrong PIN{rest}.{own} Try again, or have the PIN reset at the counter.")
        self.tries_left = tries_left


class CardLockedError(GatewayError):
    """The application is locked after too many wrong PINs."""

    def __init__(self) -> None:
        super().__init__(
            "The card's application is locked after too many wrong PINs; unlock it at the counter."
        )


class FhirError(GatewayError):
    """A file of a FHIR export is not what it should be; `file` and `line` (from 1) say where."""

    def __init__(self, file: str, line: int | None, problem: str) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {problem}")
        self.file = file
        self.line = line


class RecallFileError(GatewayError):
    """A file holds no usable recall record; the message names the field."""


class AccountFileError(GatewayError):
    """A file of an account that is being opened is not what it should be; the message says what to do."""


class StaffFileError(GatewayError):
    """A file that describes staff is not what it should be; the message says where."""


class LargeFileError(GatewayError):
    """A large document's file cannot be read or written as it should; the message says what to do."""


class RowFileError(GatewayError):
    """A CSV file is not what it should be; `line` (from 1) where it is one line's fault."""

    def __init__(self, file: str, line: int | None, problem: str) -> None:
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {problem}")
        self.line = line


class RefusedError(GatewayError):
    """A body refused: `code` is stable, `explanation` is for people, `status` is HTTP's."""

    def __init__(
        self,
        code: str,
        explanation: str,
        *,
        members: Mapping[str, object] | None = None,
        status: int = 403,
    ) -> None:
        super().__init__(f"Refused ({code}): {explanation}")
        self.code = code
        self.explanation = explanation
        self.members = dict(members or {})
        self.status = status


class NotVerifiedError(GatewayError):
    """Something a body sent does not hold what it must; nothing of it was used. Report it to the oversight body."""


def refusal(problem: RemoteProblemError) -> RefusedError:
    """Turn a body's problem document into a refusal."""
    return RefusedError(
        problem.code, problem.detail or problem.title, members=problem.members, status=problem.status
    )


class WalletLostError(GatewayError):
    """The wallet cannot be rebuilt from the parts at hand; the message says which keeper refused what."""


class AuditFileError(GatewayError):
    """The file of what the FHIR face did cannot be written or read; the message names it."""


class DepositFileError(GatewayError):
    """The file of what was deposited about a person is damaged; the message names it."""


class PartlyDepositedError(GatewayError):
    """A deposit that goes in parts was broken off; `receipts` are those of the parts that are stored."""

    def __init__(self, receipts: tuple[str, ...], *, parts: int, why: str) -> None:
        super().__init__(
            f"{len(receipts)} of {parts} parts are stored, and their receipts checked; the next one: {why}. "
            "Deposit the same again, with the same book where you name one: it goes on where it stopped"
        )
        self.receipts = receipts
