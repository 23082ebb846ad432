"""A body that was restored from before a change of its sector key is told its names again (R23, LD7).

Until then it answers that it was not told, and no row of it changes. S6 the body says by which key it is named people;
it is told the names of the next one, as in S2 and S3, and asked again, until it has reached the key in force; then it
is told which names are retired (S5). Each step can be repeated: what the body knows already is no news to it.
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.shared import RenewalStep
from services.identity import egress_names, sector_store
from services.identity.centre import IdentityCentre
from services.identity.errors import NoSectorError, SectorBusyError
from services.identity.sector_store import Sector
from services.identity.workflows.telling_names import BATCHES, record, tell_some
from services.kit.people import FIRST_VERSION


def require_names_to_tell(found: Sector) -> None:
    """Check that a body has been told names. Raises: NoSectorError, SectorBusyError while it is told again."""
    if found.body is Body.PORTAL or (found.version == FIRST_VERSION and found.coming is None):
        raise NoSectorError("this body is named people by its first key; there is nothing to tell again")
    if found.told_again:
        raise SectorBusyError("this body is being told its names again; wait until that has ended")


def begin(centre: IdentityCentre, conn: Connection, body: Body) -> Sector:
    """Put everybody on the body's queue, in the caller's transaction; a change that was under way is given up.

    The very first change is not given up but begins anew. Raises: NoSectorError, SectorBusyError.
    """
    found = sector_store.lock(conn, body)
    require_names_to_tell(found)
    begun = found if found.version == FIRST_VERSION else replace(found, coming=found.version)
    _queue(conn, begun)
    record(centre, conn, begun, key=found.version, step="told again")
    return begun


def carry_on(centre: IdentityCentre, telling: Sector) -> None:
    """S6: do a bounded piece of it. Raises: UnavailableError when the body cannot be told."""
    body, coming = telling.body, telling.coming or telling.version
    for _ in range(BATCHES):
        at = egress_names.step_names(centre, body, version=FIRST_VERSION, step=RenewalStep.ASK)
        if at >= telling.version:
            _finish(centre, telling)
            return
        if at + 1 != coming:
            coming = at + 1
            _aim(centre, body, coming)
        elif not tell_some(centre, body, coming):
            egress_names.step_names(centre, body, version=coming, step=RenewalStep.COMPLETE)


def _aim(centre: IdentityCentre, body: Body, coming: int) -> None:
    with centre.context.database.write() as conn:
        held = sector_store.lock(conn, body)
        if held.told_again and held.coming != coming:  # else another process has
            _queue(conn, replace(held, coming=coming))


def _queue(conn: Connection, aimed: Sector) -> None:
    sector_store.save(conn, aimed)
    sector_store.forget_queue(conn, aimed.body)
    sector_store.queue_everybody(conn, aimed.body)


def _finish(centre: IdentityCentre, telling: Sector) -> None:
    with centre.context.database.write() as conn:
        held = sector_store.lock(conn, telling.body)
        if not held.told_again:
            return
        sector_store.forget_queue(conn, held.body)
        done = replace(held, coming=None, leaving=held.version - 1)
        sector_store.save(conn, done)
        record(centre, conn, done, key=held.version, step="in_force")
