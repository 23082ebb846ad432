"""Receipts: made from what a body and its log show, and verified by anybody, offline, from trusted keys.

E1  the bytes are RFC 8785 and have the members that belong there (stops a second reading);
E2  each entry is in its log, under a checkpoint that enough witnesses co-signed (stops what was never logged);
E3  the directive is signed with the key that it names (stops changed terms);
E4  the log of the body that it is for took in this very text (stops a text that no body took, and a stranger's key:
    a body takes in nothing but what the person's registered wallet signed);
E5  so did it the withdrawal, and the body itself signed that the fragments are gone (stops an invented withdrawal);
E6  the text that was shown has the digest that the person signed (stops another text);
E7  everything else follows from these: the receipt is made anew and compared (stops a receipt that says otherwise).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from pydantic import Field, JsonValue, ValidationError

from consent import base64url, canonical, jws
from consent.canonical import JsonObject
from consent.directives import UnverifiedDirective, UnverifiedWithdrawal, verify_deletion_receipt
from consent.errors import ConsentError, UnknownPurposeError
from consent.jwk import PublicJwk, from_jwk, thumbprint
from consent.purposes import named
from consent.receipt_facts import Fact, LaidDown, LogPlace, RefusedRequest, TakenBack
from consent.receipts import differences, receipt
from consent.vocabulary import Body, Purpose
from services.gateway.errors import GatewayError
from services.kit.encoding import Message
from services.kit.events import EventKind, Outcome
from services.kit.log.errors import LogError
from services.kit.log.evidence import Evidence, Trust, VerifiedEntry, verify_evidence
from services.kit.strict_json import StrictJsonError, loads

FORMAT: Final = "sekisho-receipt/1"


class ReceiptError(GatewayError):
    """A receipt is false or is none; the message says where."""


class ReceiptProof(Message):
    """What a receipt follows from; of a refused request one log entry and nothing else."""

    format: Literal["sekisho-receipt/1"]
    evidence: Evidence
    directive: str | None = None
    withdrawal: str | None = None
    deletion: str | None = None
    keys: list[dict[str, str]] = Field(default_factory=list)
    text: str | None = None

    def told(self) -> JsonObject:
        """Return it as a receipt carries it."""
        written: JsonObject = self.model_dump(mode="json", exclude_defaults=True) | {
            "evidence": self.evidence.model_dump(mode="json")
        }
        return written


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was verified: what it is of, and its bytes (RFC 8785)."""

    fact: Fact
    content: bytes


def is_receipt(raw: bytes) -> bool:
    """Whether a file claims to be a receipt; proves nothing."""
    return raw.startswith(b'{"@context":')


def read_proof(raw: bytes) -> ReceiptProof | None:
    """Return what a receipt follows from, as My Portal saves it, not verified; None if the file is no such proof."""
    try:
        return ReceiptProof.model_validate(loads(raw))
    except (StrictJsonError, ValidationError):
        return None


def make_receipt(proof: ReceiptProof, trust: Trust) -> Receipt:
    """Return the receipt that follows from a proof. Raises: ReceiptError."""
    fact = _fact(proof, trust)
    return Receipt(fact, canonical.encode(receipt(fact, proof.told())))


def verify_receipt(raw: bytes, trust: Trust) -> Receipt:
    """Verify a receipt with nothing but trusted keys. Raises: ReceiptError naming what is false."""
    try:
        given = canonical.decode(raw)  # E1
        proof = ReceiptProof.model_validate(given.get("proof"))
    except (ConsentError, ValidationError) as error:
        raise ReceiptError(
            "This is not a receipt, or it was written anew; take the file as it was saved."
        ) from error
    made = make_receipt(proof, trust)
    if raw != made.content:  # E7
        wrong = differences(given, canonical.decode(made.content))
        raise ReceiptError(f"The receipt does not follow from its proof, at: {', '.join(wrong)}")
    return made


def _fact(proof: ReceiptProof, trust: Trust) -> Fact:
    try:
        entries = verify_evidence(proof.evidence, trust)  # E2
    except LogError as error:
        raise ReceiptError(f"The receipt's log entries do not verify: {error}") from error
    if proof.evidence.histories or proof.evidence.heads:
        raise ReceiptError("A receipt shows single entries, no whole history; take the file as it was saved.")
    if proof.directive is not None:
        return _laid_down(proof, proof.directive, entries=entries, trust=trust)
    if len(entries) != 1 or proof.told().keys() != {"format", "evidence"}:
        raise ReceiptError("Without a directive a receipt shows exactly one entry of a log.")
    return _refused_request(entries[0])


