"""`sekisho look-up` and `look-up-batch` on running bodies, and what the person sees of it."""

import csv
import json
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import PINS, Desk

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.errors import RefusedError
from services.gateway.inquirer import Errand, Known, look_up
from services.gateway.people import Enrolled, enrol
from services.gateway.supervisor import proposals

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

ITEMS = BasicItems("渡邉 みどり", "東京都架空区若葉町二丁目3番4号", "female", "1991-07-08")
ERRAND = ("--task", "resident_record", "--case", "case 7")


@pytest.fixture(scope="module")
def enrolled(deployment: Scene) -> Enrolled:
    return enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)


def test_somebody_is_looked_up_in_each_way_and_sees_it(
    desk: Desk, enrolled: Enrolled, tmp_path: Path
) -> None:
    """J1, J7"""
    city = desk.credentials("municipality")
    ways = (
        ("--name", "渡辺みどり", "--birth-date", "1991-07-08"),
        ("--name", "渡*", "--address", "東京都架空区若葉町2-3-4"),
        ("--name", "渡邊 みどり", "--address", "東京都架空区若*"),
    )
    for way in ways:
        done = within("look-up", "--as", city, *ERRAND, *way)
        assert done.stdout.split("\t") == [ITEMS.name, ITEMS.birth_date, ITEMS.sex, f"{ITEMS.address}\n"]
    by_number = within("look-up", "--as", city, *ERRAND, "--by-number", typed=f"{enrolled.personal_number}\n")
    assert ITEMS.name in by_number.stdout
    card = tmp_path / "card.json"
    save_card(enrolled.card, card)
    evidence = tmp_path / "evidence.json"
    told = within("history", "--card", card, "--save", evidence).stdout
    assert len([line for line in told.splitlines() if " look_up " in line]) == len(ways) + 1
    events = [each["opening"]["event"] for each in json.loads(evidence.read_text())["entries"]]
    seen = [each for each in events if each["kind"] == "look_up"]
    assert {(each["organisation"], each["purpose"]) for each in seen} == {("municipality", "resident_record")}
    assert all(each["categories"] == ["address", "birth_date", "name", "sex"] for each in seen)
    assert "number_looked_up" in told


def test_refusals_name_the_rule(desk: Desk) -> None:
    city = desk.credentials("municipality")
    for options, code in (
        (("--name", "渡*"), "look_up_name_alone"),
        (("--name", "渡*", "--address", "東京都架空区若*"), "look_up_two_prefixes"),
        (("--name", "渡辺みどり", "--address", "東京都架空区*"), "look_up_behind_municipality"),
    ):
        assert_one_line(within("look-up", "--as", city, *ERRAND, *options), code)
    bank = desk.credentials("bank")
    options = ("--name", "渡*", "--birth-date", "1991-07-08")
    assert_one_line(within("look-up", "--as", bank, *ERRAND, *options), "role_missing")


def test_file_is_answered_row_by_row(desk: Desk, enrolled: Enrolled, tmp_path: Path) -> None:
    """J11: the file as a spreadsheet in Japan writes it."""
    rows, results = tmp_path / "rows.csv", tmp_path / "results.csv"
    lines = [
        "number,name,birth_date",
        f"{enrolled.personal_number},,",
        ",渡辺*,1991-07-08",
        ",=1+1,1991-07-08",
    ]
    rows.write_bytes("\r\n".join(lines).encode("cp932"))
    done = within("look-up-batch", "--as", desk.credentials("municipality"), *ERRAND, rows, results)
    assert done.returncode == 0, done.stderr
    with results.open(encoding="utf-8", newline="") as text:
        told = list(csv.DictReader(text))
    assert [each["result"] for each in told] == ["found", "found", "nobody"]
    assert told[1]["found_name"] == ITEMS.name
    assert told[2]["name"] == "'=1+1"
    rows.write_bytes(b"name,sex\r\n")
    done = within("look-up-batch", "--as", desk.credentials("municipality"), *ERRAND, rows, results)
    assert_one_line(done, "rows.csv, line 1", "'sex'")


def test_supervisor_sees_stops_reports_and_erasure(desk: Desk, enrolled: Enrolled, tmp_path: Path) -> None:
    """J3, J8, J13"""
    clerk, city = desk.credentials("municipality"), desk.credentials("municipality-2")
    assert within("stops", "--as", city).stdout == "no card is stopped\n"
    within("look-up", "--as", clerk, *ERRAND, "--name", "渡*", "--birth-date", "1991-07-08")
    report = within("look-up-report", "--as", city, "--days", "1")
    assert " look-ups by 1 operators" in report.stdout
    card = tmp_path / "card.json"
    save_card(enrolled.card, card)
    own = within("who-looked-me-up", "--card", card, "--days", "1")
    assert "by 1 operators" in own.stdout
    assert within("erase-history", "--as", city).stdout == "0 former entries erased\n"
    proof = tmp_path / "proof.jws"
    proved = within("erasure-proof", "--as", city, "--save", proof)
    assert proved.returncode == 0
    assert "none" in proved.stdout
    assert proof.read_text().count(".") == 2
    assert_one_line(within("stops", "--as", desk.credentials("bank")), "forbidden")


def test_card_that_asked_too_often_is_stopped_until_two_supervisors_lift_it(desk: Desk) -> None:
    """J3"""
    one, other = desk.credentials("municipality-2"), desk.credentials("municipality-3")
    clerk = desk.scene.organisation("municipality")
    known = Known(name="渡*", birth_date="1991-07-08")

    def ask_until_stopped() -> None:
        for _ in range(400):
            look_up(clerk, known, Errand("resident_record", "case 7"))

    with pytest.raises(RefusedError, match="look_ups_stopped"):
        ask_until_stopped()
    listed = within("stops", "--as", one).stdout.split("\t")
    assert listed[:2] == ["municipality", clerk.credentials.operator]
    asked = json.dumps({"operator": clerk.credentials.operator})
    lift = ("--at", "registry", "--kind", "lift-stop", "--with", asked, "--reason", "a fire")
    assert_one_line(within("propose", "--as", desk.credentials("municipality"), *lift), "forbidden")
    proposed = within("propose", "--as", one, *lift)
    assert proposed.returncode == 0, proposed.stderr
    waiting = proposals(desk.scene.organisation("municipality-2"), Body.REGISTRY)
    approved = within("approve", "--as", other, "--at", "registry", waiting[0].id, typed="y\n")
    assert approved.returncode == 0, approved.stderr
    assert within("stops", "--as", one).stdout == "no card is stopped\n"
    look_up(clerk, known, Errand("resident_record", "case 7"))
