"""Segments of large documents that somebody changes in the storage or its rows (IT1, IT5), and what becomes of them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.medical_story import deposit
from support.medical_world import (
    AUDITOR,
    CLINIC,
    HOSPITAL,
    ID_CENTRE,
    OTHER_HOSPITAL,
    Running,
    Someone,
    World,
)
from support.streams import IMAGING, STUDY, Study, study, upload

from consent.compartments import YearSpan
from consent.errors import SealError
from consent.identifiers import DocumentId
from consent.statements import DocumentSelection
from consent.terms import RecordScope
from consent.vocabulary import Body, Category
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import DepositRequest, ReadAnswer, SetApart
from services.contracts.medical.streams import AskSegment, BeginUpload, CompleteUpload, StreamsClient
from services.contracts.oversight.messages import RolesChange
from services.contracts.shared import AuditReport
from services.kit.http import RemoteProblemError

ASKED = DocumentSelection(frozenset({DocumentId("study")}))


@dataclass
class Told:
    """A person whose study is deposited, and a clinic that may read it."""

    running: Running
    person: Someone
    study: Study

    @property
    def world(self) -> World:
        """Everybody."""
        return self.running.world

    def read(self) -> ReadAnswer:
        """Read the document that stands for the study."""
        request = self.running.request(self.person, CLINIC, selection=ASKED)
        member = self.world.members[CLINIC]
        return self.running.medical(CLINIC).read(request, token=self.world.token(member))

    def segment(self, ticket: str, number: int = 0) -> bytes:
        """Fetch a segment."""
        message = AskSegment(ticket=ticket, number=number)
        token = self.world.token(self.world.members[CLINIC])
        return StreamsClient(self.running.http(CLINIC)).segment(message, token=token)

    def audit(self) -> AuditReport:
        """Have the auditor look at everything."""
        token = self.world.token(self.world.members[AUDITOR])
        return AuditReport.model_validate(self.running.http(AUDITOR).get("/audit", token=token))

    @property
    def blobs(self) -> Path:
        """Where the segments are."""
        return self.world.settings.data / "blobs"

    def files(self) -> list[Path]:
        """Every segment's file."""
        return sorted(each for each in self.blobs.rglob("*") if each.is_file())

    def sql(self, *statements: str) -> None:
        """Change the database file behind the centre's back."""
        file = self.world.settings.data / "database.sqlite"
        with closing(sqlite3.connect(file, timeout=10)) as database, database:
            for each in statements:
                database.execute(each)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    world, person = World(tmp_path), Someone("hanako")
    with world.running() as running:
        running.enrol(person, [IMAGING])
        scope = RecordScope(frozenset({Category.IMAGING}), YearSpan(2024, 2026))
        running.permit(person, world.grant(person, world.terms(CLINIC, scope=scope), compartments=[IMAGING]))
        made = study(person)
        member = world.members[HOSPITAL]
        upload(StreamsClient(running.http(HOSPITAL)), made, token=world.token(member))
        deposit(running, person, [made.bundle(world)])
        yield Told(running, person, made)


def code(call: Callable[[], object]) -> str:
    """Return the code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.code


def flip(told: Told) -> None:
    file = told.files()[0]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(told: Told) -> None:
    file = told.files()[0]
    file.write_bytes(file.read_bytes()[:-1])


def remove(told: Told) -> None:
    told.files()[0].unlink()


def exchange(told: Told) -> None:
    first, second = (each.read_bytes() for each in told.files()[:2])
    told.files()[0].write_bytes(second)
    told.files()[1].write_bytes(first)


STORAGE = {"one bit": flip, "cut": cut, "removed": remove, "two exchanged": exchange}


@pytest.mark.parametrize("change", STORAGE.values(), ids=STORAGE.keys())
def test_changed_segment_is_named_by_the_audit_and_not_sent(
    told: Told, change: Callable[[Told], None]
) -> None:
    """IT1: whoever has the storage, and not the database, changes what is in it."""
    assert told.audit().findings == []
    ticket = told.read().tickets["study"]
    change(told)
    codes = []
    for number in range(3):
        try:
            told.segment(ticket, number)
        except RemoteProblemError as refusal:
            codes.append(refusal.code)
    assert codes
    assert set(codes) == {"stored_document_damaged"}
    (finding,) = told.audit().findings
    assert finding.table == "upload_segment"
    assert "study" in finding.row


ROWS = {
    "two exchanged": (
        "UPDATE upload_segment SET number = 9 WHERE number = 0",
        "UPDATE upload_segment SET number = 0 WHERE number = 1",
        "UPDATE upload_segment SET number = 1 WHERE number = 9",
    ),
    "last removed": ("DELETE FROM upload_segment WHERE number = 2",),
    "one doubled": (
        "UPDATE upload_segment SET blob = (SELECT blob FROM upload_segment WHERE number = 0) WHERE number = 1",
    ),
    "stream removed": ("DELETE FROM stream",),
    "stands for another document": ("UPDATE stream SET document = 'other'",),
}


@pytest.mark.parametrize("statements", ROWS.values(), ids=ROWS.keys())
def test_changed_rows_are_named_by_the_audit_and_open_nothing(
    told: Told, statements: tuple[str, ...]
) -> None:
    """IT5: the centre's own administrator exchanges, cuts off, repeats or relabels."""
    ticket = told.read().tickets["study"]
    told.sql(*statements)
    assert told.audit().findings
    row: list[bytes] = []
    refusals = set()
    for number in range(3):
        try:
            row.append(told.segment(ticket, number))
        except RemoteProblemError as refusal:
            refusals.add(refusal.code)
    assert refusals <= {"segment_unknown"}
    if len(row) == len(told.study.segments) and row == list(told.study.segments):
        assert "document" in statements[0]  # the segments are right, and nobody finds them by the document
        return
    with pytest.raises(SealError):
        list(told.study.cipher().open(row))


