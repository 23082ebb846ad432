"""A body's log as it publishes it (C2SP tlog-tiles): the routes."""

import logging
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from consent import base64url
from services.contracts.published import TILES_PATH, ConsistencyProof, ContradictionMessage, LogViews
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.kit.log.errors import LogFormatError
from services.kit.log.merkle import MAX_SIZE
from services.kit.log.tiles import WIDTH, Tile, bundle
from services.kit.problems import MalformedRequestError, NotFoundError

Size = Annotated[int, Query(ge=0, le=MAX_SIZE)]
FOREVER: Final = "public, max-age=31536000, immutable"

logger = logging.getLogger("sekisho")


def published_routes(context: BodyContext) -> APIRouter:
    """Return the router of one body."""
    router = APIRouter()

    @router.get("/checkpoint", response_class=PlainTextResponse)
    def checkpoint() -> str:
        """Return the newest co-signed checkpoint. Source: C2SP tlog-tiles."""
        return newest_checkpoint(context)

    @router.get(TILES_PATH, response_class=Response)
    def tile(path: Annotated[str, Path(max_length=64)]) -> Response:
        """Return a tile of hashes, or a bundle of entries, under the newest co-signed checkpoint."""
        try:
            wanted = Tile.parse(path)
        except LogFormatError as error:
            raise MalformedRequestError(str(error)) from error
        headers = {"cache-control": FOREVER} if wanted.width == WIDTH else {}
        return Response(tile_shown(context, wanted), 200, headers, "application/octet-stream")

    @router.get("/log/consistency")
    def consistency(old: Size, new: Size) -> ConsistencyProof:
        """Return the proof that the log of the new size begins with that of the old one."""
        return consistency_shown(context, old, new)

    @router.get("/log/views")
    def views() -> LogViews:
        """Return the newest notes seen of all logs, and contradictions between notes."""
        return views_shown(context)

    return router


@egress(
    to="everybody with an accredited certificate",
    fields="size and root of this body's log, signed and co-signed",
    purpose="checking the log with any client of C2SP tlog-tiles",
    ground="the log can be published",
    answers=("GET /checkpoint",),
)
def newest_checkpoint(context: BodyContext) -> str:
    """Return the newest co-signed checkpoint. Raises: NotFoundError."""
    with context.database.read() as conn:
        newest = context.journal.checkpoints.latest_cosigned(conn)
    if newest is None or newest.cosigned_note is None:
        raise NotFoundError("no checkpoint has been co-signed yet")
    return newest.cosigned_note


@egress(
    to="everybody with an accredited certificate",
    fields="hashes of this body's log, and its leaves: salted digests",
    purpose="checking the log with any client of C2SP tlog-tiles",
    ground="the log can be published; a leaf tells nothing without its salt",
    answers=(f"GET {TILES_PATH}",),
)
def tile_shown(context: BodyContext, tile: Tile) -> bytes:
    """Return the bytes of a tile. Raises: NotFoundError when the published log does not reach so far."""
    tree = context.journal.tree
    with context.database.read() as conn:
        newest = context.journal.checkpoints.latest_cosigned(conn)
        if newest is None or not tile.is_within(newest.checkpoint.size):
            raise NotFoundError("the published log has no such tile")
        if tile.level is None:
            return bundle(tree.leaves(conn, tile.first, tile.width))
        return b"".join(tree.hashes(conn, tile.level * 8, range(tile.first, tile.first + tile.width)))


@egress(
    to="everybody with an accredited certificate",
    fields="hashes of this body's log",
    purpose="holding a head of the log that one was shown against a head that a witness saw",
    ground="the log can be published; a hash tells nothing",
    answers=("GET /log/consistency",),
)
def consistency_shown(context: BodyContext, old: int, new: int) -> ConsistencyProof:
    """Return the proof between two sizes. Raises: NotFoundError when the log has no such sizes.

    Entries that no witness saw yet count, too: a head may be seen by a witness before it is published.
    """
    tree = context.journal.tree
    with context.database.read() as conn:
        if not old <= new <= tree.size(conn):
            raise NotFoundError("the log has no such sizes; the smaller one is old, the larger one new")
        proof = tree.consistency(conn, old, new)
    return ConsistencyProof(proof=[base64url.encode(each) for each in proof])


@egress(
    to="everybody with an accredited certificate",
    fields="the newest signed heads of logs that this body saw; pairs of them that contradict each other",
    purpose="that no log can show different things to different bodies",
    ground="signed heads are published; nothing in them is about anybody",
    answers=("GET /log/views",),
)
def views_shown(context: BodyContext) -> LogViews:
    """Return what this body has seen."""
    with context.database.read() as conn:
        seen, found = context.views.notes(conn), context.views.contradictions(conn)
        newest = context.journal.checkpoints.latest_cosigned(conn)
    notes = [note for _origin, note in seen] + ([] if newest is None else [newest.note])
    pairs = [ContradictionMessage(origin=e.origin, one=e.one, other=e.other, at=e.at) for e in found]
    return LogViews(notes=notes, contradictions=pairs)
