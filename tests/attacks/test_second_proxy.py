"""A medical centre that lies: the second proxy checks for itself, releases nothing, and logs the attempt (R7).

Every case changes one thing in a request that is granted when nothing is changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.oversight_reads import (
    CHECKUP,
    MEDICATION,
    Reads,
    documents,
    events,
    grant,
    permitted_reads,
    submit,
    withdraw,
)
from support.oversight_world import OversightWorld, Participant, Person, oversight

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.directives import Effect, RecordScope
from consent.explanations import RefusalCode
from consent.handles import seal_handle
from consent.identifiers import DirectiveId, TerminalId
from consent.recipients import Recipient
from consent.statements import GrantSubject, Selection, TokenSubject
from consent.vocabulary import Body, Category, Purpose
from services.contracts.directives import ReleaseFault, ReleaseRequest
from services.contracts.oversight.messages import Accredited, RolesChange, StandingChange
from services.contracts.oversight.register import Kind, Role
from services.kit.http import RemoteProblemError
from services.kit.log.note import NoteSigner
from services.oversight import tables


@dataclass
class Scene:
    """The clinic that may read, and a second clinic and a second person who have to do with each other only."""

    world: OversightWorld
    reads: Reads
    other_clinic: Participant
    other_person: Person


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Open the oversight body with one permission of Hanako for clinic B, and one of Taro."""
    with oversight(tmp_path) as world:
        made = permitted_reads(world, tmp_path)
        other_clinic = world.accredit("clinic-c", Kind.CLINIC, Role.READER)
        other_person = world.person("taro")
        yield Scene(world, made, other_clinic, other_person)


Build = Callable[[Scene], ReleaseRequest]


def _another_organisations_statement(scene: Scene) -> ReleaseRequest:
    other = scene.other_clinic
    told = scene.reads.statement(
        organisation=other.organisation, operator=other.operator, terminal=other.terminal
    )
    return scene.reads.request(scene.reads.sign(told, by=other))


