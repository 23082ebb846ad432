"""A body's sector key is changed while traffic goes on; no record is lost, merged or doubled.

S1 the change begins: everybody is put on the body's queue, and whoever is enrolled from now on as well;
S2 the body is told old and new names, some hundred at a time; it goes on taking the old ones;
S3 the body is told that the new names come into force;
S4 with nobody left on the queue, the ID centre names people by the new key;
S5 when all tokens with old names have ended, the body is told to refuse them and to forget them.
Each step can be repeated: after a crash the work goes on where it was.
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.identity.sectors import SectorKey, SectorKeys
from services.contracts.shared import RenewalStep
from services.identity import egress_names, sector_store
from services.identity.centre import IdentityCentre
from services.identity.errors import SectorBusyError
from services.identity.sector_store import Sector
from services.identity.workflows import names_again
from services.identity.workflows.telling_names import BATCHES, record, tell_some


def begin(centre: IdentityCentre, conn: Connection, body: Body) -> Sector:
    """S1: begin the change of a body's sector key, in the caller's transaction.

    Raises: SectorBusyError while a change is under way.
    """
    found = sector_store.lock(conn, body)
    if not found.steady:
        raise SectorBusyError("this sector's key is being changed; wait until that has ended")
    begun = replace(found, coming=found.version + 1)
    sector_store.save(conn, begun)
    sector_store.queue_everybody(conn, body)
    record(centre, conn, begun, key=found.version + 1, step="begun")
    return begun


def carry_on(centre: IdentityCentre) -> None:
    """Do a bounded piece of every change that is under way. Raises: UnavailableError when a body cannot be told."""
    with centre.context.database.read() as conn:
        busy = [each for each in sector_store.sectors(conn) if not each.steady]
    for each in busy:
        if each.told_again:
            names_again.carry_on(centre, each)
        elif each.coming is not None:
            _bring_in(centre, each, each.coming)
        elif each.leaving is not None:
            _retire(centre, each, each.leaving)


def show(centre: IdentityCentre) -> SectorKeys:
    """Tell how far changes of sector keys are."""
    with centre.context.database.read() as conn:
        found = [
            SectorKey(
                body=each.body,
                key=each.version,
                coming=each.coming,
                waiting=sector_store.count_waiting(conn, each.body),
                leaving=each.leaving,
            )
            for each in sector_store.sectors(conn)
        ]
    return SectorKeys(sectors=found)


def _bring_in(centre: IdentityCentre, changing: Sector, coming: int) -> None:
    body = changing.body
    for _ in range(BATCHES):
        if tell_some(centre, body, coming):  # S2
            continue
        egress_names.step_names(centre, body, version=coming, step=RenewalStep.COMPLETE)  # S3
        if _switch(centre, body, coming):
            return


def _switch(centre: IdentityCentre, body: Body, coming: int) -> bool:
    """S4: name people by the new key, unless somebody was enrolled meanwhile; tell whether that is done."""
    with centre.context.database.write() as conn:
        held = sector_store.lock(conn, body)
        if held.coming != coming:
            return True  # another process has
        if sector_store.count_waiting(conn, body):
            return False
        switched = Sector(body, coming, None, held.version, centre.seconds())
        sector_store.save(conn, switched)
        record(centre, conn, switched, key=coming, step="in_force")
    return True


def _retire(centre: IdentityCentre, changed: Sector, leaving: int) -> None:
    if (
        changed.changed_at is None
        or centre.seconds() < changed.changed_at + centre.settings.sector_grace_seconds
    ):
        return
    egress_names.step_names(centre, changed.body, version=leaving, step=RenewalStep.RETIRE)  # S5
    with centre.context.database.write() as conn:
        held = sector_store.lock(conn, changed.body)
        if held.leaving == leaving:
            sector_store.save(conn, replace(held, leaving=None))
            record(centre, conn, held, key=leaving, step="retired")
