"""Cards as the fake ID centre keeps them, with real PIN counters."""

from dataclasses import dataclass

from consent import base64url, pin
from services.contracts.fake_credentials import problem
from services.contracts.identity.messages import Application, CardState, NewApplication
from services.kit.http import RemoteProblemError

TRIES = {Application.AUTHENTICATION: 3, Application.SIGNATURE: 5}


@dataclass
class FakeApplication:
    """One application; `pending` is verifier and share of a PIN that takes over with its first try."""

    asked: NewApplication
    kid: str
    share: bytes
    left: int
    pending: tuple[str, bytes] | None = None


@dataclass
class FakeCard:
    """A card; `holder` is a linkage code, `code` the one for the telephone."""

    holder: bytes
    applications: dict[Application, FakeApplication]
    code: str
    state: CardState = CardState.ACTIVE

    def try_pin(self, application: Application, proof: str) -> FakeApplication:
        """Count a try and return what it opens. Raises: RemoteProblemError."""
        held, given = self.applications[application], base64url.decode(proof)
        if held.left == 0:
            raise problem(403, "pin_locked")
        held.left -= 1
        if self.state is not CardState.ACTIVE:
            raise problem(403, "card_not_usable")
        if held.pending is not None and pin.check_proof(given, base64url.decode(held.pending[0])):
            verifier, held.share = held.pending
            held.asked = held.asked.model_copy(update={"pin_verifier": verifier})
            held.pending = None
        if not pin.check_proof(given, base64url.decode(held.asked.pin_verifier)):
            raise wrong_pin(held.left)
        held.left = TRIES[application]
        return held


def wrong_pin(left: int) -> RemoteProblemError:
    """Return the problem of a wrong PIN."""
    return RemoteProblemError(
        status=403,
        code="wrong_pin",
        title="wrong_pin",
        detail="",
        members={"code": "wrong_pin", "tries_left": left},
    )
