"""A fresh seed: records, permissions and parts of the old wallet pass to a new one. The steps: docs/cards.md.

Y1 the device keeps both seeds; Y2 the new one's parts are laid down and the person has the new code; Y3 the old wallet
names its successor to every body; Y4 each content key is handed over; Y5 the medical centre, and then Y6 the others,
let the successor take over; Y7 permissions that go on are laid down by it; Y8 earlier parts are retired; Y9 the device
forgets the old seed. Until Y5 everything is as before; from Y5 the new seed alone completes what is left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from consent import base64url
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.errors import ConsentError, SealError
from consent.jwk import thumbprint
from consent.publication import verify_publication
from consent.randomness import draw
from consent.succession import announce, take_over, verify_succession
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import SUBJECT_TYPE, RegisterSubject
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.headers import HEADERS_TYPE, Header, Headers, HeadersClient, StageHeaders
from services.contracts.succession import (
    CARD_CONSENT,
    AnnounceSuccessor,
    RenewWallet,
    SuccessionClient,
    WalletStanding,
)
from services.gateway.errors import NotVerifiedError, RefusedError, WalletLostError
from services.gateway.history import history
from services.gateway.person import Person
from services.gateway.recovery import LaidDown, lay_down_recovery, retire_earlier
from services.gateway.renewed_permissions import permit_again
from services.gateway.wallet_actions import Permission
from services.kit.clock import epoch_seconds

OTHERS: Final = (Body.IDENTITY, Body.OVERSIGHT, Body.REGISTRY)
"""The bodies that keep wallets, beside the medical centre: the ID centre first, which vouches for the keys."""
MOST_ROUNDS: Final = 5
INCOMPLETE: Final = "renewal_incomplete"
CONTENT_KEY_BYTES: Final = 32

Progress = Callable[[int, int], None]
"""Told how many content keys are handed over, and of how many."""
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Renewed:
    """The person with the new wallet; what could not be taken along.

    `unreadable` counts bundles that no key of the person's opened before either; `stopped` are permissions that no body
    takes any more, with the refusal's code.
    """

    person: Person
    unreadable: int
    stopped: Sequence[tuple[Permission, str]]


def renew_wallet(
    person: Person, successor: Wallet, *, tell: Callable[[str], None], progress: Progress
) -> Renewed:
    """Y2 to Y8: have `successor` follow the person's wallet; `tell` gets the recovery code before anything changes.

    Guarantees: broken off anywhere, it is called again with the same successor and goes on; nothing is lost or doubled.
    Raises: RefusedError, NotVerifiedError, WalletLostError, kit's PeerUnavailableError.
    """
    heir, unreadable = person.holding(successor), 0
    laid: LaidDown | None = None
    present = _standing(person, Body.MEDICAL).subject
    if present == person.wallet.subject:
        take_over_announced(person)  # an earlier renewal to the present wallet that broke off
        laid = lay_down_recovery(person, successor)  # Y2
        tell(laid.paper)
        _announce(person, successor)  # Y3
        unreadable = _HandOver(person, heir, progress).run()  # Y4, Y5
    elif present != successor.subject:
        raise WalletLostError(
            "another wallet than the card's is registered; have the wallet recovered at a counter"
        )
    take_over_announced(heir)  # Y6
    stopped = permit_again(heir)  # Y7
    if laid is None:
        laid = lay_down_recovery(heir)
        tell(laid.paper)
    retire_earlier(heir, laid)  # Y8
    return Renewed(heir, unreadable, stopped)


def take_over_announced(person: Person) -> None:
    """Y6: have the person's wallet take over wherever it is announced and another one is still registered."""
    own = person.wallet
    for body in OTHERS:
        told = _standing_or_none(person, body)
        if told is None or told.announced is None or told.subject == _key(own, body):
            continue
        if thumbprint(verify_succession(told.announced).successor) != _key(own, body):
            continue
        renewal = take_over(own, told.announced, body=body, now=person.clock())
        _renew(
            person,
            body,
            _for_identity(person, renewal) if body is Body.IDENTITY else RenewWallet(renewal=renewal),
        )


def _for_identity(person: Person, renewal: str) -> RenewWallet:
    at = epoch_seconds(person.clock())
    wallet = person.wallet
    proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": at})
    told: JsonObject = {"subject": wallet.subject, "wallet": _key(wallet, Body.IDENTITY), "at": at}
    return RenewWallet(
        renewal=renewal,
        card=person.sign_by_card(CARD_CONSENT, told),
        subject=RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof),
    )


def _announce(person: Person, successor: Wallet) -> None:
    for body in (*OTHERS, Body.MEDICAL):
        person.pseudonym(body)
        told = _standing(person, body)
        if told.announced is not None and _names(told.announced, successor, body):
            continue  # announced before: what waits for it is kept
        _announce_to(person, successor, body)


def _announce_to(person: Person, successor: Wallet, body: Body) -> None:
    text = announce(person.wallet, successor, body=body, now=person.clock())
    message = AnnounceSuccessor(succession=text)
    person.ask(body, lambda http, token: SuccessionClient(http).announce(message, token=token))


def _names(announced: str, successor: Wallet, body: Body) -> bool:
    return thumbprint(verify_succession(announced).successor) == _key(successor, body)


