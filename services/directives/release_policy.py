"""R7a to R7d as far as they are pure: rules over verified texts, no database and no network."""

from collections.abc import Sequence
from datetime import datetime

from consent import base64url, canonical
from consent.compartments import Compartment, YearSpan
from consent.decision import AccessRequest, HeldDirective, Refusal, decide
from consent.errors import MalformedError
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, OrganisationId
from consent.recipients import Reader
from consent.statements import AccessStatement, Selection
from consent.terms import RecordScope, Terms
from services.contracts.directives import LogProof, ReleaseFault
from services.contracts.oversight.register import Directory, Operator
from services.kit.log.checkpoint import VerifiedCheckpoint
from services.kit.log.entry import LogLeaf, verify_logged
from services.kit.log.errors import LogError, LogProofError

Fault = RefusalCode | ReleaseFault


def claimed_operator(statement: str, directory: Directory) -> Operator | None:
    """Whose card the statement has to be signed by, according to itself; proves nothing."""
    try:
        claimed = canonical.decode(base64url.decode(statement.split(".")[1]))
    except (MalformedError, IndexError):
        return None
    organisation, operator = claimed.get("organisation"), claimed.get("operator")
    if not isinstance(organisation, str) or not isinstance(operator, str):
        return None
    return directory.operator(OrganisationId(organisation), OperatorId(operator))


def access_request(
    statement: AccessStatement, compartments: Sequence[Compartment], *, reader: Reader, now: datetime
) -> AccessRequest:
    """Return what is decided upon: what the reader selected, or where the named documents lie."""
    selection = statement.selection
    if isinstance(selection, Selection):
        categories, years = selection.categories, selection.years
    else:
        listed = [each.year for each in compartments]
        categories, years = (
            frozenset(each.category for each in compartments),
            YearSpan(min(listed), max(listed)),
        )
    return AccessRequest(reader, categories, years, statement.purpose, now)


def decision_fault(
    request: AccessRequest, copy: HeldDirective, denials: Sequence[HeldDirective]
) -> Fault | None:
    """R7c: whether this copy permits the request against the person's own refusals."""
    decision = decide(request, [copy, *denials])
    return decision.code if isinstance(decision, Refusal) else None


def compartments_fault(
    compartments: Sequence[Compartment], *, request: AccessRequest, terms: Terms
) -> Fault | None:
    """R7c: whether every capsule lies within what was asked for and what is permitted."""
    asked = RecordScope(request.categories, request.years)
    for each in compartments:
        if not asked.covers(each):
            return ReleaseFault.CAPSULE_REFUSED
        if not terms.scope.covers(each):
            return RefusalCode.OTHER_CATEGORY
    return None


def logged_fault(
    proof: LogProof, *, statement: str, log: str, checkpoint: VerifiedCheckpoint
) -> Fault | None:
    """R7d: whether the leaf commits to this statement and is under the checkpoint of the expected log."""
    if not proof.origin == checkpoint.checkpoint.origin == log:
        return ReleaseFault.LOG_REFUSED
    try:
        leaf = LogLeaf.parse(base64url.decode(proof.leaf))
        inclusion = [base64url.decode(each) for each in proof.inclusion]
    except (LogError, MalformedError):
        return ReleaseFault.LOG_REFUSED
    if leaf != LogLeaf.for_statement(leaf.e, statement=statement.encode()):
        return ReleaseFault.NOT_LOGGED
    try:
        verify_logged(leaf, index=proof.index, proof=inclusion, checkpoint=checkpoint)
    except LogProofError:
        return ReleaseFault.NOT_LOGGED
    return None
