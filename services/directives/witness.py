"""Witnessing the logs of other bodies: one request, checked and kept in one transaction."""

from services.contracts.gossip import record_contradiction
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import (
    CheckpointSignatureError,
    ConsistencyError,
    LogFormatError,
    SplitViewError,
    UnknownLogError,
)
from services.kit.log.note import UnverifiedNote
from services.kit.log.witness import Witness
from services.kit.problems import ForbiddenError, MalformedRequestError, NotFoundError, Problem, ProblemError


class InconsistentCheckpointError(ProblemError):
    """The checkpoint does not extend the one co-signed before."""

    problem = Problem(
        422, "inconsistent_checkpoint", "The checkpoint does not extend the last one", "Run the log's audit."
    )


@egress(
    to="the body whose log it is",
    fields="the cosignature line; the size last co-signed when another was named",
    purpose="that nobody can be shown two logs",
    ground="a checkpoint signed by that log's key, consistent with the one co-signed before",
    answers=("POST /witness/add-checkpoint",),
)
def cosign(context: BodyContext, witness: Witness, request: bytes) -> str:
    """Return the cosignature line.

    Raises: CheckpointConflictError with the size to start from, after a split view was logged with both notes;
    the problems that C2SP tlog-witness has statuses for (400, 403, 404, 422).
    """
    try:
        asked = AddCheckpoint.parse(request)
        # before the transaction: the register, too, may lie in this database
        shown = witness.look_at(asked.note)
        with context.database.write() as conn:
            return witness.add_checkpoint(
                conn, shown, old_size=asked.old_size, proof=asked.proof, now=context.clock()
            )
    except SplitViewError as split:
        origin = Checkpoint.parse(UnverifiedNote.parse(split.known_note).text).origin
        record_contradiction(context, origin, (split.known_note, split.submitted_note))
        raise
    except LogFormatError as error:
        raise MalformedRequestError(str(error)) from error
    except UnknownLogError as error:
        raise NotFoundError(str(error)) from error
    except CheckpointSignatureError as error:
        raise ForbiddenError(str(error)) from error
    except ConsistencyError as error:
        raise InconsistentCheckpointError(str(error)) from error
