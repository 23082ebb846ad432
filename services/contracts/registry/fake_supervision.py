"""Watching over look-ups at the honest fake: stops and reports over what it was asked, erasure of what it kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import jws
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint, to_jwk
from services.contracts.oversight.register import Role
from services.contracts.registry.analysis import (
    AskReport,
    LookUpRecord,
    LookUpReport,
    Thresholds,
    report,
)
from services.contracts.registry.change_reasons import ChangeReason
from services.contracts.registry.supervision import (
    ERASURE_TYPE,
    Erased,
    ErasureProof,
    ErasureSearch,
    StoppedOperator,
    Stops,
)
from services.kit.clock import Clock, epoch_seconds
from services.kit.credentials.callers import OperatorCaller


@dataclass
class FakeSupervision:
    """Former items are only counted here, by their day; `key` signs proofs."""

    clock: Clock
    key: Ed25519PrivateKey = field(repr=False)
    records: list[LookUpRecord] = field(default_factory=list, repr=False)
    stopped: dict[tuple[str, str], int] = field(default_factory=dict)
    former: list[tuple[date, ChangeReason]] = field(default_factory=list)
    years: int = 5

    def note(
        self, caller: OperatorCaller, people: Sequence[Pseudonym | None], *, refused: str | None = None
    ) -> None:
        """Remember a question, once for each person whom it named."""
        self.records += [
            LookUpRecord(
                self.clock(), caller.organisation, caller.operator, person, refused=refused is not None
            )
            for person in people
        ]

    def stop(self, caller: OperatorCaller) -> None:
        """Remember a stop."""
        self.stopped[caller.organisation, caller.operator] = epoch_seconds(self.clock())
        self.records.append(LookUpRecord(self.clock(), caller.organisation, caller.operator, stopped=True))

    def stops(self, caller: OperatorCaller) -> Stops:
        """See `Registry`."""
        return Stops(
            stops=[
                StoppedOperator(organisation=organisation, operator=operator, since=since)
                for (organisation, operator), since in self.stopped.items()
                if Role.AUDITOR in caller.roles or organisation == caller.organisation
            ]
        )

    def report(self, caller: OperatorCaller, asked: AskReport) -> LookUpReport:
        """See `Registry`."""
        everything = Role.AUDITOR in caller.roles
        return self._report(
            [each for each in self.records if everything or each.organisation == caller.organisation], asked
        )

    def own_report(self, person: Pseudonym, asked: AskReport) -> LookUpReport:
        """See `Registry`."""
        return self._report([each for each in self.records if each.person == person], asked)

    def erase(self) -> Erased:
        """See `Registry`."""
        kept = [each for each in self.former if not self._due(each)]
        erased = len(self.former) - len(kept)
        self.former = kept
        return Erased(erased=erased)

    def prove(self) -> ErasureProof:
        """See `Registry`."""
        found = ErasureSearch(
            at=epoch_seconds(self.clock()),
            before=self._before().isoformat(),
            history_entries=len(self.former),
            left=sum(map(self._due, self.former)),
            kept_abroad=sum(reason is ChangeReason.MOVED_ABROAD for _, reason in self.former),
            log_entries=len(self.records),
            log_entries_with_items=0,
        )
        kid = thumbprint(to_jwk(self.key.public_key()))
        payload = dict(found.model_dump(mode="json"))
        return ErasureProof(proof=jws.sign(payload, typ=ERASURE_TYPE, key=self.key, kid=kid))

    def _report(self, records: Sequence[LookUpRecord], asked: AskReport) -> LookUpReport:
        until: datetime = self.clock()
        since = until - timedelta(days=asked.days)
        recent = [each for each in records if each.at >= since]
        return report(recent, since=since, until=until, thresholds=Thresholds())

    def _due(self, former: tuple[date, ChangeReason]) -> bool:
        day, reason = former
        return reason is not ChangeReason.MOVED_ABROAD and day <= self._before()

    def _before(self) -> date:
        today = self.clock().date()
        return today.replace(year=today.year - self.years, day=min(today.day, 28))
