"""What the medical centre promises, kept by the real one and by its fake alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.medical_story import (
    ALL,
    ASKED,
    CANARY,
    LABORATORY,
    MEDICATION,
    documents,
    open_answer,
    seal,
    sealed_parts,
)
from support.medical_world import CLINIC, HOSPITAL, ID_CENTRE, KINDS, OTHER_HOSPITAL, Running, Someone, World

from consent import jws
from consent.compartments import Compartment
from consent.directives import Grant
from consent.identifiers import BundleId, DirectiveId, DocumentId, OrganisationId, Pseudonym
from consent.sealing import SealedBundle, capsule_of, document_digest
from consent.statements import DocumentSelection, GrantSubject, Selection
from consent.terms import Effect
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.directives import WithdrawalOrder
from services.contracts.medical.client import Medical
from services.contracts.medical.fake import FakeMedical
from services.contracts.medical.messages import (
    RECEIPT_TYPE,
    CategoryYear,
    CompartmentSearch,
    DepositReceipt,
    DepositRequest,
    OwnRecords,
    OwnRecordsRequest,
    Publication,
    ReadAnswer,
    SetApart,
)
from services.contracts.released import (
    HandedOut,
    WrongRelease,
    passed_on,
    read_released,
    require_released,
    show_wrong,
)
from services.gateway.hospital import worded
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, SignedInBy
from services.kit.http import RemoteProblemError, Token


class Bench(ABC):
    """The centre under test, and everybody's tokens; the fake is told whom they mean."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.world: World = running.world
        self.person = Someone("hanako")
        self.named: dict[str, Pseudonym] = {}
        self.links: dict[str, str | None] = {}
        self.holders: dict[str, Caller] = {}
        self.centre: Medical
        self.statement = ""

    def caller(self, token: Token) -> Caller:
        """Say who holds an access token."""
        return self.holders[token.value]

    def operator(self, member: OrganisationId) -> Token:
        """Return an operator's token."""
        own = self.world.members[member]
        token = self.world.token(own)
        roles = frozenset(role.value for role in KINDS[member][1])
        self.holders[token.value] = OperatorCaller(own.id, own.operator, own.terminal, roles)
        return token

    def own(self, someone: Someone | None = None) -> Token:
        """Return a person's token."""
        who = someone or self.person
        token = self.world.person_token(who)
        self.holders[token.value] = PersonCaller(who.pseudonym(Body.MEDICAL), SignedInBy.CARD)
        return token

    def name(self, someone: Someone, member: OrganisationId, *, link: str | None = None) -> str:
        """Return a pseudonym token for the medical centre, of one link if one is given."""
        token = self.world.token_about(someone, member, Body.MEDICAL, link=link)
        self.named[token] = someone.pseudonym(Body.MEDICAL)
        self.links[token] = link
        return token

    def set_apart(self, link: str) -> int:
        """Say as the ID centre that a link of the hospital to the person was wrong."""
        token = self.name(self.person, ID_CENTRE, link=link)
        message = SetApart(token=token, organisation=HOSPITAL, fault="wrong_person")
        return self.as_id_centre().set_apart(message).documents

    @abstractmethod
    def as_id_centre(self) -> Medical:
        """Return the centre as the ID centre reaches it."""

    @abstractmethod
    def enrol(self, someone: Someone) -> None:
        """Register a wallet."""

    @abstractmethod
    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""

    @abstractmethod
    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""

    @abstractmethod
    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""

    def publish(self, compartments: Sequence[Compartment]) -> list[str]:
        """Publish compartment keys of the person."""
        publication = self.person.wallet.publish(compartments, self.world.now)
        return self.centre.publish(Publication(publication=publication), token=self.own()).publications

    def deposit(
        self, *bundles: SealedBundle, member: OrganisationId = HOSPITAL, link: str | None = None
    ) -> str:
        """Deposit for the person; returns the receipt."""
        request = DepositRequest(
            token=self.name(self.person, member, link=link), bundles=[worded(each) for each in bundles]
        )
        return self.centre.deposit(request, token=self.operator(member)).receipt

    def seal(
        self,
        count: int,
        compartment: Compartment,
        *,
        prefix: str = "d",
        version: int = 1,
        author: OrganisationId = HOSPITAL,
    ) -> SealedBundle:
        """Seal documents, by the hospital unless another is named."""
        plain = documents(count, prefix=prefix, version=version)
        return seal(self.world, self.person, plain, compartment=compartment, author=author)

    def granted(self, **changes: Any) -> tuple[Grant, DirectiveId]:
        """Have the clinic permitted medication."""
        grant = self.world.grant(self.person, self.world.terms(CLINIC, **changes), compartments=MEDICATION)
        return grant, self.permit(grant)

    def read(
        self,
        *,
        selection: Selection | DocumentSelection = ASKED,
        purpose: Purpose = Purpose.TREAT,
        wrong: WrongRelease | None = None,
    ) -> ReadAnswer:
        """Read as the clinic."""
        request = self.running.request(self.person, CLINIC, selection=selection, purpose=purpose)
        request = request.model_copy(update={"wrong": wrong})
        self.statement = request.statement
        self.named[request.tokens[Body.MEDICAL]] = self.person.pseudonym(Body.MEDICAL)
        return self.centre.read(request, token=self.operator(CLINIC))


