"""Every kind of bad input that the medical centre must refuse: its own code, nothing stored, told to the person.

Checkpoints of another log come to witnesses: `test_second_proxy` (`log_of_another_body`), `test_witness_over_http`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from support.medical_story import ASKED, MEDICATION, documents, seal, start
from support.medical_world import CLINIC, HOSPITAL, OTHER_HOSPITAL, Running, Someone, World

from consent import base64url, canonical
from consent.canonical import JsonObject, JsonValue
from consent.directives import DIRECTIVE, DirectiveCopy
from consent.vocabulary import Body, Category
from services.contracts.directives import submission
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import BundleMessage, DepositRequest, ReadRequest
from services.gateway.fhir_face.documents import new_document
from services.gateway.fhir_face.errors import FaceError
from services.kit.http import RemoteProblemError
from services.medical.tables import metadata

LOGS = ("used_once", "journal", "log", "history", "view", "tile")
"""Beginnings of the tables where a refusal may write: the log, and what was used once."""


@dataclass
class Scene:
    """The running centre and a person with records."""

    running: Running
    person: Someone
    used: ReadRequest

    @property
    def world(self) -> World:
        """Everybody."""
        return self.running.world

    def copy(self, **changes: object) -> DirectiveCopy:
        """Return the centre's copy of a permission for the clinic."""
        grant = self.world.grant(self.person, self.world.terms(CLINIC, **changes), compartments=MEDICATION)
        return grant.copies[Body.MEDICAL]

    def submit(self, copy: DirectiveCopy) -> None:
        """P3."""
        token = self.world.person_token(self.person)
        self.running.directives().submit(submission(copy), token=token)

    def signed_anew(self, **changes: JsonValue) -> DirectiveCopy:
        """Return a copy with other members that the wallet signs all the same."""
        copy = self.copy()
        payload = {**_payload(copy), **changes}
        return replace(copy, jws=self.person.wallet.sign(Body.MEDICAL, DIRECTIVE, payload))

    def stored(self) -> dict[str, int]:
        """Count all rows but those of the log."""
        with self.world.context.database.read() as conn:
            return {
                name: conn.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
                if not name.startswith(LOGS)
            }


def _payload(copy: DirectiveCopy) -> JsonObject:
    return canonical.decode(base64url.decode(copy.jws.split(".")[1]))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with World(tmp_path_factory.mktemp("centre")).running() as running:
        person = Someone("hanako")
        start(running, person)
        world, member = running.world, running.world.members[CLINIC]
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        used = running.request(person, CLINIC, selection=ASKED)
        running.medical(CLINIC).read(used, token=world.token(member))
        yield Scene(running, person, used)


def _fragments_for_another_reader(scene: Scene) -> None:
    world = scene.world
    theirs = world.grant(scene.person, world.terms(OTHER_HOSPITAL), compartments=MEDICATION)
    scene.submit(replace(scene.copy(), fragments=theirs.copies[Body.MEDICAL].fragments))


def _fragments_of_another_wallet(scene: Scene) -> None:
    other = scene.world.grant(Someone("taro"), scene.world.terms(CLINIC), compartments=MEDICATION)
    theirs, own = other.copies[Body.MEDICAL].fragments, scene.copy()
    first = MEDICATION[0].label
    mixed = {first: replace(own.fragments[first], kfrag=theirs[first].kfrag)}
    scene.submit(replace(own, fragments={**own.fragments, **mixed}))


def _truncated_kit(scene: Scene) -> None:
    bundle = seal(scene.world, scene.person, documents(1, prefix="cut"), compartment=MEDICATION[2])
    sent = worded_bundle(bundle)
    _deposit(scene, sent.model_copy(update={"message_kit": sent.message_kit[:-1]}))


def _truncated_kit_that_its_author_signed(scene: Scene) -> None:
    whole = seal(scene.world, scene.person, documents(1, prefix="cut"), compartment=MEDICATION[2])
    _deposit(scene, worded_bundle(replace(whole, message_kit=whole.message_kit[:50])))


def _deposit(scene: Scene, bundle: BundleMessage) -> None:
    hospital = scene.world.members[HOSPITAL]
    request = DepositRequest(token=scene.world.pseudonym_token(scene.person, hospital), bundles=[bundle])
    scene.running.medical().deposit(request, token=scene.world.token(hospital))


def _signed_by_another_card(scene: Scene) -> None:
    stranger = Someone(scene.person.name)
    grant = scene.world.grant(stranger, scene.world.terms(CLINIC), compartments=MEDICATION)
    scene.submit(grant.copies[Body.MEDICAL])


