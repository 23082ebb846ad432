"""What can go wrong at the registry."""

from consent.explanations import RefusalCode
from services.contracts.registry.look_ups import LookUpRefusal


class RegistryError(Exception):
    """Base of the registry's errors."""


class AlreadyRegisteredError(RegistryError):
    """The person is in the register; a change is another request."""


class NotRegisteredError(RegistryError):
    """The person is not in the register."""


class ConfirmationRefusedError(RegistryError):
    """Nothing is confirmed; `code` is also in the person's history."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code.value)
        self.code = code


class LookUpRefusedError(RegistryError):
    """A look-up is refused; `code` names the rule, and is in the log."""

    def __init__(self, code: LookUpRefusal) -> None:
        super().__init__(code.value)
        self.code = code


class NotStoppedError(RegistryError):
    """There is no stop to lift."""
