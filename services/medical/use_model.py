"""What suspicious use is judged from, as values: accesses, what is known about them, and an operator's habits."""

from dataclasses import dataclass

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.medical.uses import Explanation, ReaderIs, RelationshipKind, Rule
from services.contracts.oversight.humans import Account


@dataclass(frozen=True, slots=True)
class Tags:
    """Keyed tags of a surname and an address, comparable within one organisation; None: it told none."""

    surname: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Relationship:
    """Why an organisation has to do with a person, until when, and by whose word.

    It reaches the named operators and the members of the named teams. Units: `start`, `end` epoch seconds.
    """

    kind: RelationshipKind
    operators: frozenset[OperatorId]
    teams: frozenset[str]
    start: int
    end: int
    by: OperatorId
    tags: Tags = Tags()


@dataclass(frozen=True, slots=True)
class Member:
    """One of an organisation's staff as it described them, and by whose word."""

    teams: frozenset[str]
    by: OperatorId
    tags: Tags = Tags()


@dataclass(frozen=True, slots=True)
class Access:
    """One access as the log has it. Units: `at` epoch seconds; `position` that of its entry.

    `by_name`: the directive relied on names this very professional.
    """

    position: int
    at: int
    organisation: OrganisationId
    operator: OperatorId
    person: Pseudonym
    permitted: bool = True
    reader_is: ReaderIs | None = None
    emergency: bool = False
    by_name: bool = False

    @property
    def by(self) -> Account:
        """With which account it was."""
        return Account(self.organisation, self.operator)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the two sides of one access.

    `keeps`: the organisation registers relationships at all; `order`: how many people it had registered before this
    one, if it registered them.
    """

    keeps: bool = False
    relationships: tuple[Relationship, ...] = ()
    member: Member | None = None
    well_known: bool = False
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One person's turn among those whom a human looked at, and with which account."""

    position: int
    person: Pseudonym
    at: int
    by: Account
    order: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """What was seen of one reader: accesses by night and by day, who was looked at lately, and a run in order."""

    nights: int = 0
    days: int = 0
    recent: tuple[Seen, ...] = ()
    run: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """One access, with which account it was, and the rules by which it is flagged."""

    position: int
    person: Pseudonym
    at: int
    by: Account
    rules: frozenset[Rule]


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something stands out. Units: hours of Japan's day, seconds, numbers of people or accesses.

    A share of `night_share` of accesses by night, among at least `habit_least`, makes nights usual.
    """

    window: int = 600
    many_people: int = 100
    night_from: int = 22
    night_until: int = 6
    night_share: float = 0.2
    habit_least: int = 20
    sweep_people: int = 8
    sweep_gap: int = 3600
    lead: int = 7 * 86_400
    grace: int = 14 * 86_400


@dataclass(frozen=True, slots=True)
class Judged:
    """What is thought of one access: what explains it, if anything, and what it makes of the operator's habits.

    `flags` may be of earlier accesses, too: a pattern is seen when it is complete.
    """

    explanation: Explanation | None
    flags: tuple[Flag, ...]
    habits: Habits
