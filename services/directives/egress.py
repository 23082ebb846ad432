"""What a second proxy gives to the body that asked it."""

from collections.abc import Sequence

from consent import base64url
from services.contracts.directives import ReleaseAnswer, ReleasedFragment
from services.contracts.guardianship import StatesTold
from services.contracts.released import HandedOut
from services.kit.egress import egress


@egress(
    to="medical, for the reader",
    fields="a capsule fragment for each bundle asked for, this body's signature of them, its cosignature of the log",
    purpose="the statement's",
    ground="this body's own copy of the person's directive, the reader's statement, and proof that it is logged (R7)",
    answers=("POST /releases",),
)
def release_answer(made: Sequence[HandedOut], cosignature: str, *, signed: str) -> ReleaseAnswer:
    """Return what was released, in the order in which it was asked for."""
    fragments = [ReleasedFragment(bundle=each.bundle, cfrag=base64url.encode(each.fragment)) for each in made]
    return ReleaseAnswer(fragments=fragments, cosignature=cosignature, signed=signed)


@egress(
    to="identity",
    fields="how many states of people were news; none of them",
    purpose="who acts for whom counts here from now on",
    ground="the ID centre's certificate",
    answers=("POST /legal-states",),
)
def states_told(news: int) -> StatesTold:
    """Return how many were news."""
    return StatesTold(news=news)
