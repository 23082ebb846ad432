"""Opening an account without paper (UC8): the files that bank and person hand to each other, and their steps O1 to O7.

O1 the bank offers; O2 to O4 the person agrees: wallet and card sign; O5 the ID centre checks the card; O6 the registry
discloses; O7 the bank keeps a proof that anybody verifies offline. See docs/accounts.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from consent import base64url, jws
from consent.account_proof import (
    AccountProof,
    AccountProofError,
    OpenedAccount,
    ShownItem,
    verify_account,
    verify_standing,
)
from consent.accounts import (
    AGREEMENT,
    CARD_CONSENT,
    CONSENT_SEAL,
    DISCLOSURE,
    DISCLOSURE_SEAL,
    Agreement,
    agreement_payload,
    card_consent_payload,
    disclosure_payload,
    verify_agreement,
)
from consent.errors import ConsentError
from consent.explanations import RefusalCode, explain
from consent.identifiers import OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem, Body
from consent.wire import ContractName
from services.contracts.identity.accounts import AccountsClient, OpenAccount
from services.contracts.oversight.register import Kind, ed25519
from services.contracts.registry.disclosures import Disclose, Disclosed, DisclosedItem, DisclosuresClient
from services.contracts.registry.messages import ItemName
from services.gateway.errors import AccountFileError, NotVerifiedError, RefusedError
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import seal_to
from services.kit.encoding import Base64Url, Message
from services.kit.keys import write_private
from services.kit.log.evidence import TrustFile
from services.kit.log.note import LATEST_TIME

RANDOM_BYTES: Final = 32
GOOD_FOR: Final = timedelta(minutes=10)
"""How long bank and bodies may take with an agreement; the ID centre allows no longer period."""

F = TypeVar("F", bound=Message)


class Offer(Message):
    """O1: what the bank wants to open, which items it asks for, and its challenge. Units: `until` epoch seconds."""

    format: Literal["sekisho-account-offer/1"] = "sekisho-account-offer/1"
    organisation: str
    contract: ContractName
    items: list[ItemName]
    challenge: Base64Url
    until: Annotated[int, Field(le=LATEST_TIME)]


class SignedAgreement(Message):
    """O4: what the person hands to the bank: the text, and two sealed parts that the bank passes on unread."""

    format: Literal["sekisho-account-agreement/1"] = "sekisho-account-agreement/1"
    agreement: str
    key: dict[str, str]
    for_identity: Base64Url
    for_registry: Base64Url


class CheckedCard(Message):
    """What the ID centre answered (O5): enough to go on where an opening was interrupted."""

    reference: str
    standing: str


class AccountFile(Message):
    """O7: what the bank keeps. A value may be deleted from `shown`; the rest still verifies."""

    format: Literal["sekisho-account/1"] = "sekisho-account/1"
    agreement: str
    key: dict[str, str]
    standing: str
    confirmation: str | None
    shown: Annotated[dict[ItemName, DisclosedItem], Field(repr=False)]

    @property
    def proof(self) -> AccountProof:
        """The form that `consent.account_proof` verifies."""
        shown = {item: ShownItem(each.value, each.salt) for item, each in self.shown.items()}
        return AccountProof(self.agreement, self.key, self.standing, self.confirmation, shown)


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening at the bank: its own offer, and what the person signed for it."""

    offer: Offer
    signed: SignedAgreement


def offer_account(
    bank: Organisation, contract: str, items: Iterable[BasicItem], *, good_for: timedelta
) -> Offer:
    """O1: make an offer with a fresh challenge."""
    return Offer(
        organisation=bank.id,
        contract=contract,
        items=sorted(set(items)),
        challenge=base64url.encode(bank.randomness(RANDOM_BYTES)),
        until=epoch_seconds(bank.clock() + good_for),
    )


def offering_bank(person: Person, offer: Offer) -> str:
    """Return the name under which the bank of an offer is accredited, for the person to see.

    Raises: RefusedError when no bank is accredited so; AccountFileError when the offer is over.
    """
    if offer.until <= epoch_seconds(person.clock()):
        raise AccountFileError("The offer is over; ask the bank for a new one.")
    bank = person.directory().organisation(OrganisationId(offer.organisation))
    if bank is None or bank.kind is not Kind.BANK:
        code = RefusalCode.NOT_ACCREDITED
        raise RefusedError(code.value, explain(code).en)
    return bank.name


