"""Tokens that keep a card application's key to themselves, reached through PKCS#11.

Tested with SoftHSM2; a real card through OpenSC is the same (docs/cards-pkcs11.md).
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import Field

from consent import base64url
from services.gateway.errors import CardFileError
from services.kit.clock import Randomness
from services.kit.encoding import Base64Url, Message

if TYPE_CHECKING:
    from services.gateway.token_module import TokenKey, TokenModule

MODULE_VARIABLE: Final = "SEKISHO_PKCS11_MODULE"
USUAL_MODULES: Final = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
)
KEY_ID_BYTES: Final = 16
PIN_BYTES: Final = 12
"""Bytes of randomness in a token's own PIN: 16 signs, which cards' PINs have room for."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A token by its label, with its present PIN."""

    label: str
    pin: str = field(repr=False)


class HeldToken(Message):
    """Which token has an application's key, and the token's own PIN."""

    label: str
    serial: Base64Url
    pin: str = Field(repr=False)


class Apart:
    """Does everything with a module in one thread of its own, one thing after the other.

    SoftHSM2 leaves errors in OpenSSL's queue of the thread that called it; Python's TLS would take them for its own.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pkcs11")

    def __call__(self, work: Callable[[], R]) -> R:
        """Do it there and return what it returns, or raise what it raises."""
        return self._thread.submit(work).result()


class TokenReader:
    """The tokens that a PKCS#11 module reaches; the module is loaded when one is needed."""

    def __init__(self, module: Path | None) -> None:
        self._module = module
        self._apart = Apart()

    def make(self, place: TokenPlace, *, randomness: Randomness) -> "TokenKey":
        """Make a key on a token. Raises: CardFileError, CardLockedError, also when it has one of ours already."""
        return self._apart(lambda: self._reached().make(place, randomness(KEY_ID_BYTES)))

    def replace_pin(self, place: TokenPlace, *, randomness: Randomness) -> HeldToken:
        """Give a token a random PIN, and return how to open it from now on. Raises: CardFileError."""
        return self._apart(
            lambda: self._reached().replace_pin(place, base64url.encode(randomness(PIN_BYTES)))
        )

    def open(self, held: HeldToken) -> "TokenKey":
        """Return the key of an issued card. Raises: CardFileError, CardLockedError."""
        return self._apart(lambda: self._reached().open(held))

    def _reached(self) -> "TokenModule":
        if self._module is None:
            raise CardFileError(
                f"This card's keys are on tokens; name the PKCS#11 module in {MODULE_VARIABLE}."
            )
        # PKCS#11's library is loaded for keys on tokens only: a card file with its keys in it does without.
        from services.gateway.token_module import TokenModule

        return TokenModule(self._module, apart=self._apart)


def usual_tokens(environment: Mapping[str, str] = os.environ) -> TokenReader:
    """Return the tokens of the module that the environment names, else of one at a usual place."""
    named = environment.get(MODULE_VARIABLE)
    if named is not None:
        return TokenReader(Path(named))
    return TokenReader(next((Path(each) for each in USUAL_MODULES if Path(each).exists()), None))
