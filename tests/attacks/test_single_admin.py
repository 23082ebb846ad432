"""OP4: one administrator, with one account or with two, does nothing that takes two people."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update
from support.dual_control import new_card
from support.oversight_reads import events
from support.oversight_world import OFFICE, OversightWorld, oversight

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.presenting import PresentOperator, sign_presentation
from services.contracts.oversight.entering import Entering
from services.contracts.oversight.messages import (
    Accredited,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    PolicyApproval,
    RolesChange,
    StandingChange,
)
from services.contracts.oversight.powers import Demand, Provision, Revocation, SanctionOrder, TermsChange
from services.contracts.oversight.register import BodyEntry, Jwk, Kind, Role
from services.contracts.oversight.terms import Measure, ReportDemand, Sanction
from services.contracts.proposals import ProposalsClient
from services.kit.clock import epoch_seconds
from services.kit.encoding import Message
from services.kit.http import RemoteProblemError
from services.kit.log.note import NoteSigner
from services.kit.permissions import policies
from services.oversight.tables import PROPOSALS

CLINIC = "clinic-b"
LATER = 4_000_000_000
ASKED: dict[str, Message] = {
    "suspend": StandingChange(kind=Accredited.ORGANISATION, id=CLINIC),
    "revoke": Revocation(id=CLINIC),
    "roles": RolesChange(organisation=CLINIC, id=f"{CLINIC}-staff", roles=[]),
    "sanction": SanctionOrder(
        id=CLINIC, sanction=Sanction(measure=Measure.FINE, decided_on="2026-11-20", grounds="g")
    ),
    "demand-report": Demand(id=CLINIC, report=ReportDemand(id="r", about="a", due=LATER)),
    "withhold": Provision(id=CLINIC, body=Body.MEDICAL),
    "terms": TermsChange(id=CLINIC, scope=[], tasks=[], expires=LATER, agreement=None),
    "enter": Entering(
        organisations=[OrganisationAccreditation(id="friends", name="F", kind=Kind.CLINIC, expires=LATER)]
    ),
    "change-keys": OrganisationKeys(id=CLINIC, signing_key=None, receiving_key=None),
    "enter-body": BodyEntry(
        body=Body.MEDICAL,
        url="https://elsewhere.test",
        certificate_thumbprint="ab" * 32,
        signing_key=to_jwk(Ed25519PrivateKey.generate().public_key()),
        sealing_key=base64url.encode(bytes(32)),
        log_origin="sekisho/medical",
        log_key=NoteSigner("sekisho/medical", Ed25519PrivateKey.generate()).verifier.vkey(),
    ),
    "approve-policies": PolicyApproval(digest=policies().digest, note="n"),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    """Open the oversight body with a clinic."""
    with oversight(tmp_path) as opened:
        opened.accredit(CLINIC, Kind.CLINIC, Role.READER)
        yield opened


def serial(world: OversightWorld) -> int:
    """Return the number of the register's edition."""
    return int(world.app.state.office.editions.directory().register.serial)


@pytest.mark.parametrize("kind", list(ASKED))
def test_one_official_alone_changes_nothing(world: OversightWorld, kind: str) -> None:
    """OP4: the refusal is in the log."""
    before, alone = serial(world), world.as_supervisor(world.supervisors[0])
    made = alone.propose(kind, ASKED[kind], reason="alone")
    with pytest.raises(RemoteProblemError) as refused:
        alone.approve(made)
    assert (refused.value.status, refused.value.code) == (403, "same_person")
    assert serial(world) == before
    last = events(world)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == ("proposal_decided", "refused", "same_person")


def test_one_human_with_two_accounts_and_two_cards_is_recognised(world: OversightWorld) -> None:
    """OP4: the ID centre gave both accounts one tag; another human's account is let through."""
    hanako, taro = ("tag-of-hanako", "tag-of-taro")
    first, alias, other = (
        appoint(world, name, tag) for name, tag in (("h-1", hanako), ("h-2", hanako), ("t-1", taro))
    )
    made = first.propose("suspend", ASKED["suspend"], reason="alone")
    before = serial(world)
    with pytest.raises(RemoteProblemError) as refused:
        alias.approve(made)
    assert refused.value.code == "same_person"
    assert serial(world) == before
    other.approve(made)
    assert serial(world) == before + 1


@pytest.mark.parametrize("forged", ["by another key", "for another card", "for another organisation", "old"])
def test_nobody_becomes_another_human_by_a_presentation_of_their_own(
    world: OversightWorld, forged: str
) -> None:
    """OP4: a tag counts as the ID centre said it, for this card and organisation, while it is fresh."""
    card, now = new_card(), epoch_seconds(world.clock())
    key = world.others.signing[Body.IDENTITY]
    expires = now + 60
    asked = PresentOperator(organisation=OFFICE, card_key=card)
    match forged:
        case "by another key":
            key = Ed25519PrivateKey.generate()
        case "for another card":
            asked = PresentOperator(organisation=OFFICE, card_key=new_card())
        case "for another organisation":
            asked = PresentOperator(organisation=CLINIC, card_key=card)
        case "old":
            expires = now
    told = sign_presentation(asked, tag="somebody-else", expires=expires, key=key).presentation
    for presentation in (told, None):
        with pytest.raises(RemoteProblemError) as refused:
            world.keeping.accredit_operator(supervisor("alias", card, presentation=presentation, now=now))
        assert (refused.value.status, refused.value.code) == (409, "not_presented")


