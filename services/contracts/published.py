"""A body's log as it publishes it (C2SP tlog-tiles), and what it has seen of the others' logs: no token is needed."""

from typing import Final

from consent import base64url
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, RemoteProblemError
from services.kit.log.errors import LogRangeError
from services.kit.log.tiles import Tile, TileReader
from services.kit.problems import NotFoundError

TILES_PATH: Final = "/tile/{path:path}"
OPEN_LOG_PATHS: Final = frozenset({"/checkpoint", TILES_PATH, "/log/views", "/log/consistency"})


class ContradictionMessage(Message):
    """Two signed notes of one log that cannot both be true; they prove it to anybody. Units: `at` epoch seconds."""

    origin: str
    one: str
    other: str
    at: int


class LogViews(Message):
    """GET /log/views: the newest signed notes that this body has seen, its own log's too, and contradictions."""

    notes: list[str]
    contradictions: list[ContradictionMessage]


class ConsistencyProof(Message):
    """GET /log/consistency: that the log of the new size begins with that of the old one. Source: RFC 9162, 2.1.4."""

    proof: list[Base64Url]


class PublishedClient:
    """What a body publishes of logs. Raises: RemoteProblemError, PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def checkpoint(self) -> str:
        """Return the newest co-signed checkpoint, a signed note."""
        return self._http.send("GET", "/checkpoint").text

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of one tile. Raises: LogRangeError when the log does not have it."""
        try:
            return self._http.send("GET", f"/tile/{tile.path}").content
        except RemoteProblemError as error:
            if error.status == NotFoundError.problem.status:
                raise LogRangeError(f"the log does not serve tile {tile.path}") from error
            raise

    def tiles(self, size: int) -> TileReader:
        """Return the log at a size."""
        return TileReader(self.tile, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof between two sizes of the log. Raises: LogRangeError when the log has no such size."""
        query = {"old": str(old), "new": str(new)}
        try:
            answer = self._http.send("GET", "/log/consistency", query=query)
        except RemoteProblemError as error:
            if error.status == NotFoundError.problem.status:
                raise LogRangeError(f"the log does not have {new} entries") from error
            raise
        return [base64url.decode(each) for each in ConsistencyProof.model_validate_json(answer.content).proof]

    def views(self) -> LogViews:
        """Return what the body has seen of all logs."""
        return LogViews.model_validate_json(self._http.send("GET", "/log/views").content)