def _widened_after_it_was_signed(scene: Scene) -> None:
    copy = scene.copy()
    head, _, signature = copy.jws.split(".")
    terms = _payload(copy)["terms"]
    assert isinstance(terms, dict)
    wider = {**_payload(copy), "terms": {**terms, "valid_until": "2099-01-01T00:00:00Z"}}
    text = base64url.encode(canonical.encode(wider))
    scene.submit(replace(copy, jws=f"{head}.{text}.{signature}"))


def _widened_by_a_fragment_beside_its_terms(scene: Scene) -> None:
    laboratory = replace(MEDICATION[2], category=Category.LABORATORY)
    copy = scene.copy()
    package = replace(copy.fragments[MEDICATION[2].label], compartment=laboratory)
    scene.submit(replace(copy, fragments={**copy.fragments, laboratory.label: package}))


def _back_dated(scene: Scene) -> None:
    scene.submit(scene.signed_anew(issued_at=_written(scene, -timedelta(days=1))))


def _dated_ahead(scene: Scene) -> None:
    scene.submit(scene.signed_anew(issued_at=_written(scene, timedelta(days=1))))


def _written(scene: Scene, moved: timedelta) -> str:
    return f"{scene.world.now + moved:%Y-%m-%dT%H:%M:%SZ}"


def _terms_with(scene: Scene, **changes: JsonValue) -> None:
    terms = _payload(scene.copy())["terms"]
    assert isinstance(terms, dict)
    scene.submit(scene.signed_anew(terms={**terms, **changes}))


def _unknown_purpose(scene: Scene) -> None:
    _terms_with(scene, purposes=["HMARKT"])


def _period_reversed(scene: Scene) -> None:
    terms = _payload(scene.copy())["terms"]
    assert isinstance(terms, dict)
    _terms_with(scene, valid_from=terms["valid_until"], valid_until=terms["valid_from"])


def _read(scene: Scene, **changes: object) -> None:
    request = scene.running.request(scene.person, CLINIC, selection=ASKED, **changes)
    scene.running.medical(CLINIC).read(request, token=scene.world.token(scene.world.members[CLINIC]))


def _statement_a_day_late(scene: Scene) -> None:
    _read(scene, issued_at=scene.world.now - timedelta(days=1))


def _statement_a_day_ahead(scene: Scene) -> None:
    _read(scene, issued_at=scene.world.now + timedelta(days=1))


def _statement_replayed(scene: Scene) -> None:
    token = scene.world.token(scene.world.members[CLINIC])
    scene.running.medical(CLINIC).read(scene.used, token=token)


CASES: list[tuple[Callable[[Scene], None], int, str]] = [
    (_fragments_for_another_reader, 403, "fragments_do_not_match"),
    (_fragments_of_another_wallet, 403, "fragment_refused"),
    (_truncated_kit, 403, "author_not_verified"),
    (_truncated_kit_that_its_author_signed, 403, "author_not_verified"),
    (_signed_by_another_card, 403, "not_signed_by_wallet"),
    (_widened_after_it_was_signed, 403, "not_signed_by_wallet"),
    (_widened_by_a_fragment_beside_its_terms, 403, "fragments_do_not_match"),
    (_back_dated, 403, "issued_at_another_time"),
    (_dated_ahead, 403, "issued_at_another_time"),
    (_unknown_purpose, 403, "unknown_purpose"),
    (_period_reversed, 403, "period_reversed"),
    (_statement_a_day_late, 403, "statement_refused"),
    (_statement_a_day_ahead, 403, "statement_refused"),
    (_statement_replayed, 409, "replayed"),
]


@pytest.mark.parametrize(
    ("send", "status", "code"), CASES, ids=[each[0].__name__.strip("_") for each in CASES]
)
def test_bad_input_is_refused_with_its_code_stored_nowhere_and_told_to_the_person(
    scene: Scene, send: Callable[[Scene], None], status: int, code: str
) -> None:
    """IT6, SC1 and the list of the design."""
    stored, told = scene.stored(), len(scene.running.events(scene.person))
    with pytest.raises(RemoteProblemError) as refused:
        send(scene)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert scene.stored() == stored
    (entry,) = scene.running.events(scene.person)[told:]
    assert (entry["outcome"], entry["reason"]) == ("refused", code)


@pytest.mark.parametrize("subject", [None, {}, {"display": "somebody"}])
def test_fhir_resource_without_a_patient_is_not_taken(subject: JsonValue) -> None:
    """It never leaves the gateway: the element is named, its value is not."""
    resource: dict[str, Any] = {"resourceType": "DocumentReference", "status": "current"}
    data = base64url.encode(b"somebody").rstrip("=")
    attachment: JsonValue = {"contentType": "text/plain", "data": data + "=" * (-len(data) % 4)}
    resource["content"] = [{"attachment": attachment}]
    if subject is not None:
        resource["subject"] = subject
    with pytest.raises(FaceError, match="subject") as refused:
        new_document(resource)
    assert "somebody" not in str(refused.value)
