"""What people lay down at the registry: through the real routes, or entered into the fake."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from support.identity_fakes import FakeWorld
from support.identity_people import REGISTRY, Holder, Participant
from support.identity_world import World

from consent.decision import HeldDirective
from consent.directives import BasicScope, DirectiveCopy, Effect, Notice, Terms, UnverifiedDirective
from consent.identifiers import Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import Recipient
from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from consent.wallet import Wallet
from services.contracts.directives import (
    DirectivesClient,
    WithdrawalOrder,
    submission,
    wallet_registration,
)
from services.kit.http import Token


class Permissions(Protocol):
    """One person's wallet at the registry, and how the registry knows the person."""

    @property
    def wallet(self) -> Wallet:
        """The wallet."""

    @property
    def person(self) -> Pseudonym:
        """The registry's pseudonym."""

    def lay_down(self, terms: Terms) -> str:
        """Permit or refuse; returns the signed copy."""

    def withdraw(self, copy: str) -> None:
        """Withdraw what was laid down."""


@dataclass(frozen=True)
class RealPermissions:
    """See `Permissions`."""

    world: World
    wallet: Wallet
    person: Pseudonym
    directives: DirectivesClient
    token: Token

    def lay_down(self, terms: Terms) -> str:
        """See `Permissions`."""
        copy = registry_copy(self.world, self.wallet, terms, self.person)
        self.directives.submit(submission(copy), token=self.token)
        return copy.jws

    def withdraw(self, copy: str) -> None:
        """See `Permissions`."""
        orders = self.wallet.withdraw({Body.REGISTRY: copy}, now=self.world.clock())
        self.directives.withdraw(WithdrawalOrder(withdrawal=orders[Body.REGISTRY]), token=self.token)


@dataclass(frozen=True)
class FakePermissions:
    """See `Permissions`."""

    world: FakeWorld
    wallet: Wallet
    person: Pseudonym

    def lay_down(self, terms: Terms) -> str:
        """See `Permissions`."""
        copy = registry_copy(self.world, self.wallet, terms, self.person)
        verified = UnverifiedDirective(copy.jws).verify(self.wallet.public_jwk(Body.REGISTRY))
        held = HeldDirective(verified, DirectiveState.ACTIVE)
        self.world.fake_registry.directives.setdefault(self.person, []).append(held)
        return copy.jws

    def withdraw(self, copy: str) -> None:
        """See `Permissions`."""
        directives = self.world.fake_registry.directives
        directives[self.person] = [
            replace(each, state=DirectiveState.WITHDRAWN) if each.verified.jws == copy else each
            for each in directives[self.person]
        ]


def permissions(world: World, holder: Holder, *, at: Participant) -> Permissions:
    """Make a wallet for a person; at the real registry it is registered over the wire."""
    wallet = Wallet.create(world.random.randbytes)
    token = world.person_token(holder, REGISTRY, at=at)
    if isinstance(world, FakeWorld):
        return FakePermissions(world, wallet, world.pseudonym(token, Body.REGISTRY))
    directives = DirectivesClient(world.http(REGISTRY, at))
    registered = directives.register_wallet(
        wallet_registration(wallet, Body.REGISTRY, world.clock()), token=token
    )
    return RealPermissions(world, wallet, Pseudonym(registered.pseudonym), directives, token)


def registry_copy(world: World, wallet: Wallet, terms: Terms, person: Pseudonym) -> DirectiveCopy:
    """Return the registry's copy of a directive about basic items."""
    return wallet.grant(
        terms,
        recipient_receiving_key=None,
        compartments=[],
        persons={Body.REGISTRY: person},
        handle_keys={},
        now=world.clock(),
        randomness=world.random.randbytes,
    ).copies[Body.REGISTRY]


def basic_terms(
    world: World,
    recipient: Participant,
    *items: BasicItem,
    purpose: Purpose = Purpose.IDENTITY_VERIFICATION,
    effect: Effect = Effect.PERMIT,
    contract: str | None = "account 12",
    reasons: Iterable[ConfirmationReason] = (ConfirmationReason.PERIODIC_CHECK,),
) -> Terms:
    """Return terms about basic items, from now on for thirty days."""
    notice = Notice.of_text(
        "May the bank confirm your name?",
        text_id="bank-confirmation",
        version="1",
        language="en",
        refusal_meaning="You confirm it at the counter.",
    )
    return Terms(
        recipient=Recipient(recipient.organisation),
        effect=effect,
        purposes=frozenset({purpose}),
        scope=BasicScope(frozenset(items), contract, frozenset(reasons)),
        valid_from=world.clock(),
        valid_until=world.clock() + timedelta(days=30),
        notice=notice,
    )
