"""SC4: a death that was entered by mistake is taken back by two; what it ended stays ended."""

from collections.abc import Iterator

import pytest
from support.guardian_scene import Scene, guardian_scene, status
from support.identity_people import REGISTRY

from consent.guardians import Change, LegalState
from consent.vocabulary import Body
from services.contracts.directives import DirectivesClient
from services.contracts.guardianship import PersonState, TellStates
from services.contracts.identity.guardianships import GuardianshipView
from services.contracts.identity.messages import EnrolledPerson
from services.identity.workflows import guarding
from services.kit.http import RemoteProblemError
from services.kit.problems import UnavailableError


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with guardian_scene(tmp_path_factory.mktemp("corrections")) as scene:
        yield scene


def died(scene: Scene, person: EnrolledPerson) -> None:
    """Enter a death, and have every body told."""
    scene.die(person)
    scene.tell()
    assert scene.told(Body.MEDICAL, person).state is LegalState.DECEASED


def kinds(scene: Scene, person: EnrolledPerson) -> list[str]:
    """Return what happened, as the person's own history has it."""
    return [each["kind"] for each in scene.history(scene.own_name(person))]


def test_two_take_a_death_back_and_every_body_is_told(scene: Scene) -> None:
    hanako = scene.adult().holder.enrolled
    died(scene, hanako)
    made = scene.propose_correction(hanako)
    assert (made.preview["state"], made.preview["guardianships_stay_ended"]) == ("of_age", 0)
    with status(403):  # one person alone
        scene.supervisor(0).approve(made)
    scene.tell()
    assert scene.told(Body.MEDICAL, hanako).state is LegalState.DECEASED
    scene.supervisor(1).approve(made)
    scene.tell()
    assert {scene.told(body, hanako).state for body in scene.strangers} == {LegalState.OF_AGE}
    logged = [each for each in scene.history(scene.own_name(hanako)) if each["kind"] == "death_corrected"]
    assert [(each["outcome"], each["organisation"]) for each in logged] == [("done", "city")]
    assert {"death_corrected", "proposal_decided"} == set(kinds(scene, hanako)[-3:]) - {"legal_state_told"}


def test_the_old_card_stays_revoked_and_a_new_one_signs_in(scene: Scene) -> None:
    """Both orders: no card is issued to who counts as dead; it is issued after the correction."""
    adult = scene.adult()
    enrolled = adult.holder.enrolled
    died(scene, enrolled)
    with pytest.raises(RemoteProblemError) as early:
        scene.world.card(enrolled, scene.city)
    assert early.value.code == "person_deceased"
    scene.correct(enrolled)
    scene.tell()
    with pytest.raises(RemoteProblemError):
        scene.world.person_token(adult.holder, REGISTRY, at=scene.city)
    anew = scene.world.card(enrolled, scene.city)
    token = scene.world.person_token(anew, REGISTRY, at=scene.city)
    assert DirectivesClient(scene.world.http(REGISTRY, scene.city)).directives(token=token) == []
    with pytest.raises(
        RemoteProblemError
    ):  # the new card brings the old one back no more than the correction did
        scene.world.person_token(adult.holder, REGISTRY, at=scene.city)


def test_guardianships_stay_ended_and_everybody_concerned_is_told(scene: Scene) -> None:
    child, mother, ward = scene.child(3), scene.adult(), scene.child(5)
    grandmother = scene.adult()
    for each in (child, ward):
        scene.ask(each)
    over, of = scene.enter(child, mother), scene.enter(ward, grandmother)
    died(scene, child)
    died(scene, grandmother.holder.enrolled)
    assert scene.correct(child).outcome == {"guardianships_stay_ended": 1}
    assert scene.correct(grandmother.holder.enrolled).outcome == {"guardianships_stay_ended": 1}
    scene.tell()
    told = scene.told(Body.MEDICAL, child)
    assert (told.state, told.guardians[0].ended) == (LegalState.CHILD, Change.PERSON_DIED)
    assert scene.told(Body.MEDICAL, ward).guardians[0].ended is Change.GUARDIAN_DIED
    with pytest.raises(RemoteProblemError) as refusal:
        scene.token(mother, over)
    assert refusal.value.code == "guardianship_ended"
    for concerned, name in ((mother.holder.enrolled, over), (ward, of)):
        last = scene.history(scene.own_name(concerned))
        (said,) = [each for each in last if each["kind"] == "death_corrected"]
        assert said["detail"]["guardianship"] == name
    anew = scene.enter(child, mother)
    scene.tell()
    assert scene.token(mother, anew)
    views: list[GuardianshipView] = scene.ask(child).guardianships
    assert {each.guardianship: each.ended for each in views} == {over: Change.PERSON_DIED, anew: None}


def test_nothing_is_taken_back_twice_nor_before_it_was_entered(scene: Scene) -> None:
    hanako = scene.adult().holder.enrolled
    with pytest.raises(RemoteProblemError) as none:
        scene.propose_correction(hanako)
    assert none.value.code == "death_unknown"
    died(scene, hanako)
    made, second = scene.propose_correction(hanako), scene.propose_correction(hanako)
    scene.supervisor(1).approve(made)
    for again in (made, second):
        with status(409):
            scene.supervisor(1).approve(again)
    assert kinds(scene, hanako).count("death_corrected") == 1


def test_what_was_proposed_about_one_death_decides_nothing_about_another(scene: Scene) -> None:
    hanako = scene.child(4)
    scene.ask(hanako)
    earlier = scene.propose_death(hanako)
    died(scene, hanako)
    kept = scene.propose_correction(hanako)
    scene.correct(hanako)
    with status(409):  # the death that was corrected is not entered again by an approval that was left over
        scene.supervisor(1).approve(earlier)
    died(scene, hanako)
    with status(409):  # nor another one taken back
        scene.supervisor(1).approve(kept)
    scene.tell()
    assert scene.told(Body.MEDICAL, hanako).state is LegalState.DECEASED


def test_a_body_that_was_down_hears_of_it_from_a_centre_that_was_started_again(scene: Scene) -> None:
    """Also the body that heard of neither: it is told how things are, and an older word changes nothing."""
    hanako = scene.adult().holder.enrolled
    down = scene.strangers[Body.MEDICAL]
    scene.die(hanako)
    down.down = UnavailableError("down")
    with pytest.raises(UnavailableError):
        scene.tell()
    word = scene.told(Body.OVERSIGHT, hanako)
    scene.correct(hanako)
    with pytest.raises(UnavailableError):
        scene.tell()
    down.down = None
    guarding.carry_on(scene.centre, scene.directives)  # opened anew over the same database
    assert scene.told(Body.MEDICAL, hanako).state is LegalState.OF_AGE
    assert _told_again(scene, word) == 0
    assert scene.told(Body.OVERSIGHT, hanako).state is LegalState.OF_AGE


def test_who_came_of_age_meanwhile_is_of_age_as_soon_as_the_registry_was_asked(scene: Scene) -> None:
    youth = scene.child(17)
    scene.ask(youth)
    died(scene, youth)
    scene.world.clock.move(366 * 86_400)
    scene.prolong()
    guarding.look_at_ages(scene.centre)
    scene.correct(youth)
    guarding.look_at_ages(scene.centre)  # the same day
    scene.tell()
    assert scene.told(Body.OVERSIGHT, youth).state is LegalState.OF_AGE


def _told_again(scene: Scene, word: PersonState) -> int:
    return scene.strangers[Body.OVERSIGHT].tell(TellStates(states=[word])).news
