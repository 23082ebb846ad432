"""IT7: an auditor who edits a report, or wants more than a report: what is refused, and what can be seen later."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue
from sqlalchemy import select, update
from support.audit_desk import FINDING, WITNESS, AuditDesk
from support.oversight_world import oversight
from support.permission_page import table
from support.routes import concrete

from consent.vocabulary import Body
from services.contracts.oversight.audit_reports import (
    HandInAudit,
    WalkReport,
    read_receipt,
    sign_receipt,
    sign_report,
)
from services.contracts.oversight.register import Role
from services.demo.scene import Scene
from services.gateway.audit_reports import FORMAT, ReportFile, differing, verify_file
from services.gateway.errors import NotVerifiedError
from services.gateway.hospital import deposit, link
from services.kit.http import Http, RemoteProblemError, Token
from services.kit.log.evidence import Evidence, Trust
from services.kit.log.note import UnverifiedNote
from services.oversight.tables import AUDIT_REPORT

READS = {
    **{(body, "/audit"): "tables, row keys, problems" for body in Body},
    (Body.REGISTRY, "/look-up-reports"): "which operators asked how often; whom they found stays sealed",
    (Body.REGISTRY, "/look-up-stops"): "which operators are stopped",
    (Body.REGISTRY, "/history-erasures"): "how many former items were erased",
    (Body.REGISTRY, "/erasure-proof"): "what shows that they were",
    (Body.OVERSIGHT, "/audit-reports"): "what auditors found",
    (Body.OVERSIGHT, "/audit-reports/{report}"): "what an auditor found",
    (Body.OVERSIGHT, "/reports/{organisation}/{report}"): "what an organisation wrote about itself",
    (Body.OVERSIGHT, "/wrong-fragments"): "a fragment that does not work, as its body signed it",
    (Body.OVERSIGHT, "/emergency-reviews"): "what two professionals wrote as their reason; no records",
    (Body.OVERSIGHT, "/emergency-reviews/{case}"): "the same",
    (Body.OVERSIGHT, "/use-reviews"): "which operator stood out by which rules; not whose records",
    (Body.OVERSIGHT, "/use-reviews/{case}"): "the same",
}
"""All that the role auditor opens, and what each answers."""
OFFICIAL = {"auditor", "accreditor", "supervisor"}
CLOSED = {"person", "person or guardian", "body"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditDesk]:
    with oversight(tmp_path_factory.mktemp("oversight")) as world:
        yield AuditDesk(world)


def taken(desk: AuditDesk, report: WalkReport) -> ReportFile:
    """Hand a report in, have the head co-signed, and return the file."""
    message, who, context = desk.signed(report), desk.world.official, desk.world.context
    token = desk.token(who, Role.AUDITOR)
    told = desk.client(who).hand_in_audit(message, token=token)
    with context.database.write() as conn:
        head = context.journal.checkpoints.sign_head(conn, now=desk.world.clock())
        text = UnverifiedNote.parse(head.note).text
        context.journal.checkpoints.record_cosignature(
            conn,
            size=head.checkpoint.size,
            response=WITNESS.cosign(text, now=desk.world.clock()).format(),
            witness=WITNESS.verifier,
        )
    kept = desk.client(who).audit_report(told.report, token=token)
    assert kept.evidence is not None
    return ReportFile(
        format=FORMAT,
        report=report.model_dump(mode="json"),
        signed=message.report,
        receipt=told.receipt,
        index=told.index,
        evidence=kept.evidence,
    )


def trust(desk: AuditDesk) -> Trust:
    journal = desk.world.context.journal
    return Trust({journal.origin: journal.verifier}, (WITNESS.verifier,), 1)


def verified(desk: AuditDesk, file: ReportFile) -> list[str]:
    key = desk.world.context.signing_key.public_key()
    return verify_file(file, trust(desk), keys=lambda _body: key)


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where each value of a JSON document stands."""
    members: list[tuple[str | int, JsonValue]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for name, each in members:
        yield from places(each, (*path, name))
    if not members:
        yield path


def edited(document: dict[str, JsonValue], path: tuple[str | int, ...]) -> dict[str, JsonValue]:
    """Return the document with another value there."""
    changed = deepcopy(document)
    at: JsonValue = changed
    for name in path[:-1]:
        at = at[name]  # type: ignore[index]  # walks what `places` walked
    at[path[-1]] = "edited"  # type: ignore[index]  # as above
    return changed


def written(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path).removeprefix(".")


def test_every_edited_member_of_a_report_is_named(desk: AuditDesk) -> None:
    """IT7, Y1: whoever edits the report afterwards, and be it its auditor."""
    file = taken(desk, desk.report(FINDING))
    assert f"✓ entry {file.index} of the oversight body's log" in verified(desk, file)
    tried = list(places(file.report))
    assert len(tried) > 40
    for path in tried:
        with pytest.raises(NotVerifiedError) as refused:
            verified(desk, file.model_copy(update={"report": edited(file.report, path)}))
        assert str(refused.value) == f"the report is not what was signed, at: {written(path)}"
    without = file.report | {"bodies": file.report["bodies"][1:]}  # type: ignore[index]  # a list, by its schema
    with pytest.raises(NotVerifiedError, match="at: bodies"):
        verified(desk, file.model_copy(update={"report": without}))


def test_report_that_its_auditor_signs_anew_does_not_verify(desk: AuditDesk) -> None:
    """IT7, Y5: without the finding, with the right card; receipt and log are about the other text."""
    file, clean = taken(desk, desk.report(FINDING)), desk.report()
    again = {"report": clean.model_dump(mode="json"), "signed": desk.signed(clean).report}
    with pytest.raises(NotVerifiedError, match="another than the oversight body took"):
        verified(desk, file.model_copy(update=again))
    receipt = read_receipt(file.receipt, desk.world.context.signing_key.public_key())
    forged = sign_receipt(receipt.model_copy(update={"found": 0}), Ed25519PrivateKey.generate())
    with pytest.raises(NotVerifiedError, match="not what the oversight body signed"):
        verified(desk, file.model_copy(update={"receipt": forged}))
    other = taken(desk, clean)
    for name in ("receipt", "index", "evidence"):
        with pytest.raises(NotVerifiedError):
            verified(desk, file.model_copy(update={name: getattr(other, name)}))


def test_entry_that_is_changed_or_another_is_refused_and_its_absence_is_said(desk: AuditDesk) -> None:
    file = taken(desk, desk.report(FINDING))
    assert file.evidence is not None
    assert "! it is not shown that it is in the oversight body's log" in verified(
        desk, file.model_copy(update={"evidence": None})
    )
    told = file.evidence.model_dump(mode="json")
    told["entries"][0]["opening"]["event"]["detail"]["found"] = 0
    with pytest.raises(NotVerifiedError, match="opening does not match"):
        verified(desk, file.model_copy(update={"evidence": Evidence.model_validate(told)}))


def test_nobody_hands_in_what_another_card_signed_or_in_anothers_name(desk: AuditDesk) -> None:
    """IT7, Y1: somebody else's signature; every refusal is an entry of its own."""
    report = desk.report()
    stolen = HandInAudit(report=sign_report(report, generate_private_key(SECP256R1())))
    assert desk.fault(stolen) == "audit_report_unproven"
    theirs = report.model_copy(update={"operator": "first"})
    assert desk.fault(desk.signed(theirs)) == "audit_report_unproven"
    text = desk.signed(report).report
    header, payload, signature = text.split(".")
    assert (
        desk.fault(HandInAudit(report=f"{header}.{payload[:-4]}AAAA.{signature}")) == "audit_report_unproven"
    )
    context = desk.world.context
    with context.database.read() as conn:
        position = context.journal.tree.size(conn) - 1
        (event,) = [each.event for each in context.journal.openings(conn, [position]).values()]
    assert (event["kind"], event["outcome"], event["reason"]) == (
        "audit_reported",
        "refused",
        "audit_report_unproven",
    )


def test_old_report_is_not_taken_as_a_new_one(desk: AuditDesk) -> None:
    """IT7, Y2: the same text, an earlier day's, or an earlier state of a log under a new signature."""
    file = taken(desk, desk.report(size=9))
    assert desk.fault(HandInAudit(report=file.signed)) == "audit_report_repeated"
    assert desk.fault(desk.signed(desk.report(size=8))) == "audit_report_behind"
    now = desk.report(size=9)
    assert desk.fault(desk.signed(now.model_copy(update={"at": now.at - 7200}))) == "audit_report_old"


def test_invented_heads_are_refused(desk: AuditDesk) -> None:
    """IT7, Y3: a head that no log signed, another log's, one that is not this body's own."""
    report = desk.report(size=9)
    medical = next(each for each in report.bodies if each.body is Body.MEDICAL)
    assert medical.head is not None
    rest = [each for each in report.bodies if each.body is not Body.MEDICAL]
    for head in (
        medical.head.model_copy(update={"size": 99}),
        medical.head.model_copy(update={"note": medical.head.note.replace("\n9\n", "\n99\n")}),
        desk.head(Body.REGISTRY, 9),
    ):
        bodies = [*rest, medical.model_copy(update={"head": head})]
        assert desk.fault(desk.signed(report.model_copy(update={"bodies": bodies}))) == "audit_report_heads"
    others = [each for each in report.bodies if each.body is not Body.OVERSIGHT]
    own = desk.walked(Body.MEDICAL).model_copy(
        update={"body": Body.OVERSIGHT, "head": desk.head(Body.OVERSIGHT, 1)}
    )
    assert (
        desk.fault(desk.signed(report.model_copy(update={"bodies": [*others, own]}))) == "audit_report_heads"
    )


def test_report_that_leaves_a_finding_out_contradicts_the_next_auditors(desk: AuditDesk) -> None:
    """IT7: nobody can tell while there is one report; both are signed, of one state of the log, and both are kept."""
    clean, honest = taken(desk, desk.report(size=20)), taken(desk, desk.report(FINDING, size=20))
    verified(desk, clean), verified(desk, honest)
    who = desk.world.official
    two = desk.client(who).audit_reports(token=desk.token(who, Role.AUDITOR)).reports[:2]
    assert [(one.index, other.index, body) for one, other, body in differing(two)] == [
        (honest.index, clean.index, Body.MEDICAL)
    ]
    later = taken(desk, desk.report(FINDING, size=21))
    newest = desk.client(who).audit_reports(token=desk.token(who, Role.AUDITOR)).reports
    assert all(later.index not in (one.index, other.index) for one, other, _ in differing(newest))


def test_report_that_is_edited_in_the_oversight_bodys_rows_is_named(desk: AuditDesk) -> None:
    """IT7, Y4: a row of another report in its place."""
    taken(desk, desk.report(size=30)), taken(desk, desk.report(FINDING, size=30))
    with desk.world.context.database.write() as conn:
        newest = select(AUDIT_REPORT).order_by(AUDIT_REPORT.c.number.desc()).limit(2)
        last, before = conn.execute(newest).all()
        swap = update(AUDIT_REPORT).where(AUDIT_REPORT.c.id == last.id)
        conn.execute(swap.values(content=before.content))
    http = desk.world.http(desk.world.official.certificate)
    told = http.send("GET", "/audit", token=desk.token(desk.world.official, Role.AUDITOR)).json()
    assert [each["row"] for each in told["findings"] if each["table"] == "audit_report"] == [f"id={last.id}"]
    with desk.world.context.database.write() as conn:
        conn.execute(swap.values(content=last.content))


def test_inventory_of_what_an_auditor_may_call_has_no_difference() -> None:
    """IT7: a new route for auditors has to be entered in `READS`, with what it answers."""
    found = {(Body(body), path) for (body, _, path), (_, _, names) in table().items() if "auditor" in names}
    assert found == READS.keys()


@pytest.mark.processes
def test_auditors_token_opens_nothing_about_anybody(deployment: Scene) -> None:
    """IT7: every route of every body, with the token of an official who is auditor, accreditor and supervisor."""
    hospital, patient = deployment.organisation("hospital-a"), deployment.people[0]
    records = deployment.records(patient)[:3]
    deposit(hospital, link(hospital, patient.person), records)
    items = [each.patient.items for each in deployment.people]
    planted = [text for each in items for text in (each.name, each.address)]
    planted += [record.content.decode() for record in records]
    planted += [text for texts in deployment.data.canaries.values() for text in texts]
    tried = 0
    for (name, method, path), (who, _, names) in table().items():
        if who == "open":
            continue
        status, answer = deployment.officials.ask(
            Body(name),
            lambda http, token: _answer(http, token, method, path),  # noqa: B023
        )
        assert not [text for text in planted if text in answer], f"{method} {name}{path}"
        if who in CLOSED or (who == "operator" and names and names.isdisjoint(OFFICIAL)):
            assert status in (401, 403), f"{method} {name}{path}: {status}"
        tried += 1
    assert (tried > 100, len(planted) > 10) == (True, True)


def _answer(http: Http, token: Token, method: str, path: str) -> tuple[int, str]:
    content = b"{}" if method in {"POST", "PUT"} else None
    try:
        found = http.send(method, concrete(path), token=token, content=content)
    except RemoteProblemError as problem:
        return problem.status, f"{problem.title} {problem.detail} {problem.members}"
    return found.status_code, found.text
