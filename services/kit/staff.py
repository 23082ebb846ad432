"""Who acted, in a person's history: a pseudonym, the roles, and a commitment that the body or the oversight body opens.

What the log commits to names no operator and no terminal. The body keeps both beside the entry, sealed, with the salt
that opens the commitment: it knows who acted, and cannot say anything else later. Where the organisation signed a
mask (an access statement, an emergency) the pseudonym is the organisation's and the entry carries its sealed opening;
anywhere else the body makes a pseudonym of its own, which has nothing in common with any other body's.
"""

import hmac
import json
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from consent import base64url
from consent.errors import MalformedError
from consent.staff import SALT_BYTES, StaffOpening, readable
from services.kit.clock import Randomness
from services.kit.columns import ColumnCipher
from services.kit.events import Event
from services.kit.log.entry import Event as Wire

STAFF: Final = "staff"
OPERATOR, TERMINAL, COLLEAGUES = "operator", "terminal", "colleagues"
COLUMN: Final = "staff pseudonym"


@dataclass(frozen=True, slots=True)
class Acted:
    """Who acted, as the body keeps it beside an entry."""

    operator: str
    terminal: str
    salt: bytes = field(repr=False)
    colleagues: tuple[str, ...] = ()

    def told(self) -> dict[str, JsonValue]:
        """Return it as it is sealed with the entry."""
        return {
            OPERATOR: self.operator,
            TERMINAL: self.terminal,
            "salt": base64url.encode(self.salt),
            COLLEAGUES: list[JsonValue](self.colleagues),
        }

    @classmethod
    def read(cls, kept: bytes) -> "Acted":
        """Read the JSON of what `told` returns. Raises: ValueError, KeyError, MalformedError."""
        told = json.loads(kept)
        salt, colleagues = base64url.decode(str(told["salt"])), tuple(map(str, told[COLLEAGUES]))
        return cls(str(told[OPERATOR]), str(told[TERMINAL]), salt, colleagues)


class Masks:
    """Masks operators in what a body logs about people."""

    def __init__(self, cipher: ColumnCipher, randomness: Randomness) -> None:
        self._cipher = cipher
        self._randomness = randomness

    def masked(
        self, event: Event, wire: dict[str, JsonValue], *, person: str | None
    ) -> tuple[dict[str, JsonValue], Acted | None]:
        """Return the entry as its person may see it, and who acted; `person` is None for what many people are shown."""
        if event.operator is None:
            return wire, None
        salt = self._randomness(SALT_BYTES) if event.staff is None else event.staff.salt
        acted = Acted(event.operator, event.terminal or "", salt, event.colleagues)
        named = "" if person is None else self._pseudonym(event.organisation, event.operator, person)
        pseudonym = named if event.staff is None else event.staff.pseudonym
        shown: dict[str, JsonValue] = {"roles": list[JsonValue](sorted(event.roles))}
        if pseudonym:
            shown["pseudonym"] = pseudonym
        if person is not None and event.colleagues:
            shown[COLLEAGUES] = [
                self._pseudonym(event.organisation, each, person) for each in event.colleagues
            ]
        if event.staff is not None:
            shown["sealed"] = base64url.encode(event.staff.sealed)
        masked = {name: value for name, value in wire.items() if name not in (OPERATOR, TERMINAL)}
        masked[STAFF] = shown
        shown["commitment"] = base64url.encode(opening(masked, acted).commitment())
        return masked, acted

    def _pseudonym(self, organisation: str | None, operator: str, person: str) -> str:
        plain = "\n".join((organisation or "", operator, person))
        return readable(self._cipher.lookup(plain.encode(), column=COLUMN))


def opening(masked: Wire, acted: Acted) -> StaffOpening:
    """Return what opens the commitment of an entry, if `acted` is who acted."""
    return StaffOpening(
        organisation=str(masked.get("organisation") or ""),
        operator=acted.operator,
        terminal=acted.terminal,
        pseudonym=member(masked, "pseudonym") or "",
        salt=acted.salt,
    )


def unmasked(masked: Wire, acted: Acted | None) -> Wire:
    """Return an entry with who acted, for the body's own eyes."""
    if acted is None:
        return masked
    terminal = {TERMINAL: acted.terminal} if acted.terminal else {}
    return {**masked, OPERATOR: acted.operator, **terminal}


def fits(masked: Wire, acted: Acted | None) -> bool:
    """Whether what is kept of who acted is what the entry commits to."""
    commitment = member(masked, "commitment")
    if acted is None or commitment is None:
        return acted is None and commitment is None
    try:
        return hmac.compare_digest(opening(masked, acted).commitment(), base64url.decode(commitment))
    except MalformedError:
        return False


def member(masked: Wire, name: str) -> str | None:
    """Return a text that an entry says of its staff."""
    staff = masked.get(STAFF)
    value = staff.get(name) if isinstance(staff, dict) else None
    return value if isinstance(value, str) else None
