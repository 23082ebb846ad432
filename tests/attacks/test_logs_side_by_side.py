"""Two bodies lay their logs of one read side by side: nothing in them leads from one pseudonym to the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, Table, select, update
from support.oversight_reads import Reads, reads, submit
from support.oversight_world import OversightWorld, oversight

from consent.vocabulary import Body, Purpose
from services.kit.http import RemoteProblemError
from services.oversight import tables

FINGERPRINT = 16
"""Bytes that two unrelated values never share; less than a half of a leaf."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    with oversight(tmp_path) as running:
        yield running


def permitted(world: OversightWorld, folder: Path) -> Reads:
    """Return a reader whom a person permitted to read, beside a medical centre with a log of its own."""
    return reads(
        world, folder, store=lambda person, granted: submit(world, person, granted.copies[Body.OVERSIGHT])
    )


def pieces(conn: Connection, stored: list[Table]) -> set[bytes]:
    """Return every piece of every binary value, wherever in the value it lies."""
    found: set[bytes] = set()
    for table in stored:
        for row in conn.execute(select(table)):
            for value in (each for each in row if isinstance(each, bytes)):
                found |= {value[at : at + FINGERPRINT] for at in range(len(value) - FINGERPRINT + 1)}
    return found


def medical_pieces(told: Reads) -> set[bytes]:
    own = MetaData()
    own.reflect(told.log.database.engine)
    with told.log.database.read() as conn:
        return pieces(conn, own.sorted_tables)


def oversight_pieces(world: OversightWorld) -> set[bytes]:
    # what a witness keeps of the other log is that log's root, of everybody together
    about_people = [
        each for each in tables.metadata.sorted_tables if each is not tables.KIT.journal.log.witnessed
    ]
    with world.context.database.read() as conn:
        return pieces(conn, about_people)


def test_a_release_shares_no_bytes_with_the_access_that_it_serves(
    world: OversightWorld, tmp_path: Path
) -> None:
    """LN1: pooled, the two logs do not show which two entries are one access, hence which names are one person."""
    told = permitted(world, tmp_path)
    world.as_body(Body.MEDICAL).release(told.request())
    assert medical_pieces(told).isdisjoint(oversight_pieces(world))


def test_a_refused_release_shares_no_bytes_with_the_access_either(
    world: OversightWorld, tmp_path: Path
) -> None:
    """LN1: the same where the second body refused."""
    told = permitted(world, tmp_path)
    with pytest.raises(RemoteProblemError):
        world.as_body(Body.MEDICAL).release(told.request(told.sign(told.statement(purpose=Purpose.HRESCH))))
    assert medical_pieces(told).isdisjoint(oversight_pieces(world))


def test_a_damaged_copy_does_not_tell_the_medical_centre_its_id(
    world: OversightWorld, tmp_path: Path
) -> None:
    """LN1: the bodies know each other's copies by sealed handles only; the id is for this body's own log and audit."""
    told = permitted(world, tmp_path)
    with world.context.database.write() as conn:
        conn.execute(update(tables.DIRECTIVES.directive).values(content=b"edited"))
        own_id = conn.execute(select(tables.DIRECTIVES.directive.c.id)).scalar_one()
    with pytest.raises(RemoteProblemError) as failed:
        world.as_body(Body.MEDICAL).release(told.request())
    assert (failed.value.status, failed.value.code) == (500, "stored_data_changed")
    assert own_id not in str(failed.value.members)