class _HandOver:
    """Y4 and Y5 at the medical centre."""

    def __init__(self, person: Person, heir: Person, progress: Progress) -> None:
        self._person, self._heir, self._progress = person, heir, progress
        self._unreadable = 0
        self._handed: set[str] = set()

    def run(self) -> int:
        """Hand everything over, and let the successor take over; return how many bundles nobody could open."""
        for _ in range(MOST_ROUNDS):
            following = self._following()
            self._stage_all(following)
            self._require_nothing_withheld()
            try:
                self._take_over(following)
            except RefusedError as refusal:
                if refusal.code != INCOMPLETE:
                    raise
                if not self._left().left:  # keys rolled meanwhile: what waits is for a version that is taken
                    _announce_to(self._person, self._heir.wallet, Body.MEDICAL)
            else:
                return self._unreadable
        raise WalletLostError("records kept arriving while they were handed over; run the renewal again")

    def _following(self) -> dict[Place, Compartment]:
        told = self._person.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).published(token=token))
        wallet, newest = self._person.wallet, dict[Place, int]()
        try:
            for text in told.publications:
                for each in verify_publication(text, wallet.public_jwk(Body.MEDICAL), wallet.subject).keys:
                    newest[each.category, each.year] = max(
                        each.version, newest.get((each.category, each.year), 0)
                    )
        except ConsentError as error:
            raise NotVerifiedError(
                "the medical centre shows keys that this wallet did not publish"
            ) from error
        return {place: _compartment(place, version + 1) for place, version in newest.items()}

    def _stage_all(self, following: Mapping[Place, Compartment]) -> None:
        page = self._left()
        total = page.left
        while page.headers:
            headers = [self._sealed_anew(each, following) for each in page.headers]
            page = self._stage(headers)
            self._handed |= {each.bundle for each in headers}
            self._progress(total - page.left, total)

    def _left(self) -> Headers:
        return self._person.ask(Body.MEDICAL, lambda http, token: HeadersClient(http).headers(token=token))

    def _sealed_anew(self, header: Header, following: Mapping[Place, Compartment]) -> Header:
        present = Compartment.parse(header.compartment)
        target = following[present.category, present.year]
        key = self._heir.wallet.compartment_public_key(target)
        try:
            kit = self._person.wallet.hand_over(header.message_kit, present, to=key)
        except SealError:
            # its writer sealed it to no key of the person's: it must not keep everything else under the old seed
            self._unreadable += 1
            kit = self._heir.wallet.seal_content_key(draw(self._person.randomness, CONTENT_KEY_BYTES), to=key)
        return Header(bundle=header.bundle, compartment=target.label, message_kit=kit)

    def _stage(self, headers: Sequence[Header]) -> Headers:
        told = [
            [each.bundle, each.compartment, base64url.encode(sha256(each.message_kit).digest())]
            for each in headers
        ]
        at = epoch_seconds(self._person.clock())
        statement = self._heir.wallet.sign(Body.MEDICAL, HEADERS_TYPE, {"headers": told, "at": at})
        message = StageHeaders(statement=statement, headers=list(headers))
        return self._person.ask(
            Body.MEDICAL, lambda http, token: HeadersClient(http).stage(message, token=token)
        )

    def _require_nothing_withheld(self) -> None:
        """Compare what was handed over with what the log says was ever deposited (stops a loss by withholding)."""
        deposited, handed = (
            set[str](),
            set(self._handed),
        )  # a witness may not have seen the newest entries yet
        for entry in history(self._person, bodies=[Body.MEDICAL]).entries:
            detail = entry.event.get("detail")
            if entry.outcome != "done" or not isinstance(detail, dict):
                continue
            if entry.kind == "records_deposited" and isinstance(bundles := detail.get("bundles"), list):
                deposited |= {str(each["id"]) for each in bundles if isinstance(each, dict)}
            ours = detail.get("successor") == self._heir.wallet.subject
            if (
                entry.kind == "records_handed_over"
                and ours
                and isinstance(said := detail.get("headers"), list)
            ):
                handed |= {str(each[0]) for each in said if isinstance(each, list)}
        missing = deposited - handed
        if missing and not self._left().left:
            raise NotVerifiedError(
                f"the medical centre withholds {len(missing)} bundles that its log says it has; report this"
            )

    def _take_over(self, following: Mapping[Place, Compartment]) -> None:
        now, successor = self._person.clock(), self._heir.wallet
        announced = _standing(self._person, Body.MEDICAL).announced
        renewal = take_over(successor, announced or "", body=Body.MEDICAL, now=now)
        publication = successor.publish(following.values(), now)
        _renew(self._person, Body.MEDICAL, RenewWallet(renewal=renewal, publication=publication))


def _compartment(place: Place, version: int) -> Compartment:
    return Compartment.parse(f"{place[0]}/{place[1]}/{version}")


def _key(wallet: Wallet, body: Body) -> str:
    return thumbprint(wallet.public_jwk(body))


def _standing(person: Person, body: Body) -> WalletStanding:
    return person.ask(body, lambda http, token: SuccessionClient(http).standing(token=token))


def _standing_or_none(person: Person, body: Body) -> WalletStanding | None:
    try:
        return _standing(person, body)
    except RefusedError as refusal:
        if refusal.code != "not_found":
            raise
        return None


def _renew(person: Person, body: Body, message: RenewWallet) -> None:
    person.ask(body, lambda http, token: SuccessionClient(http).renew(message, token=token))
