"""Attacks on who learns who acted: nobody alone, nobody wrongly, nobody by guessing; no organisation can deny it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select, update
from support.staff_world import CLINIC, DOCTOR, OTHER, SECRET, StaffWorld, staff_world

from consent import base64url
from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.contracts.oversight.unmasking import (
    ClaimedOpening,
    RefuseUnmasking,
    Tell,
    UnmaskingClient,
    UnmaskingState,
    UnmaskStaff,
)
from services.kit.events import Colleague, Event, EventKind, Outcome
from services.kit.http import RemoteProblemError
from services.kit.log.evidence import Evidence
from services.kit.staff import member
from services.oversight.audit import scan_unmaskings
from services.oversight.tables import UNMASKING
from services.oversight.unmasking_store import UnmaskingStore

NAMES = (DOCTOR.operator, DOCTOR.name, DOCTOR.terminal)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffWorld]:
    with staff_world(tmp_path_factory.mktemp("staff")) as here:
        yield here


def refused(code: str, call: Callable[[], object]) -> None:
    with pytest.raises(RemoteProblemError) as told:
        call()
    assert told.value.code == code


def test_two_officials_learn_who_it_was_and_the_person_is_told_that_it_happened(world: StaffWorld) -> None:
    """Q3, Q5, R14, R16: the name goes to the case; the person reads each step and no name."""
    person = world.oversight.person("hanako")
    case = world.asked(person, world.access("hanako", world.mask("hanako")))
    outcome = world.decided(case.case).outcome
    assert outcome is not None
    assert (outcome["operator"], outcome["name"]) == (DOCTOR.operator, DOCTOR.name)
    (own,) = world.as_person(person).own()
    assert (own.state, own.name) == (UnmaskingState.UNMASKED, None)
    told = world.history(person)
    kinds = ["unmasking_asked", "proposal_made", "staff_unmasked", "proposal_decided"]
    assert [each["kind"] for each in told][-4:] == kinds
    assert not any(name in json.dumps(told, ensure_ascii=False) for name in (*NAMES, "first", "second"))


def test_name_is_shown_to_the_person_only_if_the_two_decided_so(world: StaffWorld) -> None:
    """Q5."""
    person = world.oversight.person("taro")
    case = world.asked(person, world.access("taro", world.mask("taro")))
    world.decided(case.case, Tell.NAME)
    assert [each.name for each in world.as_person(person).own()] == [DOCTOR.name]
    (told,) = [each for each in world.history(person) if each["kind"] == "staff_unmasked"]
    assert isinstance(told["detail"], dict)
    assert told["detail"]["name"] == DOCTOR.name


def test_one_official_alone_opens_nothing(world: StaffWorld) -> None:
    """Q3, OP4, C6."""
    person = world.oversight.person("ichiro")
    case = world.asked(person, world.access("ichiro", world.mask("ichiro")))
    first = world.oversight.as_supervisor(world.oversight.supervisors[0])
    made = first.propose("unmask-staff", UnmaskStaff(case=case.case, tell=Tell.NAME), reason="just me")
    assert not any(name in made.model_dump_json() for name in NAMES)
    refused("same_person", lambda: first.approve(made))
    assert world.as_person(person).own()[0].state is UnmaskingState.ASKED


def test_organisation_that_sealed_another_name_is_found_and_names_nobody(world: StaffWorld) -> None:
    """Q4, OP1, R7: the card of one doctor signed, the gateway sealed a colleague; the log commits to the card."""
    person = world.oversight.person("jiro")
    mine, elsewhere = world.mask("jiro"), world.mask("jiro", replace(DOCTOR, terminal="desk-8"))
    assert mine.pseudonym == elsewhere.pseudonym
    for evidence in (
        world.access("jiro", mine, OTHER),  # a colleague's card, and everything else says it was the doctor
        world.access("jiro", replace(mine, sealed=elsewhere.sealed)),
        world.access("jiro", replace(mine, salt=elsewhere.salt)),
        world.access("jiro", replace(mine, sealed=world.mask("jiro", OTHER).sealed)),
        world.access("jiro", replace(mine, sealed=world.mask("taro").sealed)),
        world.access("jiro", replace(mine, sealed=bytes(len(mine.sealed)))),
    ):
        case = world.asked(person, evidence)
        outcome = world.decided(case.case, Tell.NAME).outcome
        assert outcome == {"case": case.case, "of": CLINIC, "opening": "false"}
        last = [each for each in world.history(person) if each["kind"] == "staff_unmasked"][-1]
        assert (last["outcome"], last["reason"]) == ("refused", "staff_opening_false")
    assert {each.state for each in world.as_person(person).own()} == {UnmaskingState.FALSE_OPENING}
    assert not any(
        name in json.dumps(world.history(person), ensure_ascii=False) for name in (*NAMES, OTHER.name)
    )


def test_opening_under_another_salt_or_operator_is_refused_and_the_true_one_counts(world: StaffWorld) -> None:
    """Q4, R7: after a false opening somebody is asked who it was; only what the log commits to is taken."""
    person = world.oversight.person("saburo")
    mine = world.mask("saburo")
    case = world.asked(person, world.access("saburo", replace(mine, sealed=bytes(len(mine.sealed))))).case
    world.decided(case)
    first, second = map(world.oversight.as_supervisor, world.oversight.supervisors)
    salt = base64url.encode(mine.salt)
    true = ClaimedOpening(operator=DOCTOR.operator, terminal=DOCTOR.terminal, salt=salt)
    for false in (
        true.model_copy(update={"operator": OTHER.operator}),
        true.model_copy(update={"terminal": "desk-8"}),
        true.model_copy(update={"salt": base64url.encode(bytes(16))}),
    ):
        asked = UnmaskStaff(case=case, tell=Tell.NAME, opening=false)
        refused("staff_opening_false", partial(first.propose, "unmask-staff", asked, reason="told"))
    made = first.propose(
        "unmask-staff", UnmaskStaff(case=case, tell=Tell.OUTCOME, opening=true), reason="told"
    )
    outcome = second.approve(made).outcome
    assert outcome is not None
    assert outcome["operator"] == DOCTOR.operator


def test_organisation_that_changed_its_key_has_not_closed_what_was_before(world: StaffWorld) -> None:
    """Q2."""
    person = world.oversight.person("shiro")
    before, after = world.mask("shiro"), world.mask("shiro", secret=bytes(32))
    assert before.pseudonym != after.pseudonym
    for staff in (before, after):
        outcome = world.decided(world.asked(person, world.access("shiro", staff)).case).outcome
        assert outcome is not None
        assert outcome["name"] == DOCTOR.name


def _other_member(evidence: Evidence, name: str, value: str) -> Evidence:
    told = evidence.model_dump()
    told["entries"][0]["opening"]["event"]["staff"][name] = value
    return Evidence.model_validate(told)


@pytest.mark.parametrize("name", ["pseudonym", "commitment", "sealed"])
def test_entry_that_the_log_does_not_have_opens_no_case(world: StaffWorld, name: str) -> None:
    """Q1, OT1: a person who changes what the entry says learns nobody's name."""
    person = world.oversight.person(f"goro {name}")
    other = world.access("goro", world.mask("somebody else", OTHER), OTHER)
    taken = member(other.entries[0].opening.event, name)
    assert taken is not None
    forged = _other_member(world.access("goro", world.mask("goro")), name, taken)
    refused("staff_entry_not_proven", lambda: world.asked(person, forged))
    last = world.history(person)[-1]
    assert (last["kind"], last["outcome"], last["reason"]) == (
        "unmasking_asked",
        "refused",
        "staff_entry_not_proven",
    )


