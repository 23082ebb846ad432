"""A second proxy's release as the wire would answer it, without the wire."""

from contextlib import ExitStack

from services.contracts.directives import ReleaseAnswer, ReleaseRequest
from services.directives.errors import CheckpointBehindError
from services.directives.release import Releases
from services.kit.http import RemoteProblemError
from services.kit.log.errors import CheckpointConflictError
from services.kit.problems import ProblemError


def released(releases: Releases, request: ReleaseRequest) -> ReleaseAnswer:
    """Return the answer. Raises: CheckpointConflictError, RemoteProblemError, as `SecondProxyClient` does."""
    with ExitStack() as hold:
        try:
            return releases.release(request, hold=hold)
        except CheckpointBehindError as behind:
            raise CheckpointConflictError(int(str(behind.extra["size"]))) from behind
        except ProblemError as refusal:
            told = refusal.problem
            raise RemoteProblemError(
                status=told.status, code=told.code, title=told.title, detail=refusal.detail, members={}
            ) from refusal
