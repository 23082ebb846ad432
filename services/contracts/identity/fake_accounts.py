"""The honest fake of opening accounts, beside `FakeIdentity`, whose cards and references it shares."""

from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.exceptions import InvalidTag

from consent import base64url, jws
from consent.account_proof import SKEW, STANDING, Standing, standing_payload
from consent.accounts import CONSENT_SEAL, CardConsent, verify_card_consent
from consent.errors import ConsentError
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body
from services.contracts.fake_credentials import operator_caller, problem
from services.contracts.identity.accounts import OpenAccount, OpenedAccount
from services.contracts.identity.fake import FakeIdentity
from services.contracts.identity.messages import Application, CardState
from services.contracts.oversight.register import Role, p256
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer, open_sealed
from services.kit.http import Token

LONGEST = timedelta(minutes=10)


@dataclass
class FakeAccounts:
    """See `Accounts`."""

    identity: FakeIdentity
    answered: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def open(self, message: OpenAccount, *, token: Token) -> OpenedAccount:
        """See `Accounts`."""
        centre, now = self.identity, self.identity.clock()
        caller = operator_caller(token, directory=centre.directory(), audience=centre.url, now=now)
        holder, state, consent = self._verify(message)
        if Role.CONFIRMER not in caller.roles:
            raise problem(403, "role_missing")
        in_time = consent.agreed_at - SKEW <= now < consent.until <= consent.agreed_at + LONGEST
        if consent.organisation != caller.organisation or not in_time:
            raise problem(403, "consent_refused")
        if state is not CardState.ACTIVE:
            raise problem(403, "card_not_usable")
        if (consent.organisation, consent.challenge) in self.answered:
            raise problem(409, "replayed")
        self.answered.add((consent.organisation, consent.challenge))
        reference = centre.refer(caller.organisation, holder)
        standing = Standing(caller.organisation, reference, consent.agreement, now)
        kid = thumbprint(to_jwk(centre.key.public_key()))
        named = PseudonymTokenIssuer(centre.key, 60, centre.randomness).issue(
            body=Body.REGISTRY,
            body_key=centre.directory().sealing_key(Body.REGISTRY),
            organisation=caller.organisation,
            pseudonym=centre.pseudonym(Body.REGISTRY, holder),
            now=now,
        )
        signed = jws.sign(standing_payload(standing), typ=STANDING, key=centre.key, kid=kid)
        return OpenedAccount(reference=reference, registry_token=named, standing=signed)

    def _verify(self, message: OpenAccount) -> tuple[bytes, CardState, CardConsent]:
        try:
            sealed = base64url.decode(message.consent)
            signed = open_sealed(self.identity.sealing_key, sealed, info=CONSENT_SEAL).decode("ascii")
            kid = jws.peek_kid(signed)
            for card in self.identity.cards.values():
                held = card.applications[Application.SIGNATURE]
                if held.kid == kid:
                    consent = verify_card_consent(signed, p256(held.asked.public_key))
                    return card.holder, card.state, consent
        except (InvalidTag, ConsentError, ValueError):
            raise problem(403, "consent_refused") from None
        raise problem(403, "consent_refused")
