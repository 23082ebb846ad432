"""What the medical centre promises about reading, kept by the real one and by its fake alike."""

from dataclasses import replace

from support.medical_bench import Bench, refused
from support.medical_story import (
    ALL,
    ASKED,
    LABORATORY,
    MEDICATION,
    documents,
    open_answer,
)
from support.medical_world import ANONYMISER, CLINIC, HOSPITAL, OTHER_HOSPITAL

from consent.directives import Grant
from consent.identifiers import BundleId, DirectiveId, DocumentId, OrganisationId
from consent.sealing import capsule_of
from consent.statements import DocumentSelection, GrantSubject
from consent.terms import Effect
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.medical.messages import GrantEntry, ReadAnswer, ReadRequest
from services.contracts.released import (
    HandedOut,
    WrongRelease,
    passed_on,
    read_released,
    require_released,
    show_wrong,
)


def test_permitted_reader_opens_exactly_what_is_permitted(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(2, MEDICATION[2]), bench.seal(1, LABORATORY[0], prefix="lab"))
    bench.granted()
    opened = open_answer(bench.world, bench.person, bench.read())
    assert opened == {str(each.id): each.content for each in documents(2, prefix="d")}


def test_versions_of_a_document_stay_their_authors(bench: Bench) -> None:
    """T2-2: no other writer puts a version of its own in the place of what an author deposited."""
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    theirs = bench.seal(1, MEDICATION[2], version=2, author=OTHER_HOSPITAL)
    assert refused(lambda: bench.deposit(theirs, member=OTHER_HOSPITAL)) == (409, "document_version")
    bench.granted()
    opened = open_answer(bench.world, bench.person, bench.read())
    assert {content[-2:] for content in opened.values()} == {b"v1"}


def handed_out(answer: ReadAnswer, grant: Grant, body: Body) -> list[HandedOut]:
    """Return what an answer has of a body, with the keys that the wallet gave."""
    packages = grant.copies[Body.MEDICAL].fragments
    return [
        HandedOut(
            BundleId(each.id),
            capsule_of(each.message_kit),
            each.fragments[body],
            packages[each.compartment].verify().keys,
        )
        for each in answer.bundles
    ]


def shown(bench: Bench, grant: Grant) -> WrongRelease:
    """Read, and return what would show the second body to be wrong."""
    answer = bench.read()
    made = handed_out(answer, grant, Body.OVERSIGHT)
    return WrongRelease(evidence=show_wrong(answer.released[Body.OVERSIGHT], made, 0))


def test_both_bodies_sign_what_they_handed_out(bench: Bench) -> None:
    """F1, F2."""
    bench.publish(ALL)
    bench.deposit(bench.seal(2, MEDICATION[2]))
    grant, _ = bench.granted()
    answer, keys = bench.read(), bench.world.register.directory().signing_key
    assert answer.released.keys() == {Body.MEDICAL, Body.OVERSIGHT}
    for body, text in answer.released.items():
        made = handed_out(answer, grant, body)
        require_released(text, body, made, statement=bench.statement, keys=keys)
    said = read_released(answer.released[Body.MEDICAL], Body.MEDICAL, keys=keys).second
    second = answer.released[Body.OVERSIGHT]
    made = handed_out(answer, grant, Body.OVERSIGHT)
    assert said == passed_on(Body.OVERSIGHT, made, second, key=keys(Body.OVERSIGHT))


def test_second_body_that_is_shown_to_be_wrong_is_left_out(bench: Bench) -> None:
    """F3, and nobody is left out who is not shown to be wrong."""
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    grant, _ = bench.granted()
    innocent = shown(bench, grant)
    assert refused(lambda: bench.read(wrong=innocent)) == (403, "accusation_unproven")
    bench.spoil(Body.OVERSIGHT)
    again = bench.read(wrong=shown(bench, grant))
    assert again.released.keys() == {Body.MEDICAL, Body.IDENTITY}
    assert list(open_answer(bench.world, bench.person, again)) == ["d-0"]


def test_newest_version_is_read(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(2, MEDICATION[2]))
    bench.deposit(bench.seal(1, MEDICATION[2], version=2))
    bench.granted()
    opened = open_answer(bench.world, bench.person, bench.read())
    assert {name: content[-2:] for name, content in opened.items()} == {"d-0": b"v2", "d-1": b"v1"}


