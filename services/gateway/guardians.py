"""Acting for a ward: a wallet of the ward's own in the guardian's keeping, and a key of the guardian's for each body.

The ward's wallet makes fragments and signs, as any wallet does; it lies in a file of its own that only the guardian's
wallet opens. The guardian's key signs beside it. When the ward gets an own card, its wallet follows the one that
guardians held (`services.gateway.renewal`), and what they keep is worth nothing any more.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import Strict, ValidationError

from consent import base64url
from consent.canonical import JsonObject
from consent.errors import MalformedError
from consent.guardians import Capacity
from consent.identifiers import OrganisationId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.guardianships import (
    OFFER,
    TOLD,
    AskWard,
    CorrectDeath,
    EndGuardianship,
    Evidence,
    GuardianshipClient,
    GuardianshipView,
    RegisterDeath,
    RegisterGuardianship,
    WardShown,
)
from services.contracts.identity.messages import Application, IssueCard
from services.contracts.proposals import ShownProposal
from services.gateway.acting import Acting
from services.gateway.card_making import draft
from services.gateway.cards import CardFile
from services.gateway.clinical import BasicItems
from services.gateway.errors import CardFileError, RefusedError
from services.gateway.organisation import Organisation
from services.gateway.people import publish, register_resident, register_wallet, trust_of, usual_compartments
from services.gateway.person import Person
from services.gateway.recovery import lay_down_recovery
from services.gateway.supervisor import propose
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import open_sealed, seal_to
from services.kit.encoding import Base64Url, Message
from services.kit.keys import replace_private, write_new

FORMAT: Final = "sekisho-ward/1"
WARD_INFO: Final = "ward-wallet"
ID_BYTES: Final = 16
CapacityName = Annotated[Capacity, Strict(False)]


class WardFile(Message):
    """What a guardian keeps for one ward: the guardianship, and the ward's wallet, sealed to the guardian's."""

    format: Literal["sekisho-ward/1"]
    guardianship: str
    capacity: CapacityName
    sealed: Base64Url


def offer(guardian: Person, organisation: OrganisationId, capacity: Capacity) -> tuple[str, WardFile]:
    """H1: offer to act for somebody, at one municipality; return what is handed in there, and what the guardian keeps.

    Guarantees: the offer counts for five minutes. Raises: CardFileError when the card's signature is not unlocked.
    """
    name = base64url.encode(guardian.randomness(ID_BYTES))
    own = guardian.wallet
    keys: JsonObject = {body.value: to_jwk(own.guardian_key(name, body).public_key()) for body in TOLD}
    claims: JsonObject = {
        "guardianship": name,
        "organisation": organisation,
        "capacity": capacity,
        "keys": keys,
        "at": epoch_seconds(guardian.clock()),
    }
    kept = WardFile(
        format=FORMAT,
        guardianship=name,
        capacity=capacity,
        sealed=_sealed(own, Wallet.create(guardian.randomness)),
    )
    return guardian.sign_by_card(OFFER, claims), kept


def acting(guardian: Person, ward: WardFile) -> Person:
    """Return the ward as the guardian acts for them: signed in by the guardian's card, with the ward's wallet.

    Raises: CardFileError when the file is not this guardian's.
    """
    by = Acting(ward.guardianship, ward.capacity, guardian.wallet)
    return guardian.for_ward(ward_wallet(guardian, ward), by)


def ward_wallet(guardian: Person, ward: WardFile) -> Wallet:
    """Return the ward's wallet out of the file. Raises: CardFileError."""
    return Wallet.from_secret_bytes(_opened(guardian.wallet, ward.sealed))


def begin(ward: Person) -> str:
    """Make the ward's wallet known, and its parts recoverable; return the recovery code for the paper.

    Guarantees: given again, it goes on where it was cut off; an earlier code goes on to count.
    Raises: RefusedError, such as `guardian_unknown` until the guardian is entered and told.
    """
    register_wallet(ward)
    try:
        publish(ward, usual_compartments(ward.clock().year))
    except RefusedError as refused:
        if refused.code != "label_taken":  # begun before, and cut off or asked for again: the keys are there
            raise
    return lay_down_recovery(ward).paper


def handing_key(person: Person) -> str:
    """Return the key to which somebody else hands a ward's wallet over. Shape: 32 bytes, base64url."""
    return base64url.encode(_receiving(person.wallet).public_key().public_bytes_raw())


def hand_over(guardian: Person, ward: WardFile, *, to: str) -> str:
    """Seal the ward's wallet to another guardian, or to the ward who has an own card now.

    Raises: CardFileError, MalformedError.
    """
    try:
        key = X25519PublicKey.from_public_bytes(base64url.decode(to))
    except ValueError as error:
        raise MalformedError("A key as `handing_key` writes it is expected.") from error
    return base64url.encode(seal_to(key, ward_wallet(guardian, ward).to_secret_bytes(), info=WARD_INFO))


