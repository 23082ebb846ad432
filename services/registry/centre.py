"""What the registry's workflows work with."""

from dataclasses import dataclass

from sqlalchemy import Connection

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.oversight.register import RegisterView
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.pseudonyms import VerifiedPseudonym
from services.registry.store import Store


@dataclass(frozen=True)
class Registry:
    """One running registry."""

    context: BodyContext
    register: RegisterView
    store: Store
    directives: Directives

    def whom(self, token: str, organisation: OrganisationId) -> VerifiedPseudonym:
        """Return whom an organisation's token names here. Raises: PseudonymTokenError."""
        return self.context.whom(token, issuer=self.register.token_key(), organisation=organisation)

    def use_up(self, conn: Connection, named: VerifiedPseudonym) -> Pseudonym:
        """Mark a token as used, in the transaction of its effect. Raises: ReplayError."""
        now = epoch_seconds(self.context.clock())
        self.context.replays.use(
            conn, kind="pseudonym token", value=named.jti, expires=named.expires, now=now
        )
        return named.pseudonym
