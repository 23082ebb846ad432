"""How a body shows its log to a witness (C2SP tlog-witness) and keeps the co-signature."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from consent.vocabulary import Body
from services.contracts.directives import SecondProxyClient
from services.contracts.oversight.register_view import DirectorySource
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.errors import LogError
from services.kit.log.note import NoteVerifier
from services.kit.problems import ProblemError
from services.kit.witness_link import Submission, WitnessLink

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
    for _ in range(2):  # a count that no witness saw yet is co-signed before there is a newer one
        if not _to_be_shown(context):
            return True
        if not any(_shown(each) for each in witnesses):
            return False
    return True


def _to_be_shown(context: BodyContext) -> bool:
    """Whether there is anything that no witness saw; all histories are counted first (H2)."""
    journal = context.journal
    with context.database.read() as conn:
        size, counted = journal.tree.size(conn), journal.histories_counted(conn)
        newest, last = journal.checkpoints.latest_cosigned(conn), journal.histories.last_roll(conn)
    seen = None if newest is None else newest.checkpoint.size
    if counted:
        return seen != size
    if last is None or (seen is not None and last.position < seen):
        try:
            with context.database.write() as conn:
                if journal.count_histories(conn):
                    journal.checkpoints.sign_head(conn, now=context.clock())
        except LogError as error:
            logger.error("this log cannot count its histories: %s", error)
    return True


def _shown(witness: WitnessClient) -> bool:
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