def handed_wallet(person: Person, handed: str) -> Wallet:
    """Open what was handed over to this person. Raises: CardFileError."""
    return Wallet.from_secret_bytes(_opened(person.wallet, handed))


def with_wallet(guardian: Person, ward: WardFile, wallet: Wallet) -> WardFile:
    """Return a guardian's file with the wallet that the ward has already."""
    return ward.model_copy(update={"sealed": _sealed(guardian.wallet, wallet)})


def own(person: Person) -> list[GuardianshipView]:
    """Return in which guardianships the person is guardian, and in which ward. Raises: RefusedError."""
    told = person.ask(Body.IDENTITY, lambda http, token: GuardianshipClient(http).own(token=token))
    return told.guardianships


def enrol_ward(counter: Organisation, items: BasicItems) -> str:
    """Enrol somebody who gets no card, such as a newborn; return the municipality's reference. Raises: RefusedError."""
    new = counter.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).enrol(token=token))
    register_resident(counter, new.registry_token, items)
    return new.reference


def first_card(counter: Organisation, reference: str, *, pins: Mapping[Application, str]) -> CardFile:
    """Issue the first card of somebody who was enrolled without; its wallet is fresh. Raises: RefusedError."""
    making = draft(pins, randomness=counter.randomness, birth_date=None, backend=None)
    request = IssueCard(reference=reference, applications=making.request())
    issued = counter.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).issue_card(request, token=token)
    )
    return making.complete(issued, trust=trust_of(counter), randomness=counter.randomness)


def look_up(counter: Organisation, reference: str) -> WardShown:
    """Return how far somebody acts alone, and by which guardianships others act for them. Raises: RefusedError."""
    message = AskWard(reference=reference)
    return counter.ask(Body.IDENTITY, lambda http, token: GuardianshipClient(http).ward(message, token=token))


def register(supervisor: Organisation, asked: RegisterGuardianship, *, reason: str) -> ShownProposal:
    """H2: propose to enter a guardian; another supervisor approves. Raises: RefusedError."""
    parameters = asked.model_dump(mode="json")
    return propose(supervisor, Body.IDENTITY, "register-guardianship", parameters, reason=reason)


def register_death(supervisor: Organisation, asked: RegisterDeath, *, reason: str) -> ShownProposal:
    """Propose to enter a death; another supervisor approves. Raises: RefusedError."""
    parameters = asked.model_dump(mode="json")
    return propose(supervisor, Body.IDENTITY, "register-death", parameters, reason=reason)


def correct_death(supervisor: Organisation, asked: CorrectDeath, *, reason: str) -> ShownProposal:
    """H6: propose to take back a death that was wrong; another supervisor approves. Raises: RefusedError."""
    parameters = asked.model_dump(mode="json")
    return propose(supervisor, Body.IDENTITY, "correct-death", parameters, reason=reason)


def end(
    counter: Organisation, reference: str, guardianship: str, *, evidence: Evidence, document: str
) -> WardShown:
    """H3: end a guardianship; in force when this returns. Raises: RefusedError."""
    message = EndGuardianship(
        reference=reference, guardianship=guardianship, evidence=evidence, document=document
    )
    return counter.ask(Body.IDENTITY, lambda http, token: GuardianshipClient(http).end(message, token=token))


def save_ward(ward: WardFile, file: Path) -> None:
    """Write a ward's file, mode 0600. Raises: CardFileError when the file exists."""
    try:
        write_new(file, ward.model_dump_json(indent=1).encode() + b"\n")
    except FileExistsError as error:
        raise CardFileError(f"{file} exists already; choose another name") from error


def replace_ward(ward: WardFile, file: Path) -> None:
    """Write a ward's file in place of the one that is there, at once and durably."""
    replace_private(file, ward.model_dump_json(indent=1).encode() + b"\n")


def read_ward(file: Path) -> WardFile:
    """Read a ward's file. Raises: CardFileError."""
    try:
        return WardFile.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise CardFileError(f"{file} is not a readable file of a ward ({FORMAT})") from error


def _receiving(wallet: Wallet) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(wallet.wards_key())


def _sealed(own_wallet: Wallet, wallet: Wallet) -> str:
    key = _receiving(own_wallet).public_key()
    return base64url.encode(seal_to(key, wallet.to_secret_bytes(), info=WARD_INFO))


def _opened(own_wallet: Wallet, sealed: str) -> bytes:
    try:
        return open_sealed(_receiving(own_wallet), base64url.decode(sealed), info=WARD_INFO)
    except (InvalidTag, MalformedError, ValueError) as error:
        raise CardFileError("the ward's wallet was not sealed to this card's wallet") from error
