"""Attacks by proxies that hand out wrong fragments, and by those who would blame an honest one: steps F1 to F4."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.emergency_world import Town, town
from support.medical_story import CANARY, MEDICATION
from support.medical_world import CLINIC
from support.wrong_fragments import ALL, SECONDS, Change, Scene, changed, honest, permit, withdraw

from consent.compartments import Compartment
from consent.delegation import reencrypt
from consent.sealing import capsule_of
from consent.vocabulary import Body, Purpose
from services.contracts.directives import ReleaseAnswer, ReleaseRequest
from services.contracts.directives_fake import FakeSecondProxy
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import ReadAnswer
from services.contracts.released import (
    NotReleased,
    UnprovenError,
    WrongFragment,
    WrongRelease,
    show_wrong,
    verify_wrong,
)
from services.gateway.clinic import prepare
from services.gateway.errors import NotVerifiedError, RefusedError
from services.gateway.wrong_fragments import (
    WrongFragmentError,
    read_shown,
    report,
    reports,
    require_shown,
    save_shown,
)
from services.medical.second_proxy import SecondProxy

LABEL = "medication/2026/1"
Spoil = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town")) as here:
        yield here


@pytest.fixture
def scene(place: Town) -> Iterator[Scene]:
    """Permit anew in the one town."""
    place.world.now += timedelta(seconds=1)
    grant = permit(place)
    with honest(place, grant) as here:
        yield here
    withdraw(place, grant)


def altered(_scene: Scene, _body: Body) -> Spoil:
    return changed


def truncated(_scene: Scene, _body: Body) -> Spoil:
    return lambda fragment: fragment[:-1]


def for_another_capsule(scene: Scene, body: Body) -> Spoil:
    package = scene.grant.copies[body].fragments[LABEL].verify()
    wallet = scene.town.person.wallet
    other = wallet.seal_content_key(bytes(32), to=wallet.compartment_public_key(Compartment.parse(LABEL)))
    return lambda _fragment: reencrypt(capsule_of(other), package)


def of_another_directive(scene: Scene, body: Body) -> Spoil:
    world, person = scene.town.world, scene.town.person
    other = world.grant(person, world.terms(CLINIC), compartments=MEDICATION).copies[body].fragments[LABEL]
    capsules = {each.bundle: each.capsule for each in scene.probe()}
    return lambda _fragment: reencrypt(next(iter(capsules.values())), other.verify())


@pytest.mark.parametrize(
    ("body", "spoil"),
    [
        (Body.OVERSIGHT, altered),
        (Body.OVERSIGHT, truncated),
        (Body.OVERSIGHT, for_another_capsule),
        (Body.OVERSIGHT, of_another_directive),
        (Body.IDENTITY, of_another_directive),
    ],
)
def test_second_body_with_wrong_fragments_is_named_and_bypassed(
    scene: Scene, body: Body, spoil: Callable[[Scene, Body], Spoil]
) -> None:
    """IT8, R9: the read goes on by itself; person and oversight body see it, shown by the body's own signature."""
    scene.town.proxies.sort(key=lambda each: each.body is not body)
    scene.second(body).spoil = spoil(scene, body)
    assert all(CANARY.encode() in each for each in scene.read())
    (bypassed,) = scene.told
    assert bypassed.body is body
    assert scene.reader.centre.asked[-1].wrong == bypassed.shown
    assert scene.medical_events()[-3:] == [
        ("records_read", None, None),
        ("wrong_fragment_found", "fragment_wrong", body.value),
        ("records_read", None, None),
    ]
    newest = reports(scene.official())[0]
    assert (newest.report, newest.body, newest.organisation) == (bypassed.report, body, CLINIC)
    assert scene.town.last() == ("wrong_fragment_found", "done", "fragment_wrong")


def test_what_shows_it_is_verified_by_anybody_from_the_file_alone(scene: Scene, tmp_path: Path) -> None:
    """IT8, R8."""
    scene.second(Body.OVERSIGHT).spoil = changed
    scene.read()
    save_shown(scene.told[0].shown, tmp_path / "shown.json")
    shown = read_shown((tmp_path / "shown.json").read_bytes())
    assert shown is not None
    require_shown(shown, Body.OVERSIGHT, keys=scene.reader.directory().signing_key)
    with pytest.raises(NotVerifiedError, match="another body"):
        require_shown(shown, Body.IDENTITY, keys=scene.reader.directory().signing_key)


