"""What the workflows share: the running body with its ledger, and the logging of refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from consent import base64url
from consent.identifiers import Pseudonym
from services.contracts.oversight.register_view import RegisterView
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ReplayError
from services.product_safety.errors import ProductSafetyError
from services.product_safety.ledger import Ledger

ID_BYTES = 16


@dataclass
class Attempt:
    """Whom an attempt concerns; filled in once known, so that a refusal is in their history."""

    person: Pseudonym | None


@dataclass(frozen=True)
class Centre:
    """The product safety centre as its workflows see it."""

    context: BodyContext
    register: RegisterView

    @cached_property
    def ledger(self) -> Ledger:
        """Writes rows with their journal entries."""
        return Ledger(self.context.journal)

    def now(self) -> int:
        """Return the present moment in epoch seconds."""
        return epoch_seconds(self.context.clock())

    def new_id(self) -> str:
        """Return a random id."""
        return base64url.encode(self.context.randomness(ID_BYTES))

    @contextmanager
    def logged(self, event: Event, person: Pseudonym | None = None) -> Iterator[Attempt]:
        """Log a refusal that leaves the block; its own transaction, because that of the block is rolled back."""
        attempt = Attempt(person)
        try:
            yield attempt
        except (ProductSafetyError, ReplayError) as error:
            reason = error.problem.code if isinstance(error, ReplayError) else error.code
            refused = replace(event, outcome=Outcome.REFUSED, reason=reason)
            with self.context.database.write() as conn:
                self.ledger.note(conn, person=attempt.person, event=refused)
            raise


def by(caller: OperatorCaller, kind: EventKind, gtin: str) -> Event:
    """Return the event of something that an operator does about a trade item."""
    return by_operator(caller, kind, outcome=Outcome.DONE, detail={"gtin": gtin})
