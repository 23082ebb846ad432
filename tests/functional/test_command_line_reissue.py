"""A card and its device are lost: another card, the same wallet, the old records, by hand."""

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.cut_connections import Cut
from support.desk import PINS

from consent.compartments import YearSpan
from consent.vocabulary import Purpose
from services.contracts.identity.messages import Application
from services.demo.scene import Scene, medical_terms
from services.gateway.cards import read_card, save_card
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems, ClinicalRecord
from services.gateway.errors import WalletLostError
from services.gateway.history import history
from services.gateway.hospital import deposit, link
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled, enrol
from services.gateway.person import sign_in
from services.gateway.recovery import lay_down_recovery, recover_wallet, retire_earlier
from services.gateway.reissue import reissue
from services.gateway.wallet_actions import lay_down
from services.kit.http import PeerUnavailableError
from services.kit.problems import UnavailableError

pytestmark = [pytest.mark.long, pytest.mark.processes]

BEFORE = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
AFTER = {"SEKISHO_PIN_AUTHENTICATION": "7306", "SEKISHO_PIN_SIGNATURE": "ume2026x"}
NEW_PINS = {Application.AUTHENTICATION: "7306", Application.SIGNATURE: "ume2026x"}
ENROL = ("--name", "田中 一郎", "--address", "みなと市浜町9", "--sex", "male", "--birth-date", "1971-08-11")
ITEMS = BasicItems("佐藤 次郎", "みなと市浜町8", "male", "1968-03-04")


def says(*arguments: str | Path, pins: dict[str, str]) -> list[str]:
    done = within(*arguments, environment=pins)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_lost_card_is_replaced_and_the_wallet_comes_back_from_paper(
    deployment: Scene, tmp_path: Path
) -> None:
    """C13, R4: with the paper and one registrar; the paper counts once."""
    card, city = tmp_path / "card.json", deployment.layout.credentials / "municipality"
    told = says("enrol", "--as", city, *ENROL, "--card", card, pins=BEFORE)
    desk = ("--as", city, "--reference", told[1].rpartition(": ")[2])
    paper = says("recovery-code", "--card", card, pins=BEFORE)[0].rpartition(": ")[2]
    terms = ("--to", "clinic-b", "--category", "medication", "--years", "2015", "2022", "--purpose", "TREAT")
    says("grant", "--card", card, *terms, pins=BEFORE)
    kept = says("permissions", "--card", card, pins=BEFORE)

    new, again = tmp_path / "new.json", tmp_path / "again.json"
    slip = ("2" if paper[0] != "2" else "3") + paper[1:]
    assert_one_line(
        within("reissue-card", *desk, "--card", new, "--paper", slip, environment=AFTER), "read it again"
    )
    assert says("card-status", "--card", card, pins=BEFORE)[0].endswith("active")
    says("reissue-card", *desk, "--card", new, "--paper", paper, pins=AFTER)
    assert_one_line(within("history", "--card", card, environment=BEFORE), "card_not_usable")
    # those of one second are shown as one
    *former, present = says("permissions", "--card", new, pins=AFTER)
    assert all(each.startswith("1. not in force") for each in former)
    assert present.partition(". ")[2] == kept[0].partition(". ")[2]
    seen = says("history", "--card", new, pins=AFTER)
    assert sum("recovery_released" in line and "municipality" in line for line in seen) == 3
    assert sum("wallet_renewed" in line for line in seen) == 4
    refused = within("reissue-card", *desk, "--card", again, "--paper", paper, environment=AFTER)
    assert_one_line(refused, "wrong_paper_code")
    assert not again.exists()


def owner(deployment: Scene) -> tuple[Enrolled, str, Sequence[ClinicalRecord]]:
    """Somebody with records in the medical centre and a paper."""
    counter, hospital = deployment.organisation("municipality"), deployment.organisation("hospital-a")
    years = range(1950, 2030)
    enrolled = enrol(counter, ITEMS, pins=PINS, years=years)
    records = deployment.records(deployment.people[0])[:2]
    deposit(hospital, link(hospital, enrolled.person), records)
    laid = lay_down_recovery(enrolled.person)
    retire_earlier(enrolled.person, laid)
    return enrolled, laid.paper, records


