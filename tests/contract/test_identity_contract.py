"""What others rely on of the ID centre: the same on the honest fake and on the real one."""

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_people import IDENTITY, MEDICAL, PIN, URLS, Holder, Participant, card_request
from support.identity_wire import refused
from support.identity_world import World

from consent import base64url
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.personal_number import validate
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import (
    SUBJECT_TYPE,
    Application,
    CardChange,
    CardState,
    ChangeNumber,
    RegisterSubject,
    RequestPseudonymTokens,
    UnlockCard,
)
from services.contracts.oversight.messages import Accredited, RolesChange, StandingChange
from services.contracts.oversight.register import Kind, Role
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.tokens import OperatorClaims, TerminalClaims, verify_token
from services.kit.http import RemoteProblemError, Token


@dataclass(frozen=True)
class Scene:
    """One ID centre, fake or real, with a municipality and a hospital."""

    world: World
    city: Participant
    hospital: Participant

    def named(self, reference: str, body: Body, *, at: Participant) -> Pseudonym:
        """Return whom an organisation's reference names to a body."""
        return self.world.named(self.world.name(reference, body, to=at), body, to=at)

    def signed_in(self, holder: Holder, body: Body) -> Pseudonym:
        """Sign a person in and return how the body knows them."""
        token = self.world.person_token(holder, URLS[body], at=self.city)
        return self.world.pseudonym(token, body)

    def change(self, holder: Holder, change: CardChange) -> CardState:
        """Change a card at the municipality's counter."""
        return self.world.change_card(self.city, holder, change).state


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
    return Scene(world, city, hospital)


def test_enrolled_person_has_a_valid_number_and_is_named_to_the_registry(scene: Scene) -> None:
    first, second = scene.world.enrol(scene.city), scene.world.enrol(scene.city)
    assert validate(first.personal_number) != validate(second.personal_number)
    assert first.reference != second.reference
    named = scene.world.named(first.registry_token, Body.REGISTRY, to=scene.city)
    assert named == scene.named(first.reference, Body.REGISTRY, at=scene.city)


def test_person_changes_the_number_and_it_stays_changed(scene: Scene) -> None:
    """J5: without a reason, at the counter or alone; all else stays as it is."""
    holder = scene.world.holder(scene.city)
    reference = scene.world.link(holder, scene.hospital)
    before = scene.named(reference, Body.MEDICAL, at=scene.hospital)
    identity = scene.world.identity(scene.city)

    def signed_in() -> Token:
        return scene.world.person_token(holder, IDENTITY, at=scene.city)

    first = identity.own_number(token=signed_in()).personal_number
    assert first == holder.enrolled.personal_number
    second = identity.change_own_number(token=signed_in()).personal_number
    asked = ChangeNumber(reference=holder.enrolled.reference)
    third = identity.change_number(
        asked, token=scene.world.operator_token(scene.city, IDENTITY)
    ).personal_number
    assert len({validate(number) for number in (first, second, third)}) == 3
    assert identity.own_number(token=signed_in()).personal_number == third
    assert scene.named(reference, Body.MEDICAL, at=scene.hospital) == before


def test_counter_changes_the_number_of_nobody_it_does_not_know(scene: Scene) -> None:
    message = ChangeNumber(reference="A" * 43)
    with refused("not_found", 404):
        scene.world.identity(scene.city).change_number(
            message, token=scene.world.operator_token(scene.city, IDENTITY)
        )