def test_a_decided_proposal_brought_back_in_the_database_has_no_second_effect(world: OversightWorld) -> None:
    """OP4, IT5: the row from before the approval opens; what it asks for happened once."""
    first, second = map(world.as_supervisor, world.supervisors)
    made = first.propose("suspend", ASKED["suspend"], reason="why")
    with world.context.database.read() as conn:
        before = dict(conn.execute(select(PROPOSALS).where(PROPOSALS.c.id == made.id)).one()._mapping)
    second.approve(made)
    world.decide("resume", ASKED["suspend"])
    edition = serial(world)
    with world.context.database.write() as conn:
        conn.execute(update(PROPOSALS).where(PROPOSALS.c.id == made.id).values(**before))
    with pytest.raises(RemoteProblemError) as refused:
        second.approve(made)
    assert (refused.value.status, refused.value.code) == (409, "replayed")
    assert serial(world) == edition


def test_an_edited_proposal_is_not_used_and_named_by_the_audit(world: OversightWorld) -> None:
    """OP4, IT1: a longer life, or another organisation, does not fit what was sealed."""
    first, second = map(world.as_supervisor, world.supervisors)
    made = first.propose("suspend", ASKED["suspend"], reason="why")
    with world.context.database.write() as conn:
        conn.execute(update(PROPOSALS).where(PROPOSALS.c.id == made.id).values(expires=LATER))
    with pytest.raises(RemoteProblemError) as refused:
        second.approve(made)
    assert (refused.value.status, refused.value.code) == (500, "stored_data_changed")
    token = world.operator_token(world.official, Role.AUDITOR)
    report = world.http(world.official.certificate).get("/audit", token=token)
    assert [(each["table"], each["row"]) for each in report["findings"]] == [("proposal", f"id={made.id}")]


def test_supervisors_of_another_organisation_see_and_decide_nothing(world: OversightWorld) -> None:
    """OP4: neither a municipality's supervisors nor another office's."""
    made = world.as_supervisor(world.supervisors[0]).propose("suspend", ASKED["suspend"], reason="why")
    later = epoch_seconds(world.clock()) + 1000
    for name, kind in (("city", Kind.MUNICIPALITY), ("second-office", Kind.OVERSIGHT)):
        organisation = OrganisationAccreditation(id=name, name=name, kind=kind, expires=later)
        world.keeping.accredit_organisation(organisation)
        stranger = appoint(world, f"{name}-1", f"tag-of-{name}", organisation=name)
        assert stranger.proposals() == []
        with pytest.raises(RemoteProblemError) as unknown:
            stranger.approve(made)
        assert unknown.value.status == 404
        if kind is Kind.MUNICIPALITY:
            with pytest.raises(RemoteProblemError) as refused:
                stranger.propose("suspend", ASKED["suspend"], reason="why")
            assert refused.value.code == "forbidden"


def test_no_single_official_enters_anybody_by_a_call_or_by_the_founding_file(world: OversightWorld) -> None:
    """OP4, R9: the calls of one person are gone, and a file that is changed later founds nothing anew."""
    bearer = world.operator_token(world.official, Role.ACCREDITOR, Role.AUDITOR)
    for method, path in (
        ("POST", "/organisations"),
        ("PUT", "/organisations/keys"),
        ("POST", "/terminals"),
        ("POST", "/operators"),
    ):
        with pytest.raises(RemoteProblemError) as gone:
            world.http(world.official.certificate).send(method, path, token=bearer, content=b"{}")
        assert gone.value.status in (404, 405), path
    before = serial(world)
    file = world.folder / "bootstrap.json"
    told = json.loads(file.read_text())
    told["organisations"].append(told["organisations"][0] | {"id": "friends"})
    told["bodies"][0]["url"] = "https://elsewhere.test"
    world.context.close()
    world.open(bootstrap=json.dumps(told))
    assert serial(world) == before
    assert world.app.state.office.editions.directory().organisation(OrganisationId("friends")) is None


def appoint(world: OversightWorld, name: str, tag: str, *, organisation: str = OFFICE) -> ProposalsClient:
    """Accredit a supervisor by a presentation of the ID centre."""
    card, now = new_card(), epoch_seconds(world.clock())
    asked = PresentOperator(organisation=organisation, card_key=card)
    key = world.others.signing[Body.IDENTITY]
    told = sign_presentation(asked, tag=tag, expires=now + 60, key=key)
    world.keeping.accredit_operator(
        supervisor(name, card, presentation=told.presentation, now=now, organisation=organisation)
    )
    who = replace(world.official, operator=OperatorId(name))
    if organisation != OFFICE:
        desk = world.desk(organisation)
        who = replace(desk, operator=OperatorId(name))
    return world.as_supervisor(who)


def supervisor(
    name: str, card: Jwk, *, presentation: str | None, now: int, organisation: str = OFFICE
) -> OperatorAccreditation:
    """Return the request to accredit a supervisor."""
    return OperatorAccreditation(
        id=name,
        organisation=organisation,
        roles=[Role.SUPERVISOR],
        card_key=card,
        expires=now + 1000,
        presentation=presentation,
    )
