"""Why a decision came out as it did, naming the directive and what is missing, in Japanese and English.

To a reader nothing is told of a refusal by the person but that there is one; to the person everything.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from consent.decision import AccessRequest, BasicRequest, Decision, HeldDirective, Permit
from consent.explanations import PERMITTED, Explanation, RefusalCode, explain
from consent.lifecycle import DirectiveState
from consent.terms import BasicScope, Effect, RecordScope
from consent.words import (
    CATEGORIES,
    ITEMS,
    PURPOSES,
    REASONS,
    UNITS,
    Word,
    bound,
    day,
    listed,
    what,
    whom,
    years,
)

Request = AccessRequest | BasicRequest


def explain_to_reader(
    decision: Decision, request: Request, directives: Iterable[HeldDirective]
) -> Explanation:
    """Explain to who asked; `directives` are those that were decided upon."""
    base = PERMITTED if isinstance(decision, Permit) else explain(decision.code)
    ground = _ground(decision, directives)
    if ground is None or ground.terms.effect is Effect.DENY:
        return base
    return _explained(decision, request, ground, base)


def explain_to_person(
    decision: Decision, request: Request, directives: Iterable[HeldDirective]
) -> Explanation:
    """Explain to whose directives they are; names the refusal that stands in the way, too."""
    base = PERMITTED if isinstance(decision, Permit) else explain(decision.code)
    ground = _ground(decision, directives)
    return base if ground is None else _explained(decision, request, ground, base)


def _ground(decision: Decision, directives: Iterable[HeldDirective]) -> HeldDirective | None:
    return next((each for each in directives if each.id == decision.directive_id), None)


def _explained(decision: Decision, request: Request, ground: HeldDirective, base: Explanation) -> Explanation:
    said = _said(ground)
    lacks = (
        [] if isinstance(decision, Permit) else [_LACKS[code](request, ground) for code in decision.missing]
    )
    told = [each for each in lacks if each is not None]
    ja = "、".join([said.ja, *(each.ja for each in told)])
    en = "; ".join([said.en, *(each.en for each in told)])
    return Explanation(f"{ja}。{base.ja}", f"{en}. {base.en}")


def _said(ground: HeldDirective) -> Word:
    terms, issued = ground.terms, day(ground.verified.directive.issued_at)
    person, scope = whom(terms.recipient), what(terms.scope)
    why, ties = listed(terms.purposes, PURPOSES), bound(terms.conditions)
    if terms.effect is Effect.DENY:
        return Word(
            f"{issued}の拒否は{person.ja}への{scope.ja}（{why.ja}）についてです",
            f"The refusal of {issued} for {person.en} covers {scope.en} for {why.en}",
        )
    return Word(
        f"{issued}の{person.ja}への許可は{scope.ja}（{why.ja}{ties.ja}）についてです",
        f"The permission of {issued} for {person.en} covers {scope.en} for {why.en}{ties.en}",
    )


def _category(request: Request, ground: HeldDirective) -> Word:
    scope = ground.terms.scope
    if isinstance(request, BasicRequest):
        allowed = scope.items if isinstance(scope, BasicScope) else frozenset()
        named = listed(request.items - allowed, ITEMS)
    else:
        kinds = scope.categories if isinstance(scope, RecordScope) else frozenset()
        named = listed(request.categories - kinds, CATEGORIES)
    return Word(f"請求は{named.ja}です", f"you asked for {named.en}")


def _period(request: Request, _ground: HeldDirective) -> Word | None:
    if isinstance(request, BasicRequest):
        return None
    named = years(request.years)
    return Word(f"請求は{named.ja}です", f"you asked for {named.en}")


def _purpose(request: Request, _ground: HeldDirective) -> Word:
    why = PURPOSES[request.purpose]
    return Word(f"請求の目的は{why.ja}です", f"you asked for the purpose: {why.en}")


def _contract(request: Request, _ground: HeldDirective) -> Word | None:
    if isinstance(request, AccessRequest):
        return None
    return Word(f"請求は契約{request.contract}についてです", f"you asked by the contract {request.contract}")


def _reason(request: Request, _ground: HeldDirective) -> Word | None:
    if isinstance(request, AccessRequest):
        return None
    why = REASONS[request.reason]
    return Word(f"請求の事由は「{why.ja}」です", f"you asked because of this: {why.en}")


def _used_up(_request: Request, ground: HeldDirective) -> Word | None:
    frequency = ground.terms.conditions.frequency
    if frequency is None:
        return None
    unit = UNITS[frequency.unit]
    return Word(
        f"{unit.ja}に{frequency.times}回を使い切りました",
        f"{frequency.times} times {unit.en} are used up",
    )


def _begins(request: Request, ground: HeldDirective) -> Word:
    if request.now >= ground.terms.valid_from:
        return Word("まだ有効になっていません", "it is not in force yet")
    begins = day(ground.terms.valid_from)
    return Word(f"{begins}に始まります", f"it begins on {begins}")


def _ended(_request: Request, ground: HeldDirective) -> Word:
    if ground.state is DirectiveState.LAPSED:
        return Word(
            "与えた人の資格が終わったため、または本人の死亡により失効しました",
            "it lapsed, as who gave it may not any more or the person died",
        )
    end = day(ground.terms.valid_until)
    return Word(f"{end}に終わりました", f"it ended on {end}")


def _other_professional(request: Request, _ground: HeldDirective) -> Word:
    return Word(f"請求者は{request.reader.operator}です", f"{request.reader.operator} asked")


_LACKS: Final[Mapping[RefusalCode, Callable[[Request, HeldDirective], Word | None]]] = {
    RefusalCode.WITHDRAWN: lambda _request, _ground: Word("取り消されました", "it was withdrawn"),
    RefusalCode.EXPIRED: _ended,
    RefusalCode.NOT_YET_VALID: _begins,
    RefusalCode.OTHER_PROFESSIONAL: _other_professional,
    RefusalCode.OTHER_PURPOSE: _purpose,
    RefusalCode.OTHER_CONTRACT: _contract,
    RefusalCode.REASON_NOT_COVERED: _reason,
    RefusalCode.OTHER_CATEGORY: _category,
    RefusalCode.OTHER_PERIOD: _period,
    RefusalCode.FREQUENCY_USED_UP: _used_up,
    RefusalCode.DENIED_BY_PERSON: lambda _request, _ground: None,
}
"""What each missing thing is called; every code that `decide` puts among `missing` is here."""
