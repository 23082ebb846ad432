"""What a second proxy gives to the body that asked it."""

from collections.abc import Sequence

from services.contracts.directives import ReleaseAnswer, ReleasedFragment
from services.kit.egress import egress


@egress(
    to="medical, for the reader",
    fields="one capsule fragment for each bundle asked for, and this body's cosignature of the log",
    purpose="the statement's",
    ground="this body's own copy of the person's directive, the reader's statement, and proof that it is logged (R7)",
    answers=("POST /releases",),
)
def release_answer(fragments: Sequence[ReleasedFragment], cosignature: str) -> ReleaseAnswer:
    """Return what was released, in the order in which it was asked for."""
    return ReleaseAnswer(fragments=list(fragments), cosignature=cosignature)
