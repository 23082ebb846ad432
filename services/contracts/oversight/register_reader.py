"""How a body keeps the newest edition of the register: fetched, verified, at most seconds old (R9)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from consent import jws
from consent.errors import SignatureError
from consent.vocabulary import Body
from services.contracts.oversight.register import REGISTER_TYPE, Directory, Register
from services.kit.clock import Clock
from services.kit.fresh import Fresh, OutdatedError
from services.kit.high_water import HighWater, MarkInMemory
from services.kit.problems import UnavailableError

logger = logging.getLogger("sekisho")


@dataclass(frozen=True, slots=True)
class _Edition:
    signed: str
    directory: Directory


class RegisterReader:
    """Keeps the newest edition of the register that the oversight body signed.

    Units: `max_age` and `stale_limit` are seconds. Guarantees: an edition older than `stale_limit` is not used
    (fails closed), a lower serial than one seen before is refused, as long as `seen` remembers.
    Raises: UnavailableError from every method when no edition is young enough.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        *,
        key: Ed25519PublicKey,
        clock: Clock,
        max_age: float,
        stale_limit: float,
        at: Body | None = None,
        seen: HighWater | None = None,
    ) -> None:
        self._at = at
        self._seen = seen or MarkInMemory()
        self._fetch = fetch
        self._key = key
        self._clock = clock
        self._editions = Fresh(
            self._newer,
            name="the register of accreditations",
            clock=clock,
            max_age=max_age,
            stale_limit=stale_limit,
        )

    def directory(self) -> Directory:
        """Return the present edition, fetched anew when the held one is older than `max_age`."""
        return self._editions.get().directory

    def _newer(self, held: _Edition | None) -> _Edition:
        signed = self._fetch()
        if held is not None and signed == held.signed:  # verified before, to the last byte
            return held
        directory = verify_register(signed, key=self._key, clock=self._clock, at=self._at)
        serial, highest = directory.register.serial, self._seen.height()
        if serial < highest:
            logger.error("the register is edition %d, but edition %d was seen before", serial, highest)
            raise OutdatedError
        self._seen.rise_to(serial)  # first: what is used once is never fallen behind
        return _Edition(signed, directory)


def verify_register(token: str, *, key: Ed25519PublicKey, clock: Clock, at: Body | None = None) -> Directory:
    """Return the directory of a register edition signed by the oversight body. Raises: UnavailableError."""
    try:
        payload = jws.verify(token, typ=REGISTER_TYPE, key=key).payload
        return Directory(Register.model_validate_json(payload), clock, at)
    except (SignatureError, ValidationError) as error:
        raise UnavailableError("the register of accreditations does not verify") from error
