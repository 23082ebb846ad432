"""Who may act for a person: one table by the person's legal state, one by what changes it, and nothing beside them.

A guardian signs in a capacity, with a key that one body knows for one person. Whether that counts is said here, for
every body alike; what follows when it counts no more is said here, too.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from consent.errors import MalformedError
from consent.terms import Effect, RecordScope, Terms
from consent.vocabulary import Category, Purpose
from consent.words import Word


class Capacity(StrEnum):
    """As what somebody acts for another. Source: Civil Code, articles 818, 838 and 859."""

    PARENT = "parent"
    GUARDIAN_OF_MINOR = "guardian_of_minor"
    ADULT_GUARDIAN = "adult_guardian"


class LegalState(StrEnum):
    """How far a person acts alone; who is of age and under no guardianship does."""

    OF_AGE = "of_age"
    CHILD = "child"
    YOUTH = "youth"
    PROTECTED = "protected"
    DECEASED = "deceased"


class Act(StrEnum):
    """What is done in a person's matters; to keep the wallet is to make its keys and its parts known."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    READ_HISTORY = "read_history"
    READ_RECORDS = "read_records"
    GET_RECEIPTS = "get_receipts"
    KEEP_WALLET = "keep_wallet"


class Matter(StrEnum):
    """What it is about: what a youth decides alone, or anything else."""

    ORDINARY = "ordinary"
    OWN = "own"


class Signer(StrEnum):
    """Who has signed, as a body finds it."""

    PERSON = "person"
    GUARDIAN = "guardian"
    FORMER_GUARDIAN = "former_guardian"
    STRANGER = "stranger"


class Needs(StrEnum):
    """Whose signature an act takes; of several guardians each acts alone, and a refusal by one stands."""

    PERSON = "person"
    GUARDIAN = "guardian"
    BOTH = "both"
    EITHER = "either"
    NOBODY = "nobody"


class RuleFault(StrEnum):
    """Why an act does not count; stable, and written to the log."""

    GUARDIAN_REQUIRED = "guardian_required"
    ASSENT_REQUIRED = "assent_required"
    PERSON_DECIDES = "person_decides"
    GUARDIANSHIP_ENDED = "guardianship_ended"
    GUARDIAN_UNKNOWN = "guardian_unknown"
    PERSON_DECEASED = "person_deceased"


class Change(StrEnum):
    """What ends, or does not end, what was laid down before."""

    YOUTH_REACHED = "youth_reached"
    MAJORITY_REACHED = "majority_reached"
    GUARDIAN_CHANGED = "guardian_changed"
    GUARDIAN_DIED = "guardian_died"
    PERSON_DIED = "person_died"


class Giver(StrEnum):
    """Who had laid it down."""

    PERSON = "person"
    GUARDIAN = "guardian"


class Given(StrEnum):
    """What was laid down."""

    PERMISSION = "permission"
    RESEARCH = "research"
    REFUSAL = "refusal"


class Fate(StrEnum):
    """What becomes of it: it stands, stands until it is confirmed or time is up, or lapses at once."""

    STANDS = "stands"
    CONFIRM = "confirm"
    LAPSES = "lapses"


_ALONE: Final = dict.fromkeys(Act, Needs.PERSON)
_BY_GUARDIAN: Final = {
    **dict.fromkeys(Act, Needs.GUARDIAN),
    Act.READ_HISTORY: Needs.EITHER,
    Act.KEEP_WALLET: Needs.EITHER,  # keys decide nothing, and a child with a first card has some
}
_TOGETHER: Final = {**dict.fromkeys(Act, Needs.EITHER), Act.GRANT: Needs.BOTH}
_HELPED: Final = {**dict.fromkeys(Act, Needs.EITHER), Act.GRANT: Needs.GUARDIAN}
_ENDED: Final = dict.fromkeys(Act, Needs.NOBODY)

RULES: Final[Mapping[LegalState, Mapping[Matter, Mapping[Act, Needs]]]] = {
    LegalState.OF_AGE: {Matter.ORDINARY: _ALONE, Matter.OWN: _ALONE},
    LegalState.CHILD: {Matter.ORDINARY: _BY_GUARDIAN, Matter.OWN: _BY_GUARDIAN},
    LegalState.YOUTH: {Matter.ORDINARY: _TOGETHER, Matter.OWN: _ALONE},
    LegalState.PROTECTED: {Matter.ORDINARY: _HELPED, Matter.OWN: _HELPED},
    LegalState.DECEASED: {Matter.ORDINARY: _ENDED, Matter.OWN: _ENDED},
}
"""Who may do what: a refusal and a withdrawal are never harder than a permission."""

_STANDS: Final = dict.fromkeys(Given, Fate.STANDS)
_CONFIRMED: Final = {**dict.fromkeys(Given, Fate.CONFIRM), Given.REFUSAL: Fate.STANDS}
_LAPSED: Final = {
    Given.PERMISSION: Fate.LAPSES,
    Given.RESEARCH: Fate.STANDS,
    Given.REFUSAL: Fate.STANDS,
}

