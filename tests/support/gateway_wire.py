"""Fakes of the bodies behind the wire: messages become JSON and come back, as they would over TLS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url
from consent.directives import (
    DeletionReceipt,
    DirectiveCopy,
    LogPosition,
    UnverifiedDirective,
    UnverifiedWithdrawal,
    VerifiedDirective,
    deletion_receipt,
)
from consent.identifiers import DirectiveId, Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.lifecycle import DirectiveState
from consent.vocabulary import Body
from services.contracts.directives import (
    DirectiveAccepted,
    DirectiveItem,
    DirectiveList,
    DirectiveSubmission,
    Jwk,
    WalletRegistered,
    WalletRegistration,
    WithdrawalOrder,
    WithdrawalReceipt,
)
from services.contracts.fake_credentials import problem
from services.kit.clock import Clock
from services.kit.credentials.dpop import DpopKey
from services.kit.encoding import Message
from services.kit.http import Http, PeerUnavailableError, Token

M = TypeVar("M", bound=Message)
Handler = Callable[[bytes, Token], Message]
Form = Callable[[Mapping[str, str], DpopKey], Message]


class InMemory(Http):
    """A connection to a fake; `down` makes it not answer, `tamper` changes what it says."""

    def __init__(self, url: str, routes: Mapping[tuple[str, str], Handler], form: Form | None = None) -> None:
        self.base_url = url
        self.down = False
        self.tamper: dict[str, Callable[[Any], Any]] = {}
        self._routes = dict(routes)
        self.octets: Callable[[str, str, bytes, Token], bytes | None] = lambda *_asked: None
        """Serves what is no message, or has a name in its path; None for everything else."""
        self._form = form

    def serve(self, method: str, path: str, answer: Message) -> None:
        """Answer a route with one and the same message."""
        self._routes[method, path] = lambda _content, _token: answer

    def form(
        self, path: str, fields: Mapping[str, str], *, key: DpopKey, htu: str | None = None
    ) -> httpx.Response:
        """See `Http`."""
        if self._form is None or self.down:
            raise PeerUnavailableError(self.base_url)
        return httpx.Response(200, content=self._form(fields, key).model_dump_json().encode())

    def send(self, method: str, path: str, *, token: Token | None = None, **sent: Any) -> httpx.Response:
        """See `Http`."""
        if self.down:
            raise PeerUnavailableError(self.base_url)
        if token is not None:
            told = self.octets(method, path, sent.get("content") or b"", token)
            if told is not None:
                return httpx.Response(200, content=told)
        handler = self._routes.get((method, path))
        if handler is None:
            raise problem(404, "not_found")
        content = sent.get("content") or b""
        answer = handler(content, token)  # type: ignore[arg-type]  # open routes ignore the missing token
        changed = self.tamper.get(path, lambda told: told)(answer)
        return httpx.Response(200, content=changed.model_dump_json(by_alias=True).encode())

    def close(self) -> None:
        """See `Http`."""


def reading(kind: type[M], call: Callable[..., Message]) -> Handler:
    """Serve a fake's method that takes a message and a token."""
    return lambda content, token: call(kind.model_validate_json(content), token=token)


def without_token(kind: type[M], call: Callable[[M], Message]) -> Handler:
    """Serve a fake's method that takes a message only."""
    return lambda content, _token: call(kind.model_validate_json(content))


def asking(call: Callable[..., Message]) -> Handler:
    """Serve a fake's method that takes a token only."""
    return lambda _content, token: call(token=token)


@dataclass
class FakeKeeper:
    """Keeps directives at one body, as the shared component of the real ones does; `refuses` makes it refuse all."""

    body: Body
    who: Callable[[Token], Pseudonym]
    clock: Clock
    key: Ed25519PrivateKey
    wallets: dict[Pseudonym, Jwk] = field(default_factory=dict)
    held: dict[DirectiveId, tuple[VerifiedDirective, DirectiveCopy]] = field(default_factory=dict)
    states: dict[DirectiveId, DirectiveState] = field(default_factory=dict)
    endings: dict[DirectiveId, tuple[str, str]] = field(default_factory=dict)
    refuses: str | None = None
    on_stored: Callable[[DirectiveCopy, VerifiedDirective], None] = lambda _copy, _verified: None
    on_withdrawn: Callable[[DirectiveId], None] = lambda _directive: None

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The shared routes."""
        return {
            ("PUT", "/wallet"): reading(WalletRegistration, self.register),
            ("POST", "/directives"): reading(DirectiveSubmission, self.submit),
            ("GET", "/directives"): asking(self.listed),
            ("POST", "/withdrawals"): reading(WithdrawalOrder, self.withdraw),
        }

    def register(self, message: WalletRegistration, *, token: Token) -> WalletRegistered:
        """PUT /wallet."""
        person = self.who(token)
        if self.wallets.setdefault(person, message.signing_key) != message.signing_key:
            raise problem(409, "other_wallet")
        return WalletRegistered(pseudonym=person, subject=thumbprint(message.signing_key))

    def submit(self, message: DirectiveSubmission, *, token: Token) -> DirectiveAccepted:
        """POST /directives."""
        if self.refuses is not None:
            raise problem(403, self.refuses)
        person = self.who(token)
        verified = UnverifiedDirective(message.directive).verify(self.wallets[person])
        directive = verified.directive
        if (directive.body, directive.person) != (self.body, person):
            raise problem(403, "other_body_or_person")
        packages = {each.compartment: each.to_package() for each in message.fragments}
        handles = {body: base64url.decode(handle) for body, handle in message.handles.items()}
        copy = DirectiveCopy(message.directive, packages, handles, message.reader_notice)
        self.on_stored(copy, verified)
        self.held[directive.id] = (verified, copy)
        self.states[directive.id] = DirectiveState.ACTIVE
        return DirectiveAccepted(directive=directive.id, state="active", log_index=len(self.held))

    def listed(self, *, token: Token) -> DirectiveList:
        """GET /directives."""
        person = self.who(token)
        own = [(name, one) for name, (one, _) in self.held.items() if one.directive.person == person]
        return DirectiveList(directives=[self._item(name, one) for name, one in own])

    def _item(self, name: DirectiveId, one: VerifiedDirective) -> DirectiveItem:
        withdrawal, receipt = self.endings.get(name, (None, None))
        state = self.states[name].value
        return DirectiveItem(id=name, jws=one.jws, state=state, withdrawal=withdrawal, receipt=receipt)

    def withdraw(self, message: WithdrawalOrder, *, token: Token) -> WithdrawalReceipt:
        """POST /withdrawals."""
        order = UnverifiedWithdrawal(message.withdrawal).verify(self.wallets[self.who(token)]).withdrawal
        deleted = len(self.held[order.directive][1].fragments)
        self.states[order.directive] = DirectiveState.WITHDRAWN
        self.on_withdrawn(order.directive)
        receipt = DeletionReceipt(self.body, order.directive, self.clock(), deleted, LogPosition(0))
        kid = thumbprint(to_jwk(self.key.public_key()))
        signed = deletion_receipt(receipt, key=self.key, kid=kid)
        self.endings[order.directive] = (message.withdrawal, signed)
        return WithdrawalReceipt(receipt=signed)
