"""What a guardian has approved and a youth lays down with the own card: terms, and a signature for each body."""

from collections.abc import Mapping
from dataclasses import dataclass

from consent import canonical
from consent.canonical import JsonObject
from consent.errors import MalformedError
from consent.guardian_signature import GuardianSignature, GuardianSignatureWire, guardian_payload
from consent.identifiers import Pseudonym
from consent.terms import BasicScope, Terms, TermsWire, terms_payload
from consent.vocabulary import PROXIES, Body
from consent.wire import WireModel, parse
from services.contracts.directives import DirectivesClient
from services.gateway.errors import CardFileError
from services.gateway.person import Person


@dataclass(frozen=True, slots=True)
class Approval:
    """Terms with a guardian's signature for each body."""

    terms: Terms
    signatures: Mapping[Body, GuardianSignature]

    def to_bytes(self) -> bytes:
        """Write an approval for the youth."""
        signed: JsonObject = {body.value: guardian_payload(each) for body, each in self.signatures.items()}
        return canonical.encode({"terms": terms_payload(self.terms), "signatures": signed})


class _ApprovalWire(WireModel):
    terms: TermsWire
    signatures: dict[Body, GuardianSignatureWire]


def approve(ward: Person, terms: Terms) -> Approval:
    """G2: sign terms as the guardian who acts for the ward. Raises: CardFileError when nobody acts here."""
    if ward.acting is None:
        raise CardFileError("only a guardian approves; use the ward's file")
    bodies = (Body.REGISTRY,) if isinstance(terms.scope, BasicScope) else PROXIES
    return Approval(terms, ward.acting.sign(terms, {body: _name(ward, body) for body in bodies}))


def _name(ward: Person, body: Body) -> Pseudonym:
    # asked for, not registered: a youth with an own card has a wallet that no guardian knows
    told = ward.ask(body, lambda http, token: DirectivesClient(http).wallet(token=token))
    return Pseudonym(told.pseudonym)


def read_approval(content: bytes) -> Approval:
    """Read what `Approval.to_bytes` wrote. Raises: MalformedError."""
    if not content:
        raise MalformedError("An approval is expected.")
    told = parse(_ApprovalWire, content)
    signatures = {
        body: GuardianSignature(each.capacity, each.proof) for body, each in told.signatures.items()
    }
    return Approval(told.terms.to_terms(), signatures)