def test_two_entries_or_none_or_one_without_a_witness_open_no_case(world: StaffWorld) -> None:
    """Q1."""
    person = world.oversight.person("rokuro")
    one = world.access("rokuro", world.mask("rokuro"))
    bare = one.checkpoints[0].rsplit("— sekisho/oversight", 1)[0]
    for wrong in (
        one.model_copy(update={"entries": [*one.entries, *one.entries]}),
        one.model_copy(update={"entries": []}),
        one.model_copy(update={"checkpoints": [bare]}),
    ):
        refused("staff_entry_not_proven", partial(world.asked, person, wrong))


def test_entry_in_which_no_organisation_signed_says_whom_to_ask(world: StaffWorld) -> None:
    """R13, R15: the organisation answers for its staff, and the body keeps which account it was."""
    person = world.oversight.person("shichiro")
    with pytest.raises(RemoteProblemError) as problem:
        world.asked(person, world.access("shichiro", None))
    assert problem.value.code == "staff_not_sealed"
    assert problem.value.members["answering"] == {"organisation": CLINIC, "body": "medical"}
    assert f"Ask {CLINIC}, which answers" in problem.value.detail


@pytest.mark.parametrize(
    ("event", "code", "answering"),
    [
        (Event(kind=EventKind.RECORDS_READ, outcome=Outcome.DONE), "staff_nobody_acted", {}),
        (
            Event(kind=EventKind.RECORDS_READ, outcome=Outcome.DONE, organisation=CLINIC, terminal="desk-7"),
            "staff_terminal_alone",
            {"organisation": CLINIC, "terminal": "desk-7"},
        ),
    ],
)
def test_entry_behind_which_no_card_stands_says_who_answers_for_it(
    world: StaffWorld, event: Event, code: str, answering: dict[str, str]
) -> None:
    """R13, R15: a system account is its organisation's."""
    person = world.oversight.person(code)
    entry = world.logged(code, event)
    with pytest.raises(RemoteProblemError) as problem:
        world.asked(person, entry)
    assert problem.value.code == code
    assert problem.value.members["answering"] == answering | {"body": "medical"}
    assert all(each in problem.value.detail for each in answering.values())
    assert world.history(person)[-1]["reason"] == code


