"""The medical centre under test, the real one or its fake, with everybody's tokens."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import (
    ASKED,
    MEDICATION,
    documents,
    seal,
)
from support.medical_world import CLINIC, HOSPITAL, ID_CENTRE, KINDS, Running, Someone, World

from consent.compartments import Compartment
from consent.directives import Grant
from consent.identifiers import DirectiveId, OrganisationId, Pseudonym
from consent.sealing import SealedBundle
from consent.statements import DocumentSelection, Selection
from consent.vocabulary import Body, Purpose
from services.contracts.directives import WithdrawalOrder
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.client import Medical
from services.contracts.medical.fake import FakeMedical
from services.contracts.medical.messages import (
    DepositRequest,
    Publication,
    ReadAnswer,
    SetApart,
)
from services.contracts.released import (
    WrongRelease,
)
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, SignedInBy
from services.kit.http import RemoteProblemError, Token


class Bench(ABC):
    """The centre under test, and everybody's tokens; the fake is told whom they mean."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.world: World = running.world
        self.person = Someone("hanako")
        self.named: dict[str, Pseudonym] = {}
        self.links: dict[str, str | None] = {}
        self.holders: dict[str, Caller] = {}
        self.centre: Medical
        self.statement = ""

    def caller(self, token: Token) -> Caller:
        """Say who holds an access token."""
        return self.holders[token.value]

    def operator(self, member: OrganisationId) -> Token:
        """Return an operator's token."""
        own = self.world.members[member]
        token = self.world.token(own)
        roles = frozenset(role.value for role in KINDS[member][1])
        self.holders[token.value] = OperatorCaller(own.id, own.operator, own.terminal, roles)
        return token

    def own(self, someone: Someone | None = None) -> Token:
        """Return a person's token."""
        who = someone or self.person
        token = self.world.person_token(who)
        self.holders[token.value] = PersonCaller(who.pseudonym(Body.MEDICAL), SignedInBy.CARD)
        return token

    def name(self, someone: Someone, member: OrganisationId, *, link: str | None = None) -> str:
        """Return a pseudonym token for the medical centre, of one link if one is given."""
        token = self.world.token_about(someone, member, Body.MEDICAL, link=link)
        self.named[token] = someone.pseudonym(Body.MEDICAL)
        self.links[token] = link
        return token

    def set_apart(self, link: str) -> int:
        """Say as the ID centre that a link of the hospital to the person was wrong."""
        token = self.name(self.person, ID_CENTRE, link=link)
        message = SetApart(token=token, organisation=HOSPITAL, fault="wrong_person")
        return self.as_id_centre().set_apart(message).documents

    @abstractmethod
    def as_id_centre(self) -> Medical:
        """Return the centre as the ID centre reaches it."""

    @abstractmethod
    def enrol(self, someone: Someone) -> None:
        """Register a wallet."""

    @abstractmethod
    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""

    @abstractmethod
    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""

    @abstractmethod
    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""

    def publish(self, compartments: Sequence[Compartment]) -> list[str]:
        """Publish compartment keys of the person."""
        publication = self.person.wallet.publish(compartments, self.world.now)
        return self.centre.publish(Publication(publication=publication), token=self.own()).publications

    def deposit(
        self, *bundles: SealedBundle, member: OrganisationId = HOSPITAL, link: str | None = None
    ) -> str:
        """Deposit for the person; returns the receipt."""
        request = DepositRequest(
            token=self.name(self.person, member, link=link), bundles=[worded_bundle(each) for each in bundles]
        )
        return self.centre.deposit(request, token=self.operator(member)).receipt

    def seal(
        self,
        count: int,
        compartment: Compartment,
        *,
        prefix: str = "d",
        version: int = 1,
        author: OrganisationId = HOSPITAL,
    ) -> SealedBundle:
        """Seal documents, by the hospital unless another is named."""
        plain = documents(count, prefix=prefix, version=version)
        return seal(self.world, self.person, plain, compartment=compartment, author=author)

    def granted(self, *, to: OrganisationId = CLINIC, **changes: Any) -> tuple[Grant, DirectiveId]:
        """Have the clinic, or another organisation, permitted medication."""
        grant = self.world.grant(self.person, self.world.terms(to, **changes), compartments=MEDICATION)
        return grant, self.permit(grant)

    def read(
        self,
        *,
        selection: Selection | DocumentSelection = ASKED,
        purpose: Purpose = Purpose.TREAT,
        wrong: WrongRelease | None = None,
    ) -> ReadAnswer:
        """Read as the clinic."""
        request = self.running.request(self.person, CLINIC, selection=selection, purpose=purpose)
        request = request.model_copy(update={"wrong": wrong})
        self.statement = request.statement
        self.named[request.tokens[Body.MEDICAL]] = self.person.pseudonym(Body.MEDICAL)
        return self.centre.read(request, token=self.operator(CLINIC))


class RealBench(Bench):
    """Over the real application."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.centre = ByTerminal(self, running.medical)

    def as_id_centre(self) -> Medical:
        """Return the client with the ID centre's certificate."""
        return self.running.medical(ID_CENTRE)

    def enrol(self, someone: Someone) -> None:
        """Register a wallet; no keys yet."""
        self.running.register(someone)

    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""
        return DirectiveId(self.running.permit(self.person, grant))

    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""
        orders = self.person.wallet.withdraw(
            {Body.MEDICAL: grant.copies[Body.MEDICAL].jws}, now=self.world.now
        )
        order = WithdrawalOrder(withdrawal=orders[Body.MEDICAL])
        self.running.directives().withdraw(order, token=self.own())

    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""
        self.world.seconds[body].spoil = lambda fragment: fragment[:-1] + bytes([fragment[-1] ^ 1])


class ByTerminal:
    """Sends each call from the terminal that its token was issued to, by the client that `client` makes for it."""

    def __init__(self, bench: Bench, client: Callable[[OrganisationId], object]) -> None:
        self._bench = bench
        self._client = client

    def __getattr__(self, name: str) -> Any:
        def call(*messages: Any, token: Token) -> Any:
            holder = self._bench.caller(token)
            member = holder.organisation if isinstance(holder, OperatorCaller) else HOSPITAL
            return getattr(self._client(member), name)(*messages, token=token)

        return call


class FakeBench(Bench):
    """Over the fake."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.fake = FakeMedical(
            callers=self.caller,
            people=self.named.get,
            directory=self.world.register.directory,
            clock=self.world.clock,
            signing_key=self.world.context.signing_key,
            links=self.links.get,
            second_keys={body: each.signing_key for body, each in self.world.seconds.items()},
        )
        self.centre = self.fake

    def as_id_centre(self) -> Medical:
        """Return the fake."""
        return self.fake

    def enrol(self, someone: Someone) -> None:
        """Register a wallet."""
        self.fake.register_wallet(someone.pseudonym(Body.MEDICAL), someone.wallet.public_jwk(Body.MEDICAL))

    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""
        return self.fake.take(grant.copies)

    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""
        self.fake.withdraw(directive)

    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""
        self.fake.releases.wrong.add(body)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


@contextmanager
def opened_bench(folder: Path, kind: type[Bench]) -> Iterator[Bench]:
    """Run a centre with one person who has a wallet there."""
    with World(folder).running() as running:
        made = kind(running)
        made.enrol(made.person)
        yield made