def test_refusals_of_reads_carry_their_reason(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]), bench.seal(1, LABORATORY[0], prefix="lab"))
    assert refused(bench.read) == (403, "no_permission")
    grant, directive = bench.granted()
    laboratory = replace(ASKED, categories=frozenset({Category.LABORATORY}))
    assert refused(lambda: bench.read(selection=laboratory)) == (403, "other_category")
    assert refused(lambda: bench.read(purpose=Purpose.HRESCH)) == (403, "other_purpose")
    absent = DocumentSelection(frozenset({DocumentId("absent")}))
    assert refused(lambda: bench.read(selection=absent)) == (403, "no_permission")
    bench.withdraw(grant, directive)
    assert refused(bench.read) == (403, "withdrawn")


def test_statement_that_was_used_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    bench.granted()
    request = bench.running.request(bench.person, CLINIC, selection=ASKED)
    bench.named[request.tokens[Body.MEDICAL]] = bench.person.pseudonym(Body.MEDICAL)
    bench.centre.read(request, token=bench.operator(CLINIC))
    assert refused(lambda: bench.centre.read(request, token=bench.operator(CLINIC))) == (409, "replayed")


def test_statement_of_another_caller_is_refused(bench: Bench) -> None:
    request = bench.running.request(bench.person, CLINIC, selection=ASKED)
    bench.named[request.tokens[Body.MEDICAL]] = bench.person.pseudonym(Body.MEDICAL)
    assert refused(lambda: bench.centre.read(request, token=bench.operator(HOSPITAL))) == (
        403,
        "statement_refused",
    )


def test_grants_list_what_is_in_force_for_the_caller_only(bench: Bench) -> None:
    grant, directive = bench.granted()
    bench.granted(effect=Effect.DENY)
    found = bench.centre.grants(token=bench.operator(CLINIC)).grants
    assert [each.grant for each in found] == [directive]
    assert found[0].handles == dict(grant.copies[Body.MEDICAL].handles)
    assert found[0].subject_key == dict(bench.person.wallet.public_jwk(Body.MEDICAL))
    assert bench.centre.grants(token=bench.operator(HOSPITAL)).grants == []
    bench.withdraw(grant, directive)
    assert bench.centre.grants(token=bench.operator(CLINIC)).grants == []


def _by_grant(
    bench: Bench, reader: OrganisationId, grant: GrantEntry, named: str | None = None
) -> ReadRequest:
    subject = GrantSubject(DirectiveId(named or grant.grant), grant.handles)
    request = bench.running.request(bench.person, reader, selection=ASKED, subject=subject)
    return request.model_copy(update={"tokens": {}})


def test_anonymiser_s_read_by_grant_needs_no_name(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    bench.granted(to=ANONYMISER)
    entry = bench.centre.grants(token=bench.operator(ANONYMISER)).grants[0]
    answer = bench.centre.read(_by_grant(bench, ANONYMISER, entry), token=bench.operator(ANONYMISER))
    assert list(open_answer(bench.world, bench.person, answer, reader=ANONYMISER)) == ["d-0"]
    assert set(answer.bundles[0].fragments) <= set(PROXIES)


def test_nobody_who_treats_people_reads_by_grant_and_nobody_learns_whether_there_is_one(bench: Bench) -> None:
    """OP1: the ID centre says in its token whether the reader is the person, or a colleague; a grant says nothing."""
    bench.publish(ALL)
    bench.granted()
    (entry,) = bench.centre.grants(token=bench.operator(CLINIC)).grants
    for named in (entry.grant, "nobodys"):
        request = _by_grant(bench, CLINIC, entry, named)
        told = refused(lambda asked=request: bench.centre.read(asked, token=bench.operator(CLINIC)))  # type: ignore[misc]  # a default per turn
        assert told == (403, "role_missing")


def test_grant_of_another_organisation_is_as_one_that_nobody_gave(bench: Bench) -> None:
    """OL2: also with its right handles."""
    bench.publish(ALL)
    bench.granted()
    (entry,) = bench.centre.grants(token=bench.operator(CLINIC)).grants
    for named in (entry.grant, "nobodys"):
        request = _by_grant(bench, ANONYMISER, entry, named)
        told = refused(lambda asked=request: bench.centre.read(asked, token=bench.operator(ANONYMISER)))  # type: ignore[misc]  # a default per turn
        assert told == (403, "subject_unknown")
