"""Records set apart: what is logged for whom, and what an audit names when somebody brings them back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Delete, Table, Update, delete, update
from support.medical_story import ALL, ASKED, MEDICATION, documents, seal
from support.medical_world import AUDITOR, CLINIC, HOSPITAL, ID_CENTRE, Running, Someone, World

from consent.vocabulary import Body
from services.contracts.directives import ReleaseAnswer, ReleaseRequest
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import DepositRequest, SetApart
from services.contracts.shared import AuditReport
from services.kit.http import RemoteProblemError
from services.medical import tables


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with World(tmp_path).running() as told:
        yield told


HANAKO = Someone("hanako")


def wrong_deposit(running: Running) -> None:
    """Deposit two documents under a link, and have it set apart."""
    deposit_under(running, "wrong")
    running.medical(ID_CENTRE).set_apart(order(running))


def deposit_under(running: Running, link: str) -> None:
    """Deposit two documents under a link."""
    world = running.world
    running.enrol(HANAKO, ALL)
    bundle = seal(world, HANAKO, documents(2, prefix="d"), compartment=MEDICATION[0], author=HOSPITAL)
    token = world.token_about(HANAKO, HOSPITAL, Body.MEDICAL, link=link)
    running.medical().deposit(
        DepositRequest(token=token, bundles=[worded_bundle(bundle)]),
        token=world.token(world.members[HOSPITAL]),
    )


def order(running: Running) -> SetApart:
    """Return what the ID centre says of the link."""
    token = running.world.token_about(HANAKO, ID_CENTRE, Body.MEDICAL, link="wrong")
    return SetApart(token=token, organisation=HOSPITAL, fault="wrong_person")


def findings(running: Running) -> set[str]:
    """Return the tables in which the audit finds something."""
    token = running.world.token(running.world.members[AUDITOR])
    report = AuditReport.model_validate(running.http(AUDITOR).get("/audit", token=token))
    return {each.table for each in report.findings}


def test_person_sees_that_records_were_set_apart(running: Running) -> None:
    wrong_deposit(running)
    running.medical(ID_CENTRE).set_apart(order(running))
    found = [each for each in running.events(HANAKO) if each["kind"] == "records_set_apart"]
    assert [(each["organisation"], each["reason"], each["count"], each["categories"]) for each in found] == [
        (HOSPITAL, "wrong_person", 2, ["medication"])
    ]


def test_nobody_but_the_id_centre_sets_apart(running: Running) -> None:
    """OP1: a participant with a stolen order gets nowhere."""
    wrong_deposit(running)
    for who in (HOSPITAL, CLINIC):
        with pytest.raises(RemoteProblemError) as refusal:
            running.medical(who).set_apart(order(running))
        assert refusal.value.status in (401, 403)


def test_audit_finds_nothing_in_untouched_rows(running: Running) -> None:
    wrong_deposit(running)
    assert findings(running) == set()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (tables.cut_link, delete(tables.cut_link)),
        (tables.cut_link, update(tables.cut_link).values(id=b"x" * 40)),
        (tables.deposit, update(tables.deposit).values(link=None)),
        (tables.deposit, update(tables.deposit).values(link=b"x" * 40)),
        (tables.apart_notice, update(tables.apart_notice).values(content=b"x" * 40)),
    ],
    ids=["cut link removed", "cut link changed", "link removed", "link changed", "notice changed"],
)
def test_what_was_set_apart_is_not_brought_back_unnoticed(
    running: Running, table: Table, change: Update | Delete
) -> None:
    """IT: whoever holds the disk cannot show a record of a wrong link again without the audit naming the row."""
    wrong_deposit(running)
    with running.world.context.database.write() as conn:
        conn.execute(change)
    assert table.name in findings(running)


@dataclass
class Cutting:
    """The oversight body's fragments, with a link that is cut while they are on their way."""

    world: World
    running: Running | None = None

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """See `SecondProxyClient.release`."""
        if self.running is not None:
            self.running.medical(ID_CENTRE).set_apart(order(self.running))
        return self.world.seconds[Body.OVERSIGHT].release(request)


# step R8
def test_answer_on_its_way_when_the_link_is_cut_is_not_sent(tmp_path: Path) -> None:
    """OP1: no order of a read and the cut shows a record after it; the reader is told, and can ask again."""
    world = World(tmp_path)
    cutting = Cutting(world)
    with world.running(world.second_proxies({Body.OVERSIGHT: cutting})) as running:
        deposit_under(running, "wrong")
        grant = world.grant(HANAKO, world.terms(CLINIC), compartments=MEDICATION)
        running.permit(HANAKO, grant)
        cutting.running = running
        clinic = world.token(world.members[CLINIC])
        with pytest.raises(RemoteProblemError) as refusal:
            running.medical(CLINIC).read(running.request(HANAKO, CLINIC, selection=ASKED), token=clinic)
        assert (refusal.value.status, refusal.value.code) == (409, "set_apart_meanwhile")
        assert running.events(HANAKO)[-1]["reason"] == "set_apart_meanwhile"
        again = running.medical(CLINIC).read(running.request(HANAKO, CLINIC, selection=ASKED), token=clinic)
        assert again.bundles == []
