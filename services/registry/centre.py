"""What the registry's workflows work with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.oversight.register_view import RegisterView
from services.contracts.registry.analysis import Thresholds
from services.contracts.registry.look_ups import asked_by_number
from services.directives.logged import AsLogged
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.pseudonyms import (
    PseudonymTokenError,
    VerifiedPseudonym,
    open_pseudonym_token,
)
from services.kit.people import RetiredNameError
from services.registry.gathering import Gathering
from services.registry.look_up_index import BlindIndex
from services.registry.look_up_model import Decision, LookUpRequest
from services.registry.look_up_store import LookUpStore
from services.registry.settings import Settings
from services.registry.store import Store
from services.registry.throttle import Limit, Pace, Throttle

INDEXED_AT_ONCE = 1000


@dataclass(frozen=True)
class Registry:
    """One running registry."""

    context: BodyContext
    register: RegisterView
    store: Store
    directives: Directives

    @property
    def settings(self) -> Settings:
        """The registry's own settings."""
        settings = self.context.settings
        if not isinstance(settings, Settings):
            raise TypeError("a registry is opened with the registry's settings")
        return settings

    @cached_property
    def look_ups(self) -> LookUpStore:
        """By what residents are found; the key is made on first use."""
        index = BlindIndex(self.context.keys.secret("look-ups"))
        return LookUpStore(index, self.context.cipher, self.store)

    @cached_property
    def as_logged(self) -> AsLogged:
        """Whether what people laid down is still what the log says: no other body decides beside this one."""
        return AsLogged(self.directives)

    @cached_property
    def gathered(self) -> Gathering[LookUpRequest, Decision]:
        """Where look-ups of this process wait for each other."""
        return Gathering()

    @cached_property
    def throttle(self) -> Throttle:
        """How often each card asked."""
        return Throttle(self.context.cipher)

    def limit(self, pace: Pace) -> Limit:
        """Return how much an inquirer may ask."""
        told = self.settings
        if pace is Pace.SINGLE:
            return Limit(told.inquirer_look_ups, told.inquirer_window_seconds)
        return Limit(told.inquirer_batch_rows, told.inquirer_batch_window_seconds)

    @property
    def thresholds(self) -> Thresholds:
        """From where on a report names something."""
        told = self.settings
        return Thresholds(
            night_from=told.night_from,
            night_until=told.night_until,
            repeatedly=told.repeated_look_ups,
            far_more=told.far_more_look_ups,
            far_more_least=told.far_more_least,
            refused=told.refused_look_ups,
        )

    def bring_index_up_to_date(self) -> None:
        """Index everybody who is not: after an update of Sekisho, of its spelling rules, or of the index's key."""
        more = True
        while more:
            with self.context.database.write() as conn:
                more = self.look_ups.go_on_indexing(conn, most=INDEXED_AT_ONCE)

    def whom(self, token: str, organisation: OrganisationId) -> VerifiedPseudonym:
        """Return whom an organisation's token names here. Raises: PseudonymTokenError."""
        return self.context.whom(token, issuer=self.register.token_key(), organisation=organisation)

    def whom_by_number(self, token: str, organisation: OrganisationId) -> VerifiedPseudonym:
        """Return whom a token for a number names, by the ID centre's name. Raises: PseudonymTokenError."""
        return open_pseudonym_token(
            token,
            key=self.context.sealing_key,
            issuer=self.register.token_key(),
            body=self.context.body,
            organisation=asked_by_number(organisation),
            now=self.context.clock(),
        )

    def own_names(self, conn: Connection, named: Sequence[VerifiedPseudonym]) -> list[VerifiedPseudonym]:
        """Return the same by the registry's own names. Raises: PseudonymTokenError, UnavailableError."""
        try:
            names = self.context.people.own_names(conn, [each.pseudonym for each in named])
        except RetiredNameError as error:
            raise PseudonymTokenError(str(error)) from error
        return [replace(each, pseudonym=name) for each, name in zip(named, names, strict=True)]

    def use_up(self, conn: Connection, named: VerifiedPseudonym) -> Pseudonym:
        """Mark a token as used, in the transaction of its effect. Raises: ReplayError."""
        now = epoch_seconds(self.context.clock())
        self.context.replays.use(
            conn, kind="pseudonym token", value=named.jti, expires=named.expires, now=now
        )
        return named.pseudonym
