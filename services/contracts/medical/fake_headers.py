"""Headers on their way to a wallet's successor at an honest fake medical centre; the contract tests keep it true."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from consent import base64url, jws
from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import Pseudonym
from consent.sealing import capsule_of
from consent.succession import verify_succession
from consent.wire import Count, WireModel, parse
from services.contracts.fake_credentials import problem
from services.contracts.medical.headers import HEADERS_TYPE, MAX_HEADERS, Header, Headers, StageHeaders
from services.kit.http import RemoteProblemError, Token


class _Claims(WireModel):
    headers: list[Annotated[list[str], Field(min_length=3, max_length=3)]]
    at: Count


@dataclass
class FakeHeaders:
    """Serves `HeaderKeeper`; `announced` is what somebody's wallet signed of its successor, `own` what is theirs.

    Of each category and year `own` has the newest version that the person published.
    """

    who: Callable[[Token], Pseudonym]
    announced: Callable[[Pseudonym], str | None]
    own: dict[Pseudonym, list[Header]]
    staged: dict[Pseudonym, dict[str, Header]] = field(default_factory=dict)

    def headers(self, *, token: Token) -> Headers:
        """See `HeaderKeeper`."""
        person = self.who(token)
        self._succession(person)
        return self._left(person)

    def stage(self, message: StageHeaders, *, token: Token) -> Headers:
        """See `HeaderKeeper`."""
        person = self.who(token)
        try:
            successor = verify_succession(self._succession(person)).successor
            payload = jws.verify_with_jwk(message.statement, typ=HEADERS_TYPE, jwk=successor).payload
            claims = parse(_Claims, payload)
            for each in message.headers:
                capsule_of(each.message_kit)
        except ConsentError:
            raise _refused() from None
        if claims.headers != [_said(each) for each in message.headers]:
            raise _refused()
        names = [each.bundle for each in message.headers]
        if len(set(names)) != len(names) or not all(self._fits(person, each) for each in message.headers):
            raise _refused()
        self.staged.setdefault(person, {}).update({each.bundle: each for each in message.headers})
        return self._left(person)

    def _fits(self, person: Pseudonym, header: Header) -> bool:
        own = {each.bundle: Compartment.parse(each.compartment) for each in self.own.get(person, [])}
        present = own.get(header.bundle)
        if present is None:
            return False
        place = (present.category, present.year)
        newest = max(each.version for each in own.values() if (each.category, each.year) == place)
        return header.compartment == Compartment(*place, newest + 1).label

    def _left(self, person: Pseudonym) -> Headers:
        staged = self.staged.get(person, {})
        left = [each for each in self.own.get(person, []) if each.bundle not in staged]
        return Headers(headers=left[:MAX_HEADERS], left=len(left))

    def _succession(self, person: Pseudonym) -> str:
        told = self.announced(person)
        if told is None:
            raise _refused()
        return told


def _said(header: Header) -> list[str]:
    return [header.bundle, header.compartment, base64url.encode(sha256(header.message_kit).digest())]


def _refused() -> RemoteProblemError:
    return problem(403, "headers_refused")
