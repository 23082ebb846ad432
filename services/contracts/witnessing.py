"""How a body shows its log to a witness (C2SP tlog-witness) and keeps the co-signature."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from consent.vocabulary import Body
from services.contracts.directives import SecondProxyClient
from services.contracts.oversight.register import DirectorySource
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.journal import Submission, WitnessLink
from services.kit.log.errors import LogError
from services.kit.log.note import NoteVerifier
from services.kit.problems import ProblemError

logger = logging.getLogger("sekisho")


@dataclass(frozen=True)
class WitnessClient:
    """One witness of this body's log: where to reach it, and the exchange with it."""

    body: Body
    client: SecondProxyClient
    link: WitnessLink
    register: DirectorySource

    def verifier(self) -> NoteVerifier:
        """Return the witness's key from the register. Raises: UnavailableError."""
        key = self.register.directory().body(self.body).witness_key
        if key is None:
            raise PeerUnavailableError(f"the register names no witness key of {self.body.value}")
        return NoteVerifier.parse(key)

    @egress(
        to="oversight, or identity as the second witness",
        fields="the signed size and root of this body's log, and a consistency proof",
        purpose="co-signing",
        ground="the log can be published; nothing in it is about anybody without its salt",
    )
    def sync(self) -> None:
        """Have the newest head co-signed. Raises: PeerUnavailableError, RemoteProblemError, LogError."""
        self.link.exchange(self._ask, witness=self.verifier)

    def _ask(self, submission: Submission) -> tuple[str, None]:
        return self.client.add_checkpoint(submission.request), None


def sync_witnesses(context: BodyContext, witnesses: Sequence[WitnessClient]) -> bool:
    """Have the newest head co-signed by the first witness that answers, if it is not already; tell whether it is.

    An empty log is co-signed too, so that one that is emptied later does not pass for new. A witness that is down is
    asked again at the next interval; a log that contradicts itself is reported loudly.
    """
    with context.database.read() as conn:
        size = context.journal.tree.size(conn)
        newest = context.journal.checkpoints.latest_cosigned(conn)
    if newest is not None and newest.checkpoint.size == size:
        return True
    for witness in witnesses:
        try:
            witness.sync()
        except (PeerUnavailableError, RemoteProblemError, ProblemError) as error:
            logger.warning("witness %s did not co-sign: %s", witness.body.value, type(error).__name__)
        except LogError as error:
            logger.error("this log is refused by witness %s: %s", witness.body.value, error)
        else:
            return True
    return False


def witness(context: BodyContext, register: DirectorySource, body: Body, *, url: str) -> WitnessClient:
    """Return `body`, reached at `url`, as a witness of this body's log."""
    link = WitnessLink(context.journal, database=context.database, clock=context.clock)
    return WitnessClient(body, SecondProxyClient(context.http(url)), link, register)
