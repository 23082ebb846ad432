"""What the ID centre does under dual control; docs/dual-control.md says how a kind is made."""

from sqlalchemy import Connection

from consent.vocabulary import Body
from services.contracts.identity.sectors import ChangeSectorKey
from services.contracts.oversight.register import Kind as Sector
from services.identity import sector_store
from services.identity.centre import IdentityCentre
from services.identity.errors import IdentityError, NoSectorError, SectorBusyError
from services.identity.workflows import sectors
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval


def identity_kinds(centre: IdentityCentre) -> list[AnyKind]:
    """Return everything that two supervisors do together here: changing a sector key (LN5)."""

    def preview(conn: Connection, asked: ChangeSectorKey) -> Shown:
        if asked.body is Body.PORTAL:
            raise NoSectorError("My Portal keeps nothing about people; it needs no other key")
        found = sector_store.sector_of(conn, asked.body)
        if not found.steady:
            raise SectorBusyError("this sector's key is being changed; wait until that has ended")
        return {"body": asked.body.value, "key": found.version, "next_key": found.version + 1}

    def effect(conn: Connection, asked: ChangeSectorKey, _approval: Approval) -> Shown:
        begun = sectors.begin(centre, conn, asked.body)
        return {"people": sector_store.count_waiting(conn, begun.body)}

    return [
        Kind(
            name="change-sector-key",
            asked=ChangeSectorKey,
            sectors=frozenset({Sector.OVERSIGHT.value}),
            preview=preview,
            effect=effect,
            refusals=(IdentityError,),
        )
    ]
