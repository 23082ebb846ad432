"""What the ID centre reasons about: people, cards, tries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from consent.identifiers import Pseudonym
from services.contracts.identity.messages import Application, CardChange, CardState, Jwk
from services.identity.pseudonyms import LinkageCode


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the ID centre knows them; the personal number is not needed for anything but enrolment."""

    pseudonym: Pseudonym
    linkage: LinkageCode


@dataclass(frozen=True, slots=True)
class Card:
    """A card and its holder. Units: `expires` epoch seconds."""

    id: str
    holder: Person
    state: CardState
    expires: int

    def usable(self, now: int) -> bool:
        """Tell whether the card counts at `now`."""
        return self.state is CardState.ACTIVE and now < self.expires


@dataclass(frozen=True, slots=True)
class CardKey:
    """One application of a card as far as its signatures go."""

    card: Card
    kid: str
    public_key: Jwk


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """The key of one application of a card, and which application it is."""

    card: Card
    application: Application
    kid: str
    public_key: Jwk


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Where a certified key stands, and since when, if that is known. Units: epoch seconds."""

    state: CardState
    since: int | None


@dataclass(frozen=True, slots=True)
class PinSecrets:
    """What a try of one PIN is compared with, and what it yields. Shape: 32 bytes each."""

    pin_verifier: bytes
    share: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewCardApplication:
    """What is stored of one application when a card is issued."""

    application: Application
    kid: str
    public_key: Jwk
    pin_verifier: bytes
    share: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardSecrets:
    """What the try of a PIN is compared with, and what a right one yields."""

    card: Card
    pin_verifier: bytes
    share: bytes = field(repr=False)


STATE_AFTER: Final[Mapping[CardChange, CardState]] = {
    CardChange.SUSPEND: CardState.SUSPENDED,
    CardChange.RESUME: CardState.ACTIVE,
    CardChange.REVOKE: CardState.REVOKED,
}

TRANSITIONS: Final[Mapping[CardState, frozenset[CardChange]]] = {
    CardState.ACTIVE: frozenset({CardChange.SUSPEND, CardChange.REVOKE}),
    CardState.SUSPENDED: frozenset({CardChange.RESUME, CardChange.REVOKE}),
    CardState.REVOKED: frozenset(),
}
"""A revoked card stays so: whoever finds one gets a new card with new keys."""
