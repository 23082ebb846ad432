"""Enrolment, cards, presentations: what is decided, what is logged, what a certificate shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import KeyUsage
from pydantic import JsonValue
from support.identity_people import IDENTITY, PIN, Holder, Participant, card_request, some_items
from support.identity_wire import refused
from support.identity_world import World, running

from consent.canonical import JsonValue as CanonicalValue
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import (
    SUBJECT_TYPE,
    Application,
    CardChange,
    ChangeCard,
    RegisterSubject,
    RequestPseudonymTokens,
)
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Kind, Role
from services.kit import certificates
from services.kit.clock import epoch_seconds
from services.kit.staff import member


@dataclass(frozen=True)
class Scene:
    """A municipality, another one, and a hospital."""

    world: World
    city: Participant
    town: Participant
    hospital: Participant

    def told(self, holder: Holder) -> list[dict[str, JsonValue]]:
        """Return what the holder's history says, oldest first."""
        context = self.world.identity_context
        token = self.world.person_token(holder, IDENTITY, at=self.city)
        person = context.people.first_name(self.world.pseudonym(token, Body.IDENTITY))
        with context.database.read() as conn:
            own = [position for position, whose in context.journal.persons(conn) if whose == person]
            openings = context.journal.openings(conn, own)
        return [dict(openings[position].event) for position in sorted(openings)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("people")) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        town = world.accredit("town", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        yield Scene(world, city, town, hospital)


def test_certificates_show_nothing_about_their_holder(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    items = json.dumps(some_items().model_dump(mode="json"), ensure_ascii=False)
    for name, told in holder.issued.applications.items():
        certificate = certificates.from_pem(told.certificate.encode())
        assert certificate.subject.rfc4514_string() == f"CN={holder.issued.card}"
        assert certificate.public_key() == holder.keys[name].public_key()
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
        assert usage.digital_signature is (name is Application.AUTHENTICATION)
        assert usage.content_commitment is (name is Application.SIGNATURE)
        assert holder.enrolled.personal_number not in told.certificate
        assert not any(value in told.certificate for value in json.loads(items).values())


def test_card_expires(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    days = scene.world.identity_context.settings.model_dump()["card_days"]
    scene.world.clock.moment += timedelta(days=days + 1)
    try:
        with refused("card_not_usable", 403):
            scene.world.identity(scene.city).unlock(holder.attempt(PIN))
    finally:
        scene.world.clock.moment -= timedelta(days=days + 1)


def test_card_needs_two_applications_with_keys_and_verifiers(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    scene.world.settle(enrolled, scene.city)
    key = generate_private_key(SECP256R1())
    both = card_request(enrolled.reference, dict.fromkeys(Application, key), bytes(32))
    one = both.model_copy(
        update={"applications": {Application.SIGNATURE: both.applications[Application.SIGNATURE]}}
    )
    good = {application: generate_private_key(SECP256R1()) for application in Application}
    short = card_request(enrolled.reference, good, bytes(32))
    short.applications[Application.SIGNATURE] = short.applications[Application.SIGNATURE].model_copy(
        update={"pin_verifier": "AAAA"}
    )
    identity, token = (
        scene.world.identity(scene.city),
        scene.world.operator_token(scene.city, IDENTITY),
    )
    for request in (both, one, short):
        with refused("card_applications", 400):
            identity.issue_card(request, token=token)


def test_card_key_must_be_on_the_right_curve(scene: Scene) -> None:
    enrolled = scene.world.enrol(scene.city)
    keys = {application: generate_private_key(SECP256R1()) for application in Application}
    request = card_request(enrolled.reference, keys, bytes(32))
    public = to_jwk(keys[Application.SIGNATURE].public_key())
    request.applications[Application.SIGNATURE] = request.applications[Application.SIGNATURE].model_copy(
        update={"public_key": public | {"y": public["x"]}}
    )
    with refused("malformed_request", 400):
        scene.world.identity(scene.city).issue_card(
            request, token=scene.world.operator_token(scene.city, IDENTITY)
        )


def test_another_municipality_can_neither_issue_nor_change_a_card(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    identity, token = (
        scene.world.identity(scene.town),
        scene.world.operator_token(scene.town, IDENTITY),
    )
    with refused("not_found", 404):
        identity.issue_card(
            card_request(holder.enrolled.reference, holder.keys, holder.file_secret), token=token
        )
    own = scene.world.holder(scene.town)
    message = ChangeCard(
        reference=own.enrolled.reference, card=holder.issued.card, change=CardChange.REVOKE, reason="malice"
    )
    with refused("not_found", 404):
        identity.change_card(message, token=token)


def test_history_shows_what_was_done_with_a_card_and_by_whom(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    scene.world.link(holder, scene.hospital)
    told = scene.told(holder)
    assert [(each["kind"], each.get("organisation")) for each in told] == [
        ("person_enrolled", "city"),
        ("card_issued", "city"),
        ("card_linked", "hospital"),
        ("token_issued", None),
    ]
    assert [member(each, "pseudonym") is not None for each in told] == [True, True, True, False]
    assert "hospital-operator" not in str(told)
    assert "hospital-terminal" not in str(told)


def test_role_that_was_removed_is_refused_and_the_refusal_is_in_the_history(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    clinic = scene.world.accredit("clinic", Kind.CLINIC, Role.READER)
    reference = scene.world.link(holder, clinic)
    scene.world.oversight.change_roles(
        RolesChange(organisation=clinic.organisation, id=clinic.operator, roles=[])
    )
    token = scene.world.operator_token(clinic, IDENTITY)
    with refused("role_missing", 403):
        scene.world.identity(clinic).pseudonym_tokens(
            RequestPseudonymTokens(reference=reference, bodies=[Body.MEDICAL]), token=token
        )
    with refused("role_missing", 403):
        scene.world.identity(clinic).link(scene.world.presentation(holder, clinic), token=token)
    refusals = [each for each in scene.told(holder) if each["outcome"] == "refused"]
    assert [(each["kind"], each["reason"]) for each in refusals] == [
        ("pseudonym_provided", "role_missing"),
        ("card_linked", "role_missing"),
    ]
    assert refusals[0]["detail"] == {"bodies": ["medical"]}


@pytest.mark.parametrize(
    "replaced",
    [{"organisation": "clinic"}, {"challenge": "AAAA"}, {"at": 0}, {"card": "A" * 22}],
)
def test_presentation_that_does_not_fit_is_refused_and_logged(
    scene: Scene, replaced: dict[str, CanonicalValue]
) -> None:
    holder = scene.world.holder(scene.city)
    presentation = scene.world.presentation(holder, scene.hospital, **replaced)
    token = scene.world.operator_token(scene.hospital, IDENTITY)
    with refused("presentation_refused", 403):
        scene.world.identity(scene.hospital).link(presentation, token=token)
    assert [each["reason"] for each in scene.told(holder) if each["outcome"] == "refused"] == [
        "presentation_refused"
    ]


@pytest.mark.parametrize("presentation", ["", "a.b.c", "x" * 100])
def test_text_that_is_no_presentation_is_refused(scene: Scene, presentation: str) -> None:
    token = scene.world.operator_token(scene.hospital, IDENTITY)
    message = {"presentation": presentation}
    with refused("presentation_refused", 403):
        scene.world.http(IDENTITY, scene.hospital).post("/links", message, token=token)


def test_old_proof_and_second_wallet_are_refused_and_in_the_history(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    identity = scene.world.identity(scene.city)

    def registration(at: int) -> RegisterSubject:
        wallet = Wallet.create(scene.world.random.randbytes)
        proof = wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": at})
        return RegisterSubject(wallet_key=wallet.public_jwk(Body.MEDICAL), proof=proof)

    now = epoch_seconds(scene.world.clock())
    with refused("signature_refused", 403):
        identity.register_subject(registration(now - 301), token=token)
    identity.register_subject(registration(now), token=token)
    with refused("subject_taken", 409):
        identity.register_subject(registration(now), token=token)
    told = [each for each in scene.told(holder) if each["kind"] == "wallet_registered"]
    assert [(each["outcome"], each.get("reason")) for each in told] == [
        ("refused", "signature_refused"),
        ("done", None),
        ("refused", "subject_taken"),
    ]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/cards/unlock", b"{"),
        ("/cards/unlock", b'{"card":"a","card":"b"}'),
        ("/cards/unlock", b'{"card":"AAAAAAAAAAAAAAAAAAAAAA","application":"other","pin_proof":"AA"}'),
        ("/cards/unlock", b'{"card":1,"application":"signature","pin_proof":"AA"}'),
        ("/cards/unlock", b"[]"),
    ],
)
def test_malformed_request_is_a_problem_document_that_quotes_nothing(
    scene: Scene, path: str, content: bytes
) -> None:
    connection = scene.world.http(IDENTITY, scene.city)
    answer = connection.raw("POST", path, headers={"Content-Type": "application/json"}, content=content)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_request"
    assert "AAAAAA" not in answer.text


def test_pin_proof_of_another_length_is_just_a_wrong_pin(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    message = holder.attempt(PIN).model_copy(update={"pin_proof": "AA"})
    with refused("wrong_pin", 403):
        scene.world.identity(scene.city).unlock(message)