# step R1
def test_reference_means_nothing_to_another_organisation(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    message = RequestPseudonymTokens(reference=enrolled.reference, bodies=[Body.MEDICAL])
    token = scene.world.operator_token(scene.hospital, IDENTITY)
    with refused("not_found", 404):
        scene.world.identity(scene.hospital).pseudonym_tokens(message, token=token)


def test_role_decides_to_which_bodies_a_person_is_named(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    message = RequestPseudonymTokens(reference=enrolled.reference, bodies=[Body.REGISTRY, Body.MEDICAL])
    token = scene.world.operator_token(scene.city, IDENTITY)
    with refused("role_missing", 403):
        scene.world.identity(scene.city).pseudonym_tokens(message, token=token)


def test_enrolment_needs_a_registrar(scene: Scene) -> None:
    token = scene.world.operator_token(scene.hospital, IDENTITY)
    with refused("forbidden", 403):
        scene.world.identity(scene.hospital).enrol(token=token)


def test_card_is_issued_once_and_only_to_a_resident(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    keys = {application: generate_private_key(SECP256R1()) for application in Application}
    message = card_request(enrolled.reference, keys, bytes(32))
    identity = scene.world.identity(scene.city)
    with refused("not_resident", 409):
        identity.issue_card(message, token=scene.world.operator_token(scene.city, IDENTITY))
    scene.world.settle(enrolled, scene.city)
    issued = identity.issue_card(message, token=scene.world.operator_token(scene.city, IDENTITY))
    assert set(issued.applications) == set(Application)
    with refused("card_exists", 409):
        identity.issue_card(message, token=scene.world.operator_token(scene.city, IDENTITY))


def test_right_pin_gives_the_share_and_all_tries_back(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    identity = scene.world.identity(scene.city)
    for _ in range(2):
        with refused("wrong_pin", 403):
            identity.unlock(holder.attempt("0000"))
    share = identity.unlock(holder.attempt(PIN)).share
    assert share == holder.issued.applications[Application.AUTHENTICATION].share
    with pytest.raises(RemoteProblemError) as error:
        identity.unlock(holder.attempt("0000"))
    assert error.value.members["tries_left"] == 2


def test_wrong_pins_lock_one_application_and_not_the_other(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    identity = scene.world.identity(scene.city)
    left = []
    for _ in range(3):
        with pytest.raises(RemoteProblemError) as error:
            identity.unlock(holder.attempt("0000"))
        left.append(error.value.members["tries_left"])
    assert left == [2, 1, 0]
    with refused("pin_locked", 403):
        identity.unlock(holder.attempt(PIN))
    assert identity.unlock(holder.attempt(PIN, Application.SIGNATURE)).share


def test_unknown_card_answers_like_a_wrong_pin(scene: Scene) -> None:
    unknown = UnlockCard(
        card=base64url.encode(bytes(16)),
        application=Application.AUTHENTICATION,
        pin_proof=base64url.encode(bytes(32)),
    )
    with pytest.raises(RemoteProblemError) as error:
        scene.world.identity(scene.city).unlock(unknown)
    assert (error.value.code, error.value.members["tries_left"]) == ("wrong_pin", 2)


def test_presented_card_names_its_holder_to_the_organisation(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    identity = scene.world.identity(scene.hospital)
    first, second = (
        identity.link(
            scene.world.presentation(holder, scene.hospital),
            token=scene.world.operator_token(scene.hospital, IDENTITY),
        ).reference
        for _ in range(2)
    )
    assert first == second != holder.enrolled.reference
    assert scene.named(first, Body.MEDICAL, at=scene.hospital) == scene.signed_in(holder, Body.MEDICAL)


# step D1
def test_presentation_counts_once_and_at_one_organisation(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    identity = scene.world.identity(scene.hospital)
    for_city = scene.world.presentation(holder, scene.city)
    with refused("presentation_refused", 403):
        identity.link(for_city, token=scene.world.operator_token(scene.hospital, IDENTITY))
    presentation = scene.world.presentation(holder, scene.hospital)
    identity.link(presentation, token=scene.world.operator_token(scene.hospital, IDENTITY))
    with refused("replayed", 409):
        identity.link(presentation, token=scene.world.operator_token(scene.hospital, IDENTITY))


def test_suspended_card_neither_signs_in_nor_links_until_it_is_resumed(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    before = scene.signed_in(holder, Body.MEDICAL)
    assert scene.change(holder, CardChange.SUSPEND) is CardState.SUSPENDED
    with refused("invalid_grant", 400):
        scene.world.person_token(holder, MEDICAL, at=scene.city)
    with refused("presentation_refused", 403):
        scene.world.identity(scene.hospital).link(
            scene.world.presentation(holder, scene.hospital),
            token=scene.world.operator_token(scene.hospital, IDENTITY),
        )
    assert scene.change(holder, CardChange.RESUME) is CardState.ACTIVE
    assert scene.signed_in(holder, Body.MEDICAL) == before


def test_revoked_card_stays_revoked_and_makes_room_for_another(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    assert scene.change(holder, CardChange.REVOKE) is CardState.REVOKED
    with refused("card_state", 409):
        scene.change(holder, CardChange.RESUME)
    message = card_request(holder.enrolled.reference, holder.keys, holder.file_secret)
    token = scene.world.operator_token(scene.city, IDENTITY)
    assert scene.world.identity(scene.city).issue_card(message, token=token).card != holder.issued.card


def test_first_wallet_stays_and_is_vouched_for_to_writers(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    wallets = [Wallet.create(scene.world.random.randbytes) for _ in range(2)]
    registrations = [
        RegisterSubject(
            wallet_key=wallet.public_jwk(Body.MEDICAL),
            proof=wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(scene.world.clock())}),
        )
        for wallet in wallets
    ]
    identity = scene.world.identity(scene.city)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    assert identity.register_subject(registrations[0], token=token).subject == wallets[0].subject
    with refused("subject_taken", 409):
        identity.register_subject(registrations[1], token=token)
    linked = scene.world.identity(scene.hospital).link(
        scene.world.presentation(holder, scene.hospital),
        token=scene.world.operator_token(scene.hospital, IDENTITY),
    )
    told = scene.world.identity(scene.hospital).pseudonym_tokens(
        RequestPseudonymTokens(reference=linked.reference, bodies=[Body.MEDICAL]),
        token=scene.world.operator_token(scene.hospital, IDENTITY),
    )
    assert (told.subject, told.wallet_key) == (wallets[0].subject, registrations[0].wallet_key)


def test_wallet_key_needs_its_own_signature(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    wallet, other = (Wallet.create(scene.world.random.randbytes) for _ in range(2))
    proof = other.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(scene.world.clock())})
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    with refused("signature_refused", 403):
        scene.world.identity(scene.city).register_subject(
            RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof), token=token
        )


def test_operator_token_says_who_where_and_with_which_roles(scene: Scene) -> None:
    token: Token = scene.world.operator_token(scene.hospital, MEDICAL)
    claims = verify_token(
        token.value,
        standing=scene.world.register.tokens(),
        audience=MEDICAL,
        now=scene.world.clock(),
    )
    assert isinstance(claims, OperatorClaims)
    assert (claims.organisation, claims.operator, claims.client_id, claims.scope) == (
        scene.hospital.organisation,
        scene.hospital.operator,
        scene.hospital.terminal,
        "reader writer",
    )
    assert claims.cnf.jkt == thumbprint(to_jwk(scene.world.dpop_key.public_key()))


def test_terminals_own_token_says_which_terminal_and_which_scopes(scene: Scene) -> None:
    fields = scene.world.terminal_fields(scene.hospital, MEDICAL)
    told = scene.world.identity(scene.hospital).token(fields, key=scene.world.dpop)
    claims = verify_token(
        told.access_token, standing=scene.world.register.tokens(), audience=MEDICAL, now=scene.world.clock()
    )
    assert isinstance(claims, TerminalClaims)
    assert (claims.organisation, claims.client_id, claims.scope) == (
        scene.hospital.organisation,
        scene.hospital.terminal,
        "log",
    )


# step T6
@pytest.mark.parametrize("scope", ["reader", "writer", "accreditation", "log reader", "everything"])
def test_terminal_by_itself_gets_no_role_and_no_scope_of_another_body(scene: Scene, scope: str) -> None:
    fields = scene.world.terminal_fields(scene.hospital, MEDICAL) | {"scope": scope}
    with refused("invalid_scope", 400):
        scene.world.identity(scene.hospital).token(fields, key=scene.world.dpop)


def test_terminals_own_assertion_counts_once(scene: Scene) -> None:
    fields = scene.world.terminal_fields(scene.hospital, MEDICAL)
    scene.world.identity(scene.hospital).token(fields, key=scene.world.dpop)
    with refused("invalid_client", 401):
        scene.world.identity(scene.hospital).token(fields, key=scene.world.dpop)


def test_suspended_terminal_gets_no_token_by_itself(scene: Scene) -> None:
    scene.world.oversight.suspend(
        StandingChange(kind=Accredited.TERMINAL, id=scene.hospital.terminal, organisation=None)
    )
    with refused("invalid_client", 401):
        scene.world.identity(scene.hospital).token(
            scene.world.terminal_fields(scene.hospital, MEDICAL), key=scene.world.dpop
        )


def test_suspended_operator_gets_no_token(scene: Scene) -> None:
    scene.world.oversight.suspend(
        StandingChange(
            kind=Accredited.OPERATOR,
            id=scene.hospital.operator,
            organisation=scene.hospital.organisation,
        )
    )
    with refused("invalid_grant", 400):
        scene.world.operator_token(scene.hospital, MEDICAL)


def test_suspended_terminal_gets_no_token(scene: Scene) -> None:
    scene.world.oversight.suspend(
        StandingChange(kind=Accredited.TERMINAL, id=scene.hospital.terminal, organisation=None)
    )
    with refused("invalid_client", 401):
        scene.world.operator_token(scene.hospital, MEDICAL)


# step T3
def test_token_is_for_a_body_of_the_register_only(scene: Scene) -> None:
    with refused("invalid_target", 400):
        scene.world.operator_token(scene.hospital, "https://elsewhere.test")


# step T6
def test_role_that_was_removed_is_refused_when_it_is_asked_for(scene: Scene) -> None:
    scene.world.oversight.change_roles(
        RolesChange(
            organisation=scene.hospital.organisation,
            id=scene.hospital.operator,
            roles=[Role.WRITER],
        )
    )
    fields = scene.world.operator_fields(scene.hospital, MEDICAL) | {"scope": "reader"}
    with refused("invalid_scope", 400):
        scene.world.identity(scene.hospital).token(fields, key=scene.world.dpop)


def test_signed_out_session_is_refused_within_a_second(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    wallet = Wallet.create(scene.world.random.randbytes)
    proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(scene.world.clock())})
    message = RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    identity = scene.world.identity(scene.city)
    identity.revoke(token.value, key=token.key)
    scene.world.clock.move(1)
    with refused("unauthenticated", 401):
        identity.register_subject(message, token=token)


@pytest.mark.parametrize("change", [CardChange.SUSPEND, CardChange.REVOKE])
def test_tokens_of_a_stopped_card_are_refused_within_a_second(scene: Scene, change: CardChange) -> None:
    holder = scene.world.holder(scene.city)
    wallet = Wallet.create(scene.world.random.randbytes)
    proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(scene.world.clock())})
    message = RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    scene.change(holder, change)
    scene.world.clock.move(1)
    with refused("unauthenticated", 401):
        scene.world.identity(scene.city).register_subject(message, token=token)


def test_token_is_not_ended_by_another_key(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    with refused("invalid_dpop_proof", 400):
        scene.world.identity(scene.city).revoke(token.value, key=DpopKey(generate_private_key(SECP256R1())))
