"""What a holder does with an issued card: another PIN at home, help with a locked or forgotten one at the counter.

The steps are those of docs/cards.md.
"""

from pathlib import Path

from consent import base64url, jws, pin
from consent.canonical import JsonObject
from consent.identifiers import OrganisationId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.card_client import CardClient
from services.contracts.identity.card_messages import (
    PRESENCE_TYPE,
    CardStanding,
    ChangePin,
    RenewApplication,
    SuspendByCode,
    UnlockApplication,
    presence_content,
)
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import (
    Application,
    CardChange,
    ChangeCard,
    ChangedCard,
    NewApplication,
)
from services.gateway.card_backends import CardBackend, SoftwareCard
from services.gateway.card_making import check_pin, wrap_application
from services.gateway.cards import CardFile, Unlocked, fetch_share, replace_card, unlock
from services.gateway.errors import CardFileError
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.clock import Clock, Randomness, epoch_seconds, system_clock, system_randomness
from services.kit.http import Http

OTHER = {
    Application.AUTHENTICATION: Application.SIGNATURE,
    Application.SIGNATURE: Application.AUTHENTICATION,
}


def change_pin(
    file: Path,
    card: CardFile,
    application: Application,
    *,
    present: str,
    following: str,
    identity: Http,
    randomness: Randomness = system_randomness,
) -> CardFile:
    """C1 to C4: change a PIN by its holder and write the card file anew.

    Guarantees: whatever crashes when, the file that is there opens with one of the two PINs.
    Raises: WrongPinError, CardLockedError, CardFileError for a PIN against the rules, RefusedError.
    """
    check_pin(application, following)
    opened = unlock(card, application, present, identity=IdentityClient(identity))  # C1
    proofs = [_key(card, application, digits) for digits in (present, following)]
    message = ChangePin(
        card=card.card,
        application=application,
        pin_proof=base64url.encode(proofs[0].proof()),
        pin_verifier=base64url.encode(pin.proof_digest(proofs[1].proof())),
    )
    with answers():
        share = CardClient(identity).change_pin(message).share  # C2
    certificate = card.applications[application].certificate
    changed = _with(
        card,
        application,
        wrap_application(opened, proofs[1], certificate=certificate, share=share, randomness=randomness),
    )
    replace_card(changed, file)  # C3
    unlock(changed, application, following, identity=IdentityClient(identity))  # C4
    return changed


def suspend_by_code(code: str, *, identity: Http) -> None:
    """Stop a card by its telephone code; the answer says nothing about the code. Raises: RefusedError."""
    with answers():
        CardClient(identity).suspend(SuspendByCode(code=code))


def own_card(person: Person) -> CardStanding:
    """Return where the person's card stands. Raises: RefusedError."""
    return person.ask(Body.IDENTITY, lambda http, token: CardClient(http).own_card(token=token))


def new_suspension_code(person: Person) -> str:
    """Get another telephone code; the one before counts no more. Raises: RefusedError."""
    return person.ask(
        Body.IDENTITY, lambda http, token: CardClient(http).make_suspension_code(token=token)
    ).suspension_code


def change_card(
    counter: Organisation, reference: str, card: str, *, change: CardChange, reason: str
) -> ChangedCard:
    """As a registrar: suspend, resume or revoke the card of somebody known here. Raises: RefusedError."""
    message = ChangeCard(reference=reference, card=card, change=change, reason=reason)
    return counter.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).change_card(message, token=token)
    )


def unlock_at_counter(
    counter: Organisation, reference: str, *, application: Application, other: Unlocked
) -> int:
    """As a registrar, with the holder here: give a locked application its tries back; returns how many.

    `other` is the card's other application, opened by its holder. Raises: RefusedError.
    """
    presence = sign_presence(
        other, counter.id, application=application, new=None, identity=_at(counter), clock=counter.clock
    )
    message = UnlockApplication(
        reference=reference, card=other.card, application=application, presence=presence
    )
    return counter.ask(
        Body.IDENTITY, lambda http, token: CardClient(http).unlock_application(message, token=token)
    ).tries


def renew_at_counter(
    counter: Organisation,
    reference: str,
    card: CardFile,
    *,
    application: Application,
    digits: str,
    other: Unlocked,
    wallet: Wallet | None = None,
    backend: CardBackend | None = None,
) -> CardFile:
    """As a registrar, with the holder here: another key and PIN for an application whose PIN is forgotten.

    `wallet` goes into the signature application: what it held before is not to be opened any more. `backend` keeps the
    key; without one it is in the card file.
    Raises: RefusedError, CardFileError.
    """
    check_pin(application, digits)
    if (wallet is None) is (application is Application.SIGNATURE):
        raise CardFileError(
            "the signature application, and no other, holds the wallet; recover the wallet first"
        )
    keeper, secret = backend or SoftwareCard(), _key(card, application, digits)
    key = keeper.make(application)
    new = NewApplication(
        public_key=to_jwk(key.public_key()),
        pin_verifier=base64url.encode(pin.proof_digest(secret.proof())),
    )
    presence = sign_presence(
        other, counter.id, application=application, new=new, identity=_at(counter), clock=counter.clock
    )
    message = RenewApplication(
        reference=reference, card=card.card, application=application, new=new, presence=presence
    )
    issued = counter.ask(
        Body.IDENTITY, lambda http, token: CardClient(http).renew_application(message, token=token)
    )
    made = Unlocked(application, card.card, "", key, keeper.hold(application), wallet)
    wrapped = wrap_application(
        made, secret, certificate=issued.certificate, share=issued.share, randomness=counter.randomness
    )
    return _with(card, application, wrapped)


def put_wallets(
    file: Path,
    card: CardFile,
    opened: Unlocked,
    *,
    digits: str,
    identity: Http,
    randomness: Randomness = system_randomness,
) -> CardFile:
    """Y1, Y9: write the card file anew, at once and durably, with the wallets that `opened` holds now.

    Raises: WrongPinError, CardLockedError, RefusedError.
    """
    application = Application.SIGNATURE
    secret = _key(card, application, digits)
    share = fetch_share(card, application, secret.proof(), IdentityClient(identity))
    wrapped = wrap_application(
        opened,
        secret,
        certificate=card.applications[application].certificate,
        share=base64url.encode(share),
        randomness=randomness,
    )
    hinted = wrapped.model_copy(update={"hint": card.applications[application].hint})
    changed = _with(card, application, hinted)
    replace_card(changed, file)
    return changed


def sign_presence(
    other: Unlocked,
    organisation: OrganisationId,
    *,
    application: Application,
    new: NewApplication | None,
    identity: Http,
    clock: Clock = system_clock,
) -> str:
    """Sign with one application that its holder is at this counter and wants this for the other one."""
    with answers():
        told = IdentityClient(identity).challenge()
    payload: JsonObject = {
        "card": other.card,
        "organisation": organisation,
        "challenge": told.challenge,
        "content": presence_content(application, new),
        "at": epoch_seconds(clock()),
    }
    return jws.sign(payload, typ=PRESENCE_TYPE, key=other.key, kid=other.kid)


def _at(counter: Organisation) -> Http:
    return counter.connect(Body.IDENTITY)


def _key(card: CardFile, application: Application, digits: str) -> pin.PinKey:
    return pin.derive(digits, base64url.decode(card.file_secret), application.value, card.iterations)


def _with(card: CardFile, application: Application, wrapped: object) -> CardFile:
    return card.model_copy(update={"applications": {**card.applications, application: wrapped}})
