"""A stored directive, as its body takes it up again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent import jws
from consent.decision import HeldDirective
from consent.directives import VerifiedDirective
from consent.identifiers import DirectiveId, Pseudonym
from consent.jwk import PublicJwk, thumbprint
from consent.lifecycle import DirectiveState
from consent.terms import Terms
from consent.vocabulary import Body


@dataclass(frozen=True, slots=True)
class KeptWallet:
    """A person's wallet for this body: its public key, those before it, and how each came (`consent.succession`).

    Shape: `former` newest first, `renewals` oldest first; `announced` is the former's word about a successor to come.
    """

    key: PublicJwk
    former: tuple[PublicJwk, ...] = ()
    renewals: tuple[str, ...] = ()
    announced: str | None = None

    def named(self, kid: str) -> PublicJwk:
        """Return the present or former key of that thumbprint; the present one when there is none."""
        return next((each for each in self.former if thumbprint(each) == kid), self.key)


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

    def signed_by(self, wallet: PublicJwk) -> bool:
        """Whether this very wallet key signed it, and not one before it."""
        return jws.peek_kid(self.verified.jws) == thumbprint(wallet)

    @property
    def held(self) -> HeldDirective:
        """The form that `consent.decision.decide` takes."""
        return HeldDirective(self.verified, self.state, self.uses)