class RealBench(Bench):
    """Over the real application."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.centre = _ByTerminal(self)

    def as_id_centre(self) -> Medical:
        """Return the client with the ID centre's certificate."""
        return self.running.medical(ID_CENTRE)

    def enrol(self, someone: Someone) -> None:
        """Register a wallet; no keys yet."""
        self.running.register(someone)

    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""
        return DirectiveId(self.running.permit(self.person, grant))

    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""
        orders = self.person.wallet.withdraw(
            {Body.MEDICAL: grant.copies[Body.MEDICAL].jws}, now=self.world.now
        )
        order = WithdrawalOrder(withdrawal=orders[Body.MEDICAL])
        self.running.directives().withdraw(order, token=self.own())

    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""
        self.world.seconds[body].spoil = lambda fragment: fragment[:-1] + bytes([fragment[-1] ^ 1])


class _ByTerminal:
    """Sends each call from the terminal that its token was issued to."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __getattr__(self, name: str) -> Any:
        def call(*messages: Any, token: Token) -> Any:
            holder = self._bench.caller(token)
            member = holder.organisation if isinstance(holder, OperatorCaller) else HOSPITAL
            return getattr(self._bench.running.medical(member), name)(*messages, token=token)

        return call


class FakeBench(Bench):
    """Over the fake."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.fake = FakeMedical(
            callers=self.caller,
            people=self.named.get,
            directory=self.world.register.directory,
            clock=self.world.clock,
            signing_key=self.world.context.signing_key,
            links=self.links.get,
            second_keys={body: each.signing_key for body, each in self.world.seconds.items()},
        )
        self.centre = self.fake

    def as_id_centre(self) -> Medical:
        """Return the fake."""
        return self.fake

    def enrol(self, someone: Someone) -> None:
        """Register a wallet."""
        self.fake.register_wallet(someone.pseudonym(Body.MEDICAL), someone.wallet.public_jwk(Body.MEDICAL))

    def permit(self, grant: Grant) -> DirectiveId:
        """P3."""
        return self.fake.take(grant.copies)

    def withdraw(self, grant: Grant, directive: DirectiveId) -> None:
        """W1."""
        self.fake.withdraw(directive)

    def spoil(self, body: Body) -> None:
        """Have a second body hand out wrong fragments."""
        self.fake.releases.wrong.add(body)


