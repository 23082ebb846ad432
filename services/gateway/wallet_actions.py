"""What a person does with the wallet: permit, refuse, take back, and see what stands.

A permission lies in copies at several bodies which do not know of each other. The wallet stores nothing: it finds the
copies that belong together by their terms and time of issue, which are the same in all of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from consent import base64url
from consent.compartments import Compartment
from consent.decision import RefusalCode
from consent.directives import (
    BasicScope,
    DeletionReceipt,
    DirectiveCopy,
    Effect,
    RecordScope,
    Terms,
    UnverifiedDirective,
    VerifiedDirective,
    verify_deletion_receipt,
)
from consent.errors import ConsentError
from consent.guardian_signature import GuardianSignature
from consent.guardians import RuleFault
from consent.identifiers import DirectiveId
from consent.lifecycle import DirectiveState
from consent.publication import VerifiedPublication, verify_publication
from consent.vocabulary import PROXIES, Body
from services.contracts.directives import (
    DirectiveItem,
    DirectivesClient,
    WithdrawalOrder,
    submission,
)
from services.contracts.medical.client import MedicalClient
from services.contracts.oversight.register import ed25519
from services.gateway.errors import GatewayError, NotVerifiedError, RefusedError
from services.gateway.people import publish
from services.gateway.person import Person
from services.kit.http import Http, PeerUnavailableError, RemoteProblemError, Token
from services.kit.problems import ProblemError

POINTED: Final = (Body.OVERSIGHT, Body.IDENTITY)
"""The bodies to whose copies the medical centre's copy points."""


class WithdrawalIncompleteError(GatewayError):
    """Some bodies did not acknowledge a withdrawal; it is in force at the others. Withdraw again."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        named = ", ".join(body.value for body in bodies)
        super().__init__(f"No deletion receipt from: {named}. The others have deleted; withdraw again.")
        self.bodies = tuple(bodies)


@dataclass(frozen=True, slots=True)
class Copy:
    """One body's copy of a directive, verified, with the state the body gives."""

    verified: VerifiedDirective
    state: DirectiveState

    @property
    def id(self) -> DirectiveId:
        """The copy's own id."""
        return self.verified.directive.id


Keep = Callable[[Copy, DeletionReceipt, str], None]
"""Told of each deletion receipt that verified: of which copy, and as the body signed it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A directive in all the copies that were found of it (an effect of `deny` makes it a refusal)."""

    terms: Terms
    issued_at: datetime
    copies: Mapping[Body, tuple[Copy, ...]]

    def active(self, now: datetime) -> bool:
        """Whether some body still holds it in force."""
        states = {copy.state for copies in self.copies.values() for copy in copies}
        return now < self.terms.valid_until and DirectiveState.ACTIVE in states

    def stands(self, now: datetime) -> bool:
        """Whether all three bodies hold it in force.

        Less was never given, or was taken back while a body was down; and one body alone may say so of anything. Copies
        that were renewed within the second in which they were made stand here beside the present ones.
        """
        held = [{copy.state for copy in self.copies.get(body, ())} for body in PROXIES]
        return now < self.terms.valid_until and all(DirectiveState.ACTIVE in each for each in held)


def lay_down(
    person: Person, terms: Terms, *, guardian: Mapping[Body, GuardianSignature] | None = None
) -> Permission:
    """P2 to P7: sign a directive for each body concerned and hand every body its copy.

    `guardian` is what a guardian signed beforehand; one who acts here and now signs, too.

    Records go to the three proxies, the medical centre last, so that it is in force only when all have it; basic items
    go to the registry. When one body refuses, what the others took is withdrawn again.
    Raises: RefusedError, kit's PeerUnavailableError.
    """
    bodies = (Body.REGISTRY,) if isinstance(terms.scope, BasicScope) else (*POINTED, Body.MEDICAL)
    permits_records = isinstance(terms.scope, RecordScope) and terms.effect is Effect.PERMIT
    names = {body: person.pseudonym(body) for body in bodies}
    signed = guardian if person.acting is None else person.acting.sign(terms, names)
    grant = person.wallet.grant(
        terms,
        recipient_receiving_key=_receiving_key(person, terms) if permits_records else None,
        compartments=_published(person, terms.scope.covers) if permits_records else [],
        persons=names,
        handle_keys=_handle_keys(person) if isinstance(terms.scope, RecordScope) else {},
        now=person.clock(),
        randomness=person.randomness,
        guardian=signed,
    )
    taken: dict[Body, tuple[Copy, ...]] = {}
    for body in bodies:
        try:
            taken[body] = (_submit(person, body, grant.copies[body]),)
        except (GatewayError, PeerUnavailableError):
            withdraw_copies(person, taken)
            raise
    return Permission(terms, taken[bodies[0]][0].verified.directive.issued_at, taken)