def test_storage_and_database_hold_nothing_that_the_study_says(told: Told) -> None:
    """R5: the plain bytes of the study are in no file of the medical centre."""
    telling = STUDY[-16:], STUDY[:64], b"study.dcm", b"application/dicom"
    everything = [each.read_bytes() for each in told.world.settings.data.rglob("*") if each.is_file()]
    assert sum(len(each) for each in everything) > len(STUDY)
    assert [part for part in telling if any(part in each for each in everything)] == []


def test_ticket_ends_by_time_and_the_refusal_is_in_the_history(told: Told) -> None:
    """SC1: what a read once gave is not kept for later."""
    ticket = told.read().tickets["study"]
    told.world.now += timedelta(seconds=told.world.settings.ticket_seconds - 1)
    told.segment(ticket)
    told.world.now += timedelta(seconds=1)
    assert code(lambda: told.segment(ticket)) == "stream_ticket"
    seen = [
        (each["outcome"], each.get("reason"))
        for each in told.running.events(told.person)
        if each["kind"] == "large_document_sent"
    ]
    assert seen == [("permitted", None), ("refused", "stream_ticket")]


def test_ticket_is_worth_nothing_without_the_role(told: Told) -> None:
    """SC1: the operator was permitted to read, and is not a reader any more."""
    ticket = told.read().tickets["study"]
    operator = told.world.members[CLINIC].operator
    told.world.oversight.change_roles(RolesChange(organisation=CLINIC, id=operator, roles=[]))
    assert code(lambda: told.segment(ticket)) == "role_missing"


def test_no_segment_leaves_after_the_link_was_cut(told: Told) -> None:
    """U2: the study turned out to be somebody else's while it was being fetched."""
    world, member = told.world, told.world.members[HOSPITAL]
    other = study(told.person, document="wrong")
    upload(StreamsClient(told.running.http(HOSPITAL)), other, token=world.token(member))
    token = world.token_about(told.person, HOSPITAL, Body.MEDICAL, link="wrong")
    told.running.medical().deposit(
        DepositRequest(token=token, bundles=[worded_bundle(other.bundle(world))]), token=world.token(member)
    )
    request = told.running.request(
        told.person, CLINIC, selection=DocumentSelection(frozenset({DocumentId("wrong")}))
    )
    answer = told.running.medical(CLINIC).read(request, token=world.token(world.members[CLINIC]))
    told.segment(answer.tickets["wrong"])
    cut_by = world.token_about(told.person, ID_CENTRE, Body.MEDICAL, link="wrong")
    told.running.medical(ID_CENTRE).set_apart(
        SetApart(token=cut_by, organisation=HOSPITAL, fault="wrong_person")
    )
    assert code(lambda: told.segment(answer.tickets["wrong"], 1)) == "set_apart_meanwhile"
    told.segment(told.read().tickets["study"], 1)


def test_upload_of_the_same_segments_that_is_dropped_takes_nobodys_document_along(told: Told) -> None:
    """IT1: who was permitted to read has the sealed segments, uploads them again, and lets the upload end."""
    streams = StreamsClient(told.running.http(OTHER_HOSPITAL))
    token = told.world.token(told.world.members[OTHER_HOSPITAL])
    began = streams.begin(BeginUpload(size=told.study.name.size), token=token).upload
    for number, segment in enumerate(told.study.segments):
        streams.put(began, number, segment, token=token)
    assert (
        code(lambda: streams.complete(began, CompleteUpload(digest=bytes(32)), token=token))
        == "upload_digest"
    )
    ticket = told.read().tickets["study"]
    assert tuple(told.segment(ticket, number) for number in range(3)) == told.study.segments
    assert told.audit().findings == []