@pytest.fixture(params=[RealBench, FakeBench], ids=["real", "fake"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with World(tmp_path).running() as running:
        made: Bench = request.param(running)
        made.enrol(made.person)
        yield made


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def test_published_keys_come_back_as_signed(bench: Bench) -> None:
    first, second = bench.publish(MEDICATION)[-1], bench.publish(LABORATORY)[-1]
    assert bench.centre.published(token=bench.own()).publications == [first, second]


@pytest.mark.parametrize("labels", [["medication/2026/1"], ["medication/2026/3"], ["imaging/2026/2"]])
def test_label_is_set_once_and_versions_count_up(bench: Bench, labels: list[str]) -> None:
    bench.publish(MEDICATION)
    assert refused(lambda: bench.publish([Compartment.parse(each) for each in labels])) == (
        409,
        "label_taken",
    )


def test_publication_by_another_wallet_is_refused(bench: Bench) -> None:
    foreign = Publication(publication=Someone("taro").wallet.publish(ALL, bench.world.now))
    assert refused(lambda: bench.centre.publish(foreign, token=bench.own())) == (
        403,
        "publication_not_verified",
    )


def test_search_names_the_open_labels_with_their_publications(bench: Bench) -> None:
    first = bench.publish(ALL)[-1]
    rolled = bench.publish([Compartment(Category.MEDICATION, 2026, 2)])[-1]
    whole = CompartmentSearch(token=bench.name(bench.person, HOSPITAL))
    told = bench.centre.search(whole, token=bench.operator(HOSPITAL))
    assert told.publications == [first, rolled]
    assert told.open["medication/2026"] == "medication/2026/2"
    assert len(told.open) == len(ALL)
    one = [CategoryYear(category=Category.LABORATORY, year=2026)]
    narrow = CompartmentSearch(token=bench.name(bench.person, HOSPITAL), compartments=one)
    found = bench.centre.search(narrow, token=bench.operator(HOSPITAL))
    assert (found.publications, found.open) == ([first], {"laboratory/2026": "laboratory/2026/1"})


def test_receipt_names_what_was_deposited(bench: Bench) -> None:
    bench.publish(ALL)
    bundle = bench.seal(3, MEDICATION[2])
    key = bench.world.context.signing_key.public_key()
    payload = jws.verify(bench.deposit(bundle), typ=RECEIPT_TYPE, key=key).payload
    receipt = DepositReceipt.model_validate_json(payload)
    digests = [document_digest(bundle, each) for each in bundle.documents]
    assert receipt.bundles == [bundle.id]
    assert len(receipt.documents) == len(digests) == len(set(receipt.documents))


def test_deposit_into_a_closed_compartment_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    bench.publish([Compartment(Category.MEDICATION, 2026, 2)])
    old = bench.seal(1, MEDICATION[2])
    unknown = bench.seal(1, Compartment(Category.IMAGING, 2026, 1))
    assert refused(lambda: bench.deposit(old)) == (409, "compartment_closed")
    assert refused(lambda: bench.deposit(unknown)) == (409, "compartment_closed")


def test_bundle_is_taken_once(bench: Bench) -> None:
    bench.publish(ALL)
    bundle = bench.seal(1, MEDICATION[2])
    bench.deposit(bundle)
    assert refused(lambda: bench.deposit(bundle)) == (409, "bundle_known")


@pytest.mark.parametrize("version", [1, 3])
def test_document_version_is_the_next_one(bench: Bench, version: int) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    again = bench.seal(1, MEDICATION[2], version=version)
    assert refused(lambda: bench.deposit(again)) == (409, "document_version")


def test_new_document_begins_with_version_one(bench: Bench) -> None:
    bench.publish(ALL)
    assert refused(lambda: bench.deposit(bench.seal(1, MEDICATION[2], version=2))) == (
        409,
        "document_version",
    )


@pytest.mark.parametrize("place", [LABORATORY[0], MEDICATION[1]])
def test_versions_of_a_document_stay_in_their_category_and_year(bench: Bench, place: Compartment) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    assert refused(lambda: bench.deposit(bench.seal(1, place, version=2))) == (409, "document_version")


# step D5
def test_document_signed_by_another_organisation_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    foreign = seal(bench.world, bench.person, documents(1), compartment=MEDICATION[2], author=CLINIC)
    assert refused(lambda: bench.deposit(foreign)) == (403, "author_not_verified")


# step D5
def test_document_sealed_about_another_person_is_refused(bench: Bench) -> None:
    bench.publish(ALL)
    other = seal(bench.world, Someone("taro"), documents(1), compartment=MEDICATION[2])
    assert refused(lambda: bench.deposit(other)) == (403, "author_not_verified")


# step D6
def test_refused_deposit_stores_nothing(bench: Bench) -> None:
    bench.publish(ALL)
    good, bad = bench.seal(1, MEDICATION[2]), bench.seal(1, MEDICATION[2], prefix="e", version=2)
    assert refused(lambda: bench.deposit(good, bad)) == (409, "document_version")
    bench.deposit(good)


def test_deposit_without_the_wallet_of_the_person_is_refused(bench: Bench) -> None:
    other = Someone("taro")
    bundle = seal(bench.world, other, documents(1), compartment=MEDICATION[2])
    request = DepositRequest(token=bench.name(other, HOSPITAL), bundles=[worded(bundle)])
    assert refused(lambda: bench.centre.deposit(request, token=bench.operator(HOSPITAL))) == (
        404,
        "no_wallet",
    )


# step D4
def test_pseudonym_token_is_good_once(bench: Bench) -> None:
    bench.publish(ALL)
    token = bench.name(bench.person, HOSPITAL)
    bench.centre.search(CompartmentSearch(token=token), token=bench.operator(HOSPITAL))
    again = DepositRequest(token=token, bundles=[worded(bench.seal(1, MEDICATION[2]))])
    assert refused(lambda: bench.centre.deposit(again, token=bench.operator(HOSPITAL))) == (409, "replayed")


def test_reader_cannot_deposit_and_writer_of_nothing_cannot_search(bench: Bench) -> None:
    search = CompartmentSearch(token=bench.name(bench.person, CLINIC))
    assert refused(lambda: bench.centre.search(search, token=bench.operator(CLINIC))) == (403, "forbidden")
    assert refused(lambda: bench.centre.published(token=bench.operator(CLINIC))) == (403, "forbidden")


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
    assert said == passed_on(Body.OVERSIGHT, handed_out(answer, grant, Body.OVERSIGHT), second)


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


def test_read_by_grant_needs_no_name(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[2]))
    bench.granted()
    entry = bench.centre.grants(token=bench.operator(CLINIC)).grants[0]
    subject = GrantSubject(DirectiveId(entry.grant), entry.handles)
    request = bench.running.request(bench.person, CLINIC, selection=ASKED, subject=subject)
    unnamed = request.model_copy(update={"tokens": {}})
    answer = bench.centre.read(unnamed, token=bench.operator(CLINIC))
    assert list(open_answer(bench.world, bench.person, answer)) == ["d-0"]
    assert set(answer.bundles[0].fragments) <= set(PROXIES)


def test_grant_of_another_organisation_is_as_one_that_nobody_gave(bench: Bench) -> None:
    """OL2: also with its right handles."""
    bench.publish(ALL)
    bench.granted()
    entry = bench.centre.grants(token=bench.operator(CLINIC)).grants[0]
    for named in (entry.grant, "nobodys"):
        subject = GrantSubject(DirectiveId(named), entry.handles)
        request = bench.running.request(bench.person, HOSPITAL, selection=ASKED, subject=subject)
        unnamed = request.model_copy(update={"tokens": {}})
        told = refused(lambda asked=unnamed: bench.centre.read(asked, token=bench.operator(HOSPITAL)))  # type: ignore[misc]  # a default per turn
        assert told == (403, "subject_unknown")


def test_what_was_deposited_under_a_wrong_link_is_not_read_any_more_and_nothing_else(bench: Bench) -> None:
    """LN: set apart is what came under that link; told again, it is the same."""
    bench.publish(ALL)
    bench.granted()
    wrong, right = bench.seal(2, MEDICATION[0], prefix="w"), bench.seal(1, MEDICATION[0], prefix="r")
    bench.deposit(wrong, link="wrong")
    bench.deposit(right, link="right")
    assert len(bench.read().bundles) == 2
    assert bench.set_apart("wrong") == bench.set_apart("wrong") == 2
    assert [each.id for each in bench.read().bundles] == [right.id]
    single = DocumentSelection(frozenset(each.id for each in wrong.documents))
    assert refused(lambda: bench.read(selection=single))[0] == 403
    assert bench.set_apart("never used") == 0


def test_token_of_a_wrong_link_is_good_for_nothing(bench: Bench) -> None:
    bench.publish(ALL)
    late = bench.seal(1, MEDICATION[0])
    bench.set_apart("wrong")
    assert refused(lambda: bench.deposit(late, link="wrong")) == (403, "link_undone")
    search = CompartmentSearch(token=bench.name(bench.person, HOSPITAL, link="wrong"))
    assert refused(lambda: bench.centre.search(search, token=bench.operator(HOSPITAL))) == (
        403,
        "link_undone",
    )
    bench.deposit(late, link="another")


def test_who_deposited_and_who_read_is_told_which_documents(bench: Bench) -> None:
    bench.publish(ALL)
    bench.granted()
    wrong = bench.seal(2, MEDICATION[0])
    bench.deposit(wrong, link="wrong")
    bench.read()
    for _ in range(2):
        bench.set_apart("wrong")
    told = {
        member: bench.centre.apart_notices(token=bench.operator(member)).notices
        for member in (HOSPITAL, CLINIC, OTHER_HOSPITAL)
    }
    assert {member: len(notices) for member, notices in told.items()} == {
        HOSPITAL: 1,
        CLINIC: 1,
        OTHER_HOSPITAL: 0,
    }
    documents = sorted(each.id for each in wrong.documents)
    for member, reads in ((HOSPITAL, 0), (CLINIC, 1)):
        notice = told[member][0]
        assert (notice.author, notice.fault, notice.documents) == (HOSPITAL, "wrong_person", documents)
        assert len(notice.reads) == reads


def test_only_a_token_that_names_a_link_sets_something_apart(bench: Bench) -> None:
    token = bench.name(bench.person, ID_CENTRE)
    message = SetApart(token=token, organisation=HOSPITAL, fault="wrong_person")
    assert refused(lambda: bench.as_id_centre().set_apart(message)) == (403, "forbidden")


def own_records(bench: Bench, **asked: Any) -> OwnRecords:
    """Fetch the person's own records."""
    return bench.centre.own_records(OwnRecordsRequest(**asked), token=bench.own())


def test_person_opens_their_own_records_without_any_bodys_help(bench: Bench) -> None:
    """The newest version of each, of all kinds and years unless some are named; nobody permitted anything."""
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[0], prefix="old"))
    bench.deposit(bench.seal(1, MEDICATION[2]))
    bench.deposit(bench.seal(1, MEDICATION[2], version=2), bench.seal(1, LABORATORY[0], prefix="lab"))
    told = own_records(bench)
    assert told.next is None
    assert all(not each.fragments for each in told.bundles)
    key = bench.world.members[HOSPITAL].keys.ed25519("author").public_key()
    opened = [
        document
        for each in told.bundles
        for document in bench.person.wallet.open_own(*sealed_parts(each), author_key=key)
    ]
    assert [(each.id, each.version) for each in opened] == [("old-0", 1), ("d-0", 2), ("lab-0", 1)]
    assert all(CANARY.encode() in each.content for each in opened)
    some = own_records(bench, categories=[Category.MEDICATION], first_year=2026, last_year=2026)
    assert [one.id for each in some.bundles for one in each.documents] == ["d-0"]


