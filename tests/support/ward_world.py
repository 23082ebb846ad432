"""A ward, those who act for them, and what one body was told of it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from secrets import token_bytes

import pytest
from sqlalchemy import func, select
from support.oversight_reads import MEDICATION, NOTICE, SCOPE, events
from support.oversight_world import URLS, OversightWorld, Participant, Person, body_certificate

from consent.directives import DirectiveCopy, Effect, RecordScope, Terms
from consent.guardian_signature import GuardianSignature, sign_as_guardian
from consent.guardians import Capacity, Change, LegalState
from consent.identifiers import DirectiveId
from consent.jwk import thumbprint, to_jwk
from consent.recipients import Recipient
from consent.vocabulary import PROXIES, Body, Purpose
from consent.wallet import Wallet
from services.contracts.directives import (
    DirectivesClient,
    submission,
)
from services.contracts.guardianship import GuardianKey, PersonState, StateClient, TellStates
from services.kit.credentials.callers import SignedInBy
from services.kit.http import Http, RemoteProblemError, Token
from services.oversight import tables

HERE = Body.OVERSIGHT


@dataclass
class Guardian:
    """Somebody who acts for one ward, with the key that this body knows."""

    ward: str
    capacity: Capacity = Capacity.PARENT
    wallet: Wallet = field(default_factory=lambda: Wallet.create(token_bytes))

    def sign(self, who: Person, terms: Terms, *, body: Body = HERE) -> GuardianSignature:
        """Sign terms for a ward."""
        key = self.wallet.guardian_key(self.ward, body)
        name = who.told_name(body) if body is not HERE else who.pseudonym(body)
        return sign_as_guardian(key, self.capacity, body=body, person=name, terms=terms)

    def key(self, ended: Change | None = None, until: int | None = None) -> GuardianKey:
        """Return what the ID centre tells of the guardian."""
        key = to_jwk(self.wallet.guardian_key(self.ward, HERE).public_key())
        return GuardianKey(key=key, capacity=self.capacity, ended=ended, confirm_until=until)

    @property
    def kid(self) -> str:
        """The key's thumbprint."""
        return thumbprint(self.key().key)


@dataclass
class Ward:
    """A person, those who act for them, and what this body was told last."""

    world: OversightWorld
    clinic: Participant
    person: Person
    number: int = 0

    def told(self, state: LegalState, *guardians: GuardianKey, number: int | None = None) -> int:
        """Have the ID centre tell; return how much of it was news."""
        self.number += 1
        name = self.person.told_name(HERE)
        said = PersonState(person=name, number=number or self.number, state=state, guardians=list(guardians))
        http = self.world.http(body_certificate(Body.IDENTITY))
        return StateClient(http).tell(TellStates(states=[said])).news

    def token(self, guardian: Guardian | None = None) -> Token:
        """Return the person's token, or a guardian's for them."""
        value = self.world._tokens().for_person(
            audience=URLS[HERE],
            pseudonym=self.person.told_name(HERE),
            audience_key=self.world.context.sealing_key.public_key(),
            acr=(SignedInBy.CARD if guardian is None else SignedInBy.GUARDIAN).value,
            jkt=self.world.dpop.thumbprint,
            place=0,
            now=self.world.clock(),
            guardian=None if guardian is None else guardian.kid,
        )
        return Token(value, self.world.dpop)

    @property
    def http(self) -> Http:
        """The connection of somebody's machine."""
        return self.world.http(self.world.official.certificate)

    @property
    def client(self) -> DirectivesClient:
        """This body's routes for people."""
        return DirectivesClient(self.http)

    def terms(self, **changes: object) -> Terms:
        """Return terms for the clinic."""
        now = self.world.clock()
        base = Terms(
            recipient=Recipient(self.clinic.organisation),
            effect=Effect.PERMIT,
            purposes=frozenset({Purpose.TREAT}),
            scope=SCOPE,
            valid_from=now,
            valid_until=now + timedelta(days=365),
            notice=NOTICE,
        )
        return replace(base, **changes)  # type: ignore[arg-type]  # members of every kind

    def copy(self, terms: Terms, signature: GuardianSignature | None = None) -> DirectiveCopy:
        """Have the ward's wallet sign, with a guardian's signature beside it."""
        permits = terms.effect is Effect.PERMIT
        assert self.clinic.receiving is not None
        scope = terms.scope
        assert isinstance(scope, RecordScope)
        category = sorted(scope.categories)[0]
        return self.person.wallet.grant(
            terms,
            recipient_receiving_key=self.clinic.receiving.public_bytes() if permits else None,
            compartments=[replace(MEDICATION, category=category)] if permits else [],
            persons={body: self.person.pseudonym(body) for body in PROXIES},
            handle_keys={
                body: self.world.others.sealing[body].public_key() for body in (Body.OVERSIGHT, Body.IDENTITY)
            },
            now=self.world.clock(),
            randomness=self.world.random.randbytes,
            guardian=None if signature is None else {HERE: signature},
        ).copies[HERE]

    def lay_down(self, terms: Terms, by: Guardian | None, *, signed_in: Guardian | None) -> DirectiveId:
        """Lay a directive down; `by` signs it, `signed_in` (None: the person) hands it over."""
        copy = self.copy(terms, None if by is None else by.sign(self.person, terms))
        told = self.client.submit(submission(copy), token=self.token(signed_in))
        return DirectiveId(told.directive)

    def refused(self, terms: Terms, by: Guardian | None, *, signed_in: Guardian | None) -> str:
        """Return the code by which it is refused; it stands in the person's history, and nothing is stored."""
        before, stored = len(events(self.world)), self.stored()
        with pytest.raises(RemoteProblemError) as refusal:
            self.lay_down(terms, by, signed_in=signed_in)
        logged = events(self.world)
        assert len(logged) == before + 1
        assert (logged[-1]["outcome"], logged[-1]["reason"]) == ("refused", refusal.value.code)
        assert logged[-1]["person"] == self.person.pseudonym(HERE)
        assert self.stored() == stored
        return str(refusal.value.code)

    def stored(self) -> int:
        """Count the directives of everybody."""
        with self.world.context.database.read() as conn:
            return conn.execute(select(func.count()).select_from(tables.DIRECTIVES.directive)).scalar_one()

    def fragments(self, directive: DirectiveId) -> int:
        """Count a directive's fragments."""
        table = tables.DIRECTIVES.fragment
        with self.world.context.database.read() as conn:
            return conn.execute(
                select(func.count()).select_from(table).where(table.c.directive == directive)
            ).scalar_one()

    def state(self, directive: DirectiveId, *, by: Guardian | None) -> str:
        """Return a directive's state as a signed-in reader of the list sees it."""
        found = self.client.directives(token=self.token(by))
        return next(each.state for each in found if each.id == directive)