FATES: Final[Mapping[Change, Mapping[Giver, Mapping[Given, Fate]]]] = {
    Change.YOUTH_REACHED: {Giver.PERSON: _STANDS, Giver.GUARDIAN: _STANDS},
    Change.MAJORITY_REACHED: {Giver.PERSON: _STANDS, Giver.GUARDIAN: _CONFIRMED},
    Change.GUARDIAN_CHANGED: {Giver.PERSON: _STANDS, Giver.GUARDIAN: _CONFIRMED},
    Change.GUARDIAN_DIED: {Giver.PERSON: _STANDS, Giver.GUARDIAN: _CONFIRMED},
    Change.PERSON_DIED: {Giver.PERSON: _LAPSED, Giver.GUARDIAN: _LAPSED},
}
"""What becomes of what was laid down: a refusal always stands, a permission for care ends with the life it was for."""

SUITS: Final[Mapping[Capacity, frozenset[LegalState]]] = {
    Capacity.PARENT: frozenset({LegalState.CHILD, LegalState.YOUTH}),
    Capacity.GUARDIAN_OF_MINOR: frozenset({LegalState.CHILD, LegalState.YOUTH}),
    Capacity.ADULT_GUARDIAN: frozenset({LegalState.OF_AGE, LegalState.PROTECTED}),
}
"""For whom each capacity is: with an adult guardian, who was of age is protected."""

OWN_MATTERS: Final = frozenset({Category.SENSITIVE, Category.MATERNAL})
"""What a youth decides alone, unless the setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Ages:
    """From which age on a person is a youth, and is of age. Units: years. Source: Civil Code, article 4 (majority)."""

    youth: int = 15
    majority: int = 18

    def __post_init__(self) -> None:
        if not 0 <= self.youth <= self.majority:
            raise MalformedError("The age of majority is not below the age from which a minor is asked.")


def state_at(birth_date: date, *, today: date, ages: Ages) -> LegalState:
    """Return the state that age alone gives; who was born on 29 February is a year older on 1 March.

    Source: Act on the calculation of age (an age is reached as the day before the birthday ends).
    """
    had = (today.month, today.day) >= (birth_date.month, birth_date.day)
    age = today.year - birth_date.year - (0 if had else 1)
    if age >= ages.majority:
        return LegalState.OF_AGE
    return LegalState.YOUTH if age >= ages.youth else LegalState.CHILD


def matter_of(terms: Terms) -> Matter:
    """Return whether terms are about a youth's own matters alone; with anything else among them they are not."""
    scope = terms.scope
    own = isinstance(scope, RecordScope) and scope.categories <= OWN_MATTERS
    return Matter.OWN if own else Matter.ORDINARY


def matter_of_records(category: Category) -> Matter:
    """Return what a record of this category is about."""
    return Matter.OWN if category in OWN_MATTERS else Matter.ORDINARY


def act_of(terms: Terms) -> Act:
    """Return what laying down such terms is."""
    return Act.GRANT if terms.effect is Effect.PERMIT else Act.REFUSE


def given_by(terms: Terms) -> Given:
    """Return what was laid down by such terms; a permission that is for research and more is none for research."""
    if terms.effect is Effect.DENY:
        return Given.REFUSAL
    return Given.RESEARCH if terms.purposes == {Purpose.HRESCH} else Given.PERMISSION


def act_fault(state: LegalState, act: Act, matter: Matter, *, signers: Set[Signer]) -> RuleFault | None:
    """Tell why an act by these signers does not count; None when it does.

    Guarantees: a key that is unknown or counts no more spoils an act, whoever else has signed.
    """
    if Signer.STRANGER in signers:
        return RuleFault.GUARDIAN_UNKNOWN
    if Signer.FORMER_GUARDIAN in signers:
        return RuleFault.GUARDIANSHIP_ENDED
    needs = RULES[state][matter][act]
    person, guardian = Signer.PERSON in signers, Signer.GUARDIAN in signers
    match needs:
        case Needs.NOBODY:
            return RuleFault.PERSON_DECEASED
        case Needs.PERSON:
            return None if person else RuleFault.PERSON_DECIDES
        case Needs.GUARDIAN:
            return None if guardian else RuleFault.GUARDIAN_REQUIRED
        case Needs.BOTH:
            if person and guardian:
                return None
            return RuleFault.ASSENT_REQUIRED if guardian else RuleFault.GUARDIAN_REQUIRED
        case Needs.EITHER:
            return None if person or guardian else RuleFault.GUARDIAN_REQUIRED


CAPACITIES: Final[Mapping[Capacity, Word]] = {
    Capacity.PARENT: Word("親権者", "holder of parental authority"),
    Capacity.GUARDIAN_OF_MINOR: Word("未成年後見人", "guardian of a minor"),
    Capacity.ADULT_GUARDIAN: Word("成年後見人", "guardian of an adult"),
}
STATES: Final[Mapping[LegalState, Word]] = {
    LegalState.OF_AGE: Word("成年", "of age"),
    LegalState.CHILD: Word("未成年（本人の意思を問う年齢未満）", "minor, not asked yet"),
    LegalState.YOUTH: Word("未成年（本人の意思も問う年齢）", "minor who is asked, too"),
    LegalState.PROTECTED: Word("成年被後見人", "adult under guardianship"),
    LegalState.DECEASED: Word("死亡", "deceased"),
}
