"""What the medical centre gives to another body: one function for each, which declares fields, purpose and ground.

Nothing of it names the person in this centre's words; no ciphertext of a record is among it.
"""

from collections.abc import Sequence

from consent import base64url
from consent.statements import VerifiedStatement
from consent.vocabulary import Body
from services.contracts.directives import CapsuleMessage, LogProof, ReleaseRequest
from services.contracts.medical.uses import Rule
from services.contracts.oversight.use_cases import MOST_SHARES, OpenUseCase, UseShare
from services.directives.model import StoredDirective
from services.kit.egress import egress
from services.kit.journal import Recorded
from services.kit.witness_link import Submission
from services.medical.model import ServedBundle
from services.medical.use_store import UseCase


@egress(
    to="oversight, or identity when oversight is down (R7)",
    fields="the reader's signed statement, the sealed pseudonym token, the handle, a log proof, capsules and their "
    "compartments",
    purpose="that the second body decides, witnesses and re-encrypts by itself",
    ground="the person's directive, verified, and the verified statement that was logged under it",
)
def release_request(
    statement: VerifiedStatement,
    ground: StoredDirective,
    *,
    to: Body,
    token: str | None,
    recorded: Recorded,
    submission: Submission,
    bundles: Sequence[ServedBundle],
) -> ReleaseRequest:
    """Return what `to` needs to check the access and to release its fragments."""
    proof = LogProof(
        origin=submission.origin,
        old_size=submission.request.old_size,
        consistency=[base64url.encode(each) for each in submission.request.proof],
        checkpoint=submission.request.note,
        index=recorded.index,
        inclusion=[base64url.encode(each) for each in submission.inclusion],
        leaf=base64url.encode(recorded.leaf.data),
    )
    capsules = [
        CapsuleMessage(
            bundle=each.stored.id,
            compartment=each.stored.compartment.label,
            capsule=base64url.encode(each.stored.capsule),
        )
        for each in bundles
    ]
    return ReleaseRequest(
        statement=statement.jws,
        subject_token=token,
        handle=base64url.encode(ground.handles[to]),
        log=proof,
        capsules=capsules,
    )


@egress(
    to="oversight",
    fields="which operator was flagged by which rules, how often, when; people by a name for this case alone",
    purpose="review of suspicious use",
    ground="rules of suspicious use over the log's own entries",
)
def use_case(case: UseCase) -> OpenUseCase:
    """M4: return what the oversight body is told of a case."""
    return OpenUseCase(
        organisation=case.organisation,
        operator=case.operator,
        rules={Rule(name): count for name, count in case.rules.items()},
        accesses=case.accesses,
        people=len(case.people),
        first=case.first,
        last=case.last,
        each=sorted(
            (
                UseShare(name=case.name_for(person), rules=[Rule(rule) for rule in rules])
                for person, rules in case.people.items()
            ),
            key=lambda share: share.name,
        )[:MOST_SHARES],
    )