@pytest.mark.parametrize("requests", [3, 6, 9, 12, 15, 18, 22, 26])
def test_reissue_that_breaks_off_anywhere_is_done_again(
    deployment: Scene, tmp_path: Path, requests: int
) -> None:
    """The counter's machine loses the network after so many requests; the second time everything is there."""
    counter = deployment.organisation("municipality")
    enrolled, paper, _ = owner(deployment)
    broken = Organisation(counter.credentials, Cut(counter.connect, requests))
    with suppress(PeerUnavailableError, UnavailableError, WalletLostError):
        reissue(broken, enrolled.reference, pins=NEW_PINS, paper=paper)
    made = reissue(counter, enrolled.reference, pins=NEW_PINS, paper=paper)
    save_card(made.card, tmp_path / "card.json")
    card = read_card(tmp_path / "card.json")
    person = sign_in(
        card, counter.connect, pin="7306", signature_pin=NEW_PINS[Application.SIGNATURE], clock=counter.clock
    )
    assert person.wallet.to_secret_bytes() == enrolled.person.wallet.to_secret_bytes()
    assert any(entry.kind == "recovery_released" for entry in history(person).entries)


def test_without_paper_a_second_registrar_is_needed(deployment: Scene) -> None:
    counter = deployment.organisation("municipality")
    enrolled, _, _ = owner(deployment)
    with pytest.raises(Exception, match="second_registrar_missing"):
        reissue(counter, enrolled.reference, pins=NEW_PINS, paper=None)
    with pytest.raises(Exception, match="recovery_not_confirmed"):
        reissue(counter, enrolled.reference, pins=NEW_PINS, paper=None, others=[counter])


def test_records_from_before_are_opened_by_a_permission_from_the_new_card(deployment: Scene) -> None:
    """C13: the recovered wallet makes fragments for what was sealed while the old card was in force."""
    counter, clinic = deployment.organisation("municipality"), deployment.organisation("clinic-b")
    enrolled, paper, records = owner(deployment)
    made = reissue(counter, enrolled.reference, pins=NEW_PINS, paper=paper)
    years = YearSpan(min(each.year for each in records), max(each.year for each in records))
    categories = frozenset(each.category for each in records)
    lay_down(made.person, medical_terms("clinic-b", categories=categories, years=years))
    opened = open_records(
        clinic, link(clinic, made.person), categories=categories, years=years, purpose=Purpose.TREAT
    )
    assert sorted(each.content for each in opened) == sorted(each.content for each in records)


def test_signature_pin_that_is_forgotten_costs_no_wallet(deployment: Scene, tmp_path: Path) -> None:
    """K1: the application gets another key and PIN at the counter; the wallet comes from its parts, as after a loss."""
    card, city = tmp_path / "card.json", deployment.layout.credentials / "municipality"
    reference = says("enrol", "--as", city, *ENROL, "--card", card, pins=BEFORE)[1].rpartition(": ")[2]
    desk = ("--as", city, "--reference", reference, "--card", card)
    paper = says("recovery-code", "--card", card, pins=BEFORE)[0].rpartition(": ")[2]
    grant = ("--to", "clinic-b", "--category", "medication", "--years", "2015", "2022", "--purpose", "TREAT")
    says("grant", "--card", card, *grant, pins=BEFORE)
    kept = says("permissions", "--card", card, pins=BEFORE)
    copy = tmp_path / "copy.json"
    copy.write_bytes(card.read_bytes())

    forgotten = {"SEKISHO_PIN_AUTHENTICATION": "1357"}
    alone = within("renew-signature", *desk, "--new-pin", "ume2026x", environment=forgotten)
    assert_one_line(alone, "second_registrar_missing")
    renewed = says("renew-signature", *desk, "--new-pin", "ume2026x", "--paper", paper, pins=forgotten)
    now = forgotten | {"SEKISHO_PIN_SIGNATURE": "ume2026x"}
    assert says("permissions", "--card", card, pins=now) == kept
    says("recovery-code", "--card", card, pins=now)
    assert paper not in renewed[1]
    assert_one_line(within("permissions", "--card", copy, environment=BEFORE), "Wrong PIN")
    again = within("renew-signature", *desk, "--new-pin", "kaki2026", "--paper", paper, environment=forgotten)
    assert_one_line(again, "wrong_paper_code")


def test_laying_down_that_breaks_off_between_bodies_is_done_again(deployment: Scene) -> None:
    """LD8: some keepers have the new part, some have not, ten times over; old and new paper work until the end."""
    counter = deployment.organisation("municipality")
    enrolled, paper, _ = owner(deployment)
    person, seed = enrolled.person, enrolled.person.wallet.to_secret_bytes()
    for number in range(10):
        cut = copy(person)
        cut.connect = Cut(person.connect, number % 3, lambda path: path == "/recovery")
        with pytest.raises(PeerUnavailableError):
            lay_down_recovery(cut)
    laid, card = lay_down_recovery(person), person.card.card
    for each in (paper, laid.paper):
        assert recover_wallet(person, [counter], card=card, paper=each).to_secret_bytes() == seed
    retire_earlier(person, laid)
    assert recover_wallet(person, [counter], card=card, paper=laid.paper).to_secret_bytes() == seed
    with pytest.raises(WalletLostError, match="wrong_paper_code"):
        recover_wallet(person, [counter], card=card, paper=paper)
