"""Opening an account: whether a card's signature for a bank is good now. The steps are those of docs/accounts.md.

O5 in one transaction: the consent is signed by the signature application of a card that is good at this moment, for
this bank, in time, for a challenge that was not answered before; the bank's name of the person is kept; log entry.
"""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from consent import base64url, jws
from consent.account_proof import SKEW
from consent.accounts import CONSENT_SEAL, CardConsent, verify_card_consent
from consent.errors import ConsentError
from consent.explanations import RefusalCode
from consent.vocabulary import Body
from services.contracts.identity.accounts import OpenAccount, OpenedAccount
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import p256
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import CardNotUsableError, ConsentRefusedError, RoleMissingError
from services.identity.model import CardKey
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.problems import ReplayError

CARD_NOT_USABLE = "card_not_usable"
CONSENT_REFUSED = "consent_refused"
REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class _Signed:
    """A consent with the card that signed it and the signed text."""

    card: CardKey
    consent: CardConsent
    token: str


def open_account(centre: IdentityCentre, caller: OperatorCaller, request: OpenAccount) -> OpenedAccount:
    """O5: vouch to a bank for the card that signed an agreement with it, and name the holder to it.

    Raises: ConsentRefusedError, CardNotUsableError, RoleMissingError, ReplayError; the holder sees every refusal.
    """
    signed = _verify(centre, caller, request)
    holder = signed.card.card.holder
    refusal: Exception | None = None
    with centre.context.database.write() as conn:
        judged = _judge(centre, conn, caller, signed)
        if judged is None and not _first_time(centre, conn, signed.consent):
            judged = REPLAYED, ReplayError("the challenge of this agreement was already answered")
        if judged is None:
            reference = centre.namer.reference(caller.organisation, holder.linkage)
            centre.store.add_link(conn, organisation=caller.organisation, reference=reference, someone=holder)
            event = by_operator(caller, EventKind.ACCOUNT_CONSENT_CHECKED, outcome=Outcome.PERMITTED)
        else:
            reason, refusal = judged
            event = by_operator(
                caller, EventKind.ACCOUNT_CONSENT_CHECKED, outcome=Outcome.REFUSED, reason=reason
            )
        centre.context.journal.record(
            conn, person=holder.pseudonym, event=event, statement=signed.token.encode()
        )
    if refusal is not None:
        raise refusal
    return egress.opened_account(centre, holder, signed.consent, caller=caller)


def _verify(centre: IdentityCentre, caller: OperatorCaller, request: OpenAccount) -> _Signed:
    try:
        opened = open_sealed(centre.context.sealing_key, base64url.decode(request.consent), info=CONSENT_SEAL)
        token = opened.decode("ascii")
        with centre.context.database.read() as conn:
            card = centre.store.application_key(conn, jws.peek_kid(token), Application.SIGNATURE)
        if card is not None:
            return _Signed(card, verify_card_consent(token, p256(card.public_key)), token)
    except (InvalidTag, ConsentError, ValueError):
        pass  # an unknown card and a false signature are one answer
    event = by_operator(
        caller, EventKind.ACCOUNT_CONSENT_CHECKED, outcome=Outcome.REFUSED, reason=CONSENT_REFUSED
    )
    with centre.context.database.write() as conn:
        centre.context.journal.record(conn, person=None, event=event)
    raise ConsentRefusedError


def _judge(
    centre: IdentityCentre, conn: Connection, caller: OperatorCaller, signed: _Signed
) -> tuple[str, Exception] | None:
    if not policies().permits(caller.roles, "open-account", Body.IDENTITY):
        return RefusalCode.ROLE_MISSING.value, RoleMissingError()
    consent, now = signed.consent, centre.now()
    longest = timedelta(seconds=centre.settings.account_consent_seconds)
    in_time = consent.agreed_at - SKEW <= now < consent.until <= consent.agreed_at + longest
    if consent.organisation != caller.organisation or not in_time:
        return CONSENT_REFUSED, ConsentRefusedError()
    # looked at once more within the transaction: a card revoked meanwhile is refused
    card = centre.store.application_key(conn, signed.card.kid, Application.SIGNATURE)
    if card is None or not card.card.usable(centre.seconds()):
        return CARD_NOT_USABLE, CardNotUsableError("the card is suspended, revoked or past its date")
    return None


def _first_time(centre: IdentityCentre, conn: Connection, consent: CardConsent) -> bool:
    return centre.context.replays.first(
        conn,
        kind="account challenge",
        value=f"{consent.organisation} {consent.challenge}",
        expires=epoch_seconds(consent.until),
        now=centre.seconds(),
    )