def permissions(person: Person, *, bodies: Iterable[Body] = (*PROXIES, Body.REGISTRY)) -> list[Permission]:
    """Return everything the person has laid down, oldest first; copies that the wallet did not sign are refused.

    Raises: NotVerifiedError, RefusedError, kit's PeerUnavailableError.
    """
    found: dict[tuple[datetime, Terms], dict[Body, list[Copy]]] = defaultdict(lambda: defaultdict(list))
    for body in bodies:
        person.pseudonym(body)
        for item in person.ask(body, _listed):
            copy = Copy(_verify(person, body, item.jws), DirectiveState(item.state))
            directive = copy.verified.directive
            found[directive.issued_at, directive.terms][body].append(copy)
    ordered = sorted(found.items(), key=lambda entry: entry[0][0])
    return [
        Permission(terms, issued_at, {body: tuple(each) for body, each in copies.items()})
        for (issued_at, terms), copies in ordered
    ]


def withdraw(person: Person, permission: Permission) -> dict[Body, tuple[DeletionReceipt, ...]]:
    """W1 to W4: take a permission back at every body, then put later records out of reach of its old fragments.

    Guarantees: in force at each body whose receipt is returned, for requests in flight, too.
    Raises: WithdrawalIncompleteError naming the bodies that did not answer; NotVerifiedError for a false receipt.
    """
    receipts = withdraw_copies(person, permission.copies)
    if isinstance(permission.terms.scope, RecordScope) and permission.terms.effect is Effect.PERMIT:
        roll(person, permission.terms.scope)
    return receipts


def roll(person: Person, scope: RecordScope) -> list[Compartment]:
    """W4: publish the next version of every open compartment in a scope, and renew the permissions that go on.

    Raises: as `lay_down` and `withdraw`.
    """
    newest: dict[tuple[str, int], Compartment] = {}
    for each in _published(person, scope.covers):
        known = newest.get((each.category, each.year), each)
        newest[each.category, each.year] = max(known, each)
    rolled = [Compartment(each.category, each.year, each.version + 1) for each in newest.values()]
    if rolled:
        publish(person, rolled)
        for permission in permissions(person, bodies=PROXIES):
            if _goes_on(permission, rolled, person.clock()) and _is_mine(person, permission):
                with _left_when_not_ours():
                    renew(person, permission)
    return rolled


def renew(person: Person, permission: Permission) -> Permission:
    """Lay down the same terms again, with fragments for all present compartments, in place of the former copies."""
    renewed = lay_down(person, permission.terms, guardian=approved(permission))
    withdraw_copies(person, permission.copies)
    return renewed


def approved(permission: Permission) -> dict[Body, GuardianSignature]:
    """Return what a guardian had signed for it: over its terms, so that it counts for the same terms again."""
    found = {}
    for body, copies in permission.copies.items():
        for each in copies:
            signature = each.verified.directive.guardian
            if signature is not None:
                found[body] = signature
    return found


def _is_mine(person: Person, permission: Permission) -> bool:
    # a guardian does not confirm in passing what another one had permitted
    by = person.acting
    return by is None or any(each.kid == by.kid(body) for body, each in approved(permission).items())


@contextmanager
def _left_when_not_ours() -> Iterator[None]:
    """Leave a permission as it is that the rule table does not let us renew: it stands until it is confirmed."""
    try:
        yield
    except RefusedError as refusal:
        if refusal.code not in set(RuleFault):
            raise


def _goes_on(permission: Permission, rolled: Iterable[Compartment], now: datetime) -> bool:
    terms = permission.terms
    return (
        terms.effect is Effect.PERMIT
        and permission.stands(now)
        and any(terms.scope.covers(compartment) for compartment in rolled)
    )


