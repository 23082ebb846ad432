"""The scan of stored rows: every sealed cell opens, and every name is the one that its secret yields."""

from collections.abc import Iterator, Set
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import NoResultFound

from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.identity.audit_links import link_checks, patient_references
from services.identity.card_audit import Check, card_checks
from services.identity.centre import IdentityCentre
from services.identity.guardian_audit import guardian_checks
from services.identity.model import Card
from services.identity.passkey_store import COLUMN
from services.identity.store import LINK_COLUMN, NUMBER_COLUMN
from services.identity.tables import (
    card,
    card_application,
    link,
    live_token,
    passkey,
    person,
    retired_number,
    subject,
)
from services.identity.token_store import GROUND, SESSION
from services.kit.columns import ColumnError
from services.kit.log.audit import Finding

DOES_NOT_OPEN = "a sealed cell does not open: it, or what it is sealed for, was changed"
OTHER_NAME = "the name is not the one that the linkage code yields"
MISSING = "a row that it belongs to is missing"


def scan(centre: IdentityCentre, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that does not fit."""
    checks = list(_checks(centre, conn))
    problems = [(check, _problem(check)) for check in checks]
    found = [Finding(check.table, check.row, problem) for check, problem in problems if problem]
    return len(checks), found


def _problem(check: Check) -> str | None:
    try:
        return None if check.holds() else OTHER_NAME
    except NoResultFound:
        return MISSING
    except (ColumnError, ValueError):
        return DOES_NOT_OPEN


def _checks(centre: IdentityCentre, conn: Connection) -> Iterator[Check]:
    for name, number in conn.execute(select(person.c.pseudonym, person.c.number)).all():
        yield Check(person.name, f"pseudonym={name}", partial(_person, centre, conn, name, number))
    for number in conn.execute(select(retired_number.c.number)).scalars().all():
        yield Check(retired_number.name, f"number={number.hex()}", partial(_retired, centre, conn, number))
    for card_id in conn.execute(select(card.c.id)).scalars().all():
        yield Check(card.name, f"id={card_id}", partial(_card, centre, conn, card_id))
    keys = select(card_application.c.card, card_application.c.application)
    for card_id, name in conn.execute(keys).all():
        where = f"card={card_id} application={name}"
        yield Check(card_application.name, where, partial(_application, centre, conn, card_id, name))
    yield from card_checks(centre, conn)
    of_patients = patient_references(centre, conn)
    for key in conn.execute(select(link.c.id)).scalars().all():
        yield Check(link.name, f"id={key.hex()}", partial(_link, centre, conn, key, of_patients))
    yield from link_checks(centre, conn)
    yield from guardian_checks(centre, conn)
    for name in conn.execute(select(subject.c.person)).scalars().all():
        yield Check(subject.name, f"person={name}", partial(_subject, centre, conn, name))
    for row in conn.execute(select(passkey)).all():
        holds = partial(_passkey, centre, row.id, row.person, row.content)
        yield Check(passkey.name, f"id={row.id.hex()}", holds)
    for row in conn.execute(select(live_token)).all():
        opens = partial(_live_token, centre, row.place, row.ground, row.session, row.holder)
        yield Check(live_token.name, f"place={row.place}", opens)


def _person(centre: IdentityCentre, conn: Connection, pseudonym: str, number: bytes) -> bool:
    centre.context.cipher.open_lookup(number, column=NUMBER_COLUMN)
    someone = centre.store.person(conn, Pseudonym(pseudonym))
    named = centre.names(conn)(Body.IDENTITY, someone.linkage)
    return centre.context.people.own_name(conn, named) == pseudonym


def _retired(centre: IdentityCentre, conn: Connection, number: bytes) -> bool:
    centre.context.cipher.open_lookup(number, column=NUMBER_COLUMN)
    return conn.execute(select(person.c.pseudonym).where(person.c.number == number)).first() is None


def _card(centre: IdentityCentre, conn: Connection, card_id: str) -> bool:
    return _held(centre, conn, card_id).id == card_id


def _application(centre: IdentityCentre, conn: Connection, card_id: str, name: str) -> bool:
    # cells are sealed for holder, end and state of the card: they show it when its row was edited
    application = Application(name)
    centre.store.public_key(conn, _held(centre, conn, card_id), application)
    return centre.store.secrets(conn, card_id, application) is not None


def _held(centre: IdentityCentre, conn: Connection, card_id: str) -> Card:
    held = centre.store.card(conn, card_id)
    if held is None:
        raise NoResultFound
    return held


def _link(
    centre: IdentityCentre, conn: Connection, key: bytes, of_patients: Set[tuple[str, str, str]]
) -> bool:
    told = centre.context.cipher.open_lookup(key, column=LINK_COLUMN).decode()
    name, _, reference = told.partition("\n")
    organisation = OrganisationId(name)
    someone = centre.store.linked(conn, organisation=organisation, reference=reference)
    if someone is None:
        return False
    derived = centre.namer.reference(organisation, someone.linkage) == reference
    return derived or (organisation, reference, someone.pseudonym) in of_patients


def _subject(centre: IdentityCentre, conn: Connection, pseudonym: str) -> bool:
    return centre.store.subject(conn, Pseudonym(pseudonym)) is not None


def _live_token(centre: IdentityCentre, place: int, ground: bytes, session: bytes, holder: bytes) -> bool:
    for stored, column in ((ground, GROUND), (session, SESSION)):
        centre.context.cipher.open_lookup(stored, column=column)
    return centre.tokens.holder(place, holder) is not None


def _passkey(centre: IdentityCentre, key: bytes, holder: str, content: bytes) -> bool:
    return (
        centre.context.cipher.open_lookup(key, column=COLUMN)
        == centre.passkeys.opened(key, holder, content).id
    )
