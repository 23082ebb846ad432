"""A new card after the old one is lost, stolen or unreadable: new keys, the same person, the same wallet (C13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from consent.recovery import paper_proof
from consent.vocabulary import Body
from services.contracts.identity.card_client import CardClient
from services.contracts.identity.card_messages import LookUpCard
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import Application, CardChange, IssueCard
from services.gateway.card_backends import CardBackend
from services.gateway.card_care import change_card, renew_at_counter
from services.gateway.card_making import check_pin, draft
from services.gateway.cards import CardFile, unlock
from services.gateway.errors import RefusedError
from services.gateway.organisation import Organisation
from services.gateway.people import register_wallet, trust_of
from services.gateway.person import Person, present_at
from services.gateway.recovery import recover_wallet
from services.gateway.renewal import take_over_announced


@dataclass(frozen=True, slots=True)
class Reissued:
    """The new card file with the wallet from before, the person signed in with it, the code for the telephone."""

    card: CardFile
    person: Person
    suspension_code: str = field(repr=False)


def reissue(
    counter: Organisation,
    reference: str,
    *,
    pins: Mapping[Application, str],
    paper: str | None,
    others: Sequence[Organisation] = (),
) -> Reissued:
    """As a registrar, with the person here: revoke the card there is, issue another, and put the old wallet into it.

    Guarantees: broken off anywhere, it is called again and begins with the card that it left; the paper still counts.
    `others` are further registrars, needed without paper.
    Raises: RefusedError, CardFileError, WalletLostError, MalformedError for a slip in the paper's code.
    """
    making = draft(pins, randomness=counter.randomness)
    if paper is not None:
        paper_proof(paper, Body.IDENTITY)  # a slip in the code is told before any card is revoked
    revoke_present(counter, reference, reason="reissued")
    request = IssueCard(reference=reference, applications=making.request())
    issued = counter.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).issue_card(request, token=token)
    )
    trust = trust_of(counter)
    blank = making.complete(issued, trust=trust, randomness=counter.randomness)
    authentication = making.unlocked(Application.AUTHENTICATION, issued)
    signed_in = present_at(counter, blank, authentication=authentication)
    wallet = recover_wallet(signed_in, [counter, *others], card=issued.card, paper=paper)
    filled = replace(making, wallet=wallet)
    card = filled.complete(issued, trust=trust, randomness=counter.randomness)
    person = present_at(
        counter, card, authentication=authentication, signature=filled.unlocked(Application.SIGNATURE, issued)
    )
    take_over_announced(person)  # a renewal that broke off with the device is completed by what it left
    register_wallet(person)
    return Reissued(card, person, issued.suspension_code)


def renew_signature(
    counter: Organisation,
    reference: str,
    card: CardFile,
    *,
    pins: Mapping[Application, str],
    paper: str | None,
    others: Sequence[Organisation] = (),
    backend: CardBackend | None = None,
) -> CardFile:
    """As a registrar, with the holder here: another key and PIN for signing, where that PIN is forgotten.

    `pins` are the one for signing in as it is, and the one for signing as it is to be. What the application held is not
    opened by anybody, so the wallet is recovered as after a loss, by paper or a second registrar.
    Guarantees: broken off anywhere, it is called again with the card file as it was; the paper still counts.
    Raises: RefusedError, CardFileError, WrongPinError, WalletLostError, MalformedError for a slip in the paper's code.
    """
    check_pin(Application.SIGNATURE, pins[Application.SIGNATURE])
    if paper is not None:
        paper_proof(paper, Body.IDENTITY)
    identity = IdentityClient(counter.connect(Body.IDENTITY))
    opened = unlock(card, Application.AUTHENTICATION, pins[Application.AUTHENTICATION], identity=identity)
    holder = present_at(counter, card, authentication=opened)
    wallet = recover_wallet(holder, [counter, *others], card=card.card, paper=paper)
    renewed = renew_at_counter(
        counter,
        reference,
        card,
        application=Application.SIGNATURE,
        digits=pins[Application.SIGNATURE],
        other=opened,
        wallet=wallet,
        backend=backend,
    )
    # what the registry stated was about the certificate that is revoked now
    return renewed.model_copy(update={"attributes": None})


def revoke_present(counter: Organisation, reference: str, *, reason: str) -> None:
    """Revoke the card that somebody has, if there is one. Raises: RefusedError."""
    try:
        held = counter.ask(
            Body.IDENTITY,
            lambda http, token: CardClient(http).look_up(LookUpCard(reference=reference), token=token),
        )
    except RefusedError as refusal:
        if refusal.code != "no_card":
            raise
        return
    change_card(counter, reference, held.card, change=CardChange.REVOKE, reason=reason)