def _published(person: Person, covers: Callable[[Compartment], bool]) -> list[Compartment]:
    person.pseudonym(Body.MEDICAL)
    told = person.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).published(token=token))
    return sorted({each for one in told.publications for each in _own(person, one).keys if covers(each)})


def _own(person: Person, publication: str) -> VerifiedPublication:
    wallet = person.wallet
    try:
        return verify_publication(publication, wallet.public_jwk(Body.MEDICAL), wallet.subject)
    except ConsentError as error:
        raise NotVerifiedError("the medical centre shows keys that this wallet did not publish") from error


def _receiving_key(person: Person, terms: Terms) -> bytes:
    recipient = person.directory().organisation(terms.recipient.required())
    if recipient is None or recipient.receiving_key is None:
        code = RefusalCode.NOT_ACCREDITED.value
        raise RefusedError(code, "The recipient is not accredited to read records at present.")
    return base64url.decode(recipient.receiving_key)


def _handle_keys(person: Person) -> dict[Body, X25519PublicKey]:
    directory = person.directory()
    return {body: directory.sealing_key(body) for body in POINTED}


def _listed(http: Http, token: Token) -> list[DirectiveItem]:
    return DirectivesClient(http).directives(token=token)


def _submit(person: Person, body: Body, copy: DirectiveCopy) -> Copy:
    message = submission(copy)
    told = person.ask(body, lambda http, token: DirectivesClient(http).submit(message, token=token))
    return Copy(_verify(person, body, copy.jws), DirectiveState(told.state))


def _verify(person: Person, body: Body, token: str) -> VerifiedDirective:
    with suppress(ConsentError):
        return UnverifiedDirective(token).verify(person.wallet.public_jwk(body))
    for key in person.former_keys(body):
        with suppress(ConsentError):
            return UnverifiedDirective(token).verify(key)
    raise NotVerifiedError(f"{body.value} shows a directive that this wallet did not sign; report it")


def keep_nothing(_copy: Copy, _receipt: DeletionReceipt, _signed: str) -> None:
    """Keep no receipt."""


def withdraw_copies(
    person: Person, copies: Mapping[Body, Sequence[Copy]], *, keep: Keep = keep_nothing
) -> dict[Body, tuple[DeletionReceipt, ...]]:
    """W1 to W3: take copies back, the medical centre's first. Raises: as `withdraw`."""
    receipts: dict[Body, tuple[DeletionReceipt, ...]] = {}
    missing: list[Body] = []
    lie: NotVerifiedError | None = None
    for body in sorted(copies, key=_medical_first):
        try:
            receipts[body] = tuple(_withdraw_copy(person, body, copy, keep) for copy in copies[body])
        except (RefusedError, PeerUnavailableError):
            missing.append(body)
        except NotVerifiedError as error:  # one body's lie must not keep the others from being asked
            lie = error
    if lie is not None:
        raise lie
    if missing:
        raise WithdrawalIncompleteError(missing)
    return receipts


def _withdraw_copy(person: Person, body: Body, copy: Copy, keep: Keep) -> DeletionReceipt:
    order = person.wallet.withdraw_verified(copy.verified, now=person.clock())  # W1
    message = WithdrawalOrder(withdrawal=order)
    told = person.ask(body, lambda http, token: DirectivesClient(http).withdraw(message, token=token))
    try:
        receipt = verify_deletion_receipt(told.receipt, _signing_key(person, body))  # W3
    except ConsentError as error:
        raise NotVerifiedError(f"the deletion receipt of {body.value} does not verify; report it") from error
    if receipt.directive != copy.id or receipt.body is not body:
        raise NotVerifiedError(f"the deletion receipt of {body.value} is for something else; report it")
    keep(copy, receipt, told.receipt)
    return receipt


def _signing_key(person: Person, body: Body) -> Ed25519PublicKey:
    """Return the key of the register; while that cannot be read, the one that came with the card."""
    try:
        return person.directory().signing_key(body)
    except (ProblemError, RefusedError, RemoteProblemError, PeerUnavailableError):
        known = person.card.trust.evidence.signing_keys.get(body.value)
        if known is None:
            raise
        return ed25519(known)


def _medical_first(body: Body) -> tuple[bool, str]:
    # without the medical centre's ciphertext nobody reads: withdraw there first
    return body is not Body.MEDICAL, body.value
