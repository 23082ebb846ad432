"""Tokens that name one person several times, asked for in few requests: each is single-use, and lives a minute."""

from collections import deque
from datetime import timedelta
from typing import Final

from consent.vocabulary import Body
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.identity.naming import ALWAYS_TAKEN
from services.gateway.organisation import Organisation

FRESH: Final = timedelta(seconds=15)
"""How long a token may wait before it is sent; an older one is left to expire."""


class NamesAhead:
    """What names a linked person to a body, as often as is taken; the person's history shows each that was given out.

    For one thread at a time.
    """

    def __init__(self, organisation: Organisation, reference: str, body: Body) -> None:
        self._organisation = organisation
        self._reference = reference
        self._body = body
        self._held: deque[PseudonymTokens] = deque()
        self._until = organisation.clock()

    def take(self, *, needed: int) -> PseudonymTokens:
        """Return one that nobody took before; `needed` says how many there are to be, this one among them.

        Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
        """
        if not self._held or self._organisation.clock() >= self._until:
            self._until = self._organisation.clock() + FRESH
            self._held = deque(self._ask(min(needed, ALWAYS_TAKEN)))
        return self._held.popleft()

    def _ask(self, number: int) -> list[PseudonymTokens]:
        own = self._organisation
        if number > 1:
            found = own.name_people([self._reference] * number, self._body)
            named = [each for each in found if each is not None]
            if len(named) == number:
                return named
        # asked for alone, an unknown reference is refused in the ID centre's own words
        return [own.name_person(self._reference, self._body)]