def test_nobody_else_fetches_a_persons_own_records(bench: Bench) -> None:
    bench.publish(ALL)
    bench.deposit(bench.seal(1, MEDICATION[0]))
    with pytest.raises(RemoteProblemError) as found:
        bench.centre.own_records(OwnRecordsRequest(), token=bench.operator(HOSPITAL))
    assert (found.value.status, found.value.code) == (403, "forbidden")
    other = Someone("jiro")
    bench.enrol(other)
    assert bench.centre.own_records(OwnRecordsRequest(), token=bench.own(other)).bundles == []


def test_what_was_set_apart_is_not_among_the_own_records(bench: Bench) -> None:
    """LN: it is somebody else's."""
    bench.publish(ALL)
    right = bench.seal(1, MEDICATION[0], prefix="r")
    bench.deposit(bench.seal(1, MEDICATION[0], prefix="w"), link="wrong")
    bench.deposit(right, link="right")
    bench.set_apart("wrong")
    assert [each.id for each in own_records(bench).bundles] == [right.id]


def test_own_records_of_somebody_without_a_wallet_are_refused(bench: Bench) -> None:
    stranger = bench.own(Someone("saburo"))
    with pytest.raises(RemoteProblemError) as found:
        bench.centre.own_records(OwnRecordsRequest(), token=stranger)
    assert (found.value.status, found.value.code) == (404, "no_wallet")
