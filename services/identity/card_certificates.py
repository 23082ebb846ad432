"""Certificates of cards, and who answers for their validity. The profile is docs/certificates.md."""

import threading
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from services.contracts.identity.messages import Application
from services.kit.certificates import Authority, Usage, issue
from services.kit.clock import Randomness

RESPONDER_NAME: Final = "Sekisho card validity"
RESPONDER_DAYS: Final = 2
RENEWED_BEFORE: Final = timedelta(days=1)
USAGES: Final = {
    Application.AUTHENTICATION: Usage.CARD_AUTHENTICATION,
    Application.SIGNATURE: Usage.CARD_SIGNATURE,
}


def issue_card_certificate(
    authority: Authority,
    public_key: EllipticCurvePublicKey,
    *,
    card_id: str,
    application: Application,
    start: datetime,
    days: int,
    ocsp_url: str,
    randomness: Randomness,
) -> x509.Certificate:
    """Return the certificate of one application of a card: it names the card and nobody (K2)."""
    return issue(
        authority,
        public_key,
        common_name=card_id,
        sans=[],
        usages=[USAGES[application]],
        days=days,
        now=start,
        randomness=randomness,
        ocsp_url=ocsp_url,
    )


class Responder:
    """The delegated responder: its key signs answers, its certificate says that it may and is short-lived.

    Source: RFC 6960, section 4.2.2.2. Safe to share between threads.
    """

    def __init__(self, authority: Authority, key: EllipticCurvePrivateKey, randomness: Randomness) -> None:
        self.authority = authority
        self.key = key
        self._randomness = randomness
        self._certificate: x509.Certificate | None = None
        self._renewing = threading.Lock()

    def __repr__(self) -> str:
        return "Responder(...)"

    def certificate(self, now: datetime) -> x509.Certificate:
        """Return the responder's certificate, made anew a day before it ends."""
        with self._renewing:
            present = self._certificate
            if present is None or present.not_valid_after_utc - now < RENEWED_BEFORE:
                present = self._certificate = issue(
                    self.authority,
                    self.key.public_key(),
                    common_name=RESPONDER_NAME,
                    sans=[],
                    usages=[Usage.OCSP_RESPONDER],
                    days=RESPONDER_DAYS,
                    now=now,
                    randomness=self._randomness,
                )
            return present
