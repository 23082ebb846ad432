"""P3 to P7 and W1 to W3 at one body, through its real gate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support.oversight_reads import (
    CHECKUP,
    MEDICATION,
    events,
    grant,
    narrowed,
    submit,
    withdraw,
)
from support.oversight_world import OFFICE, OversightWorld, Participant, Person, oversight

from consent import base64url, canonical
from consent.canonical import JsonObject, JsonValue
from consent.compartments import Compartment
from consent.directives import DIRECTIVE, BasicScope, DirectiveCopy, Effect, Grant, verify_deletion_receipt
from consent.identifiers import OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import BasicItem, Body, Category
from consent.wallet import Wallet
from services.contracts.directives import (
    SubmissionFault,
    WalletRegistration,
    WithdrawalOrder,
    submission,
    wallet_registration,
)
from services.contracts.oversight.messages import Accredited, StandingChange
from services.contracts.oversight.register import Kind, Role
from services.kit.http import RemoteProblemError
from services.oversight import tables

LATER = Compartment(Category.MEDICATION, 2025, 3)


@dataclass
class Scene:
    """A person whose wallet is registered, and a clinic."""

    world: OversightWorld
    person: Person
    clinic: Participant

    def copy(self, **changes: object) -> DirectiveCopy:
        """Return the oversight body's copy of a grant, terms replaced as told."""
        return grant(self.world, self.person, self.clinic, **changes).copies[Body.OVERSIGHT]  # type: ignore[arg-type]

    def fragments(self) -> int:
        """Count the stored fragments."""
        table = tables.DIRECTIVES.fragment
        with self.world.context.database.read() as conn:
            return conn.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Open the oversight body."""
    with oversight(tmp_path) as world:
        yield Scene(world, world.person("hanako"), world.accredit("clinic-b", Kind.CLINIC, Role.READER))


def test_an_accepted_copy_is_in_force_and_says_where_it_is_logged(scene: Scene) -> None:
    accepted = submit(scene.world, scene.person, scene.copy(compartments=[MEDICATION, LATER]))
    logged = events(scene.world)[accepted.log_index]
    assert (logged["kind"], logged["ground"], logged["count"]) == ("directive_stored", accepted.directive, 2)
    assert logged["person"] == scene.person.pseudonym(Body.OVERSIGHT)
    assert scene.fragments() == 2


def test_the_person_finds_own_directives_again(scene: Scene) -> None:
    copy = scene.copy()
    accepted = submit(scene.world, scene.person, copy)
    client, token = scene.world.as_person(scene.person)
    assert [(each.id, each.jws, each.state) for each in client.directives(token=token)] == [
        (accepted.directive, copy.jws, "active")
    ]
    other, other_token = scene.world.as_person(scene.world.person("taro"))
    assert other.directives(token=other_token) == []


def test_a_directive_past_its_end_is_shown_as_expired(scene: Scene) -> None:
    submit(scene.world, scene.person, scene.copy())
    scene.world.clock.move(31 * 24 * 3600)
    client, token = scene.world.as_person(scene.person)
    assert [each.state for each in client.directives(token=token)] == ["expired"]


def test_a_refusal_by_the_person_needs_no_fragments(scene: Scene) -> None:
    assert submit(scene.world, scene.person, scene.copy(effect=Effect.DENY)).state == "active"
    assert scene.fragments() == 0


def test_a_copy_is_taken_once(scene: Scene) -> None:
    copy = scene.copy()
    submit(scene.world, scene.person, copy)
    with pytest.raises(RemoteProblemError) as refused:
        submit(scene.world, scene.person, copy)
    assert (refused.value.status, refused.value.code) == (409, SubmissionFault.DIRECTIVE_KNOWN.value)
    assert scene.fragments() == 1


def _by_another_wallet(scene: Scene) -> DirectiveCopy:
    stranger = Person(
        scene.person.name, Wallet.create(scene.world.random.randbytes), scene.world.context.people
    )
    return grant(scene.world, stranger, scene.clinic).copies[Body.OVERSIGHT]


def _for_another_body(scene: Scene) -> DirectiveCopy:
    medical = grant(scene.world, scene.person, scene.clinic).copies[Body.MEDICAL]
    return DirectiveCopy(_signed(scene, _payload(medical)), medical.fragments)


def _about_somebody_else(scene: Scene) -> DirectiveCopy:
    namesake = Person("taro", scene.person.wallet, scene.world.context.people)
    return grant(scene.world, namesake, scene.clinic).copies[Body.OVERSIGHT]


def _about_basic_items(scene: Scene) -> DirectiveCopy:
    scope = BasicScope(frozenset({BasicItem.NAME}))
    basic = grant(scene.world, scene.person, scene.clinic, scope=scope).copies[Body.REGISTRY]
    person = scene.person.pseudonym(Body.OVERSIGHT)
    return DirectiveCopy(_signed(scene, {**_payload(basic), "body": "oversight", "person": person}))


def _to_nobody(scene: Scene) -> DirectiveCopy:
    return scene.copy(recipient=Recipient(OrganisationId("nobody")))


def _to_a_suspended_clinic(scene: Scene) -> DirectiveCopy:
    name = scene.clinic.organisation
    scene.world.decide("suspend", StandingChange(kind=Accredited.ORGANISATION, id=name))
    return scene.copy()


def _to_a_proxy(scene: Scene) -> DirectiveCopy:
    return scene.copy(recipient=Recipient(OFFICE))


def _over_already(scene: Scene) -> DirectiveCopy:
    now = scene.world.clock()
    return scene.copy(valid_from=now - timedelta(days=2), valid_until=now)


def _without_fragments(scene: Scene) -> DirectiveCopy:
    return replace(scene.copy(), fragments={})


def _with_fragments_for_another_reader(scene: Scene) -> DirectiveCopy:
    other = scene.world.accredit("clinic-c", Kind.CLINIC, Role.READER)
    theirs = grant(scene.world, scene.person, other)
    return replace(scene.copy(), fragments=theirs.copies[Body.OVERSIGHT].fragments)


def _with_a_fragment_outside_its_scope(scene: Scene) -> DirectiveCopy:
    copy = scene.copy()
    package = copy.fragments[MEDICATION.label]
    return replace(copy, fragments={CHECKUP.label: narrowed(package, CHECKUP)})


def _with_a_broken_fragment(scene: Scene) -> DirectiveCopy:
    copy = scene.copy()
    package = copy.fragments[MEDICATION.label]
    flipped = package.kfrag[:-1] + bytes([package.kfrag[-1] ^ 1])
    return replace(copy, fragments={MEDICATION.label: replace(package, kfrag=flipped)})


def _with_the_medical_centres_handles(scene: Scene) -> DirectiveCopy:
    granted = grant(scene.world, scene.person, scene.clinic)
    medical = granted.copies[Body.MEDICAL]
    return replace(
        granted.copies[Body.OVERSIGHT], handles=medical.handles, reader_notice=medical.reader_notice
    )


def _for_an_unknown_purpose(scene: Scene) -> DirectiveCopy:
    return _with_terms(scene, purposes=["HMARKT"])


def _with_its_period_reversed(scene: Scene) -> DirectiveCopy:
    terms = _terms(scene)
    return _with_terms(scene, valid_from=terms["valid_until"], valid_until=terms["valid_from"])


def _with_the_years_reversed(scene: Scene) -> DirectiveCopy:
    scope = _terms(scene)["scope"]
    assert isinstance(scope, Mapping)
    return _with_terms(scene, scope={**scope, "years": {"first": 2026, "last": 2025}})


def _with_a_member_more(scene: Scene) -> DirectiveCopy:
    return _with_terms(scene, colour="red")


def _terms(scene: Scene) -> JsonObject:
    terms = _payload(scene.copy())["terms"]
    assert isinstance(terms, Mapping)
    return terms


def _with_terms(scene: Scene, **changes: JsonValue) -> DirectiveCopy:
    copy = scene.copy()
    payload = {**_payload(copy), "terms": {**_terms(scene), **changes}}
    return replace(copy, jws=_signed(scene, payload))


CASES: list[tuple[Callable[[Scene], DirectiveCopy], SubmissionFault]] = [
    (_for_an_unknown_purpose, SubmissionFault.UNKNOWN_PURPOSE),
    (_with_its_period_reversed, SubmissionFault.PERIOD_REVERSED),
    (_with_the_years_reversed, SubmissionFault.PERIOD_REVERSED),
    (_with_a_member_more, SubmissionFault.DIRECTIVE_MALFORMED),
    (_by_another_wallet, SubmissionFault.NOT_SIGNED_BY_WALLET),
    (_for_another_body, SubmissionFault.OTHER_BODY_OR_PERSON),
    (_about_somebody_else, SubmissionFault.OTHER_BODY_OR_PERSON),
    (_about_basic_items, SubmissionFault.OTHER_SCOPE),
    (_to_nobody, SubmissionFault.RECIPIENT_NOT_ACCREDITED),
    (_to_a_suspended_clinic, SubmissionFault.RECIPIENT_NOT_ACCREDITED),
    (_to_a_proxy, SubmissionFault.RECIPIENT_IS_PROXY),
    (_over_already, SubmissionFault.DIRECTIVE_EXPIRED),
    (_without_fragments, SubmissionFault.FRAGMENTS_DO_NOT_MATCH),
    (_with_fragments_for_another_reader, SubmissionFault.FRAGMENTS_DO_NOT_MATCH),
    (_with_a_fragment_outside_its_scope, SubmissionFault.FRAGMENTS_DO_NOT_MATCH),
    (_with_a_broken_fragment, SubmissionFault.FRAGMENT_REFUSED),
    (_with_the_medical_centres_handles, SubmissionFault.NOTICE_REFUSED),
]


@pytest.mark.parametrize(("build", "fault"), CASES, ids=[build.__name__.strip("_") for build, _ in CASES])
def test_a_copy_that_is_not_right_is_refused_and_the_refusal_logged(
    scene: Scene, build: Callable[[Scene], DirectiveCopy], fault: SubmissionFault
) -> None:
    copy = build(scene)
    with pytest.raises(RemoteProblemError) as refused:
        submit(scene.world, scene.person, copy)
    assert (refused.value.status, refused.value.code) == (403, fault.value)
    last = events(scene.world)[-1]
    assert (last["outcome"], last["reason"]) == ("refused", fault.value)
    assert scene.fragments() == 0


def test_a_person_without_a_wallet_here_permits_nothing(scene: Scene) -> None:
    newcomer = Person("jiro", Wallet.create(scene.world.random.randbytes), scene.world.context.people)
    with pytest.raises(RemoteProblemError) as refused:
        submit(scene.world, newcomer, grant(scene.world, newcomer, scene.clinic).copies[Body.OVERSIGHT])
    assert refused.value.code == SubmissionFault.WALLET_UNKNOWN.value


def test_the_first_wallet_stays(scene: Scene) -> None:
    client, token = scene.world.as_person(scene.person)
    mine = wallet_registration(scene.person.wallet, Body.OVERSIGHT, scene.world.clock())
    assert client.register_wallet(mine, token=token) == client.wallet(token=token)
    other = Wallet.create(scene.world.random.randbytes)
    with pytest.raises(RemoteProblemError) as refused:
        client.register_wallet(wallet_registration(other, Body.OVERSIGHT, scene.world.clock()), token=token)
    assert (refused.value.status, refused.value.code) == (409, SubmissionFault.OTHER_WALLET.value)
    registered = [each for each in events(scene.world) if each["kind"] == "wallet_registered"]
    assert [each["outcome"] for each in registered] == ["done", "refused"]


@pytest.mark.parametrize("body", [Body.MEDICAL, Body.OVERSIGHT])
def test_a_wallet_proves_its_key_to_this_body_and_now(scene: Scene, body: Body) -> None:
    newcomer = Person("jiro", Wallet.create(scene.world.random.randbytes), scene.world.context.people)
    stale = scene.world.clock() - timedelta(hours=1) if body is Body.OVERSIGHT else scene.world.clock()
    registration = wallet_registration(newcomer.wallet, body, stale)
    client, token = scene.world.as_person(newcomer)
    with pytest.raises(RemoteProblemError) as refused:
        client.register_wallet(registration, token=token)
    assert refused.value.code == SubmissionFault.NOT_SIGNED_BY_WALLET.value


def test_a_wallet_key_of_somebody_else_is_not_taken(scene: Scene) -> None:
    newcomer = Person("jiro", Wallet.create(scene.world.random.randbytes), scene.world.context.people)
    theirs = wallet_registration(scene.person.wallet, Body.OVERSIGHT, scene.world.clock())
    own = newcomer.wallet.public_jwk(Body.OVERSIGHT)
    client, token = scene.world.as_person(newcomer)
    with pytest.raises(RemoteProblemError) as refused:
        client.register_wallet(WalletRegistration(signing_key=own, proof=theirs.proof), token=token)
    assert refused.value.code == SubmissionFault.NOT_SIGNED_BY_WALLET.value


def test_a_withdrawal_deletes_the_fragments_and_the_receipt_proves_it(scene: Scene) -> None:
    granted = grant(scene.world, scene.person, scene.clinic, compartments=[MEDICATION, LATER])
    accepted = submit(scene.world, scene.person, granted.copies[Body.OVERSIGHT])
    key = scene.world.context.signing_key.public_key()
    receipt = verify_deletion_receipt(withdraw(scene.world, scene.person, granted), key)
    assert (receipt.body, receipt.directive, receipt.fragments_deleted) == (
        Body.OVERSIGHT,
        accepted.directive,
        2,
    )
    assert events(scene.world)[receipt.log.index]["kind"] == "directive_withdrawn"
    assert scene.fragments() == 0
    assert withdraw(scene.world, scene.person, granted)
    client, token = scene.world.as_person(scene.person)
    assert [each.state for each in client.directives(token=token)] == ["withdrawn"]


def test_nobody_withdraws_another_persons_directive(scene: Scene) -> None:
    granted = grant(scene.world, scene.person, scene.clinic)
    submit(scene.world, scene.person, granted.copies[Body.OVERSIGHT])
    taro = scene.world.person("taro")
    with pytest.raises(RemoteProblemError) as refused:
        _order(scene, granted, by=taro)
    assert refused.value.code == SubmissionFault.NOT_SIGNED_BY_WALLET.value
    assert scene.fragments() == 1


def test_a_withdrawal_for_another_body_is_refused(scene: Scene) -> None:
    granted = grant(scene.world, scene.person, scene.clinic)
    submit(scene.world, scene.person, granted.copies[Body.OVERSIGHT])
    medical = {Body.MEDICAL: granted.copies[Body.MEDICAL].jws}
    order = scene.person.wallet.withdraw(medical, now=scene.world.clock())[Body.MEDICAL]
    client, token = scene.world.as_person(scene.person)
    with pytest.raises(RemoteProblemError) as refused:
        client.withdraw(WithdrawalOrder(withdrawal=order), token=token)
    assert refused.value.status == 403
    assert scene.fragments() == 1


def test_a_directive_that_is_not_here_cannot_be_withdrawn(scene: Scene) -> None:
    with pytest.raises(RemoteProblemError) as refused:
        withdraw(scene.world, scene.person, grant(scene.world, scene.person, scene.clinic))
    assert refused.value.status == 404


def test_no_fragment_and_no_pseudonym_is_in_an_answer_about_a_refusal(scene: Scene) -> None:
    copy = _with_a_broken_fragment(scene)
    with pytest.raises(RemoteProblemError) as refused:
        submit(scene.world, scene.person, copy)
    told = str(refused.value.members)
    sent = submission(copy)
    assert sent.fragments[0].kfrag not in told
    assert scene.person.pseudonym(Body.OVERSIGHT) not in told


def _order(scene: Scene, granted: Grant, *, by: Person) -> None:
    copies = {Body.OVERSIGHT: granted.copies[Body.OVERSIGHT].jws}
    order = scene.person.wallet.withdraw(copies, now=scene.world.clock())[Body.OVERSIGHT]
    client, token = scene.world.as_person(by)
    client.withdraw(WithdrawalOrder(withdrawal=order), token=token)


def _payload(copy: DirectiveCopy) -> JsonObject:
    return canonical.decode(base64url.decode(copy.jws.split(".")[1]))


def _signed(scene: Scene, payload: JsonObject) -> str:
    return scene.person.wallet.sign(Body.OVERSIGHT, DIRECTIVE, payload)
