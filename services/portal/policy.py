"""What the relay passes on: a closed list of (body, method, path). Everything else is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from consent.vocabulary import PROXIES, Body


class Access(StrEnum):
    """Who may have a request relayed."""

    LOGIN = "login"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Passage:
    """One request that the relay passes on; `path` is the body's own, without parameters."""

    body: Body
    method: str
    path: str
    access: Access

    @property
    def portal_path(self) -> str:
        """Where the portal takes the request."""
        return f"/relay/{self.body.value}{self.path}"


LOGIN_PATHS: Final = (
    "/oauth/challenge",
    "/oauth/token",
    "/oauth/revoke",
    "/cards/unlock",
    "/cards/pin-changes",
    "/cards/suspensions",
)
HISTORIES: Final = (
    Body.IDENTITY,
    Body.REGISTRY,
    Body.MEDICAL,
    Body.PRODUCT_SAFETY,
    Body.OVERSIGHT,
    Body.RESEARCH,
)
WITNESSES: Final = (Body.OVERSIGHT, Body.IDENTITY)
DIRECTIVE_KEEPERS: Final = (*PROXIES, Body.REGISTRY)
ANSWER_TYPES: Final = frozenset({"application/json", "application/problem+json", "text/plain"})
"""What an answer may be: nothing that a browser would show as a page or run."""


def _passages() -> Iterator[Passage]:
    for path in LOGIN_PATHS:
        yield Passage(Body.IDENTITY, "POST", path, Access.LOGIN)
    yield Passage(Body.OVERSIGHT, "GET", "/register/public", Access.LOGIN)
    for body in HISTORIES:
        yield Passage(body, "GET", "/history", Access.SESSION)
        yield Passage(body, "GET", "/log/consistency", Access.SESSION)
    for body in WITNESSES:
        yield Passage(body, "GET", "/log/views", Access.SESSION)
    for body in DIRECTIVE_KEEPERS:
        for method, path in (
            ("GET", "/directives"),
            ("POST", "/directives"),
            ("POST", "/withdrawals"),
            ("GET", "/wallet"),
            ("PUT", "/wallet"),
            ("GET", "/wallet/successor"),
            ("PUT", "/wallet/successor"),
            ("POST", "/wallet/renewals"),
        ):
            yield Passage(body, method, path, Access.SESSION)
    for body, method, path in (
        (Body.MEDICAL, "GET", "/compartments"),
        (Body.MEDICAL, "PUT", "/compartments"),
        (Body.MEDICAL, "POST", "/simulations"),
        (Body.MEDICAL, "POST", "/access/v1/evaluations"),
        (Body.MEDICAL, "POST", "/access/v1/search/subject"),
        (Body.REGISTRY, "POST", "/simulations"),
        (Body.MEDICAL, "POST", "/own-records"),
        (Body.MEDICAL, "GET", "/headers"),
        (Body.MEDICAL, "PUT", "/headers"),
        (Body.MEDICAL, "POST", "/own-records/segments"),
        (Body.MEDICAL, "POST", "/own-deposits"),
        (Body.MEDICAL, "POST", "/erasures"),
        (Body.MEDICAL, "GET", "/watch"),
        (Body.MEDICAL, "PUT", "/watch"),
        (Body.IDENTITY, "PUT", "/subject"),
        (Body.IDENTITY, "GET", "/passkeys"),
        (Body.IDENTITY, "POST", "/passkeys/options"),
        (Body.IDENTITY, "POST", "/passkeys"),
        (Body.IDENTITY, "POST", "/passkeys/removals"),
        (Body.IDENTITY, "GET", "/patient-links"),
        (Body.IDENTITY, "POST", "/patient-links/disown"),
        (Body.IDENTITY, "GET", "/guardianships"),
        (Body.IDENTITY, "GET", "/number"),
        (Body.IDENTITY, "POST", "/number"),
        (Body.IDENTITY, "GET", "/cards/own"),
        (Body.IDENTITY, "POST", "/cards/suspension-codes"),
        (Body.IDENTITY, "POST", "/cards/attribute-tokens"),
        (Body.REGISTRY, "POST", "/attribute-statements"),
        (Body.IDENTITY, "POST", "/operator-presentations"),
        (Body.PRODUCT_SAFETY, "GET", "/inbox"),
        (Body.PRODUCT_SAFETY, "POST", "/inbox/read"),
        (Body.REGISTRY, "POST", "/look-up-reports/own"),
        (Body.OVERSIGHT, "GET", "/register"),
        (Body.OVERSIGHT, "GET", "/emergency-notices"),
        (Body.OVERSIGHT, "GET", "/unmaskings"),
        (Body.OVERSIGHT, "POST", "/unmaskings"),
        *((body, "PUT", "/recovery") for body in PROXIES),
        *((body, "POST", "/recovery/retirements") for body in PROXIES),
    ):
        yield Passage(body, method, path, Access.SESSION)


PASSAGES: Final = tuple(_passages())


def portal_paths(access: Access) -> frozenset[str]:
    """Return the portal's paths of all passages of one kind."""
    return frozenset(each.portal_path for each in PASSAGES if each.access is access)
