"""An honest keeper of wallets that follow one another, in memory: any body, or the ID centre when it knows cards."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import jws
from consent.errors import ConsentError
from consent.identifiers import Pseudonym
from consent.jwk import PublicJwk, thumbprint
from consent.succession import VerifiedRenewal, verify_renewal, verify_succession
from consent.vocabulary import Body
from consent.wire import parse
from services.contracts.fake_credentials import person_caller, problem
from services.contracts.identity.messages import SUBJECT_TYPE
from services.contracts.oversight.register import Directory
from services.contracts.succession import (
    CARD_CONSENT,
    AnnounceSuccessor,
    CardConsentClaims,
    RenewWallet,
    SuccessionFault,
    WalletStanding,
)
from services.kit.clock import Clock, epoch_seconds
from services.kit.http import RemoteProblemError, Token

FRESH_SECONDS = 300


@dataclass
class FakeSuccession:
    """See `SuccessionKeeper`; `wallets` are the keys registered here.

    `cards` are, at the ID centre, the keys of signature applications in force by the kid of their signatures.
    """

    body: Body
    url: str
    clock: Clock
    directory: Callable[[], Directory]
    sealing_key: X25519PrivateKey = field(repr=False)
    wallets: dict[Pseudonym, PublicJwk]
    cards: dict[str, tuple[Pseudonym, EllipticCurvePublicKey]] | None = None
    announced: dict[Pseudonym, str] = field(default_factory=dict)
    renewals: dict[Pseudonym, list[str]] = field(default_factory=dict)

    def standing(self, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        return self._told(self._who(token))

    def announce(self, message: AnnounceSuccessor, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        person = self._who(token)
        try:
            told = verify_succession(message.succession)
        except ConsentError:
            raise _refused(SuccessionFault.NOT_SIGNED_BY_WALLET) from None
        own = thumbprint(told.former) == thumbprint(self.wallets[person])
        if told.body is not self.body or not own or not self._fresh(told.at):
            raise _refused(SuccessionFault.NOT_SIGNED_BY_WALLET)
        self.announced[person] = message.succession
        return self._told(person)

    def renew(self, message: RenewWallet, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        person = self._who(token)
        try:
            renewal = verify_renewal(message.renewal)
        except ConsentError:
            raise _refused(SuccessionFault.NOT_SIGNED_BY_WALLET) from None
        successor = renewal.succession.successor
        if thumbprint(self.wallets[person]) != thumbprint(successor):
            if self.announced.get(person) != renewal.announced:
                raise _refused(SuccessionFault.NOT_ANNOUNCED)
            if self.cards is not None and not self._consents(person, renewal, message):
                raise _refused(SuccessionFault.CARD_REFUSED)
            self.wallets[person] = successor
            self.renewals.setdefault(person, []).append(message.renewal)
            del self.announced[person]
        return self._told(person)

    def _consents(self, person: Pseudonym, renewal: VerifiedRenewal, message: RenewWallet) -> bool:
        if message.subject is None or message.card is None or self.cards is None:
            return False
        try:
            jws.verify_with_jwk(message.subject.proof, typ=SUBJECT_TYPE, jwk=message.subject.wallet_key)
            holder, key = self.cards[jws.peek_kid(message.card)]
            claims = parse(CardConsentClaims, jws.verify(message.card, typ=CARD_CONSENT, key=key).payload)
        except (ConsentError, KeyError):
            return False
        said = (claims.subject, claims.wallet)
        meant = (thumbprint(message.subject.wallet_key), thumbprint(renewal.succession.successor))
        return holder == person and said == meant and self._fresh(claims.at)

    def _fresh(self, at: int) -> bool:
        return abs(epoch_seconds(self.clock()) - at) <= FRESH_SECONDS

    def _who(self, token: Token) -> Pseudonym:
        return person_caller(
            token, directory=self.directory(), audience=self.url, key=self.sealing_key, now=self.clock()
        )

    def _told(self, person: Pseudonym) -> WalletStanding:
        return WalletStanding(
            pseudonym=person,
            subject=thumbprint(self.wallets[person]),
            announced=self.announced.get(person),
            renewals=self.renewals.get(person, []),
        )


def _refused(fault: SuccessionFault) -> RemoteProblemError:
    return problem(403, fault.value)
