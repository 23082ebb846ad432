"""Who acts for somebody: the guardianship, the capacity, and the guardian's own wallet, signing beside the ward's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent.guardian_signature import GuardianSignature, sign_as_guardian
from consent.guardians import Capacity
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.terms import Terms
from consent.vocabulary import Body
from consent.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Acting:
    """A guardian at work for one ward."""

    guardianship: str
    capacity: Capacity
    wallet: Wallet = field(repr=False)

    def sign(self, terms: Terms, names: Mapping[Body, Pseudonym]) -> dict[Body, GuardianSignature]:
        """G2: sign terms for each body that is to have a copy; `names` are the bodies' names of the ward."""
        return {
            body: sign_as_guardian(
                self.wallet.guardian_key(self.guardianship, body),
                self.capacity,
                body=body,
                person=name,
                terms=terms,
            )
            for body, name in names.items()
        }

    def kid(self, body: Body) -> str:
        """Return by which key a body knows this guardian for this ward."""
        return thumbprint(to_jwk(self.wallet.guardian_key(self.guardianship, body).public_key()))
