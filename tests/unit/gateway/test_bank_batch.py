"""A bank's file of questions: every row its own outcome, in the order asked."""

from pathlib import Path

import pytest
from support.gateway_world import ITEMS, NOW, World

from consent.decision import HeldDirective
from consent.directives import BasicScope, Effect, Notice, Terms
from consent.identifiers import OrganisationId
from consent.lifecycle import DirectiveState
from consent.recipients import Recipient
from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from services.contracts.oversight.register import Kind, Role
from services.gateway.bank_batch import ANSWERED, RowOutcome, confirm_file
from services.gateway.clinical import BasicItems
from services.gateway.hospital import link
from services.gateway.organisation import Organisation
from services.gateway.people import change_resident
from services.gateway.row_files import open_rows
from services.gateway.wallet_actions import lay_down
from services.kit.http import PeerUnavailableError

REASON = ConfirmationReason.MAIL_RETURNED


@pytest.fixture
def asked(tmp_path: Path) -> tuple[World, Organisation, str]:
    """A bank that one person permitted to ask about the address, by loan 17, for returned mail."""
    world = World(tmp_path)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    bank = world.organisation("bank", Kind.BANK, Role.CONFIRMER)
    world.watch.tick()
    enrolled = world.person(counter)
    reference = link(bank, enrolled.person)
    notice = Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="-")
    lay_down(
        enrolled.person,
        Terms(
            recipient=Recipient(OrganisationId("bank")),
            effect=Effect.PERMIT,
            purposes=frozenset({Purpose.IDENTITY_VERIFICATION}),
            scope=BasicScope(frozenset({BasicItem.ADDRESS}), "loan 17", frozenset({REASON})),
            valid_from=NOW,
            valid_until=NOW.replace(year=NOW.year + 1),
            notice=notice,
        ),
    )
    (held,) = (one for one, _ in world.keepers[Body.REGISTRY].held.values())
    world.registry.directives[held.directive.person] = [HeldDirective(held, DirectiveState.ACTIVE)]
    moved = BasicItems(name=ITEMS.name, address="=大阪府架空市 4", sex="female", birth_date="1980-02-29")
    change_resident(counter, enrolled.reference, moved)
    return world, bank, reference


def test_every_row_has_its_own_outcome(asked: tuple[World, Organisation, str], tmp_path: Path) -> None:
    """UC9, OT5: permitted, refused, wrong; the value that looks like a formula arrives as it is."""
    _, bank, reference = asked
    questions, answers = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [
        f"{reference},loan 17,mail_returned,大阪府架空市 4 号",
        f"{reference},loan 17,mail_returned,＝大阪府架空市 4",
        f"{reference},loan 17,inheritance,x",
        f"{reference},loan 18,mail_returned,x",
        f"{'A' * 43},loan 17,mail_returned,x",
        f"{reference},loan 17,advertising,x",
        f"{reference},loan 17,mail_returned,",
        "nobody,loan 17,mail_returned,x",
        f"{reference},loan 17",
    ]
    questions.write_bytes("\r\n".join(["reference,contract,reason,address", *rows]).encode("cp932"))
    counted = confirm_file(bank, questions, answers)
    with open_rows(answers, required=ANSWERED, optional=()) as read:
        told = [row.cells for row in read if row.cells is not None]
    assert [(each["outcome"], each["code"]) for each in told] == [
        ("changed", ""),
        ("unchanged", ""),
        ("refused", "reason_not_covered"),
        ("refused", "other_contract"),
        ("refused", "not_found"),
        ("invalid", "unknown_reason"),
        ("invalid", "nothing_asked"),
        ("invalid", "malformed_row"),
        ("invalid", "malformed_row"),
    ]
    assert told[0]["address"] == "=大阪府架空市 4"
    assert "'=大阪府架空市 4" in answers.read_text()
    assert told[1]["address"] == ""
    assert all(each["explanation"] for each in told[5:])
    assert counted == {
        RowOutcome.CHANGED: 1,
        RowOutcome.UNCHANGED: 1,
        RowOutcome.REFUSED: 3,
        RowOutcome.INVALID: 4,
    }


def test_answers_so_far_stay_when_a_body_stops_answering(
    asked: tuple[World, Organisation, str], tmp_path: Path
) -> None:
    world, bank, reference = asked
    questions, answers = tmp_path / "in.csv", tmp_path / "out.csv"
    row = f"{reference},loan 17,mail_returned,x\n"
    questions.write_text("reference,contract,reason,address\n" + 3 * row)
    line, before = world(Body.REGISTRY), []

    def once(told: object) -> object:
        before.append(told)
        line.down = True
        return told

    line.tamper["/confirmations"] = once
    with pytest.raises(PeerUnavailableError):
        confirm_file(bank, questions, answers)
    assert len(answers.read_text().splitlines()) == 2
    assert len(before) == 1
