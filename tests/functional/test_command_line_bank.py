"""A bank and its customer at the command line: opening an account, verifying what is kept, asking later."""

import re
import stat
from pathlib import Path

import pytest
from support.command_line import assert_one_line, lines_of, within
from support.desk import Desk

from services.commands.bank import ITEMS

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]


def gives(*arguments: str | Path, typed: str = "") -> list[str]:
    return lines_of(within(*arguments, typed=typed))


def organisations_only(history: list[str]) -> str:
    """Return a history without the staff who acted, whom it names by a pseudonym."""
    return re.sub(r" \([^()]*/[^()]*\)", "", "\n".join(history))


def test_account_is_opened_item_by_item_and_verified_offline(desk: Desk, tmp_path: Path) -> None:
    """UC8: offer, agreement with two yes and two no, opening, verification without any body."""
    bank, trust = desk.credentials("bank"), desk.scene.layout.trust
    offer, agreement, account = (tmp_path / name for name in ("offer.json", "agreement.json", "account.json"))
    asked = [word for item in ITEMS for word in ("--item", item)]
    gives("offer-account", "--as", bank, "--contract", "普通預金", *asked, "--out", offer)
    answers = {"name": "y", "address": "y", "sex": "n", "birth_date": "n"}
    typed = "".join(f"{answers[item]}\n" for item in sorted(ITEMS))
    said = gives("agree-account", "--card", desk.card, "--offer", offer, "--out", agreement, typed=typed)
    assert "つばめ銀行" in said[0]
    assert "disclosing address, name;" in said[-1]
    opened = gives("open-account", "--as", bank, "--offer", offer, "--agreement", agreement, "--out", account)
    assert opened[1:3] == ["address: みなと市 4-5-6", "name: 山田 太郎"]
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    assert not account.with_name("account.json.begun").exists()
    shown = gives("verify-confirmation", account, "--trust", trust)
    assert shown[0].startswith("bank: 普通預金, agreed ")
    assert shown[-1] == "verified; items agreed to: address, name"
    again = within(
        "open-account", "--as", bank, "--offer", offer, "--agreement", agreement, "--out", tmp_path / "b"
    )
    assert_one_line(again, "replayed")
    changed = tmp_path / "changed.json"
    changed.write_text(account.read_text().replace("山田 太郎", "山田 次郎"))
    assert_one_line(within("verify-confirmation", changed, "--trust", trust), "name")
    history = organisations_only(gives("history", "--card", desk.card))
    assert "items_disclosed  permitted  bank  by 普通預金 (opening)" in history
    assert "account_consent_checked  permitted  bank" in history
    assert "account_consent_checked  refused  bank  replayed" in history


def test_account_can_be_opened_without_telling_anything(desk: Desk, tmp_path: Path) -> None:
    bank = desk.credentials("bank")
    offer, agreement, account = (tmp_path / name for name in ("offer.json", "agreement.json", "account.json"))
    gives("offer-account", "--as", bank, "--contract", "会員証", "--item", "name", "--out", offer)
    wrong = within(
        "agree-account", "--card", desk.card, "--offer", offer, "--item", "sex", "--out", agreement
    )
    assert_one_line(wrong, "did not ask")
    said = gives("agree-account", "--card", desk.card, "--offer", offer, "--nothing", "--out", agreement)
    assert "disclosing nothing;" in said[-1]
    kept = gives("open-account", "--as", bank, "--offer", offer, "--agreement", agreement, "--out", account)
    assert len(kept) == 2


def test_many_are_asked_about_by_a_file(desk: Desk, tmp_path: Path) -> None:
    """UC9: CSV in, CSV out, through the real bodies; the person sees contract and reason of each question."""
    bank = desk.credentials("bank")
    reference = gives("link", "--as", bank, "--card", desk.card)[0]
    permit: list[str | Path] = ["grant", "--card", desk.card, "--to", "bank", "--item", "address"]
    permit += ["--purpose", "IdentityVerification", "--contract", "loan 17", "--reason", "mail_returned"]
    assert "by loan 17 (a letter came back)" in gives(*permit)[-1]
    questions, answers = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = ["reference,contract,reason,address,name"]
    lines += [f"{reference},loan 17,{reason},みなと市 4-5-6," for reason in ("mail_returned", "inheritance")]
    lines += [f"{reference},loan 17,mail_returned,旧町 1,", f"{reference},loan 17,mail_returned,,山田"]
    questions.write_bytes("\r\n".join(lines).encode("cp932"))
    said = gives("confirm-batch", "--as", bank, questions, answers)
    assert said[0].startswith("4 rows: 1 unchanged, 1 changed, 2 refused, 0 invalid")
    told = answers.read_text().splitlines()
    assert [line.split(",")[3:5] for line in told[1:]] == [
        ["unchanged", ""],
        ["refused", "reason_not_covered"],
        ["changed", ""],
        ["refused", "other_category"],
    ]
    assert "みなと市 4-5-6" in told[3]
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("reference,contract,reason,adress\n")
    assert_one_line(within("confirm-batch", "--as", bank, wrong, tmp_path / "o"), "adress")
    history = organisations_only(gives("history", "--card", desk.card))
    assert history.count("confirmation  refused  bank  reason_not_covered  by loan 17 (inheritance)") == 1
