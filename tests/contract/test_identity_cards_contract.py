"""What holders and registrars rely on about issued cards: the same on the honest fake and on the real ID centre."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.card_scene import CardScene
from support.identity_people import IDENTITY, ITERATIONS, PIN, Holder, card_request
from support.identity_wire import refused
from support.identity_world import World

from consent import base64url, pin
from consent.jwk import to_jwk
from services.contracts.identity.card_client import Cards
from services.contracts.identity.card_messages import (
    ChangePin,
    RenewApplication,
    SuspendByCode,
    UnlockApplication,
    presence_content,
)
from services.contracts.identity.client import Identity
from services.contracts.identity.messages import (
    Application,
    CardChange,
    CardState,
    ChangedCard,
    IssuedApplication,
    NewApplication,
    UnlockCard,
)
from services.kit.http import RemoteProblemError, Token

AUTHENTICATION, SIGNATURE = Application
NEXT = "7306"


class Scene(CardScene):
    """One ID centre, fake or real, with a municipality and somebody's card."""

    @property
    def cards(self) -> Cards:
        return self.world.cards(self.city)

    @property
    def identity(self) -> Identity:
        return self.world.identity(self.city)

    @property
    def counter(self) -> Token:
        return self.world.operator_token(self.city, IDENTITY)

    @property
    def signed_in(self) -> Token:
        return self.world.person_token(self.holder, IDENTITY, at=self.city)

    def lock(self, application: Application, tries: int) -> None:
        for _ in range(tries):
            with refused("wrong_pin", 403):
                self.identity.unlock(self.holder.attempt("0000", application))
        with refused("pin_locked", 403):
            self.identity.unlock(self.holder.attempt(PIN, application))

    def change(self, change: CardChange) -> ChangedCard:
        return self.world.change_card(self.city, self.holder, change)

    def following(self, application: Application, present: str = PIN) -> ChangePin:
        attempt = self.holder.attempt(present, application)
        verifier = pin.proof_digest(base64url.decode(self.holder.attempt(NEXT, application).pin_proof))
        return ChangePin(**attempt.model_dump(), pin_verifier=base64url.encode(verifier))

    def unlocking(self, application: Application, presence: str) -> UnlockApplication:
        return UnlockApplication(
            reference=self.holder.enrolled.reference,
            card=self.holder.issued.card,
            application=application,
            presence=presence,
        )


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene.of(world)


@pytest.mark.parametrize(("application", "limit"), [(AUTHENTICATION, 3), (SIGNATURE, 5)])
def test_each_application_has_a_limit_of_its_own(scene: Scene, application: Application, limit: int) -> None:
    assert scene.holder.issued.applications[application].retries == limit
    scene.lock(application, limit)
    for other in set(Application) - {application}:
        assert scene.identity.unlock(scene.holder.attempt(PIN, other)).share


def test_pin_that_was_prepared_takes_over_with_its_first_try(scene: Scene) -> None:
    before = scene.identity.unlock(scene.holder.attempt(PIN)).share
    share = scene.cards.change_pin(scene.following(AUTHENTICATION)).share
    assert scene.identity.unlock(scene.holder.attempt(PIN)).share == before != share
    assert scene.identity.unlock(scene.holder.attempt(NEXT)).share == share
    with refused("wrong_pin", 403):
        scene.identity.unlock(scene.holder.attempt(PIN))
    assert scene.identity.unlock(scene.holder.attempt(NEXT)).share == share


def test_changing_a_pin_needs_the_present_one_and_counts_as_a_try(scene: Scene) -> None:
    for left in (2, 1, 0):
        with pytest.raises(RemoteProblemError) as error:
            scene.cards.change_pin(scene.following(AUTHENTICATION, "0000"))
        assert (error.value.code, error.value.members["tries_left"]) == ("wrong_pin", left)
    with refused("pin_locked", 403):
        scene.cards.change_pin(scene.following(AUTHENTICATION))


@pytest.mark.parametrize(("application", "limit"), [(AUTHENTICATION, 3), (SIGNATURE, 5)])
def test_locked_application_is_unlocked_at_the_counter_with_its_holder(
    scene: Scene, application: Application, limit: int
) -> None:
    scene.lock(application, limit)
    presence = scene.world.presence(scene.holder, scene.city, application)
    told = scene.cards.unlock_application(scene.unlocking(application, presence), token=scene.counter)
    assert told.tries == limit
    assert scene.identity.unlock(scene.holder.attempt(PIN, application)).share
    with refused("replayed", 409):
        scene.cards.unlock_application(scene.unlocking(application, presence), token=scene.counter)


