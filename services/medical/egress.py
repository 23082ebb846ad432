"""What the medical centre gives to another body: one function for each, with its fields, purpose and ground.

To the oversight body or the ID centre (R7):
  fields: the reader's statement, the sealed pseudonym token or handle, a log proof, capsules and their compartments;
  purpose: that the second body decides, witnesses and re-encrypts by itself;
  ground: the person's directive, verified, and the verified statement that was logged under it.
Nothing of it names the person in this centre's words; no ciphertext of a record is among it.
"""

from collections.abc import Sequence

from consent import base64url
from consent.statements import VerifiedStatement
from consent.vocabulary import Body
from services.contracts.directives import CapsuleMessage, LogProof, ReleaseRequest
from services.directives.model import StoredDirective
from services.kit.journal import Recorded, Submission
from services.medical.model import ServedBundle


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
