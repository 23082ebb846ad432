"""Where a body listens and by which keys it is known: changed by two officials, as everything that others trust."""

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.errors import MalformedError
from services.contracts.oversight.powers import UnchangedError
from services.contracts.oversight.register import BodyEntry, ed25519
from services.contracts.oversight.register import Kind as Sector
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval
from services.kit.log.errors import LogError
from services.kit.log.note import NoteVerifier
from services.oversight.changes import Author, record
from services.oversight.errors import OversightError
from services.oversight.office import Office

RAW_KEY_BYTES = 32


def body_kind(office: Office) -> AnyKind:
    """Return the kind by which a body is entered, or its entry is replaced."""

    def preview(conn: Connection, asked: BodyEntry) -> Shown:
        _require_keys(asked)
        before = office.store.get(conn, BodyEntry, asked.body.value)
        if before == asked:
            raise UnchangedError("the body's entry is so already")
        after = asked.model_dump(mode="json")
        held: dict[str, JsonValue] = {} if before is None else before.model_dump(mode="json")
        changed = [name for name in after if held.get(name) != after[name]]
        return {
            "body": asked.body.value,
            "before": {name: held.get(name) for name in changed},
            "after": {name: after[name] for name in changed},
        }

    def effect(conn: Connection, asked: BodyEntry, approval: Approval) -> Shown:
        serial = office.store.next_serial(conn)  # first: changes queue here
        if office.store.get(conn, BodyEntry, asked.body.value) is None:
            office.store.add(conn, asked)
        else:
            office.store.replace(conn, asked)
        told: dict[str, JsonValue] = {"change": "body", "reason": approval.reason}
        record(office, conn, Author.of_approval(approval), entry=asked, serial=serial, told=told)
        return {"serial": serial}

    return Kind(
        name="enter-body",
        asked=BodyEntry,
        sectors=frozenset({Sector.OVERSIGHT.value}),
        preview=preview,
        effect=effect,
        refusals=(OversightError, UnchangedError, MalformedError),
    )


def _require_keys(asked: BodyEntry) -> None:
    """Raises: MalformedError for a key that is none: every body would stop at the next edition."""
    ed25519(asked.signing_key)
    if len(base64url.decode(asked.sealing_key)) != RAW_KEY_BYTES:
        raise MalformedError("A sealing key is a raw X25519 key of 32 bytes.")
    try:
        for each in (asked.log_key, asked.witness_key):
            if each is not None:
                NoteVerifier.parse(each)
    except LogError as error:
        raise MalformedError(f"A log or witness key is none: {error}.") from error
