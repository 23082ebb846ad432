"""Look-ups at the honest fake: every resident is compared with every question, as slow and as plain as that."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.fake_credentials import problem
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Directory, Role
from services.contracts.registry.fake_supervision import FakeSupervision
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
    supervision: FakeSupervision = field(repr=False)
    directory: Callable[[], Directory] = field(repr=False)
    tasks: frozenset[str] = frozenset({"resident_record"})
    limit: int = 200
    batch_limit: int = 100_000
    asked: Counter[tuple[Account, str]] = field(default_factory=Counter)

    def look_up(self, caller: OperatorCaller, message: LookUp, whom: Whom) -> LookedUp:
        """See `Registry`."""
        self._allow(caller, message.task)
        noted = len(self.supervision.records)
        result = self._result(caller, message.query, whom)
        self._count(caller, "single", [result], limit=self.limit, noted=noted)
        if result.refused is not None:
            raise problem(403, result.refused)
        return LookedUp(residents=result.residents)

    def look_up_batch(self, caller: OperatorCaller, message: LookUpBatch, whom: Whom) -> BatchLookedUp:
        """See `Registry`."""
        self._allow(caller, message.task)
        noted = len(self.supervision.records)
        results = [self._result(caller, query, whom) for query in message.queries]
        self._count(caller, "batch", results, limit=self.batch_limit, noted=noted)
        return BatchLookedUp(results=results)

    def _allow(self, caller: OperatorCaller, task: str) -> None:
        if Role.INQUIRER not in caller.roles:
            self._refuse(caller, LookUpRefusal.ROLE_MISSING)
        if task not in self.tasks:
            self._refuse(caller, LookUpRefusal.TASK_NOT_LISTED)
        if self.supervision.stopped.keys() & set(self._cards(caller)):
            self._refuse(caller, LookUpRefusal.CARD_STOPPED)

    def _refuse(self, caller: OperatorCaller, code: LookUpRefusal) -> NoReturn:
        self.supervision.note(caller, [None], refused=code)
        raise problem(403, code)

    def _count(
        self, caller: OperatorCaller, pace: str, results: Sequence[BatchResult], *, limit: int, noted: int
    ) -> None:
        human = self._cards(caller)[0]
        self.asked[human, pace] += sum(max(1, len(each.residents)) for each in results)
        if self.asked[human, pace] > limit:
            del self.supervision.records[noted:]  # nothing of it was told
            self.supervision.stop(caller)
            self.supervision.note(caller, [None] * len(results), refused=LookUpRefusal.CARD_STOPPED)
            raise problem(403, LookUpRefusal.CARD_STOPPED)

    def _cards(self, caller: OperatorCaller) -> Sequence[Account]:
        return self.directory().accounts(caller.organisation, caller.operator)

    def _result(self, caller: OperatorCaller, query: Query, whom: Whom) -> BatchResult:
        question = question_of(query)
        if isinstance(question, LookUpRefusal):
            return self._refused(caller, question)
        if query.token is not None:
            named = whom(query.token)
            hits = {named: self.residents[named]} if named in self.residents else {}
        else:
            hits = {person: items for person, items in self.residents.items() if question.fits(items)}
        if len(hits) > MOST_HITS:
            return self._refused(caller, LookUpRefusal.TOO_MANY)
        self.supervision.note(caller, [*hits] or [None])
        told = sorted(map(_told, hits.values()), key=lambda each: (each.name, each.birth_date))
        return BatchResult(residents=told)

    def _refused(self, caller: OperatorCaller, code: LookUpRefusal) -> BatchResult:
        self.supervision.note(caller, [None], refused=code)
        return BatchResult(refused=code)


def _told(items: Items) -> BasicItems:
    return BasicItems(
        name=items[BasicItem.NAME],
        address=items[BasicItem.ADDRESS],
        sex=Sex(items[BasicItem.SEX]),
        birth_date=items[BasicItem.BIRTH_DATE],
    )
