"""The person's receipts: fetched from the body that took a directive in, or that refused somebody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from consent import jws
from consent.directives import UnverifiedDirective
from consent.errors import ConsentError
from consent.jwk import PublicJwk, thumbprint
from consent.vocabulary import Body
from services.contracts.directives import DirectivesClient
from services.contracts.shared import SharedClient
from services.gateway.errors import NotVerifiedError
from services.gateway.history import BODIES, trust_of
from services.gateway.person import Person
from services.gateway.receipts import (
    FORMAT,
    Receipt,
    ReceiptError,
    ReceiptProof,
    is_refused_request,
    make_receipt,
)
from services.gateway.wallet_actions import Permission
from services.kit.log.errors import LogError
from services.kit.log.evidence import Evidence, VerifiedEntry, verify_evidence


@dataclass(frozen=True, slots=True)
class _Proven:
    """A verified entry, and evidence of it alone."""

    entry: VerifiedEntry
    evidence: Evidence


def receipt_of(
    person: Person, permission: Permission, *, body: Body | None = None, texts: Iterable[str] = ()
) -> Receipt:
    """Return the receipt of one body's copy: the medical centre's, or the only one, unless another is named.

    `texts` are texts that may have been shown; the one with the right digest goes into the receipt.
    Raises: ReceiptError when that body has no copy, or its log's entry is not co-signed yet; NotVerifiedError;
    RefusedError; kit's PeerUnavailableError.
    """
    chosen = body or (Body.MEDICAL if Body.MEDICAL in permission.copies else next(iter(permission.copies)))
    if not permission.copies.get(chosen):
        raise ReceiptError(f"{chosen.value} has no copy of this; choose one of those that have.")
    name = permission.copies[chosen][-1].id
    listed = person.ask(chosen, lambda http, token: DirectivesClient(http).directives(token=token))
    item = next(each for each in listed if each.id == name)
    signed = [item.jws] if item.withdrawal is None else [item.jws, item.withdrawal]
    digests = {sha256(each.encode()).digest() for each in signed}
    found = _proven(person, chosen, lambda entry: entry.statement in digests)
    if len(found) < len(signed):
        raise ReceiptError("The log's entry is not co-signed yet; ask again in some seconds.")
    keys = [_key(person, chosen, kid) for kid in dict.fromkeys(map(jws.peek_kid, signed))]
    proof = ReceiptProof(
        format=FORMAT,
        evidence=_together(found),
        directive=item.jws,
        withdrawal=item.withdrawal,
        deletion=item.receipt,
        keys=[dict(key) for key in keys],
        text=_shown(item.jws, keys[0], texts),
    )
    return make_receipt(proof, trust_of(person))


def refused_requests(person: Person, *, bodies: Iterable[Body] = BODIES) -> list[Receipt]:
    """Return a receipt of every request by an organisation that a body refused, oldest first.

    Raises: NotVerifiedError naming the body whose log does not verify; RefusedError; kit's PeerUnavailableError.
    """
    trust = trust_of(person)
    found = [each for body in bodies for each in _proven(person, body, is_refused_request)]
    ordered = sorted(
        found, key=lambda each: (str(each.entry.event["at"]), each.entry.origin, each.entry.index)
    )
    return [make_receipt(ReceiptProof(format=FORMAT, evidence=each.evidence), trust) for each in ordered]


def _proven(person: Person, body: Body, wanted: Callable[[VerifiedEntry], bool]) -> list[_Proven]:
    evidence = person.ask(body, lambda http, token: SharedClient(http).history(token=token))
    try:
        verified = verify_evidence(evidence, trust_of(person))
    except LogError as error:
        raise NotVerifiedError(f"the history of {body.value} does not verify: {error}") from error
    return [
        _Proven(
            entry,
            Evidence(
                format=evidence.format,
                checkpoints=[evidence.checkpoints[written.checkpoint]],
                entries=[written.model_copy(update={"checkpoint": 0})],
            ),
        )
        for entry, written in zip(verified, evidence.entries, strict=True)
        if wanted(entry)
    ]


def _together(found: list[_Proven]) -> Evidence:
    heads = list(dict.fromkeys(each.evidence.checkpoints[0] for each in found))
    entries = [
        entry.model_copy(update={"checkpoint": heads.index(each.evidence.checkpoints[0])})
        for each in found
        for entry in each.evidence.entries
    ]
    return Evidence(format=found[0].evidence.format, checkpoints=heads, entries=entries)


def _key(person: Person, body: Body, kid: str) -> PublicJwk:
    for key in (person.wallet.public_jwk(body), *person.former_keys(body)):
        if thumbprint(key) == kid:
            return key
    raise NotVerifiedError(f"{body.value} shows a text that this wallet did not sign; report it")


def _shown(directive: str, key: PublicJwk, texts: Iterable[str]) -> str | None:
    try:
        wanted = UnverifiedDirective(directive).verify(key).directive.terms.notice.sha256_of_text
    except ConsentError as error:
        raise NotVerifiedError("a directive is shown that this wallet did not sign; report it") from error
    return next((each for each in texts if sha256(each.encode()).hexdigest() == wanted), None)
