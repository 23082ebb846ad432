"""Y6 at the ID centre: it vouches to writers and readers for another wallet key from now on.

Beside both wallets the signature application of the person's own card in force signs: whoever has the former seed, and
even somebody's sign-in, has writers seal nothing to keys of their own.
"""

from sqlalchemy import Connection

from consent import jws
from consent.errors import MalformedError, SignatureError
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint
from consent.succession import VerifiedRenewal
from consent.wire import parse
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import p256
from services.contracts.succession import CARD_CONSENT, CardConsentClaims, RenewWallet, SuccessionFault
from services.identity.centre import IdentityCentre
from services.identity.workflows.linking import verify_subject_proof
from services.succession.errors import SuccessionRefusedError


def renewed(
    centre: IdentityCentre,
    conn: Connection,
    person: Pseudonym,
    renewal: VerifiedRenewal,
    message: RenewWallet,
) -> None:
    """Vouch for the successor. Raises: SuccessionRefusedError."""
    subject = message.subject
    if subject is None:
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET)
    try:
        verify_subject_proof(centre, subject)
    except (SignatureError, MalformedError):
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET) from None
    claims = _consent(centre, conn, person, message.card or "")
    told = (thumbprint(subject.wallet_key), thumbprint(renewal.succession.successor))
    if claims is None or (claims.subject, claims.wallet) != told:
        raise SuccessionRefusedError(SuccessionFault.CARD_REFUSED)
    centre.store.replace_subject(conn, person, subject.wallet_key)


def _consent(
    centre: IdentityCentre, conn: Connection, person: Pseudonym, token: str
) -> CardConsentClaims | None:
    try:
        card = centre.store.application_key(conn, jws.peek_kid(token), Application.SIGNATURE)
        if card is None or card.card.holder.pseudonym != person or not card.card.usable(centre.seconds()):
            return None
        claims = parse(
            CardConsentClaims, jws.verify(token, typ=CARD_CONSENT, key=p256(card.public_key)).payload
        )
    except (SignatureError, MalformedError):
        return None
    return claims if abs(centre.seconds() - claims.at) <= centre.settings.signed_max_age_seconds else None
