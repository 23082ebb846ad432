"""What step T5 of the token endpoint finds out about a person who signs in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.identity.errors import OAuthCode
from services.kit.credentials.callers import SignedInBy


@dataclass(frozen=True, slots=True)
class Once:
    """Something that counts once, and what the second time is called. Units: `expires` epoch seconds."""

    kind: str
    value: str = field(repr=False)
    expires: int
    code: OAuthCode


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whose it is, by what, and what the token will rest on; `confirm` looks once more, in the transaction of T7."""

    by: SignedInBy
    holder: Pseudonym
    ground: str
    uses: list[Once]
    confirm: Callable[[Connection], None]
    guardian: Mapping[Body, str] = field(default_factory=dict)
    """By which key each body knows the guardian who signs in for the holder."""
