"""What of a request for records is permitted, category by category, on top of `decide`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from consent.decision import AccessRequest, HeldDirective, Permit, Refusal, decide
from consent.vocabulary import Category


@dataclass(frozen=True, slots=True)
class ByCategory:
    """Each category of a request: permitted on its ground, or to be redacted for its reason.

    Guarantees: together they are the request's categories, and no category is in both.
    """

    permitted: Mapping[Category, Permit]
    redacted: Mapping[Category, Refusal]


def decide_by_category(request: AccessRequest, directives: Sequence[HeldDirective]) -> ByCategory:
    """Decide each category by itself, for all years of the request.

    Guarantees: what `decide` permits as a whole is permitted in each part.
    """
    permitted: dict[Category, Permit] = {}
    redacted: dict[Category, Refusal] = {}
    for category in sorted(request.categories):
        decision = decide(replace(request, categories=frozenset({category})), directives)
        if isinstance(decision, Permit):
            permitted[category] = decision
        else:
            redacted[category] = decision
    return ByCategory(permitted, redacted)