def _laid_down(proof: ReceiptProof, text: str, *, entries: Sequence[VerifiedEntry], trust: Trust) -> LaidDown:
    try:
        keys = {thumbprint(key): key for key in proof.keys}
        key = keys[jws.peek_kid(text)]
        directive = UnverifiedDirective(text).verify(key).directive  # E3
    except (KeyError, ConsentError) as error:
        raise ReceiptError("The directive's signature does not verify.") from error
    body, ground = directive.body, directive.id
    stored = _logged(entries, EventKind.DIRECTIVE_STORED, text, body=body, ground=ground)  # E4
    back = None
    if proof.withdrawal is None and proof.deletion is not None:
        raise ReceiptError("The receipt shows a deletion and no withdrawal; take the file as it was saved.")
    if proof.withdrawal is not None:
        taken = _logged(entries, EventKind.DIRECTIVE_WITHDRAWN, proof.withdrawal, body=body, ground=ground)
        back = _taken_back(proof, proof.withdrawal, taken, keys=keys, trust=trust)
        if (back.withdrawal.directive, back.withdrawal.body) != (directive.id, body):
            raise ReceiptError("The withdrawal is of another directive.")
    signed = [text] if proof.withdrawal is None else [text, proof.withdrawal]
    used = {jws.peek_kid(each) for each in signed}
    if len(entries) != len(signed) or keys.keys() != used or len(keys) != len(proof.keys):
        raise ReceiptError("The receipt shows more than belongs to it; take the file as it was saved.")
    digest = directive.terms.notice.sha256_of_text
    if proof.text is not None and sha256(proof.text.encode()).hexdigest() != digest:  # E6
        raise ReceiptError("The text is not the one that was shown.")
    return LaidDown(directive, key, _place(stored), proof.text, back)


def _taken_back(
    proof: ReceiptProof, text: str, entry: VerifiedEntry, *, keys: Mapping[str, PublicJwk], trust: Trust
) -> TakenBack:
    """E5. Raises: ReceiptError."""
    try:
        withdrawal = UnverifiedWithdrawal(text).verify(keys[jws.peek_kid(text)]).withdrawal
    except (KeyError, ConsentError) as error:
        raise ReceiptError("The withdrawal's signature does not verify.") from error
    if proof.deletion is None:
        return TakenBack(withdrawal, _place(entry), None)
    try:
        key = from_jwk(dict(trust.signing_keys[withdrawal.body.value]))
        deletion = verify_deletion_receipt(proof.deletion, key)
    except (KeyError, ConsentError) as error:
        raise ReceiptError("The body's deletion receipt does not verify against the trust file.") from error
    if (deletion.directive, deletion.body) != (withdrawal.directive, withdrawal.body):
        raise ReceiptError("The deletion receipt is of another directive.")
    if (deletion.log.index, deletion.log.leaf) != (entry.index, base64url.encode(entry.digest)):
        raise ReceiptError("The deletion receipt names another entry of the log.")
    return TakenBack(withdrawal, _place(entry), deletion)


def _logged(
    entries: Sequence[VerifiedEntry], kind: EventKind, text: str, *, body: Body, ground: str
) -> VerifiedEntry:
    digest = sha256(text.encode()).digest()
    expected = {"kind": kind.value, "outcome": Outcome.DONE.value, "body": body.value, "ground": ground}
    for entry in entries:
        same = all(entry.event.get(name) == value for name, value in expected.items())
        if same and entry.statement == digest and _of_body(entry, body):
            return entry
    raise ReceiptError(f"The log of {body.value} has no entry that took this in ({kind.value}).")


def is_refused_request(entry: VerifiedEntry) -> bool:
    """Whether an entry says that an organisation asked and was refused."""
    event = entry.event
    told = all(isinstance(event.get(each), str) for each in ("body", "at", "kind", "organisation", "reason"))
    return told and event.get("outcome") == Outcome.REFUSED.value


def _refused_request(entry: VerifiedEntry) -> RefusedRequest:
    event = entry.event
    body = next((each for each in Body if each.value == event.get("body")), None)
    if not is_refused_request(entry) or body is None or not _of_body(entry, body):
        raise ReceiptError("The entry is not about an organisation that was refused.")
    return RefusedRequest(
        body,
        kind=str(event["kind"]),
        organisation=str(event["organisation"]),
        reason=str(event["reason"]),
        place=_place(entry),
        purposes=_purposes(event.get("purpose")),
        data=_texts(event.get("categories")),
        years=_years(event.get("years")),
    )


def _place(entry: VerifiedEntry) -> LogPlace:
    head = entry.checkpoint
    return LogPlace(
        entry.origin,
        entry.index,
        str(entry.event.get("at")),
        head.checkpoint.size,
        cosigned_at=head.at,
        cosigned_by=head.witnesses,
    )


def _of_body(entry: VerifiedEntry, body: Body) -> bool:
    return entry.origin.rpartition("/")[2] == body.value


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _years(value: JsonValue) -> tuple[int, int] | None:
    match value:
        case [int(first), int(last)]:
            return first, last
        case _:
            return None


def _purposes(value: JsonValue) -> tuple[Purpose, ...]:
    """Return the purposes; a task of a look-up is none."""
    try:
        return tuple(named(each) for each in str(value or "").split())
    except UnknownPurposeError:
        return ()
