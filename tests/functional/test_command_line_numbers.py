"""A personal number is changed by its holder and at the counter, over the running bodies (J5)."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import PINS

from consent.personal_number import validate
from services.demo.scene import Scene
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.people import enrol

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

ITEMS = BasicItems("佐藤 花子", "みなと市 7-8-9", "female", "1988-03-03")


def test_number_is_shown_and_changed_and_the_change_is_in_the_history(
    deployment: Scene, tmp_path: Path
) -> None:
    made = enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)
    card = tmp_path / "card.json"
    save_card(made.card, card)

    def number() -> str:
        return validate(within("number", "--card", card).stdout.strip())

    first = number()
    assert first == made.personal_number
    changed = within("change-number", "--card", card)
    assert changed.returncode == 0, changed.stderr
    second = number()
    assert changed.stdout.rstrip().endswith(second)
    office = deployment.layout.credentials / "municipality"
    at_counter = within("change-number", "--as", office, "--reference", made.reference)
    assert at_counter.returncode == 0, at_counter.stderr
    third = number()
    assert len({first, second, third}) == 3
    told = within("history", "--card", card).stdout
    assert told.count("number_changed") == 2
    assert not any(each in told for each in (first, second, third))


def test_who_may_not_change_a_number_is_told_so(deployment: Scene) -> None:
    office = deployment.layout.credentials
    unknown = ("change-number", "--as", office / "municipality", "--reference", "A" * 43)
    assert_one_line(within(*unknown), "nobody under that reference")
    assert_one_line(
        within("change-number", "--as", office / "hospital-a", "--reference", "A" * 43), "registrar"
    )
    assert_one_line(within("change-number", "--reference", "A" * 43), "Give --card", status=2)


def items_of(items: BasicItems) -> tuple[str, ...]:
    who = ("--name", items.name, "--sex", items.sex, "--birth-date", items.birth_date)
    return (*who, "--address", items.address)


def test_who_departs_is_found_no_more_and_sees_it(deployment: Scene, tmp_path: Path) -> None:
    """J1, J8: by hand at the counter; the person's history says so."""
    items = BasicItems("去田 光", "東京都みなと市 3-3-3", "male", "1971-07-07")
    made = enrol(deployment.organisation("municipality"), items, pins=PINS)
    card, office = tmp_path / "card.json", deployment.layout.credentials / "municipality"
    save_card(made.card, card)
    task = ("--task", "resident_record", "--case", "2026-99")
    asked = ("look-up", "--as", office, *task, "--name", "去*", "--birth-date", "1971-07-07")
    assert "去田 光" in within(*asked).stdout
    moved = replace(items, address="東京都みなと市 4-4-4")
    known = ("--as", office, "--reference", made.reference)
    assert within("change-resident", *known, *items_of(moved)).stdout == "entered\n"
    assert moved.address in within(*asked).stdout
    depart = ("depart", "--as", office, "--reference", made.reference, "--reason")
    assert_one_line(within(*depart, "moved_within"), "moved_out", status=2)
    done = within(*depart, "moved_out")
    assert (done.returncode, done.stdout) == (0, "departed\n"), done.stderr
    assert within(*asked).stdout == "nobody\n"
    assert_one_line(within(*depart, "died"), "not_found")
    assert "resident_departed  done  municipality" in within("history", "--card", card).stdout
    assert within("enter-again", *known, *items_of(items)).stdout == "entered again\n"
    assert "去田 光" in within(*asked).stdout
    assert_one_line(within("enter-again", *known, *items_of(items)), "already_registered")
