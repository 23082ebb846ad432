"""Queries about sector keys: which one names people to a body, and who has not been told of the coming one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, literal, select, update

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.identity.tables import person, sector, sector_queue
from services.kit.log.tables import insert_if_absent
from services.kit.people import FIRST_VERSION
from services.kit.prepared import Prepared

_VERSIONS = Prepared(select(sector.c.body, sector.c.version))


@dataclass(frozen=True, slots=True)
class Sector:
    """The keys of one body's sector. Units: `changed_at` epoch seconds, when `version` came into force."""

    body: Body
    version: int = FIRST_VERSION
    coming: int | None = None
    leaving: int | None = None
    changed_at: int | None = None

    @property
    def steady(self) -> bool:
        """Tell whether no change is under way."""
        return self.coming is None and self.leaving is None

    @property
    def told_again(self) -> bool:
        """Tell whether the body is being told names that are in force already."""
        return self.coming is not None and self.coming <= self.version


def versions(conn: Connection) -> Mapping[Body, int]:
    """Return the key in force of each sector that has had another than the first."""
    return {Body(body): version for body, version in _VERSIONS.rows(conn)}


def sectors(conn: Connection) -> list[Sector]:
    """Return the sectors that have had another key than the first, or are about to."""
    every = (Sector(Body(row.body), *row[1:]) for row in conn.execute(select(sector).order_by(sector.c.body)))
    return [each for each in every if each != Sector(each.body)]


def enter_sectors(conn: Connection) -> None:
    """Give every body its row, so that there is something to lock before a key is ever changed."""
    for body in Body:
        insert_if_absent(conn, sector, {"body": body.value, "version": FIRST_VERSION})


def sector_of(conn: Connection, body: Body) -> Sector:
    """Return a body's sector."""
    return next((each for each in sectors(conn) if each.body is body), Sector(body))


def lock(conn: Connection, body: Body) -> Sector:
    """Return a body's sector, locked against everybody who enrols and who changes keys until the transaction ends."""
    row = conn.execute(select(sector).where(sector.c.body == body.value).with_for_update()).one()
    return Sector(Body(row.body), *row[1:])


def save(conn: Connection, changed: Sector) -> None:
    """Keep a sector that the caller has locked."""
    values = {
        "version": changed.version,
        "coming": changed.coming,
        "leaving": changed.leaving,
        "changed_at": changed.changed_at,
    }
    conn.execute(update(sector).where(sector.c.body == changed.body.value).values(**values))


def queue_everybody(conn: Connection, body: Body) -> None:
    """Have a body told of everybody."""
    everybody = select(literal(body.value), person.c.pseudonym)
    conn.execute(insert(sector_queue).from_select(["body", "person"], everybody))


def forget_queue(conn: Connection, body: Body) -> None:
    """Have a body told of nobody."""
    conn.execute(delete(sector_queue).where(sector_queue.c.body == body.value))


def hold_sectors(conn: Connection) -> list[Body]:
    """S1: keep keys from changing until the transaction ends; return the bodies whose keys are changing already.

    Every sector is held, also where no change shows: one that is just beginning must see the newcomer, or be seen.
    """
    every = conn.execute(select(sector.c.body, sector.c.coming).with_for_update(read=True))
    return [Body(body) for body, coming in every if coming is not None]


def queue_newcomer(conn: Connection, newcomer: Pseudonym, changing: Sequence[Body]) -> None:
    """S1: have bodies told of somebody who is enrolled while their keys change; the caller holds the sectors."""
    if changing:
        conn.execute(insert(sector_queue), [{"body": body.value, "person": newcomer} for body in changing])


def waiting(conn: Connection, body: Body, limit: int) -> Sequence[Pseudonym]:
    """Return some of those of whom a body has not been told."""
    row = sector_queue.c
    found = select(row.person).where(row.body == body.value).order_by(row.person).limit(limit)
    return [Pseudonym(name) for name in conn.execute(found).scalars()]


def count_waiting(conn: Connection, body: Body) -> int:
    """Count those of whom a body has not been told."""
    row = sector_queue.c
    return int(conn.execute(select(func.count()).where(row.body == body.value)).scalar_one())


def told(conn: Connection, body: Body, people: Sequence[Pseudonym]) -> None:
    """Take people out of a body's queue."""
    row = sector_queue.c
    conn.execute(delete(sector_queue).where(row.body == body.value, row.person.in_(people)))
