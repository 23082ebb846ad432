"""A wrong link by command line over real processes: cut, set apart, told, put right; with a restart in the middle."""

import re
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import PINS
from support.waiting import until

from consent.compartments import YearSpan
from consent.directives import Effect, Notice, RecordScope, Terms
from consent.recipients import Recipient
from consent.vocabulary import Body, Category, Purpose
from services.contracts.identity.messages import StaffCheck
from services.demo.scene import Scene
from services.gateway import reception
from services.gateway.cards import save_card
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems, ClinicalRecord
from services.gateway.errors import RefusedError
from services.gateway.hospital import deposit
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled, enrol
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_clock

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

YEAR = system_clock().year - 1
RECORD = ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/1", b'{"whose":"another"}')
OWN = ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/2", b'{"whose":"own"}')


def somebody(deployment: Scene, name: str, birth_date: str) -> Enrolled:
    items = BasicItems(name, "みなと市 9-9", "female", birth_date)
    return enrol(deployment.organisation("municipality"), items, pins=PINS)


def linked(hospital: Organisation, enrolled: Enrolled, number: str, *, name: str, birth_date: str) -> str:
    patient = reception.Patient(number, name, birth_date)
    word = reception.StaffWord(StaffCheck.PIN)
    return reception.link_patient(hospital, patient, word, person=enrolled.person).reference


def permit(enrolled: Enrolled, clinic: Organisation) -> None:
    now = enrolled.person.clock()
    notice = Notice.of_text("x", text_id="t", version="1", language="en", refusal_meaning="y")
    terms = Terms(
        recipient=Recipient(clinic.id),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(YEAR, YEAR)),
        valid_from=now,
        valid_until=now + reception.TIME_BOX,
        notice=notice,
    )
    lay_down(enrolled.person, terms)


def read(clinic: Organisation, reference: str) -> list[bytes]:
    found = open_records(
        clinic,
        reference,
        categories=frozenset({Category.MEDICATION}),
        years=YearSpan(YEAR, YEAR),
        purpose=Purpose.TREAT,
    )
    return sorted(each.content for each in found)


def reads_just(clinic: Organisation, reference: str, expected: list[bytes]) -> bool:
    """Tell whether just this is read; a read under way when records are set apart is refused instead."""
    try:
        return read(clinic, reference) == expected
    except RefusedError as refusal:
        if refusal.code != "set_apart_meanwhile":
            raise
        return False


def said(*arguments: str | Path) -> list[str]:
    done = within(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_wrong_link_is_undone_by_command_and_put_right(deployment: Scene, tmp_path: Path) -> None:
    """UC10: two people of one name and birth date; the record of one came under the other's name."""
    name, birth_date = "同姓 同名", "1977-07-07"
    wrong, right = (somebody(deployment, name, birth_date) for _ in range(2))
    hospital, clinic = deployment.organisation("hospital-a"), deployment.organisation("clinic-b")
    folder = deployment.layout.credentials
    other_number = linked(hospital, wrong, "A-2", name=name, birth_date=birth_date)
    deposit(hospital, other_number, [OWN])
    reference = linked(hospital, wrong, "A-1", name=name, birth_date=birth_date)
    documents = deposit(hospital, reference, [RECORD]).documents
    at_clinic = linked(clinic, wrong, "L-1", name=name, birth_date=birth_date)
    permit(wrong, clinic)
    assert read(clinic, at_clinic) == sorted([RECORD.content, OWN.content])

    cut = said(
        "undo-link", "--as", folder / "hospital-a", "--patient-number", "A-1", "--fault", "wrong_person"
    )
    assert re.fullmatch(r"link [A-Za-z0-9_-]{22} is cut", cut[0])
    with pytest.raises(RefusedError, match="not_found"):
        deposit(hospital, reference, [RECORD])
    until(lambda: reads_just(clinic, at_clinic, [OWN.content]))
    for member, reads in (("hospital-a", 0), ("clinic-b", 1)):
        told = "\n".join(said("set-apart", "--as", folder / member))
        assert f"document {documents[RECORD.name]}" in told
        assert documents[RECORD.name] in told
        assert ("do not go on with it" in told) is bool(reads)
    card = tmp_path / "card.json"
    save_card(wrong.card, card)
    history = "\n".join(said("history", "--card", card))
    assert re.search(r"identity +patient_link_undone +done", history)
    until(lambda: "records_set_apart" in "\n".join(said("history", "--card", card)))

    again = linked(hospital, right, "A-1", name=name, birth_date=birth_date)
    deposit(hospital, again, [RECORD])
    assert again != reference
    assert_one_line(
        within(
            "undo-link", "--as", folder / "hospital-a", "--patient-number", "A-9", "--fault", "wrong_number"
        ),
        "not_found",
    )


def test_undoing_survives_the_death_of_both_bodies_in_the_middle(deployment: Scene) -> None:
    """U1 to U3: the medical centre is dead when the link is cut, and the ID centre dies before it could tell it."""
    name, birth_date = "島田 澪", "1955-05-05"
    mine = somebody(deployment, name, birth_date)
    hospital, clinic = deployment.organisation("hospital-a"), deployment.organisation("clinic-b")
    reference = linked(hospital, mine, "A-5", name=name, birth_date=birth_date)
    deposit(hospital, reference, [RECORD])
    at_clinic = linked(clinic, mine, "L-5", name=name, birth_date=birth_date)
    permit(mine, clinic)
    assert read(clinic, at_clinic) == [RECORD.content]
    processes, folder = deployment.processes, deployment.layout.credentials
    processes.kill(Body.MEDICAL)
    said("undo-link", "--as", folder / "hospital-a", "--patient-number", "A-5", "--fault", "wrong_number")
    processes.kill(Body.IDENTITY)
    processes.start([Body.MEDICAL])
    processes.start([Body.IDENTITY])
    until(lambda: reads_just(clinic, at_clinic, []))
    assert any("wrong_number: 1 documents" in line for line in said("set-apart", "--as", folder / "clinic-b"))


def test_person_finds_and_disowns_a_link(deployment: Scene, tmp_path: Path) -> None:
    mine = somebody(deployment, "波多野 渚", "1966-06-06")
    linked(deployment.organisation("clinic-b"), mine, "L-7", name="波多野 渚", birth_date="1966-06-06")
    card = tmp_path / "card.json"
    save_card(mine.card, card)
    shown = said("links", "--card", card)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}  clinic-b  since .{16}  by pin  linked", shown[0])
    assert shown[-1] == "1 links"
    assert said("disown-link", "--card", card, shown[0][:22]) == [f"link {shown[0][:22]} is cut"]
    assert_one_line(within("disown-link", "--card", card, shown[0][:22]), "not_found")
    until(lambda: "  undone" in said("links", "--card", card)[0])
