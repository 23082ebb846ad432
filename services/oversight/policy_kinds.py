"""Which editions of the policies are in force: changed by two officials only."""

from pydantic import JsonValue
from sqlalchemy import Connection

from services.contracts.oversight.messages import PolicyApproval, PolicyRetirement
from services.contracts.oversight.powers import UnchangedError
from services.contracts.oversight.register import Kind as Sector
from services.contracts.oversight.register import PolicyEdition
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval
from services.kit.permissions import policies
from services.oversight.changes import Author, record
from services.oversight.errors import OversightError, UnknownEntryError
from services.oversight.office import Office

OFFICIALS = frozenset({Sector.OVERSIGHT.value})
REFUSALS = (OversightError, UnchangedError)


def policy_kinds(office: Office) -> list[AnyKind]:
    """Return the kinds by which an edition comes into force and goes out of it."""

    def approve(conn: Connection, asked: PolicyApproval, approval: Approval) -> Shown:
        entry = PolicyEdition(digest=asked.digest, note=asked.note, active=True)
        serial = office.store.next_serial(conn)
        if office.store.get(conn, PolicyEdition, asked.digest) is None:
            office.store.add(conn, entry)
        else:
            office.store.replace(conn, entry)
        return _recorded(office, conn, approval, entry=entry, serial=serial)

    def retire(conn: Connection, asked: PolicyRetirement, approval: Approval) -> Shown:
        serial = office.store.next_serial(conn)
        entry = _in_force(office, conn, asked.digest).model_copy(update={"active": False})
        office.store.replace(conn, entry)
        return _recorded(office, conn, approval, entry=entry, serial=serial)

    def preview_approval(conn: Connection, asked: PolicyApproval) -> Shown:
        found = office.store.get(conn, PolicyEdition, asked.digest)
        if found is not None and found.active:
            raise UnchangedError("these policies are in force already")
        if not _digests(office, conn) and asked.digest != policies().digest:
            raise UnchangedError("first approve the policies that this body runs by, or nobody acts any more")
        return {"digest": asked.digest, "note": asked.note, "in_force": _digests(office, conn)}

    def preview_retirement(conn: Connection, asked: PolicyRetirement) -> Shown:
        found = _in_force(office, conn, asked.digest)
        if found.digest == policies().digest:
            raise UnchangedError("this body runs by these policies; install the others first")
        return {"digest": found.digest, "note": found.note, "in_force": _digests(office, conn)}

    return [
        Kind(
            name="approve-policies",
            asked=PolicyApproval,
            sectors=OFFICIALS,
            preview=preview_approval,
            effect=approve,
            refusals=REFUSALS,
        ),
        Kind(
            name="retire-policies",
            asked=PolicyRetirement,
            sectors=OFFICIALS,
            preview=preview_retirement,
            effect=retire,
            refusals=REFUSALS,
        ),
    ]


def _in_force(office: Office, conn: Connection, digest: str) -> PolicyEdition:
    found = office.store.get(conn, PolicyEdition, digest)
    if found is None:
        raise UnknownEntryError("no such policies were approved")
    if not found.active:
        raise UnchangedError("these policies are out of force already")
    return found


def _digests(office: Office, conn: Connection) -> list[JsonValue]:
    return [each.digest for each in office.store.every(conn, PolicyEdition) if each.active]


def _recorded(
    office: Office, conn: Connection, approval: Approval, *, entry: PolicyEdition, serial: int
) -> Shown:
    told: dict[str, JsonValue] = {"change": "policies", "active": entry.active, "reason": approval.reason}
    record(office, conn, Author.of_approval(approval), entry=entry, serial=serial, told=told)
    return {"serial": serial}
