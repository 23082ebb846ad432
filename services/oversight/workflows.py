"""Accrediting and suspending: each change is one transaction with its entry in the log and a new edition.

Every change names who made it and why; it holds everywhere within the seconds that a register may be old.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection

from consent.errors import SignatureError
from consent.identifiers import TerminalId
from consent.vocabulary import Body
from services.contracts.identity.presenting import presented_tag
from services.contracts.oversight.messages import (
    Bootstrap,
    Changed,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.register import BodyEntry, Operator, Organisation, Role, Terminal, p256
from services.kit.certificates import Usage, issue, thumbprint, to_pem
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.settings import SettingsError
from services.oversight.changes import Author, organisation, record
from services.oversight.errors import AlreadyAccreditedError, NotPresentedError
from services.oversight.office import Office
from services.oversight.policy import require_future, require_keys, require_presented, require_roles
from services.oversight.store import Entry, entry_digest, place

DAY = 86_400


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
        held = organisation(office, conn, asked.id)
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
            organisation=organisation(office, conn, asked.organisation).id,
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
        require_roles(organisation(office, conn, asked.organisation).kind, asked.roles)
        tag = person_tag(office, asked)
        require_presented(asked.roles, tag)
        told = {name: value for name, value in asked if name != "presentation"}
        return _add(office, conn, Operator(active=True, person_tag=tag, **told))

    return _change(office, caller, change, told={"change": "accredited", "roles": _names(asked.roles)})


def person_tag(office: Office, asked: OperatorAccreditation) -> str | None:
    """Return which human presented themselves for an operator, if anybody did. Raises: NotPresentedError."""
    if asked.presentation is None:
        return None
    try:
        return presented_tag(
            asked.presentation,
            key=office.editions.directory().signing_key(Body.IDENTITY),
            organisation=asked.organisation,
            card_key=asked.card_key,
            now=office.now,
        )
    except SignatureError as error:
        raise NotPresentedError(
            "the presentation is not the ID centre's for this operator, or too old"
        ) from error


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
    others: list[Entry] = [*asked.organisations, *asked.terminals, *asked.operators, *asked.policies]
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
        record(office, conn, Author.of_caller(caller), entry=entry, serial=serial, told=told)
    return Changed(serial=serial)


def _add(office: Office, conn: Connection, entry: Organisation | Terminal | Operator) -> Entry:
    if place(entry) in office.store.keys(conn):
        raise AlreadyAccreditedError("the register has this identifier already; choose another one")
    office.store.add(conn, entry)
    return entry


def _replace(office: Office, conn: Connection, entry: Entry) -> Entry:
    office.store.replace(conn, entry)
    return entry


def _names(roles: Iterable[Role]) -> list[JsonValue]:
    return [role.value for role in sorted(roles)]
