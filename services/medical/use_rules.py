"""The rules of suspicious use (M1): pure functions over a stream of accesses.

An access is explained by a relationship that somebody else registered, by a permission that names this professional,
or by an emergency; a permission for the whole organisation says who may ask, not why this one does.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from consent.identifiers import OperatorId
from services.contracts.medical.uses import Explanation, ReaderIs, RelationshipKind, Rule
from services.kit.clock import JAPAN
from services.medical.use_model import (
    Access,
    Flag,
    Habits,
    Judged,
    Known,
    Limits,
    Member,
    Relationship,
    Seen,
    Tags,
)

_EXPLAINS = {
    RelationshipKind.APPOINTMENT: Explanation.APPOINTMENT,
    RelationshipKind.REFERRAL: Explanation.REFERRAL,
    RelationshipKind.OWN_TEAM: Explanation.OWN_TEAM,
}


def judge(access: Access, known: Known, habits: Habits, limits: Limits) -> Judged:
    """Judge one access after all earlier ones of the same human.

    Guarantees: an emergency is explained, and reviewed as one; nothing of it counts here.
    """
    if access.emergency:
        return Judged(Explanation.EMERGENCY, (), habits)
    explanation, fault = explain(access, known, limits)
    rules = frozenset(_of_itself(access, known, habits, limits=limits, why=(explanation, fault)))
    rules = rules if access.permitted else frozenset()
    own = Flag(access.position, access.person, access.at, access.by, rules)
    habits, crowd = _counted(access, _by_clock(access, habits, limits), limits)
    swept: tuple[Seen, ...] = ()
    if explanation is None and known.order is not None:
        habits, swept = _in_order(access, known.order, habits, limits)
    found = [own, *_flags(crowd, Rule.RATE), *_flags(swept, Rule.SWEEP)]
    return Judged(explanation, tuple(each for each in found if each.rules), habits)


def explain(access: Access, known: Known, limits: Limits) -> tuple[Explanation | None, Rule | None]:
    """Return what explains an access, or else the rule that says why nothing does; both None where nobody can know."""
    if access.by_name:
        return Explanation.PERMISSION, None
    current = [each for each in known.relationships if _holds(each, access.at, limits)]
    reaching = [each for each in current if _reaches(each, access.operator, known.member)]
    by_others = [each for each in reaching if each.by != access.operator]
    if by_others:
        return min(_EXPLAINS[each.kind] for each in by_others), None
    if reaching:
        return None, Rule.OWN_WORD
    if not known.keeps:
        return None, None
    ended = any(each.end + limits.grace <= access.at for each in known.relationships)
    return None, Rule.AFTER_DISCHARGE if ended and not current else Rule.UNEXPLAINED


def by_night(at: int, limits: Limits) -> bool:
    """Tell whether it is night in Japan."""
    hour = datetime.fromtimestamp(at, UTC).astimezone(JAPAN).hour
    return hour >= limits.night_from or hour < limits.night_until


def _of_itself(
    access: Access,
    known: Known,
    habits: Habits,
    *,
    limits: Limits,
    why: tuple[Explanation | None, Rule | None],
) -> Iterator[Rule]:
    """Return the rules that one access breaks, whatever came before or after it."""
    explanation, fault = why
    if access.reader_is is ReaderIs.SELF:
        yield Rule.SELF
    # whoever lives with a patient has somebody else treat them; only the patient may want it otherwise
    if _same(known, lambda tags: tags.address) and explanation is not Explanation.PERMISSION:
        yield Rule.SAME_ADDRESS
    if explanation is not None:
        return
    if fault is not None:
        yield fault
    if access.reader_is is ReaderIs.CO_WORKER:
        yield Rule.CO_WORKER
    if _same(known, lambda tags: tags.surname):
        yield Rule.SAME_SURNAME
    if known.well_known:
        yield Rule.WELL_KNOWN
    if by_night(access.at, limits) and not _usual(habits, limits):
        yield Rule.NIGHT


def _holds(relationship: Relationship, at: int, limits: Limits) -> bool:
    return relationship.start - limits.lead <= at < relationship.end + limits.grace


def _reaches(relationship: Relationship, operator: OperatorId, member: Member | None) -> bool:
    if operator in relationship.operators:
        return True
    # nobody puts themselves into a team
    return member is not None and member.by != operator and bool(member.teams & relationship.teams)


def _same(known: Known, tag: Callable[[Tags], str | None]) -> bool:
    own = None if known.member is None else tag(known.member.tags)
    return own is not None and any(tag(each.tags) == own for each in known.relationships)


def _usual(habits: Habits, limits: Limits) -> bool:
    """Tell whether nights are usual for an operator; of somebody new nobody knows."""
    total = habits.nights + habits.days
    return total < limits.habit_least or habits.nights >= limits.night_share * total


def _by_clock(access: Access, habits: Habits, limits: Limits) -> Habits:
    if by_night(access.at, limits):
        return replace(habits, nights=habits.nights + 1)
    return replace(habits, days=habits.days + 1)


def _counted(access: Access, habits: Habits, limits: Limits) -> tuple[Habits, tuple[Seen, ...]]:
    """Count who was looked at within the window; return everybody of it when it has just become too many."""
    kept = tuple(each for each in habits.recent if each.at > access.at - limits.window)
    known = any(each.person == access.person for each in kept)
    recent = kept if known else (*kept, Seen(access.position, access.person, access.at, access.by))
    habits = replace(habits, recent=recent)
    if len(recent) < limits.many_people:
        return habits, ()
    return habits, recent if len(kept) < limits.many_people else recent[-1:]


def _in_order(access: Access, order: int, habits: Habits, limits: Limits) -> tuple[Habits, tuple[Seen, ...]]:
    """Follow a run of unexplained accesses, up or down in the order in which people were registered."""
    now = Seen(access.position, access.person, access.at, access.by, order)
    run = habits.run
    if run and run[-1].person == access.person:
        return habits, ()
    if run and access.at - run[-1].at > limits.sweep_gap:
        run = ()
    if len(run) >= 2 and (run[-1].order > run[-2].order) != (order > run[-1].order):
        run = run[-1:]
    run = (*run, now)[-limits.sweep_people :]
    before = len(habits.run)
    if len(run) < limits.sweep_people:
        return replace(habits, run=run), ()
    return replace(habits, run=run), run if before < limits.sweep_people else run[-1:]


def _flags(seen: tuple[Seen, ...], rule: Rule) -> Iterator[Flag]:
    for each in seen:
        yield Flag(each.position, each.person, each.at, each.by, frozenset({rule}))
