"""Look-ups at the honest fake: every resident is compared with every question, as slow and as plain as that."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.fake_credentials import problem
from services.contracts.oversight.register import Role
from services.contracts.registry.forms import question_of
from services.contracts.registry.look_ups import (
    MOST_HITS,
    BatchLookedUp,
    BatchResult,
    LookedUp,
    LookUp,
    LookUpBatch,
    LookUpRefusal,
    Query,
)
from services.contracts.registry.messages import BasicItems, Sex
from services.kit.credentials.callers import OperatorCaller

Items = Mapping[BasicItem, str]
Whom = Callable[[str], Pseudonym]


@dataclass
class FakeLookUps:
    """Over `residents`; `limit` and `batch_limit` are of one window that does not end."""

    residents: Mapping[Pseudonym, Items] = field(repr=False)
    tasks: frozenset[str] = frozenset({"resident_record"})
    limit: int = 200
    batch_limit: int = 100_000
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    stopped: set[str] = field(default_factory=set)

    def look_up(self, caller: OperatorCaller, message: LookUp, whom: Whom) -> LookedUp:
        """See `Registry`."""
        self._allow(caller, message.task)
        result = self._result(message.query, whom)
        self._count(caller, "single", max(1, len(result.residents)), limit=self.limit)
        if result.refused is not None:
            raise problem(403, result.refused)
        return LookedUp(residents=result.residents)

    def look_up_batch(self, caller: OperatorCaller, message: LookUpBatch, whom: Whom) -> BatchLookedUp:
        """See `Registry`."""
        self._allow(caller, message.task)
        results = [self._result(query, whom) for query in message.queries]
        told = sum(max(1, len(each.residents)) for each in results)
        self._count(caller, "batch", told, limit=self.batch_limit)
        return BatchLookedUp(results=results)

    def _allow(self, caller: OperatorCaller, task: str) -> None:
        if Role.INQUIRER not in caller.roles:
            raise problem(403, LookUpRefusal.ROLE_MISSING)
        if task not in self.tasks:
            raise problem(403, LookUpRefusal.TASK_NOT_LISTED)
        if caller.operator in self.stopped:
            raise problem(403, LookUpRefusal.CARD_STOPPED)

    def _count(self, caller: OperatorCaller, pace: str, number: int, *, limit: int) -> None:
        self.asked[caller.operator, pace] += number
        if self.asked[caller.operator, pace] > limit:
            self.stopped.add(caller.operator)
            raise problem(403, LookUpRefusal.CARD_STOPPED)

    def _result(self, query: Query, whom: Whom) -> BatchResult:
        question = question_of(query)
        if isinstance(question, LookUpRefusal):
            return BatchResult(refused=question)
        if query.token is not None:
            named = self.residents.get(whom(query.token))
            hits = [] if named is None else [named]
        else:
            hits = [items for items in self.residents.values() if question.fits(items)]
        if len(hits) > MOST_HITS:
            return BatchResult(refused=LookUpRefusal.TOO_MANY)
        return BatchResult(residents=sorted(map(_told, hits), key=lambda each: (each.name, each.birth_date)))


def _told(items: Items) -> BasicItems:
    return BasicItems(
        name=items[BasicItem.NAME],
        address=items[BasicItem.ADDRESS],
        sex=Sex(items[BasicItem.SEX]),
        birth_date=items[BasicItem.BIRTH_DATE],
    )
