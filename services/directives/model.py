"""A stored directive, as its body takes it up again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent.decision import HeldDirective
from consent.directives import VerifiedDirective
from consent.identifiers import DirectiveId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.terms import Terms
from consent.vocabulary import Body


@dataclass(frozen=True, slots=True)
class StoredDirective:
    """A directive of this body's store, verified anew against the wallet's key and the log.

    Shape: `handles` and `reader_notice` at the medical centre only; `log_index` is where the log says it came;
    `uses` of a directive that counts them.
    """

    verified: VerifiedDirective
    state: DirectiveState
    log_index: int
    handles: Mapping[Body, bytes] = field(default_factory=dict)
    reader_notice: str | None = None
    uses: tuple[datetime, ...] = ()

    @property
    def id(self) -> DirectiveId:
        """This body's id of it."""
        return self.verified.directive.id

    @property
    def person(self) -> Pseudonym:
        """Whose it is, in this body's words."""
        return self.verified.directive.person

    @property
    def terms(self) -> Terms:
        """What the person laid down."""
        return self.verified.directive.terms

    @property
    def held(self) -> HeldDirective:
        """The form that `consent.decision.decide` takes."""
        return HeldDirective(self.verified, self.state, self.uses)
