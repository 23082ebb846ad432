"""Relationships on the organisation's side: what leaves it are digests that nobody else can make."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.gateway_world import World

from services.contracts.medical.relationships import WatchChoice
from services.contracts.medical.uses import RelationshipKind
from services.contracts.oversight.register import Kind, Role
from services.gateway.errors import StaffFileError
from services.gateway.hospital import link
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled
from services.gateway.relationships import (
    Meant,
    Tagger,
    choose_watch,
    chosen_watch,
    describe_staff,
    register,
    registered,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="module")
def hospital(world: World) -> Organisation:
    return world.organisation("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)


@pytest.fixture(scope="module")
def clinic(world: World) -> Organisation:
    return world.organisation("clinic", Kind.CLINIC, Role.WRITER)


@pytest.fixture(scope="module")
def patient(world: World) -> Enrolled:
    return world.person(world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR))


def test_what_is_spelled_alike_has_one_tag_and_nothing_else_has_it(
    hospital: Organisation, clinic: Organisation
) -> None:
    """LN1: two organisations have no tag in common; a name is no ward."""
    own = Tagger(hospital)
    told = own.names(surname="髙橋", address="東京都港区芝二丁目3番4号")
    assert told == own.names(surname=" 高橋 ", address="東京都港区芝2-3-4")
    assert told.surname != own.names(surname="佐藤", address=None).surname
    assert told.surname != own.team("高橋")
    other = Tagger(clinic).names(surname="高橋", address="東京都港区芝2-3-4")
    assert not {told.surname, told.address} & {other.surname, other.address}
    assert own.names(surname="", address=None).model_dump() == {"surname": None, "address": None}


def test_an_appointment_is_registered_without_a_name_and_listed(
    world: World, hospital: Organisation, patient: Enrolled
) -> None:
    """LN1, R14"""
    reference = link(hospital, patient.person)
    now = world.watch()
    meant = Meant(RelationshipKind.REFERRAL, ["doctor"], ["oncology"], now, now + timedelta(days=3))
    name = register(hospital, reference, meant, surname="佐藤", address="東京都架空市 1-2-3")
    (found,) = registered(hospital, reference)
    assert (found.id, found.kind, found.operators) == (name, "referral", ["doctor"])
    assert found.teams == [Tagger(hospital).team("oncology")]
    assert found.end - found.start == 3 * 86_400
    held = repr(world.relationships)
    assert not any(plain in held for plain in ("佐藤", "架空", "oncology"))


def test_staff_come_from_a_file_and_what_is_wrong_in_it_is_named(
    hospital: Organisation, tmp_path: Path
) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("operator,teams,surname,address\nanna,ward 1;ward 2,佐藤,\nbert,,,\n", encoding="utf-8")
    assert describe_staff(hospital, file) == 2
    file.write_text("operator,teams,surname,address\nanna,,,\n,ward 1,,\n", encoding="utf-8")
    with pytest.raises(StaffFileError, match="line 3"):
        describe_staff(hospital, file)
    file.write_text("name,ward\n", encoding="utf-8")
    with pytest.raises(StaffFileError, match="the columns are operator, teams, surname, address"):
        describe_staff(hospital, file)
    for content in ("operator,teams,surname,address\nanna\n", "operator,teams,surname,address\na,b,c,d,e\n"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(StaffFileError, match="line 2: it has not the four columns"):
            describe_staff(hospital, file)
    for bytes_ in (b"\xff\xfe\xff", b"operator,teams,surname,address\n" + b"x" * 200_000 + b",,,\n"):
        file.write_bytes(bytes_)
        with pytest.raises(StaffFileError, match="UTF-8"):
            describe_staff(hospital, file)


def test_a_person_asks_to_be_watched_over(patient: Enrolled) -> None:
    assert chosen_watch(patient.person) is WatchChoice.USUAL
    assert choose_watch(patient.person, WatchChoice.CLOSELY) is WatchChoice.CLOSELY
    assert chosen_watch(patient.person) is WatchChoice.CLOSELY
