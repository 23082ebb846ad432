"""Who acted, in a person's history: a pseudonym, the roles, and a commitment that the body or the oversight body opens.

What the log commits to names no operator and no terminal. The body keeps both beside the entry, sealed, with the salt
that opens the commitment: it knows who acted, and cannot say anything else later. Where the organisation signed a
mask (an access statement, an emergency) the pseudonym is the organisation's and the entry carries its sealed opening;
anywhere else the body makes a pseudonym of its own, which has nothing in common with any other body's. Each colleague
who acted beside has a pseudonym and a commitment, too.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from consent import base64url
from consent.errors import MalformedError
from consent.staff import SALT_BYTES, StaffOpening, readable, seal_opening
from services.kit.clock import Randomness
from services.kit.columns import ColumnCipher
from services.kit.events import Event
from services.kit.log.entry import Event as Wire

STAFF: Final = "staff"
OPERATOR, TERMINAL, COLLEAGUES = "operator", "terminal", "colleagues"
OPENING: Final = "opening"
"""What the body itself sealed to the oversight body, where a card signed and no organisation made a mask."""
COLUMN: Final = "staff pseudonym"


@dataclass(frozen=True, slots=True)
class Beside:
    """A colleague who acted, too, as the body keeps it beside an entry."""

    operator: str
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Acted:
    """Who acted, as the body keeps it beside an entry."""

    operator: str
    terminal: str
    salt: bytes = field(repr=False)
    colleagues: tuple[Beside, ...] = ()

    def told(self) -> dict[str, JsonValue]:
        """Return it as it is sealed with the entry."""
        return {
            OPERATOR: self.operator,
            TERMINAL: self.terminal,
            "salt": base64url.encode(self.salt),
            COLLEAGUES: [
                {OPERATOR: each.operator, "salt": base64url.encode(each.salt)} for each in self.colleagues
            ],
        }

    @classmethod
    def read(cls, kept: bytes) -> "Acted":
        """Read the JSON of what `told` returns. Raises: ValueError, KeyError, MalformedError."""
        told = json.loads(kept)
        # entries of earlier versions commit to no colleague, and keep a name alone
        colleagues = tuple(
            Beside(str(each[OPERATOR]), base64url.decode(str(each["salt"])))
            for each in told[COLLEAGUES]
            if isinstance(each, dict)
        )
        return cls(str(told[OPERATOR]), str(told[TERMINAL]), base64url.decode(str(told["salt"])), colleagues)


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
        named = "" if person is None else self._pseudonym(event.organisation, event.operator, person)
        pseudonym = named if event.staff is None else event.staff.pseudonym
        shown: dict[str, JsonValue] = {"roles": list[JsonValue](sorted(event.roles))}
        if pseudonym:
            shown["pseudonym"] = pseudonym
        beside = () if person is None else self._beside(event, person)
        if beside:
            shown[COLLEAGUES] = [_shown(event, each) for each in beside]
        acted = Acted(
            event.operator,
            event.terminal or "",
            salt,
            tuple(Beside(each.operator, each.salt) for each in beside),
        )
        masked = {name: value for name, value in wire.items() if name not in (OPERATOR, TERMINAL)}
        masked[STAFF] = shown
        opens = opening(masked, acted)
        if event.staff is not None:
            shown["sealed"] = base64url.encode(event.staff.sealed)
        elif pseudonym:
            shown.update(_sealed(event, opens))
        shown["commitment"] = base64url.encode(opens.commitment())
        return masked, acted

    def _beside(self, event: Event, person: str) -> tuple[StaffOpening, ...]:
        return tuple(
            StaffOpening(
                organisation=each.organisation,
                operator=each.operator,
                terminal="",
                pseudonym=self._pseudonym(each.organisation, each.operator, person),
                salt=self._randomness(SALT_BYTES),
            )
            for each in event.colleagues
        )

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
    """Whether what is kept of who acted, and of each colleague, is what the entry commits to."""
    commitment = member(masked, "commitment")
    if acted is None or commitment is None:
        return acted is None and commitment is None
    beside = [each for each in colleagues(masked) if "commitment" in each]
    if len(beside) != len(acted.colleagues):
        return False
    claimed = [(opening(masked, acted), commitment)]
    claimed += [
        (
            StaffOpening(each["organisation"], kept.operator, "", each["pseudonym"], kept.salt),
            each["commitment"],
        )
        for each, kept in zip(beside, acted.colleagues, strict=True)
    ]
    try:
        # no short cut: every commitment is compared, whichever is wrong
        same = [hmac.compare_digest(one.commitment(), base64url.decode(said)) for one, said in claimed]
    except MalformedError:
        return False
    return all(same)


def member(masked: Wire, name: str) -> str | None:
    """Return a text that an entry says of its staff."""
    staff = masked.get(STAFF)
    value = staff.get(name) if isinstance(staff, dict) else None
    return value if isinstance(value, str) else None


def colleagues(masked: Wire) -> Sequence[dict[str, str]]:
    """Return what an entry says of each who acted beside; of earlier entries a pseudonym and no commitment."""
    staff = masked.get(STAFF)
    said = staff.get(COLLEAGUES) if isinstance(staff, dict) else None
    return [
        {name: str(value) for name, value in each.items()}
        if isinstance(each, dict)
        else {"pseudonym": str(each)}
        for each in (said if isinstance(said, list) else [])
    ]


def _shown(event: Event, beside: StaffOpening) -> dict[str, JsonValue]:
    return {
        "organisation": beside.organisation,
        "pseudonym": beside.pseudonym,
        "commitment": base64url.encode(beside.commitment()),
        **_sealed(event, beside),
    }


def _sealed(event: Event, opens: StaffOpening) -> dict[str, JsonValue]:
    """Seal who it was where a card signed this very act; the body knows no name but the account."""
    if event.unmasked_by is None:
        return {}
    sealed = seal_opening(opens, opens.operator, oversight=event.unmasked_by)
    return {OPENING: base64url.encode(sealed)}