def test_each_of_two_whose_cards_signed_is_unmasked_by_itself(world: StaffWorld) -> None:
    """Q2, Q4: the second registrar of a release is found as the first is, and neither stands for the other."""
    person = world.oversight.person("kikuko")
    event = Event(
        kind=EventKind.RECOVERY_RELEASED,
        outcome=Outcome.DONE,
        organisation=CLINIC,
        operator=DOCTOR.operator,
        colleagues=(Colleague("city", "clerk-abe"),),
        unmasked_by=world.oversight.context.sealing_key.public_key(),
    )
    entry = world.logged("kikuko", event)
    names = [DOCTOR.operator, "clerk-abe"]
    for colleague, of in enumerate((CLINIC, "city")):
        case = world.asked(person, entry, colleague=colleague)
        assert (case.organisation, case.colleague) == (of, colleague)
        assert world.asked(person, entry, colleague=colleague).case == case.case
        outcome = world.decided(case.case, Tell.NAME).outcome
        assert outcome is not None
        assert (outcome["organisation"], outcome["name"]) == (of, names[colleague])
    assert {each.name for each in world.as_person(person).own()} == set(names)
    refused("staff_not_committed", lambda: world.asked(person, entry, colleague=2))


def test_colleague_of_whom_the_body_sealed_another_is_found(world: StaffWorld) -> None:
    """Q4: what is sealed of one who acted beside counts only if the entry commits to it."""
    person = world.oversight.person("chizuko")
    event = Event(
        kind=EventKind.RECOVERY_RELEASED,
        outcome=Outcome.DONE,
        organisation=CLINIC,
        operator=DOCTOR.operator,
        colleagues=(Colleague(CLINIC, OTHER.operator),),
        unmasked_by=X25519PrivateKey.generate().public_key(),
    )
    case = world.asked(person, world.logged("chizuko", event), colleague=1)
    assert world.decided(case.case).outcome == {"case": case.case, "of": CLINIC, "opening": "false"}


