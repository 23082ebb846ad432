"""A municipality that enters guardians and deaths at the real ID centre, and bodies that are told of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_people import IDENTITY, Holder, Participant, some_items
from support.identity_world import World, running

from consent import base64url, jws
from consent.canonical import JsonValue
from consent.guardians import Capacity
from consent.identifiers import OperatorId, Pseudonym
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.guardianship import PersonState, StatesTold, TellStates
from services.contracts.guardianship_fake import FakeStateKeeper
from services.contracts.identity.guardianships import (
    OFFER,
    TOLD,
    AskWard,
    EndGuardianship,
    Evidence,
    GuardianshipClient,
    WardShown,
)
from services.contracts.identity.messages import Application, EnrolledPerson
from services.contracts.oversight.register import Kind, Operator, Role
from services.contracts.proposals import ProposalsClient, ShownProposal
from services.contracts.registry.client import RegistryClient
from services.contracts.shared import SharedClient
from services.directives.service import Directives, open_directives
from services.identity import tables
from services.identity.centre import IdentityCentre, open_centre
from services.identity.settings import Settings
from services.identity.workflows import guarding
from services.kit.clock import JAPAN, epoch_seconds
from services.kit.http import RemoteProblemError, Token

DOCUMENT = sha256(b"a scan").hexdigest()


class Stranger(SharedClient):
    """A body that is not up here, as far as it is told who acts for whom."""

    def __init__(self, keeper: FakeStateKeeper) -> None:
        self.keeper = keeper

    def tell_states(self, message: TellStates) -> StatesTold:
        return self.keeper.tell(message)


@dataclass
class Guardian:
    """Somebody with a card and a wallet who wants to act for others."""

    holder: Holder
    wallet: Wallet = field(default_factory=lambda: Wallet.create(token_bytes))

    def keys(self, name: str) -> dict[str, dict[str, str]]:
        return {body.value: to_jwk(self.wallet.guardian_key(name, body).public_key()) for body in TOLD}


@dataclass
class Scene:
    """A municipality with a registrar and two supervisors; bodies that are told."""

    world: World
    city: Participant
    supervisors: tuple[Participant, Participant]
    strangers: dict[Body, FakeStateKeeper]

    @property
    def desk(self) -> GuardianshipClient:
        return GuardianshipClient(self.world.http(IDENTITY, self.city))

    @property
    def registrar(self) -> Token:
        return self.world.operator_token(self.city, IDENTITY)

    @property
    def centre(self) -> IdentityCentre:
        context = self.world.identity_context
        assert isinstance(context.settings, Settings)
        peers: dict[Body, SharedClient] = {Body.REGISTRY: SharedClient(self.world.registry_link)}
        return open_centre(
            context,
            context.settings,
            register=self.world.register,
            registry=RegistryClient(self.world.registry_link),
            peers=(peers | {body: Stranger(keeper) for body, keeper in self.strangers.items()}).__getitem__,
        )

    @property
    def directives(self) -> Directives:
        return open_directives(
            self.world.identity_context, tables.DIRECTIVES, directory=self.world.register.directory
        )

    def tell(self) -> None:
        guarding.carry_on(self.centre, self.directives)

    def told(self, body: Body, person: EnrolledPerson) -> PersonState:
        """Return what a body was told last about somebody."""
        return self.strangers[body].told[self.name(body, person)]

    def name(self, body: Body, person: EnrolledPerson) -> Pseudonym:
        centre = self.centre
        with self.world.identity_context.database.read() as conn:
            someone = centre.store.linked(
                conn, organisation=self.city.organisation, reference=person.reference
            )
            assert someone is not None
            return centre.names(conn)(body, someone.linkage)

    def child(self, age: int) -> EnrolledPerson:
        """Enrol somebody who was that old yesterday, without a card."""
        today = self.world.clock().astimezone(JAPAN).date()
        born = date(today.year - age, today.month, 1).isoformat()
        enrolled = self.world.enrol(self.city)
        items = some_items().model_copy(update={"birth_date": born})
        self.world.settle(enrolled, self.city, items)
        return enrolled

    def adult(self) -> Guardian:
        return Guardian(self.world.holder(self.city))

    def ask(self, person: EnrolledPerson) -> WardShown:
        return self.desk.ward(AskWard(reference=person.reference), token=self.registrar)

    def offer(self, guardian: Guardian, name: str, capacity: Capacity, /, **replaced: JsonValue) -> str:
        told: dict[str, JsonValue] = {
            "guardianship": name,
            "organisation": self.city.organisation,
            "capacity": capacity,
            "keys": guardian.keys(name),
            "at": epoch_seconds(self.world.clock()),
            **replaced,
        }
        holder = guardian.holder
        return jws.sign(
            told,
            typ=OFFER,
            key=holder.keys[Application.SIGNATURE],
            kid=holder.kid_of(Application.SIGNATURE),
        )

    def supervisor(self, number: int) -> ProposalsClient:
        who = self.supervisors[number]
        return ProposalsClient(self.world.http(IDENTITY, who), token=self.world.operator_token(who, IDENTITY))

    def propose(
        self,
        person: EnrolledPerson,
        guardian: Guardian,
        capacity: Capacity = Capacity.PARENT,
        evidence: Evidence = Evidence.FAMILY_REGISTER,
        *,
        offer: str | None = None,
        name: str | None = None,
    ) -> tuple[str, ShownProposal]:
        name = name or base64url.encode(token_bytes(16))
        parameters: dict[str, Any] = {
            "reference": person.reference,
            "offer": offer or self.offer(guardian, name, capacity),
            "evidence": evidence.value,
            "document": DOCUMENT,
        }
        made = self.supervisor(0).propose_as("register-guardianship", parameters, reason="a birth")
        return name, made

    def enter(self, person: EnrolledPerson, guardian: Guardian, **told: Any) -> str:
        name, made = self.propose(person, guardian, **told)
        self.supervisor(1).approve(made)
        return name

    def die(self, person: EnrolledPerson) -> ShownProposal:
        return self.supervisor(1).approve(self.propose_death(person))

    def propose_death(self, person: EnrolledPerson) -> ShownProposal:
        parameters: dict[str, Any] = {"reference": person.reference, "document": DOCUMENT}
        return self.supervisor(0).propose_as("register-death", parameters, reason="a notification")

    def end(self, person: EnrolledPerson, name: str) -> WardShown:
        message = EndGuardianship(
            reference=person.reference,
            guardianship=name,
            evidence=Evidence.COURT_DECISION,
            document=DOCUMENT,
        )
        return self.desk.end(message, token=self.registrar)

    def token(self, guardian: Guardian, name: str, audience: str = IDENTITY) -> Token:
        """Have a guardian sign in for a ward."""
        claims = {"guardianship": name}
        fields = self.world.person_fields(guardian.holder, audience, at=self.city, claims=claims)
        answer = self.world.identity(self.city).token(fields, key=self.world.dpop)
        return Token(answer.access_token, self.world.dpop)

    def correct(self, person: EnrolledPerson) -> ShownProposal:
        """Have a death taken back by both."""
        return self.supervisor(1).approve(self.propose_correction(person))

    def propose_correction(self, person: EnrolledPerson) -> ShownProposal:
        parameters: dict[str, Any] = {"reference": person.reference, "document": DOCUMENT}
        return self.supervisor(0).propose_as("correct-death", parameters, reason="she came to the counter")

    def history(self, pseudonym: Pseudonym) -> list[dict[str, Any]]:
        context = self.world.identity_context
        with context.database.read() as conn:
            rows = [at for at, whose in context.journal.persons(conn) if whose == pseudonym]
            openings = context.journal.openings(conn, rows)
        return [dict(openings[at].event) for at in sorted(rows)]

    def prolong(self) -> None:
        """Have nobody's accreditation end for another year."""
        longer = {"expires": epoch_seconds(self.world.clock()) + 365 * 86_400}
        oversight = self.world.oversight
        oversight.operators[:] = [each.model_copy(update=longer) for each in oversight.operators]
        oversight.terminals[:] = [each.model_copy(update=longer) for each in oversight.terminals]
        oversight.organisations[:] = [each.model_copy(update=longer) for each in oversight.organisations]

    def own_name(self, person: EnrolledPerson) -> Pseudonym:
        return self.world.identity_context.people.first_name(self.name(Body.IDENTITY, person))


@contextmanager
def guardian_scene(folder: Path) -> Iterator[Scene]:
    """Open the bodies in a folder, with a municipality of one registrar and two supervisors."""
    with running(folder) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        pair = tuple(_supervisor(world, city, name) for name in ("one", "two"))
        strangers = {body: FakeStateKeeper() for body in (Body.MEDICAL, Body.OVERSIGHT)}
        yield Scene(world, city, (pair[0], pair[1]), strangers)


@contextmanager
def status(expected: int) -> Iterator[None]:
    """Expect a refusal of this status."""
    with pytest.raises(RemoteProblemError) as refusal:
        yield
    assert refusal.value.status == expected


def _supervisor(world: World, city: Participant, name: str) -> Participant:
    card = generate_private_key(SECP256R1())
    world.oversight.operators.append(
        Operator(
            id=OperatorId(name),
            organisation=city.organisation,
            roles=[Role.SUPERVISOR],
            card_key=to_jwk(card.public_key()),
            active=True,
            expires=epoch_seconds(world.clock()) + 365 * 86_400,
            person_tag=f"the human called {name}",
        )
    )
    return replace(city, operator=OperatorId(name), card_key=card)