def agree(person: Person, offer: Offer, items: frozenset[BasicItem]) -> SignedAgreement:
    """O2 to O4: agree to an offer and disclose the chosen items; wallet and card sign.

    Raises: AccountFileError for an item that the bank did not ask for; as `offering_bank`; CardFileError.
    """
    offering_bank(person, offer)
    if not items <= set(offer.items):
        raise AccountFileError("The bank did not ask for all of these items; choose among those it asks for.")
    organisation, now = OrganisationId(offer.organisation), person.clock()
    key = person.wallet.account_key(organisation)
    jwk = to_jwk(key.public_key())
    agreement = Agreement(
        organisation=organisation,
        contract=offer.contract,
        items=items,
        challenge=offer.challenge,
        salt=base64url.encode(person.randomness(RANDOM_BYTES)),
        key=thumbprint(jwk),
        agreed_at=now,
        until=min(now + GOOD_FOR, datetime.fromtimestamp(offer.until, UTC)),
    )
    consent = person.sign_by_card(CARD_CONSENT, card_consent_payload(agreement))
    told = disclosure_payload(agreement, person.pseudonym(Body.REGISTRY))
    disclosure = person.wallet.sign(Body.REGISTRY, DISCLOSURE, told) if items else ""
    return SignedAgreement(
        agreement=jws.sign(agreement_payload(agreement), typ=AGREEMENT, key=key, kid=thumbprint(jwk)),
        key=jwk,
        for_identity=_seal(person, Body.IDENTITY, consent, info=CONSENT_SEAL),
        for_registry=_seal(person, Body.REGISTRY, disclosure, info=DISCLOSURE_SEAL),
    )


def open_account(
    bank: Organisation,
    opening: Opening,
    *,
    begun: CheckedCard | None,
    keep: Callable[[CheckedCard], None],
) -> tuple[AccountFile, OpenedAccount]:
    """O5 to O7: have the card checked and the items disclosed; return what to keep and what it says.

    `keep` is given the ID centre's answer before the registry is asked; with it as `begun` an interrupted opening goes
    on, while the agreement lasts. Raises: AccountFileError, RefusedError, NotVerifiedError.
    """
    agreement = _read_agreement(bank, opening)
    checked, token = begun, None
    if checked is None:
        message = OpenAccount(consent=opening.signed.for_identity)
        answer = bank.ask(Body.IDENTITY, lambda http, token: AccountsClient(http).open(message, token=token))
        checked, token = (
            CheckedCard(reference=answer.reference, standing=answer.standing),
            answer.registry_token,
        )
        keep(checked)
    directory = bank.directory()
    with _verified():
        standing = verify_standing(checked.standing, agreement, directory.signing_key(Body.IDENTITY))
    disclosed = _disclose(bank, opening.signed, standing.account, token=token) if agreement.items else None
    kept = AccountFile(
        agreement=opening.signed.agreement,
        key=opening.signed.key,
        standing=checked.standing,
        confirmation=disclosed.confirmation if disclosed is not None else None,
        shown=disclosed.items if disclosed is not None else {},
    )
    with _verified():
        opened = verify_account(
            kept.proof,
            identity=directory.signing_key(Body.IDENTITY),
            registry=directory.signing_key(Body.REGISTRY),
        )
    return kept, opened


def verify_file(account: Path, trust: Path) -> OpenedAccount:
    """Verify an account file offline, with nothing but a trust file.

    Raises: AccountFileError; consent's AccountProofError, saying which part is false.
    """
    kept, trusted = read(AccountFile, account), read(TrustFile, trust)
    try:
        identity, registry = (ed25519(trusted.signing_keys[body]) for body in (Body.IDENTITY, Body.REGISTRY))
    except KeyError as error:
        raise AccountFileError(f"{trust} has no signing keys of the ID centre and the registry") from error
    return verify_account(kept.proof, identity=identity, registry=registry)


def read(kind: type[F], file: Path) -> F:
    """Read one of the files. Raises: AccountFileError."""
    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise AccountFileError(f"{file} is not a readable {kind.__name__} file of this version") from error


def write(file: Path, message: Message) -> None:
    """Write one of the files, mode 0600. Raises: AccountFileError when the file exists."""
    if file.exists():
        raise AccountFileError(f"{file} exists already; choose another name")
    write_private(file, message.model_dump_json(indent=1).encode() + b"\n")


def _seal(person: Person, body: Body, text: str, *, info: str) -> str:
    key = person.directory().sealing_key(body)
    return base64url.encode(seal_to(key, text.encode("ascii"), info=info))


def _read_agreement(bank: Organisation, opening: Opening) -> Agreement:
    offer = opening.offer
    try:
        agreement = verify_agreement(opening.signed.agreement, opening.signed.key)
    except ConsentError as error:
        raise AccountFileError("The agreement is not signed as it should be; ask for a new one.") from error
    same = (agreement.organisation, agreement.contract, agreement.challenge) == (
        bank.id,
        offer.contract,
        offer.challenge,
    )
    if offer.organisation != bank.id or not same or not agreement.items <= set(offer.items):
        raise AccountFileError(
            "The agreement answers another offer; use the offer that the person was given."
        )
    if epoch_seconds(agreement.until) > offer.until or agreement.until <= bank.clock():
        raise AccountFileError("The agreement is over; make a new offer and have it agreed to again.")
    return agreement


def _disclose(bank: Organisation, signed: SignedAgreement, reference: str, *, token: str | None) -> Disclosed:
    named = token or bank.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    message = Disclose(token=named, disclosure=signed.for_registry)
    return bank.ask(Body.REGISTRY, lambda http, token: DisclosuresClient(http).disclose(message, token=token))


@contextmanager
def _verified() -> Iterator[None]:
    try:
        yield
    except AccountProofError as error:
        raise NotVerifiedError(f"{error} Nothing of it was used; report it.") from error