def _statement_by_another_card(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(scene.reads.sign(scene.reads.statement(), by=scene.other_clinic))


def _statement_from_another_terminal(scene: Scene) -> ReleaseRequest:
    told = scene.reads.statement(terminal=scene.other_clinic.terminal)
    return scene.reads.request(scene.reads.sign(told))


def _statement_from_an_unknown_terminal(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(scene.reads.sign(scene.reads.statement(terminal=TerminalId("nowhere"))))


def _statement_of_yesterday(scene: Scene) -> ReleaseRequest:
    told = scene.reads.statement(issued_at=scene.world.clock() - timedelta(days=1))
    return scene.reads.request(scene.reads.sign(told))


def _statement_for_another_audience(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(scene.reads.sign(scene.reads.statement(audience="https://elsewhere.test")))


def _no_statement_at_all(scene: Scene) -> ReleaseRequest:
    return scene.reads.request("made.up.text")


def _another_persons_token(scene: Scene) -> ReleaseRequest:
    token = scene.world.pseudonym_token(scene.other_person, scene.reads.clinic.organisation)
    return scene.reads.request_by_token(token)


def _another_clinics_token(scene: Scene) -> ReleaseRequest:
    token = scene.world.pseudonym_token(scene.reads.person, scene.other_clinic.organisation)
    return scene.reads.request_by_token(token)


def _token_that_was_swapped_under_way(scene: Scene) -> ReleaseRequest:
    meant = scene.world.pseudonym_token(scene.other_person, scene.reads.clinic.organisation)
    sent = scene.world.pseudonym_token(scene.reads.person, scene.reads.clinic.organisation)
    subject = TokenSubject.of_tokens({Body.OVERSIGHT: meant})
    return scene.reads.request(scene.reads.sign(scene.reads.statement(subject=subject)), token=sent)


def _another_persons_handle(scene: Scene) -> ReleaseRequest:
    handle = _other_grant(scene)
    token = scene.world.pseudonym_token(scene.reads.person, scene.reads.clinic.organisation)
    request = scene.reads.request_by_token(token)
    return request.model_copy(update={"handle": base64url.encode(handle)})


def _handle_that_the_statement_does_not_name(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(handle=_other_grant(scene))


def _handle_to_nothing(scene: Scene) -> ReleaseRequest:
    key = scene.world.context.sealing_key.public_key()
    handle = seal_handle(key, DirectiveId("no-such-directive"), info=Body.OVERSIGHT)
    subject = GrantSubject(DirectiveId("medical-copy"), {Body.OVERSIGHT: handle})
    return scene.reads.request(scene.reads.sign(scene.reads.statement(subject=subject)), handle=handle)


def _handle_of_noise(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(handle=bytes(112))


def _other_purpose(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(scene.reads.sign(scene.reads.statement(purpose=Purpose.HRESCH)))


def _more_than_permitted(scene: Scene) -> ReleaseRequest:
    selection = Selection(frozenset({Category.MEDICATION, Category.CHECKUP}), YearSpan(2026, 2026))
    told = scene.reads.sign(scene.reads.statement(selection=selection))
    return scene.reads.request(told, compartments=[MEDICATION, CHECKUP])


def _capsule_beside_the_selection(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(compartments=[MEDICATION, CHECKUP])


def _capsule_of_an_uncovered_compartment_among_documents(scene: Scene) -> ReleaseRequest:
    told = scene.reads.sign(scene.reads.statement(selection=documents("a", "b")))
    return scene.reads.request(told, compartments=[MEDICATION, CHECKUP])


def _capsule_of_a_version_that_was_not_delegated(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(compartments=[Compartment(Category.MEDICATION, 2026, 2)])


def _malformed_capsule(scene: Scene) -> ReleaseRequest:
    request = scene.reads.request()
    broken = request.capsules[0].model_copy(update={"capsule": base64url.encode(bytes(98))})
    return request.model_copy(update={"capsules": [broken]})


def _leaf_of_another_statement(scene: Scene) -> ReleaseRequest:
    return scene.reads.request(log=scene.reads.logged("another statement"))


def _leaf_that_is_not_in_the_log(scene: Scene) -> ReleaseRequest:
    statement = scene.reads.sign(scene.reads.statement())
    honest = scene.reads.logged(statement)
    leaf = base64url.decode(honest.leaf)
    made_up = honest.model_copy(update={"leaf": base64url.encode(bytes(32) + leaf[32:])})
    return scene.reads.request(statement, log=made_up)


def _log_of_another_body(scene: Scene) -> ReleaseRequest:
    statement = scene.reads.sign(scene.reads.statement())
    other = scene.world.others.entry(Body.REGISTRY).log_origin
    return scene.reads.request(
        statement, log=scene.reads.logged(statement).model_copy(update={"origin": other})
    )


def _checkpoint_signed_by_another_key(scene: Scene) -> ReleaseRequest:
    statement = scene.reads.sign(scene.reads.statement())
    honest = scene.reads.logged(statement)
    text = honest.checkpoint.partition("\n\n")[0] + "\n"
    forged = NoteSigner(honest.origin, scene.world.others.signing[Body.PORTAL]).sign(text).format()
    return scene.reads.request(statement, log=honest.model_copy(update={"checkpoint": forged}))


CASES: list[tuple[Build, RefusalCode | ReleaseFault]] = [
    (_another_organisations_statement, RefusalCode.NO_PERMISSION),
    (_statement_by_another_card, ReleaseFault.STATEMENT_REFUSED),
    (_statement_from_another_terminal, RefusalCode.NOT_ACCREDITED),
    (_statement_from_an_unknown_terminal, RefusalCode.NOT_ACCREDITED),
    (_statement_of_yesterday, ReleaseFault.STATEMENT_REFUSED),
    (_statement_for_another_audience, ReleaseFault.STATEMENT_REFUSED),
    (_no_statement_at_all, RefusalCode.NOT_ACCREDITED),
    (_another_persons_token, ReleaseFault.OTHER_PERSON),
    (_another_clinics_token, RefusalCode.SUBJECT_UNKNOWN),
    (_token_that_was_swapped_under_way, ReleaseFault.OTHER_PERSON),
    (_another_persons_handle, ReleaseFault.OTHER_PERSON),
    (_handle_that_the_statement_does_not_name, ReleaseFault.OTHER_PERSON),
    (_handle_to_nothing, RefusalCode.SUBJECT_UNKNOWN),
    (_handle_of_noise, RefusalCode.SUBJECT_UNKNOWN),
    (_other_purpose, RefusalCode.OTHER_PURPOSE),
    (_more_than_permitted, RefusalCode.OTHER_CATEGORY),
    (_capsule_beside_the_selection, ReleaseFault.CAPSULE_REFUSED),
    (_capsule_of_an_uncovered_compartment_among_documents, RefusalCode.OTHER_CATEGORY),
    (_capsule_of_a_version_that_was_not_delegated, RefusalCode.NO_PERMISSION),
    (_malformed_capsule, ReleaseFault.CAPSULE_REFUSED),
    (_leaf_of_another_statement, ReleaseFault.NOT_LOGGED),
    (_leaf_that_is_not_in_the_log, ReleaseFault.NOT_LOGGED),
    (_log_of_another_body, ReleaseFault.LOG_REFUSED),
    (_checkpoint_signed_by_another_key, ReleaseFault.LOG_REFUSED),
]


@pytest.mark.parametrize(("build", "code"), CASES, ids=[build.__name__.strip("_") for build, _ in CASES])
def test_a_lie_releases_nothing_and_is_logged(
    scene: Scene, build: Build, code: RefusalCode | ReleaseFault
) -> None:
    """R7 (IM cases of the medical centre): refused with its code, logged with it, nothing witnessed."""
    request = build(scene)
    before = len(events(scene.world))
    with pytest.raises(RemoteProblemError) as refused:
        scene.world.as_body(Body.MEDICAL).release(request)
    assert (refused.value.status, refused.value.code) == (403, code.value)
    assert "cfrag" not in str(refused.value.members)
    logged = events(scene.world)[before:]
    assert [(each["kind"], each["outcome"], each["reason"]) for each in logged] == [
        ("fragments_released", "refused", code.value)
    ]
    assert _witnessed(scene.world) == 0


def test_a_refusal_is_in_the_history_of_the_person_whose_copy_was_tried(scene: Scene) -> None:
    """SC1: the person sees the denial, under the second proxy's own pseudonym."""
    with pytest.raises(RemoteProblemError):
        scene.world.as_body(Body.MEDICAL).release(_other_purpose(scene))
    last = events(scene.world)[-1]
    assert last["person"] == scene.reads.person.pseudonym(Body.OVERSIGHT)
    assert (last["organisation"], last["staff"]["pseudonym"], last["purpose"]) == (
        "clinic-b",
        "abcdefghijklmnop",
        "HRESCH",
    )
    assert "clinic-b-staff" not in str(last)


def test_a_statement_serves_once_whatever_is_changed_around_it(scene: Scene) -> None:
    """OT2: a used statement, logged anew and proved anew, is refused; exactly one release is logged."""
    second, statement = scene.world.as_body(Body.MEDICAL), scene.reads.sign(scene.reads.statement())
    second.release(scene.reads.request(statement))
    scene.reads.known_size = 1
    with pytest.raises(RemoteProblemError) as refused:
        second.release(scene.reads.request(statement))
    assert refused.value.code == ReleaseFault.STATEMENT_REPLAYED.value
    outcomes = [each["outcome"] for each in events(scene.world) if each["kind"] == "fragments_released"]
    assert outcomes == ["permitted", "refused"]


def test_a_pseudonym_token_serves_once(scene: Scene) -> None:
    """OT2: a second statement over the same token is refused."""
    token = scene.world.pseudonym_token(scene.reads.person, scene.reads.clinic.organisation)
    second = scene.world.as_body(Body.MEDICAL)
    second.release(scene.reads.request_by_token(token))
    scene.reads.known_size = 1
    with pytest.raises(RemoteProblemError) as refused:
        second.release(scene.reads.request_by_token(token))
    assert refused.value.code == ReleaseFault.STATEMENT_REPLAYED.value


def test_a_checkpoint_that_rewrites_the_past_releases_nothing(scene: Scene, tmp_path: Path) -> None:
    """IT2: a fork of the medical centre's log, signed with its true key, is refused and named."""
    second = scene.world.as_body(Body.MEDICAL)
    second.release(scene.reads.request())
    fork = _fork(scene, tmp_path)
    fork.log.append("the fork's own past")
    fork.known_size = 1
    with pytest.raises(RemoteProblemError) as refused:
        second.release(fork.request())
    assert refused.value.code == ReleaseFault.LOG_REFUSED.value
    assert _witnessed(scene.world) == 1


def test_two_roots_of_one_size_release_nothing_and_both_notes_are_kept(scene: Scene, tmp_path: Path) -> None:
    """IT2, G3: a split view shown with a release request leaves the proof of it where everybody looks."""
    second = scene.world.as_body(Body.MEDICAL)
    second.release(scene.reads.request())
    fork = _fork(scene, tmp_path)
    statement = fork.sign(fork.statement())
    split = fork.logged(statement).model_copy(update={"old_size": 1})
    with pytest.raises(RemoteProblemError) as refused:
        second.release(fork.request(statement, log=split))
    assert refused.value.code == ReleaseFault.LOG_REFUSED.value
    detail = events(scene.world)[-1]["detail"]
    assert detail["known"] != detail["submitted"] == split.checkpoint
    with scene.world.context.database.read() as conn:
        (found,) = scene.world.context.views.contradictions(conn)
    assert {found.one, found.other} == {detail["known"], split.checkpoint}
    assert events(scene.world)[-2]["kind"] == "log_split_found"


def test_a_suspended_organisation_gets_nothing(scene: Scene) -> None:
    """R9: suspended between the medical centre's check and the second proxy's."""
    request = scene.reads.request()
    name = scene.reads.clinic.organisation
    scene.world.decide("suspend", StandingChange(kind=Accredited.ORGANISATION, id=name))
    _require_refused(scene, request, RefusalCode.NOT_ACCREDITED)


def test_a_removed_role_opens_nothing_with_a_statement_signed_before(scene: Scene) -> None:
    """IL5: the statement is genuine and young, the role was removed since."""
    request = scene.reads.request()
    clinic = scene.reads.clinic
    scene.world.decide(
        "roles", RolesChange(organisation=clinic.organisation, id=clinic.operator, roles=[Role.WRITER])
    )
    _require_refused(scene, request, RefusalCode.ROLE_MISSING)


def test_a_withdrawn_permission_opens_nothing(scene: Scene) -> None:
    """SC3: the fragments are gone, and the copy says so."""
    withdraw(scene.world, scene.reads.person, scene.reads.grant)
    _require_refused(scene, scene.reads.request(), RefusalCode.WITHDRAWN)


def test_a_permission_past_its_end_opens_nothing(scene: Scene) -> None:
    """SC1: expired."""
    scene.world.clock.move(31 * 24 * 3600)
    _require_refused(scene, scene.reads.request(), RefusalCode.EXPIRED)


def test_the_persons_own_refusal_outweighs_what_the_medical_centre_points_to(scene: Scene) -> None:
    """IM: a medical centre that overlooks a refusal finds it at the second proxy."""
    denial = grant(scene.world, scene.reads.person, scene.reads.clinic, effect=Effect.DENY)
    submit(scene.world, scene.reads.person, denial.copies[Body.OVERSIGHT])
    _require_refused(scene, scene.reads.request(), RefusalCode.DENIED_BY_PERSON)


def test_the_second_proxy_counts_uses_by_itself(scene: Scene) -> None:
    """IM: a medical centre that forgets to count is stopped at the number that the person allowed."""
    limited = _granted_anew(scene, conditions=Conditions(Frequency(1, FrequencyUnit.DAY)))
    scene.world.as_body(Body.MEDICAL).release(limited.request())
    limited.known_size = 1
    _require_refused(scene, limited.request(), RefusalCode.FREQUENCY_USED_UP)


def test_the_second_proxy_goes_on_counting_when_a_permission_is_renewed(scene: Scene) -> None:
    """IM: the same terms laid down anew give no further use, whatever the medical centre counts."""
    once = Conditions(Frequency(1, FrequencyUnit.DAY))
    limited = _granted_anew(scene, conditions=once)
    scene.world.as_body(Body.MEDICAL).release(limited.request())
    renewed = _granted_anew(scene, conditions=once)
    renewed.known_size = 1
    _require_refused(scene, renewed.request(), RefusalCode.FREQUENCY_USED_UP)


def test_a_permission_for_another_professional_opens_nothing(scene: Scene) -> None:
    """IM: a permission narrowed to a role serves nobody who has it not, whatever the medical centre decided."""
    narrowed = _granted_anew(scene, recipient=Recipient(scene.reads.clinic.organisation, "writer"))
    _require_refused(scene, narrowed.request(), RefusalCode.OTHER_PROFESSIONAL)


def test_no_other_body_is_served(scene: Scene) -> None:
    """Least privilege: releases are for the medical centre's certificate only."""
    for body in set(Body) - {Body.MEDICAL}:
        with pytest.raises(RemoteProblemError) as refused:
            scene.world.as_body(body).release(scene.reads.request())
        assert (refused.value.status, refused.value.code) == (403, "forbidden")


def _granted_anew(scene: Scene, **changes: Any) -> Reads:
    granted = grant(scene.world, scene.reads.person, scene.reads.clinic, **changes)
    submit(scene.world, scene.reads.person, granted.copies[Body.OVERSIGHT])
    return replace(scene.reads, grant=granted)


def _require_refused(scene: Scene, request: ReleaseRequest, code: RefusalCode | ReleaseFault) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        scene.world.as_body(Body.MEDICAL).release(request)
    assert refused.value.code == code.value
    assert events(scene.world)[-1]["reason"] == code.value


def _other_grant(scene: Scene) -> bytes:
    scope = RecordScope(frozenset({Category.MEDICATION}), YearSpan(2026, 2026))
    other = grant(scene.world, scene.other_person, scene.reads.clinic, scope=scope)
    submit(scene.world, scene.other_person, other.copies[Body.OVERSIGHT])
    return other.copies[Body.MEDICAL].handles[Body.OVERSIGHT]


def _fork(scene: Scene, folder: Path) -> Reads:
    (folder / "fork").mkdir()
    log = type(scene.reads.log)(
        folder / "fork", signer=scene.world.others.logs[Body.MEDICAL], clock=scene.world.clock
    )
    return replace(scene.reads, log=log)


def _witnessed(world: OversightWorld) -> int:
    witnessed = tables.KIT.journal.log.witnessed
    with world.context.database.read() as conn:
        return sum(row.size for row in conn.execute(witnessed.select()))
