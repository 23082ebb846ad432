"""What the oversight body promises who hands an audit report in, on the real one and on the fake."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.audit_desk import FINDING, AuditDesk
from support.oversight_world import oversight

from consent.vocabulary import Body
from services.contracts.oversight.audit_reports import (
    AuditReports,
    HandInAudit,
    WalkReport,
    read_receipt,
    report_digest,
    sign_report,
)
from services.contracts.oversight.fake_audit_reports import FakeAuditReports
from services.contracts.oversight.register import Role
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError, Token


@dataclass
class Scene:
    """One of the two behind its messages."""

    desk: AuditDesk
    at: AuditReports
    roles: list[Role]

    def token(self) -> Token:
        """Return the official's token, with the roles of the moment."""
        return self.desk.token(self.desk.world.official, *self.roles)

    def hand_in(self, report: WalkReport) -> str:
        """Sign and hand in; return the report's name."""
        return self.at.hand_in_audit(self.desk.signed(report), token=self.token()).report

    def fault(self, message: HandInAudit) -> str:
        """Hand in what is refused; return why."""
        with pytest.raises(RemoteProblemError) as problem:
            self.at.hand_in_audit(message, token=self.token())
        assert problem.value.status == 403
        return problem.value.code


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditDesk]:
    with oversight(tmp_path_factory.mktemp("oversight")) as world:
        yield AuditDesk(world)


@pytest.fixture(params=["real", "fake"])
def scene(desk: AuditDesk, request: pytest.FixtureRequest) -> Scene:
    world, roles = desk.world, [Role.AUDITOR]
    who = world.official
    if request.param == "real":
        return Scene(desk, desk.client(who), roles)
    fake = FakeAuditReports(
        callers=lambda _token: OperatorCaller(
            who.organisation, who.operator, who.terminal, frozenset(each.value for each in roles)
        ),
        directory=world.app.state.office.editions.directory,
        clock=world.clock,
        key=world.context.signing_key,
    )
    return Scene(desk, fake, roles)


def test_report_is_kept_as_it_was_signed_with_a_receipt_that_names_it(scene: Scene) -> None:
    message = scene.desk.signed(scene.desk.report(FINDING))
    told = scene.at.hand_in_audit(message, token=scene.token())
    receipt = read_receipt(told.receipt, scene.desk.world.context.signing_key.public_key())
    assert (receipt.report, receipt.index, receipt.found) == (told.report, told.index, 2)
    assert receipt.digest == report_digest(message.report)
    kept = scene.at.audit_report(told.report, token=scene.token())
    assert (kept.report, kept.receipt, kept.evidence) == (message.report, told.receipt, None)
    assert scene.at.audit_reports(token=scene.token()).reports[0].report == told.report


def test_newest_report_comes_first_and_says_what_was_found(scene: Scene) -> None:
    one = scene.hand_in(scene.desk.report())
    other = scene.hand_in(scene.desk.report(FINDING))
    listed = scene.at.audit_reports(token=scene.token()).reports[:2]
    assert [each.report for each in listed] == [other, one]
    found = [{each.body: each.found for each in report.bodies}[Body.MEDICAL] for report in listed]
    assert found == [1, 0]


def test_what_is_no_new_report_of_the_callers_own_card_is_refused(scene: Scene) -> None:
    report = scene.desk.report()
    other_card = generate_private_key(SECP256R1())
    signed = scene.desk.signed(report)
    assert scene.fault(HandInAudit(report="a.b.c")) == "audit_report_unproven"
    assert scene.fault(HandInAudit(report=sign_report(report, other_card))) == "audit_report_unproven"
    renamed = report.model_copy(update={"operator": "somebody"})
    assert scene.fault(scene.desk.signed(renamed)) == "audit_report_unproven"
    partly = report.model_copy(update={"bodies": report.bodies[1:]})
    assert scene.fault(scene.desk.signed(partly)) == "audit_report_heads"
    scene.at.hand_in_audit(signed, token=scene.token())
    assert scene.fault(signed) == "audit_report_repeated"
    assert scene.fault(scene.desk.signed(scene.desk.report(size=4))) == "audit_report_behind"


def test_old_report_and_one_of_tomorrow_are_refused(scene: Scene) -> None:
    report = scene.desk.report()
    tomorrow = report.model_copy(update={"at": report.at + 86_400})
    assert scene.fault(scene.desk.signed(tomorrow)) == "audit_report_old"
    old = report.model_copy(update={"at": report.at - 3601})
    assert scene.fault(scene.desk.signed(old)) == "audit_report_old"
    just = report.model_copy(update={"at": report.at - int(timedelta(hours=1).total_seconds())})
    assert scene.hand_in(just)


def test_others_hand_nothing_in_and_see_nothing(scene: Scene) -> None:
    name = scene.hand_in(scene.desk.report())
    scene.roles[:] = [Role.SUPERVISOR]
    assert scene.fault(scene.desk.signed(scene.desk.report(FINDING))) == "forbidden"
    for ask in (
        lambda: scene.at.audit_reports(token=scene.token()),
        lambda: scene.at.audit_report(name, token=scene.token()),
    ):
        with pytest.raises(RemoteProblemError) as problem:
            ask()
        assert problem.value.code == "forbidden"


def test_report_that_nobody_handed_in_is_not_found(scene: Scene) -> None:
    with pytest.raises(RemoteProblemError) as problem:
        scene.at.audit_report("nobodys", token=scene.token())
    assert problem.value.code == "not_found"
