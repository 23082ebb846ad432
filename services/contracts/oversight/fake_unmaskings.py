"""What people ask about who acted, at an honest fake oversight body, in memory; the contract tests keep it true."""

from collections.abc import Callable
from dataclasses import dataclass, field

from consent.identifiers import Pseudonym
from services.contracts.fake_credentials import problem
from services.contracts.oversight.unmasking import AskUnmasking, Unmasking, UnmaskingState
from services.kit.clock import Clock, epoch_seconds
from services.kit.log.entry import Event
from services.kit.log.errors import LogError
from services.kit.log.evidence import Trust, VerifiedEntry, verify_evidence
from services.kit.staff import COLLEAGUES, OPENING, OPERATOR, STAFF, TERMINAL, colleagues


@dataclass
class FakeUnmaskings:
    """What all people share; `trust` says whose logs and witnesses count. What officials decide is `decided`'s."""

    trust: Callable[[], Trust]
    clock: Clock
    most_waiting: int = 10
    held: dict[str, tuple[Pseudonym, Unmasking]] = field(default_factory=dict)

    def at(self, person: Pseudonym) -> "FakeUnmaskingDesk":
        """Return the cases as a person reaches them."""
        return FakeUnmaskingDesk(self, person)

    def decided(
        self, case: str, state: UnmaskingState, *, name: str | None = None, comment: str | None = None
    ) -> None:
        """Have two officials decide a case."""
        person, asked = self.held[case]
        told = asked.model_copy(update={"state": state, "name": name, "comment": comment})
        self.held[case] = (person, told)

    def of(self, person: Pseudonym) -> list[Unmasking]:
        """Return a person's cases, the oldest first."""
        return [asked for whose, asked in self.held.values() if whose == person]


@dataclass
class FakeUnmaskingDesk:
    """Serves `UnmaskingDesk` to one person."""

    shared: FakeUnmaskings
    person: Pseudonym

    def ask(self, message: AskUnmasking) -> Unmasking:
        """See `UnmaskingDesk`."""
        entry = self._proven(message)
        event, own = entry.event, self.shared.of(self.person)
        said = _said(event, message.colleague)
        place = (entry.origin.rpartition("/")[2], entry.index, message.colleague)
        known = next((each for each in own if (each.body, each.index, each.colleague) == place), None)
        if known is not None:
            return known
        if sum(each.state is UnmaskingState.ASKED for each in own) >= self.shared.most_waiting:
            raise problem(409, "staff_too_many_cases")
        case = Unmasking(
            case=f"case-{len(self.shared.held)}",
            body=place[0],
            index=place[1],
            organisation=said.get("organisation") or str(event.get("organisation")),
            pseudonym=said["pseudonym"],
            why=message.why,
            asked=epoch_seconds(self.shared.clock()),
            state=UnmaskingState.ASKED,
            colleague=message.colleague,
        )
        self.shared.held[case.case] = (self.person, case)
        return case

    def own(self) -> list[Unmasking]:
        """See `UnmaskingDesk`."""
        return self.shared.of(self.person)

    def _proven(self, message: AskUnmasking) -> VerifiedEntry:
        try:
            (entry,) = verify_evidence(message.evidence, self.shared.trust())
        except (LogError, ValueError):
            raise problem(409, "staff_entry_not_proven") from None
        if entry.event.get("body") != entry.origin.rpartition("/")[2]:
            raise problem(409, "staff_entry_not_proven")
        return entry


def _said(event: Event, colleague: int) -> dict[str, str]:
    staff = event.get(STAFF)
    if not isinstance(staff, dict):
        code = "staff_nobody_acted" if TERMINAL not in event else "staff_terminal_alone"
        raise problem(409, "staff_named_there" if OPERATOR in event else code)
    acted = {name: str(value) for name, value in staff.items() if name not in ("roles", COLLEAGUES)}
    beside = [acted, *colleagues(event)]
    said = beside[colleague] if colleague < len(beside) else {}
    if "commitment" not in said or "pseudonym" not in said:
        raise problem(409, "staff_not_committed")
    if said.get("sealed") is None and said.get(OPENING) is None:
        raise problem(409, "staff_not_sealed")
    return said
