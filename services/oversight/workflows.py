"""Accrediting and suspending: each change is one transaction with its entry in the log and a new edition.

Every change names who made it and why; it holds everywhere within the seconds that a register may be old.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection

from consent.identifiers import TerminalId
from services.contracts.oversight.messages import (
    Accredited,
    Bootstrap,
    Changed,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    RolesChange,
    StandingChange,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.register import BodyEntry, Operator, Organisation, Role, Terminal, p256
from services.kit.certificates import Authority, Usage, issue, thumbprint, to_pem
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.settings import SettingsError
from services.oversight.editions import Editions
from services.oversight.errors import AlreadyAccreditedError, UnknownEntryError
from services.oversight.policy import require_future, require_keys, require_roles
from services.oversight.store import Entry, RegisterStore, entry_digest, operator_key, place

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Office:
    """What the workflows work with, put together once in `app.py`."""

    context: BodyContext
    store: RegisterStore
    editions: Editions
    authority: Authority

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.context.clock())


def accredit_organisation(
    office: Office, caller: OperatorCaller, asked: OrganisationAccreditation
) -> Changed:
    """Accredit an organisation. Raises: AlreadyAccreditedError, NotInFutureError, MalformedError."""
    require_keys(asked.signing_key, asked.receiving_key)
    require_future(asked.expires, now=office.now)
    entry = Organisation(active=True, **dict(asked))

    def change(conn: Connection) -> Entry:
        return _add(office, conn, entry)

    return _change(office, caller, change, told={"change": "accredited"})


def change_keys(office: Office, caller: OperatorCaller, asked: OrganisationKeys) -> Changed:
    """Give an organisation other keys. Raises: UnknownEntryError, MalformedError."""
    require_keys(asked.signing_key, asked.receiving_key)

    def change(conn: Connection) -> Entry:
        held = _organisation(office, conn, asked.id)
        changed = held.with_keys(
            signing_key=asked.signing_key, receiving_key=asked.receiving_key, former=asked.former
        )
        return _replace(office, conn, changed)

    return _change(office, caller, change, told={"change": "keys", "former": asked.former.value})


def accredit_terminal(
    office: Office, caller: OperatorCaller, asked: TerminalAccreditation
) -> TerminalAccredited:
    """Accredit a terminal and certify its key for TLS. Raises: UnknownEntryError, AlreadyAccreditedError,
    MalformedError for a key that is not P-256.
    """
    certificate = issue(
        office.authority,
        p256(asked.public_key),
        common_name=asked.id,
        sans=[f"urn:sekisho:terminal:{asked.id}"],
        usages=[Usage.CLIENT],
        days=asked.days,
        now=office.context.clock(),
        randomness=office.context.randomness,
    )

    def change(conn: Connection) -> Entry:
        entry = Terminal(
            id=TerminalId(asked.id),
            organisation=_organisation(office, conn, asked.organisation).id,
            certificate_thumbprint=thumbprint(certificate),
            public_key=asked.public_key,
            active=True,
            expires=office.now + asked.days * DAY,
        )
        return _add(office, conn, entry)

    _change(office, caller, change, told={"change": "accredited"})
    return TerminalAccredited(certificate=to_pem(certificate), authority=to_pem(office.authority.certificate))


def accredit_operator(office: Office, caller: OperatorCaller, asked: OperatorAccreditation) -> Changed:
    """Accredit an operator. Raises: UnknownEntryError, AlreadyAccreditedError, RolesNotAllowedError,
    NotInFutureError, MalformedError for a card key that is not P-256.
    """
    p256(asked.card_key)
    require_future(asked.expires, now=office.now)

    def change(conn: Connection) -> Entry:
        require_roles(_organisation(office, conn, asked.organisation).kind, asked.roles)
        return _add(office, conn, Operator(active=True, **dict(asked)))

    return _change(office, caller, change, told={"change": "accredited", "roles": _names(asked.roles)})


def change_roles(office: Office, caller: OperatorCaller, asked: RolesChange) -> Changed:
    """Give an operator other roles. Raises: UnknownEntryError, RolesNotAllowedError."""

    def change(conn: Connection) -> Entry:
        require_roles(_organisation(office, conn, asked.organisation).kind, asked.roles)
        held = _held(office, conn, Operator, operator_key(asked.organisation, asked.id))
        return _replace(office, conn, held.model_copy(update={"roles": asked.roles}))

    told: dict[str, JsonValue] = {"change": "roles", "roles": _names(asked.roles), "reason": asked.reason}
    return _change(office, caller, change, told=told)


def suspend(office: Office, caller: OperatorCaller, asked: StandingChange) -> Changed:
    """Stop an organisation, terminal or operator everywhere. Raises: UnknownEntryError."""
    return _set_standing(office, caller, asked, {"active": False}, told="suspended")


def resume(office: Office, caller: OperatorCaller, asked: StandingChange) -> Changed:
    """Let it go on. Raises: UnknownEntryError."""
    return _set_standing(office, caller, asked, {"active": True}, told="resumed")


def take_bootstrap(office: Office, file: Path) -> None:
    """Enter the bodies as the file has them now, and whoever else in it is new; what was changed since stays.

    Raises: SettingsError when the file cannot be read.
    """
    try:
        asked = Bootstrap.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise SettingsError(
            f"the setting bootstrap names {file}, which cannot be read as a register"
        ) from error
    others: list[Entry] = [*asked.organisations, *asked.terminals, *asked.operators]
    with office.context.database.write() as conn:
        office.store.initialise(conn)
        known = set(office.store.keys(conn))
        new = [entry for entry in (*asked.bodies, *others) if place(entry) not in known]
        changed = [
            entry
            for entry in asked.bodies
            if place(entry) in known and office.store.get(conn, BodyEntry, entry.body.value) != entry
        ]
        for entry in new:
            office.store.add(conn, entry)
        for body in changed:
            office.store.replace(conn, body)
        if new or changed:
            detail: dict[str, JsonValue] = {
                "change": "bootstrap",
                "serial": office.store.next_serial(conn),
                "entries": [[*place(entry), entry_digest(entry)] for entry in (*new, *changed)],
            }
            event = Event(
                kind=EventKind.ACCREDITATION_CHANGED,
                outcome=Outcome.DONE,
                count=len(new + changed),
                detail=detail,
            )
            office.context.journal.record(conn, person=None, event=event)


def _set_standing(
    office: Office, caller: OperatorCaller, asked: StandingChange, standing: dict[str, bool], *, told: str
) -> Changed:
    def change(conn: Connection) -> Entry:
        held: Organisation | Terminal | Operator
        match asked.kind:
            case Accredited.ORGANISATION:
                held = _organisation(office, conn, asked.id)
            case Accredited.TERMINAL:
                held = _held(office, conn, Terminal, asked.id)
            case Accredited.OPERATOR:
                held = _held(office, conn, Operator, operator_key(asked.organisation or "", asked.id))
        return _replace(office, conn, held.model_copy(update=standing))

    return _change(office, caller, change, told={"change": told, "reason": asked.reason})


def _change(
    office: Office,
    caller: OperatorCaller,
    change: Callable[[Connection], Entry],
    *,
    told: dict[str, JsonValue],
) -> Changed:
    with office.context.database.write() as conn:
        serial = office.store.next_serial(conn)  # first: changes queue here
        entry = change(conn)
        kind, key = place(entry)
        event = Event(
            kind=EventKind.ACCREDITATION_CHANGED,
            outcome=Outcome.DONE,
            organisation=caller.organisation,
            operator=caller.operator,
            terminal=caller.terminal,
            detail={
                **told,
                "kind": kind.value,
                "id": key,
                "serial": serial,
                "entry": entry_digest(entry),
            },
        )
        office.context.journal.record(conn, person=None, event=event)
    return Changed(serial=serial)


def _add(office: Office, conn: Connection, entry: Organisation | Terminal | Operator) -> Entry:
    if place(entry) in office.store.keys(conn):
        raise AlreadyAccreditedError("the register has this identifier already; choose another one")
    office.store.add(conn, entry)
    return entry


def _replace(office: Office, conn: Connection, entry: Entry) -> Entry:
    office.store.replace(conn, entry)
    return entry


def _organisation(office: Office, conn: Connection, key: str) -> Organisation:
    return _held(office, conn, Organisation, key)


E = TypeVar("E", Organisation, Terminal, Operator)


def _names(roles: Iterable[Role]) -> list[JsonValue]:
    return [role.value for role in sorted(roles)]


def _held(office: Office, conn: Connection, kind: type[E], key: str) -> E:
    found = office.store.get(conn, kind, key)
    if found is None:
        raise UnknownEntryError("the register has no entry of that identifier")
    return found
