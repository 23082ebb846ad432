"""What the fake medical centre keeps, in memory: people with their records, and directives; see `fake`."""

from collections.abc import Mapping
from datetime import datetime

from consent.decision import HeldDirective
from consent.directives import DirectiveCopy, UnverifiedDirective
from consent.errors import ConsentError
from consent.identifiers import BundleId, DirectiveId, OrganisationId, Pseudonym
from consent.jwk import PublicJwk
from consent.lifecycle import DirectiveState
from consent.terms import Effect
from consent.vocabulary import PROXIES, Body
from services.contracts.medical.fake_rules import FakeGrant, FakePerson, refusal
from services.contracts.medical.messages import GrantEntry


class FakeKept:
    """Serves what tests set up: people by their pseudonyms, directives by their ids, with both bodies' fragments."""

    def __init__(self) -> None:
        self._known: dict[Pseudonym, FakePerson] = {}
        self._grants: dict[DirectiveId, FakeGrant] = {}

    def register_wallet(self, person: Pseudonym, wallet: PublicJwk) -> None:
        """Take a person's wallet, as PUT /wallet would."""
        self._known.setdefault(person, FakePerson(wallet))

    def take(self, copies: Mapping[Body, DirectiveCopy]) -> DirectiveId:
        """Take a grant's copy, as POST /directives would, and the second body's fragments. Raises: SignatureError."""
        copy = copies[Body.MEDICAL]
        for person, known in self._known.items():
            try:
                verified = UnverifiedDirective(copy.jws).verify(known.wallet)
            except ConsentError:
                continue
            fragments = {
                body: {label: package.verify() for label, package in copies[body].fragments.items()}
                for body in PROXIES
                if body in copies
            }
            held = HeldDirective(verified, DirectiveState.ACTIVE)
            self._grants[verified.directive.id] = FakeGrant(person, copy, held, fragments)
            return verified.directive.id
        raise refusal(403, "not_signed_by_wallet")

    def withdraw(self, directive: DirectiveId) -> None:
        """Withdraw a directive: its fragments go."""
        grant = self._grants[directive]
        grant.held = HeldDirective(grant.held.verified, DirectiveState.WITHDRAWN)
        grant.fragments = {}

    def _own(self, person: Pseudonym, recipient: str) -> list[FakeGrant]:
        return [
            each
            for each in self._grants.values()
            if each.person == person and each.held.terms.recipient.organisation == recipient
        ]

    def _bundle_ids(self) -> set[BundleId]:
        return {each.id for known in self._known.values() for each in known.bundles}

    def _held_by(self, person: Pseudonym) -> list[HeldDirective]:
        return [each.held for each in self._grants.values() if each.person == person]

    def _of(self, person: Pseudonym) -> FakePerson:
        if person not in self._known:
            raise refusal(404, "no_wallet")
        return self._known[person]

    def _entries(self, organisation: OrganisationId, now: datetime) -> list[GrantEntry]:
        return [
            GrantEntry(
                grant=name,
                handles=dict(each.copy.handles),
                reader_notice=each.copy.reader_notice,
                subject_key=dict(self._known[each.person].wallet),
            )
            for name, each in self._grants.items()
            if each.held.state is DirectiveState.ACTIVE
            and each.held.terms.recipient.organisation == organisation
            and each.held.terms.effect is Effect.PERMIT
            and each.held.terms.valid_from <= now < each.held.terms.valid_until
            and each.copy.reader_notice is not None
        ]