def renewed(scene: Scene, digits: str) -> tuple[Holder, IssuedApplication]:
    """Have the authentication application renewed at the counter."""
    key = generate_private_key(SECP256R1())
    secret = pin.derive(digits, scene.holder.file_secret, AUTHENTICATION.value, ITERATIONS)
    new = NewApplication(
        public_key=to_jwk(key.public_key()), pin_verifier=base64url.encode(pin.proof_digest(secret.proof()))
    )
    content = presence_content(AUTHENTICATION, new)
    presence = scene.world.presence(scene.holder, scene.city, AUTHENTICATION, content=content)
    unlocking = scene.unlocking(AUTHENTICATION, presence)
    told = scene.cards.renew_application(
        RenewApplication(**unlocking.model_dump(), new=new), token=scene.counter
    )
    applications = {**scene.holder.issued.applications, AUTHENTICATION: told}
    issued = scene.holder.issued.model_copy(update={"applications": applications})
    keys = {**scene.holder.keys, AUTHENTICATION: key}
    return Holder(scene.holder.enrolled, issued, keys, scene.holder.file_secret), told


def test_renewed_application_has_another_key_and_pin(scene: Scene) -> None:
    holder, told = renewed(scene, NEXT)
    assert scene.identity.unlock(holder.attempt(NEXT)).share == told.share
    with refused("invalid_grant", 400):
        scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    assert scene.world.person_token(holder, IDENTITY, at=scene.city)


def test_renewal_ends_the_pin_and_the_one_that_was_prepared(scene: Scene) -> None:
    scene.cards.change_pin(scene.following(AUTHENTICATION))
    renewed(scene, "8150")
    for digits in (PIN, NEXT):
        with refused("wrong_pin", 403):
            scene.identity.unlock(scene.holder.attempt(digits))
    assert scene.identity.unlock(scene.holder.attempt("8150")).share


def test_presence_is_for_what_was_signed_and_nothing_else(scene: Scene) -> None:
    key = generate_private_key(SECP256R1())
    new = card_request(scene.holder.enrolled.reference, {AUTHENTICATION: key}, bytes(32)).applications
    for presence in (
        scene.world.presence(scene.holder, scene.city, SIGNATURE),
        scene.world.presence(scene.holder, scene.city, AUTHENTICATION, content="another"),
        scene.world.presence(scene.holder, scene.city, AUTHENTICATION, organisation="another"),
        scene.world.presence(scene.holder, scene.city, AUTHENTICATION, challenge="another"),
        "nothing.at.all",
    ):
        with refused("presence_refused", 403):
            scene.cards.unlock_application(scene.unlocking(AUTHENTICATION, presence), token=scene.counter)
    unlocking = scene.unlocking(
        AUTHENTICATION, scene.world.presence(scene.holder, scene.city, AUTHENTICATION)
    )
    with refused("presence_refused", 403):
        scene.cards.renew_application(
            RenewApplication(**unlocking.model_dump(), new=new[AUTHENTICATION]), token=scene.counter
        )


def test_telephone_code_stops_the_card_and_other_codes_do_nothing(scene: Scene) -> None:
    code = scene.holder.issued.suspension_code
    spare = scene.cards.make_suspension_code(token=scene.signed_in).suspension_code
    answers = [
        scene.cards.suspend(SuspendByCode(code=each)) for each in (code, spare.lower().replace("-", " "))
    ]
    assert answers[0] == answers[1]
    with refused("invalid_grant", 400):
        scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    with refused("card_not_usable", 403):
        scene.identity.unlock(scene.holder.attempt(PIN))
    resumed = scene.change(CardChange.RESUME)
    assert (resumed.state, resumed.suspension_code is None) == (CardState.ACTIVE, False)
    scene.cards.suspend(SuspendByCode(code=spare))
    assert scene.cards.own_card(token=scene.signed_in).state is CardState.ACTIVE
    scene.cards.suspend(SuspendByCode(code=str(resumed.suspension_code)))
    with refused("card_state", 409):
        scene.change(CardChange.SUSPEND)


def test_slip_in_a_code_is_told_at_once(scene: Scene) -> None:
    code = scene.holder.issued.suspension_code
    slipped = ("1" if code[0] != "1" else "2") + code[1:]
    with refused("malformed_request", 400):
        scene.cards.suspend(SuspendByCode(code=slipped))


def test_holder_sees_where_the_card_stands(scene: Scene) -> None:
    with refused("wrong_pin", 403):
        scene.identity.unlock(scene.holder.attempt("0000", SIGNATURE))
    standing = scene.cards.own_card(token=scene.signed_in)
    assert (standing.card, standing.state) == (scene.holder.issued.card, CardState.ACTIVE)
    told = {name: (each.tries_left, each.kid) for name, each in standing.applications.items()}
    assert told == {
        AUTHENTICATION: (3, scene.holder.kid),
        SIGNATURE: (4, scene.holder.kid_of(SIGNATURE)),
    }


def test_unknown_card_answers_like_a_wrong_pin_to_a_change(scene: Scene) -> None:
    unknown = UnlockCard(
        card=base64url.encode(bytes(16)), application=SIGNATURE, pin_proof=base64url.encode(bytes(32))
    )
    with pytest.raises(RemoteProblemError) as error:
        scene.cards.change_pin(ChangePin(**unknown.model_dump(), pin_verifier=base64url.encode(bytes(32))))
    assert (error.value.code, error.value.members["tries_left"]) == ("wrong_pin", 4)