@dataclass
class Instead:
    """A second body whose answers are changed after it has signed them."""

    honest: FakeSecondProxy
    change: Callable[[ReleaseAnswer], ReleaseAnswer]

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """See `SecondProxyClient`."""
        return self.change(self.honest.release(request))


def _missing(answer: ReleaseAnswer) -> ReleaseAnswer:
    return answer.model_copy(update={"fragments": answer.fragments[:-1]})


def _unsigned(answer: ReleaseAnswer) -> ReleaseAnswer:
    return answer.model_copy(update={"signed": "a.b.c"})


def _otherwise_signed(answer: ReleaseAnswer) -> ReleaseAnswer:
    first = answer.fragments[0]
    return answer.model_copy(
        update={"fragments": [first.model_copy(update={"cfrag": "AAAA"}), *answer.fragments[1:]]}
    )


@pytest.mark.parametrize("change", [_missing, _unsigned, _otherwise_signed])
def test_second_body_that_does_not_stand_by_its_answer_is_passed_over(
    scene: Scene, change: Callable[[ReleaseAnswer], ReleaseAnswer]
) -> None:
    """IT8: the medical centre passes on nothing that it could be blamed for, asks the other body, and says so."""
    first = scene.town.proxies[0]
    instead = Instead(scene.second(Body.OVERSIGHT), change)
    scene.town.proxies[0] = SecondProxy(first.body, instead, first.link, first.witness)
    assert len(scene.read()) == 5
    assert not scene.told
    assert scene.medical_events()[-2:] == [
        ("records_read", None, None),
        ("wrong_fragment_found", "release_unusable", "oversight"),
    ]


def test_when_both_second_bodies_are_wrong_the_last_is_named_and_nothing_is_opened(scene: Scene) -> None:
    """IT8."""
    for body in SECONDS:
        scene.second(body).spoil = changed
    with pytest.raises(WrongFragmentError, match="identity"):
        scene.read()
    assert [each.body for each in scene.told] == [*SECONDS]


def _own_changed(answer: ReadAnswer) -> ReadAnswer:
    first, *rest = answer.bundles
    own = first.fragments[Body.MEDICAL]
    fragments = {**first.fragments, Body.MEDICAL: own[:-1] + bytes([own[-1] ^ 1])}
    return answer.model_copy(update={"bundles": [first.model_copy(update={"fragments": fragments}), *rest]})


def _own_missing(answer: ReadAnswer) -> ReadAnswer:
    first, *rest = answer.bundles
    fragments = {body: each for body, each in first.fragments.items() if body is not Body.MEDICAL}
    return answer.model_copy(update={"bundles": [first.model_copy(update={"fragments": fragments}), *rest]})


def _second_changed(answer: ReadAnswer) -> ReadAnswer:
    first, *rest = answer.bundles
    fragments = {**first.fragments, Body.OVERSIGHT: bytes(10)}
    return answer.model_copy(update={"bundles": [first.model_copy(update={"fragments": fragments}), *rest]})


def test_medical_centre_with_a_wrong_fragment_is_named_and_reported_by_its_own_signature(
    scene: Scene,
) -> None:
    """IT8, R9: nobody can go on without the medical centre: refused clearly, nothing opened, asked once."""
    scene.reader.centre.change = lambda answer: scene.sign(_own_changed(answer))
    with pytest.raises(WrongFragmentError, match="the medical body handed out a wrong fragment") as refused:
        scene.read()
    assert isinstance(refused.value.shown and refused.value.shown.evidence, WrongFragment)
    assert (len(scene.reader.centre.asked), scene.told[0].body) == (1, Body.MEDICAL)
    newest = reports(scene.official())[0]
    assert (newest.body, newest.report) == (Body.MEDICAL, scene.told[0].report)
    assert scene.town.last() == ("wrong_fragment_found", "done", "fragment_wrong")


def test_medical_centre_that_passes_on_what_the_second_did_not_sign_is_blamed_itself(scene: Scene) -> None:
    """IT8: the honest second body is not named, and the medical centre's two signatures show why."""
    scene.reader.centre.change = lambda answer: scene.sign(_second_changed(answer))
    with pytest.raises(WrongFragmentError) as refused:
        scene.read()
    assert refused.value.body is Body.MEDICAL
    assert isinstance(refused.value.shown and refused.value.shown.evidence, NotReleased)
    assert reports(scene.official())[0].body is Body.MEDICAL


