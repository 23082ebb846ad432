"""Errors of the library, split by what the caller can do about them."""

from collections.abc import Sequence


class AnonymizeError(Exception):
    """Base class of every error that this library raises on purpose."""


class SchemaError(AnonymizeError):
    """The schema contradicts itself, the table, or the request; correct one of them."""


class HierarchyError(AnonymizeError):
    """A hierarchy is malformed or does not cover the table.

    The message names value and row, for the holder of the table who has to correct them;
    a service that answers somebody else reports `column` and `row` only.
    """

    def __init__(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.row = row


class FileFormatError(AnonymizeError):
    """A file is not the text or the table that it should be; correct it, or say how it is written."""


class ModelError(AnonymizeError):
    """A privacy model was asked for with a parameter that it cannot have."""


class TransformationError(AnonymizeError):
    """A column cannot be transformed as asked; the message says where and what to do, and shows no value.

    `row` counts from 0.
    """

    def __init__(self, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class NoSolutionError(AnonymizeError):
    """No allowed transformation satisfies the models within the suppression limit."""


class SearchStoppedError(AnonymizeError):
    """The search was stopped, by its time limit or by the caller, before it found any table."""


class SparkMissingError(AnonymizeError, ImportError):
    """The Spark engine was asked for where Spark is not installed or does not start."""


class LedgerError(AnonymizeError):
    """The release ledger was given unusable input, or what it holds was altered."""


class JointDisclosureError(AnonymizeError):
    """The release, together with what its recipient can hold already, would expose somebody.

    `reason` says which rule fails, `releases` which earlier releases the recipient holds beside it (none when
    the table fails by itself, or together with what others hold). Neither counts anything: counts are in the
    ledger, for its operator (`refusals`), as a recipient could learn from them (attack RI5).
    """

    def __init__(self, reason: str, *, recipient: str, releases: Sequence[int]) -> None:
        beside = f"together with release {', '.join(map(str, releases))} " if releases else ""
        super().__init__(
            f"The release to {recipient!r} is refused: {beside}{reason}. Release the earlier table unchanged,"
            " choose coarser levels, or wait until enough persons have joined or left."
        )
        self.reason = reason
        self.recipient = recipient
        self.releases = tuple(releases)


class RefusalsExhaustedError(JointDisclosureError):
    """The recipient was refused so often that refusals would tell; only what it holds may leave again."""


class StatisticsError(AnonymizeError):
    """A statistic was asked for with settings or a table that it cannot have; correct one of them."""


class UnsafeStatisticError(AnonymizeError):
    """The statistic cannot be published without exposing somebody; ask for a coarser one."""


class DifferencingError(AnonymizeError):
    """A count, together with earlier ones, would tell the count of fewer persons than allowed.

    Neither the message nor the error counts anything: counts are in the ledger, for its operator.
    """


class BudgetExhaustedError(AnonymizeError):
    """The recipient's privacy budget does not pay for the statistic; `epsilon_left` and `delta_left` are left."""

    def __init__(self, recipient: str, *, epsilon_left: float, delta_left: float) -> None:
        super().__init__(
            f"The privacy budget of {recipient!r} does not pay for this: epsilon {epsilon_left:g} and delta"
            f" {delta_left:g} are left. Ask for a statistic with a smaller epsilon and delta, or for none."
        )
        self.epsilon_left = epsilon_left
        self.delta_left = delta_left