def test_asking_again_is_the_same_case_and_many_cases_wait_no_longer(world: StaffWorld) -> None:
    person = world.oversight.person("hachiro")
    entry = world.access("hachiro", world.mask("hachiro"))
    assert world.asked(person, entry).case == world.asked(person, entry).case
    for _ in range(world.oversight.settings.unmaskings_waiting - 1):
        world.asked(person, world.access("hachiro", world.mask("hachiro")))
    more = world.access("hachiro", world.mask("hachiro"))
    refused("staff_too_many_cases", lambda: world.asked(person, more))
    assert world.asked(person, entry).state is UnmaskingState.ASKED


def test_what_was_decided_is_not_decided_again(world: StaffWorld) -> None:
    person = world.oversight.person("kuro")
    case = world.asked(person, world.access("kuro", world.mask("kuro"))).case
    first, second = map(world.oversight.as_supervisor, world.oversight.supervisors)
    comment = "the clinic shows the referral of your own doctor"
    made = first.propose("refuse-unmasking", RefuseUnmasking(case=case, comment=comment), reason="referral")
    second.approve(made)
    (own,) = world.as_person(person).own()
    assert (own.state, own.comment, own.name) == (UnmaskingState.REFUSED, comment, None)
    asked = UnmaskStaff(case=case, tell=Tell.NAME)
    refused("staff_case_decided", lambda: first.propose("unmask-staff", asked, reason="all the same"))


def test_supervisors_of_others_see_and_decide_no_case(world: StaffWorld) -> None:
    """R10, R16: also not those of the organisation whose staff it was."""
    outsider = world.oversight.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    entry = world.oversight.app.state.office.editions.directory().operator(
        OrganisationId("city"), outsider.operator
    )
    assert entry is not None
    token = world.oversight.operator_token(outsider, Role.SUPERVISOR)
    at = UnmaskingClient(world.oversight.http(outsider.certificate), token=token)
    refused("forbidden", at.waiting)
    first = world.oversight.supervisors[0]
    mine = UnmaskingClient(
        world.oversight.http(first.certificate), token=world.oversight.operator_token(first, Role.SUPERVISOR)
    )
    person = world.oversight.person("juro")
    case = world.asked(person, world.access("juro", world.mask("juro"))).case
    assert case in [each.case for each in mine.waiting()]
    assert person.pseudonym(Body.OVERSIGHT) not in str(mine.waiting())


def test_two_people_have_nothing_to_compare_and_nobody_computes_a_pseudonym_from_a_name(
    world: StaffWorld,
) -> None:
    """R14: one operator under two people's eyes; all names of the register as guesses."""
    hanako, taro = world.mask("hanako"), world.mask("taro")
    shown = [
        world.access(person, staff).entries[0].opening.event["staff"]
        for person, staff in (("hanako", hanako), ("taro", taro))
    ]
    common = set(map(str, shown[0].values())) & set(map(str, shown[1].values()))  # type: ignore[union-attr]  # JSON
    assert common == {"['reader']"}
    guesses = [replace(DOCTOR, operator=each) for each in (DOCTOR.operator, OTHER.operator, "nurse-ito")]
    for key in (
        b"",
        bytes(32),
        CLINIC.encode(),
        world.oversight.context.sealing_key.public_key().public_bytes_raw(),
    ):
        assert hanako.pseudonym not in [world.mask("hanako", each, secret=key).pseudonym for each in guesses]
    assert hanako.pseudonym == world.mask("hanako", DOCTOR, secret=SECRET).pseudonym


def test_case_that_somebody_edited_is_named_by_the_audit(world: StaffWorld, tmp_path: Path) -> None:
    """IT6: exchanging two cases' contents would have the wrong entry unmasked."""
    with staff_world(tmp_path) as here:
        person = here.oversight.person("hanako")
        names = [here.asked(person, here.access("hanako", here.mask("hanako"))).case for _ in range(2)]
        context = here.oversight.context
        with context.database.write() as conn:
            row = UNMASKING.c
            content = conn.execute(select(row.content).where(row.id == names[0])).scalar_one()
            conn.execute(update(UNMASKING).where(row.id == names[1]).values(content=content))
            rows, found = scan_unmaskings(UnmaskingStore(context.cipher), conn)
        assert (rows, [each.row for each in found]) == (2, [f"id={names[1]}"])