@pytest.mark.parametrize("change", [_own_changed, _own_missing, _second_changed])
def test_medical_centre_that_signs_nothing_is_named_and_nobody_else_is(scene: Scene, change: Change) -> None:
    """IT8: what its signature does not cover it cannot put on another body."""
    before = len(reports(scene.official()))
    scene.reader.centre.change = change
    with pytest.raises(WrongFragmentError) as refused:
        scene.read()
    assert (refused.value.body, refused.value.shown) == (Body.MEDICAL, None)
    assert len(reports(scene.official())) == before


def _framed(scene: Scene) -> WrongRelease:
    """What a reader would need to show, made of an honest body's answer."""
    scene.probe()
    assert scene.answer is not None
    made = scene.made(scene.answer, Body.OVERSIGHT)
    return WrongRelease(evidence=show_wrong(scene.answer.released[Body.OVERSIGHT], made, 0))


def _other_fragment(shown: WrongRelease) -> WrongRelease:
    assert isinstance(shown.evidence, WrongFragment)
    return WrongRelease(evidence=shown.evidence.model_copy(update={"fragment": "AAAA"}))


def _other_keys(shown: WrongRelease) -> WrongRelease:
    assert isinstance(shown.evidence, WrongFragment)
    key = shown.evidence.delegating_key
    return WrongRelease(evidence=shown.evidence.model_copy(update={"verifying_key": key}))


def _as_the_medical_centres(shown: WrongRelease) -> WrongRelease:
    return WrongRelease(evidence=NotReleased(signed=shown.evidence.signed, second="x"))


def _signed_by_nobody(shown: WrongRelease) -> WrongRelease:
    head = shown.evidence.signed.rpartition(".")[0]
    return WrongRelease(evidence=shown.evidence.model_copy(update={"signed": f"{head}.{'A' * 86}"}))


@pytest.mark.parametrize(
    "change", [lambda shown: shown, _other_fragment, _other_keys, _as_the_medical_centres, _signed_by_nobody]
)
def test_nobody_can_blame_an_honest_body(
    scene: Scene, change: Callable[[WrongRelease], WrongRelease]
) -> None:
    """IT8: refused at both bodies with a code of its own, logged, and nothing is kept."""
    before = len(reports(scene.official()))
    framed = change(_framed(scene))
    with pytest.raises(UnprovenError):
        verify_wrong(framed, keys=scene.reader.directory().signing_key)
    assert report(scene.reader, scene.town.person.name, framed) is None
    assert scene.town.last() == ("wrong_fragment_found", "refused", "accusation_unproven")
    with pytest.raises(RefusedError) as refused:
        _read_with(scene, framed)
    assert refused.value.code == "accusation_unproven"
    assert scene.medical_events()[-1][:2] == ("records_read", "accusation_unproven")
    assert len(reports(scene.official())) == before


def test_an_old_answer_blames_nobody_when_the_second_body_has_another_key(scene: Scene) -> None:
    """IT8, F2: what the medical centre passed on was right, and verifies no more."""
    scene.probe()
    assert scene.answer is not None
    signed, second = (scene.answer.released[body] for body in (Body.MEDICAL, Body.OVERSIGHT))
    framed = WrongRelease(evidence=NotReleased(signed=signed, second=second))
    present = scene.reader.directory().signing_key
    renewed = Ed25519PrivateKey.generate().public_key()
    for keys in (present, lambda body: renewed if body is Body.OVERSIGHT else present(body)):
        with pytest.raises(UnprovenError):
            verify_wrong(framed, keys=keys)


def test_what_shows_a_wrong_fragment_of_one_permission_serves_for_no_other(scene: Scene) -> None:
    """IT8: true evidence about another permission does not choose who is asked."""
    scene.second(Body.OVERSIGHT).spoil = changed
    scene.read()
    withdraw(scene.town, scene.grant)
    later = permit(scene.town)
    with pytest.raises(RefusedError) as refused:
        _read_with(scene, scene.told[0].shown)
    assert refused.value.code == "accusation_unproven"
    withdraw(scene.town, later)


def _read_with(scene: Scene, wrong: WrongRelease) -> None:
    prepared = prepare(
        scene.reader, scene.town.person.name, selection=ALL, purpose=Purpose.TREAT, wrong=wrong
    )
    scene.reader.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).read(prepared.request, token=token)
    )
