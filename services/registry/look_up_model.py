"""What a look-up is made of, from the question to the decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from consent.identifiers import Pseudonym
from services.contracts.registry.forms import Question
from services.contracts.registry.look_ups import LookUpRefusal
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import VerifiedPseudonym
from services.kit.journal import DatedEvent
from services.registry.model import Resident
from services.registry.throttle import Pace


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks and for what, common to all questions of a request."""

    caller: OperatorCaller
    task: str
    case: str
    pace: Pace
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """A question as it was read, with whom the ID centre's token names."""

    question: Question | LookUpRefusal
    named: VerifiedPseudonym | None = None


@dataclass(frozen=True, slots=True)
class LookUpRequest:
    """The questions of one request; `refusal` if nothing of it is allowed."""

    asked: Asked
    questions: Sequence[ReadQuestion]
    refusal: LookUpRefusal | None


@dataclass(frozen=True, slots=True)
class Provision:
    """A yes: who is told of, judged and in the log."""

    hits: Sequence[tuple[Pseudonym, Resident]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a question; `person` is whom a number names, registered or not."""

    read: ReadQuestion
    verdict: Provision | LookUpRefusal
    person: Pseudonym | None = None

    @property
    def cost(self) -> int:
        """How much of the card's limit it uses: each person told of, and a question without any as one."""
        return max(1, len(self.verdict.hits)) if isinstance(self.verdict, Provision) else 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a request, and what the log has to say about it."""

    verdicts: Sequence[Provision | LookUpRefusal]
    refusal: LookUpRefusal | None
    events: Sequence[DatedEvent]
