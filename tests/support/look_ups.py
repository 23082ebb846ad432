"""Officials who look people up in the tests."""

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_people import IDENTITY, REGISTRY, Participant
from support.identity_world import World

from consent.identifiers import OperatorId
from consent.jwk import to_jwk
from services.contracts.identity.messages import EnrolledPerson
from services.contracts.identity.numbers import LookUpNumbers
from services.contracts.oversight.register import Operator, Role
from services.contracts.registry.look_ups import (
    BatchResult,
    LookUp,
    LookUpBatch,
    Match,
    Query,
    Sought,
)
from services.contracts.registry.messages import BasicItems, Sex
from services.kit.clock import epoch_seconds

TASK = "resident_record"
CASE = "case 7"
BORN = "1984-02-29"
ADDRESS = "東京都千代田区一番町1"


def sought(text: str) -> Sought:
    """Return what is looked for; a trailing * means the beginning."""
    return Sought(text=text.rstrip("*"), match=Match.PREFIX if text.endswith("*") else Match.FULL)


def query(name: str, address: str | None = None, *, born: str | None = None) -> Query:
    """Return a question without a number."""
    return Query(name=sought(name), address=None if address is None else sought(address), birth_date=born)


def items_of(name: str, address: str = ADDRESS, born: str = BORN) -> BasicItems:
    """Return the items of somebody."""
    return BasicItems(name=name, address=address, sex=Sex.FEMALE, birth_date=born)


def appoint(world: World, at: Participant, human: str, role: Role = Role.SUPERVISOR) -> Participant:
    """Give a human a role, by default a supervisor's, with a card of their own, at the same terminal."""
    key = generate_private_key(SECP256R1())
    name = OperatorId(f"{at.organisation}-{human}")
    world.oversight.operators.append(
        Operator(
            id=name,
            organisation=at.organisation,
            roles=[role],
            card_key=to_jwk(key.public_key()),
            active=True,
            expires=epoch_seconds(world.clock()) + 365 * 86_400,
            person_tag=human,
        )
    )
    return replace(at, operator=name, card_key=key)


@dataclass(frozen=True)
class Official:
    """An operator of a municipality, in a world of real bodies or fakes."""

    world: World
    at: Participant

    def enters(self, items: BasicItems) -> EnrolledPerson:
        """Enrol somebody and enter them in the registry."""
        enrolled = self.world.enrol(self.at)
        self.world.settle(enrolled, self.at, items)
        return enrolled

    def numbered(self, *numbers: str) -> list[str]:
        """Return the ID centre's tokens for numbers."""
        message = LookUpNumbers(numbers=list(numbers), task=TASK, case=CASE)
        token = self.world.operator_token(self.at, IDENTITY)
        return self.world.identity(self.at).look_up_numbers(message, token=token).tokens

    def asks(self, asked: Query, *, task: str = TASK) -> list[str]:
        """Ask one question; return the names of whom it fits."""
        message = LookUp(query=asked, task=task, case=CASE)
        token = self.world.operator_token(self.at, REGISTRY)
        told = self.world.registry(self.at).look_up(message, token=token)
        return [each.name for each in told.residents]

    def asks_for_number(self, number: str) -> list[str]:
        """Ask for whoever has a number; return their name, if anybody has it."""
        return self.asks(Query(token=self.numbered(number)[0]))

    def asks_all(self, *asked: Query) -> list[BatchResult]:
        """Ask a part of a file."""
        message = LookUpBatch(queries=list(asked), task=TASK, case=CASE, batch="b1")
        token = self.world.operator_token(self.at, REGISTRY)
        return self.world.registry(self.at).look_up_batch(message, token=token).results
