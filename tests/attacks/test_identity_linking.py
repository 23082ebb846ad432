"""What two centres find out when they lay their databases side by side, and what a dictionary finds: nothing."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

import pytest
from sqlalchemy import Connection, MetaData, Table, select
from support.identity_people import IDENTITY, REGISTRY, Participant, some_items
from support.identity_world import World, running

from consent import base64url, personal_number
from consent.vocabulary import Body
from services.contracts.identity.messages import EnrolledPerson, RequestPseudonymTokens
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import RegisterResident
from services.identity import tables as identity_tables
from services.identity.store import NUMBER_COLUMN
from services.kit.columns import ColumnCipher
from services.kit.context import BodyContext
from services.registry import tables as registry_tables

PEOPLE = 300
SHORTEST_IDENTIFIER = 6
FINGERPRINT = 8
LIMIT = 0.2
"""Three and a half standard deviations of the coefficient of 300 unrelated ranks (0.058)."""

Values = set[bytes]
Attack = Callable[[str, str], list[bytes]]


@dataclass(frozen=True)
class Scene:
    """Three hundred people, enrolled and registered in the same order."""

    world: World
    city: Participant
    hospital: Participant
    people: Sequence[EnrolledPerson]

    def pseudonyms(self, context: BodyContext, table: Table, column: str) -> list[str]:
        """Return the names in a table, in the order in which it stores them."""
        with context.database.read() as conn:
            return list(conn.execute(select(table.c[column])).scalars())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("linking"), seed="linking") as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        tokens = {url: world.operator_token(city, url) for url in (IDENTITY, REGISTRY)}
        people = [world.identity(city).enrol(token=tokens[IDENTITY]) for _ in range(PEOPLE)]
        for someone in people:
            message = RegisterResident(token=someone.registry_token, items=some_items())
            world.registry(city).register(message, token=tokens[REGISTRY])
        yield Scene(world, city, hospital, people)


def stored_values(conn: Connection, metadata: MetaData) -> Values:
    """Return every text and every byte string that a database holds, but for column names and numbers."""
    found: Values = set()
    for table in metadata.sorted_tables:
        for row in conn.execute(select(table)):
            found |= {value.encode() if isinstance(value, str) else value for value in row if is_name(value)}
    return found


def is_name(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) >= SHORTEST_IDENTIFIER


def both(scene: Scene) -> tuple[Values, Values]:
    with scene.world.identity_context.database.read() as conn:
        identity = stored_values(conn, identity_tables.metadata)
    with scene.world.registry_context.database.read() as conn:
        registry = stored_values(conn, registry_tables.metadata)
    assert min(len(identity), len(registry)) > PEOPLE
    return identity, registry


def test_two_centres_share_no_value(scene: Scene) -> None:
    """LN1: joined on every column of every table, the databases have no match."""
    identity, registry = both(scene)
    assert identity & registry == set()


def test_two_centres_share_no_beginning_and_no_end_of_an_identifier(scene: Scene) -> None:
    """LN1: names of people have no common prefix or suffix either."""
    identity = scene.pseudonyms(scene.world.identity_context, identity_tables.person, "pseudonym")
    registry = scene.pseudonyms(scene.world.registry_context, registry_tables.resident, "pseudonym")
    assert len(set(identity)) == len(set(registry)) == PEOPLE
    assert {name[:FINGERPRINT] for name in identity}.isdisjoint(name[:FINGERPRINT] for name in registry)
    assert {name[-FINGERPRINT:] for name in identity}.isdisjoint(name[-FINGERPRINT:] for name in registry)


def test_places_of_rows_tell_nothing(scene: Scene) -> None:
    """LN1: neither the order of enrolment nor the other centre's order shows in the order of rows."""
    names = linked_names(scene)
    identity = scene.pseudonyms(scene.world.identity_context, identity_tables.person, "pseudonym")
    registry = scene.pseudonyms(scene.world.registry_context, registry_tables.resident, "pseudonym")
    enrolment = list(range(PEOPLE))
    places = [identity.index(own) for own, _ in names]
    others = [registry.index(other) for _, other in names]
    assert rank_correlation(enrolment, enrolment) == pytest.approx(1)
    for one, other in ((enrolment, places), (enrolment, others), (places, others)):
        assert abs(rank_correlation(one, other)) < LIMIT


def linked_names(scene: Scene) -> list[tuple[str, str]]:
    """Return how both centres know each person, in the order of enrolment, as only the ID centre's keys can tell."""
    city, token = scene.city, scene.world.operator_token(scene.city, IDENTITY)
    names: list[tuple[str, str]] = []
    for someone in scene.people:
        message = RequestPseudonymTokens(reference=someone.reference, bodies=[Body.REGISTRY])
        told = scene.world.identity(city).pseudonym_tokens(message, token=token)
        other = scene.world.named(told.tokens[Body.REGISTRY], Body.REGISTRY, to=city)
        names.append((own_name(scene, someone), scene.world.registry_context.people.first_name(other)))
    return names


def own_name(scene: Scene, someone: EnrolledPerson) -> str:
    cipher = scene.world.identity_context.cipher
    number = cipher.lookup(someone.personal_number.encode(), column=NUMBER_COLUMN)
    person = identity_tables.person
    with scene.world.identity_context.database.read() as conn:
        return str(conn.execute(select(person.c.pseudonym).where(person.c.number == number)).scalar_one())


def rank_correlation(one: Sequence[int], other: Sequence[int]) -> float:
    """Return Spearman's coefficient of two sequences of ranks without ties."""
    size = len(one)
    distance = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return 1 - 6 * distance / (size * (size**2 - 1))


HASHES = ("sha256", "sha1", "sha512", "md5", "blake2b", "sha3_256")


def dictionary_attack(numbers: Sequence[str], stored: Values) -> int:
    """Recompute names from personal numbers in all the ways known to go without a key; returns how many fit."""
    sectors = ("", "registry", "identity", "sector-registry", "ZP", "GH")
    hits = 0
    for number, sector, name in product(numbers, sectors, HASHES):
        texts = {
            f"{number}{sector}",
            f"{sector}{number}",
            f"{number}+{sector}",
            f"urn:publicid:{number}+{sector}",
        }
        for text in texts:
            plain = hashlib.new(name, text.encode()).digest()
            keyed = hmac.digest(sector.encode(), number.encode(), name)
            hits += any(form in stored for digest in (plain, keyed) for form in spellings(digest))
    return hits


def spellings(digest: bytes) -> list[bytes]:
    cut = digest[:32]
    return [
        digest,
        cut,
        base64url.encode(digest).encode(),
        base64url.encode(cut).encode(),
        digest.hex().encode(),
    ]


def test_pseudonyms_cannot_be_recomputed_from_personal_numbers(scene: Scene) -> None:
    """LN2: who has the registry's database and everybody's number finds nobody."""
    registry = {
        name.encode()
        for name in scene.pseudonyms(scene.world.registry_context, registry_tables.resident, "pseudonym")
    }
    numbers = [someone.personal_number for someone in scene.people[:100]]
    assert dictionary_attack(numbers, registry) == 0


def test_the_dictionary_attack_finds_unkeyed_pseudonyms() -> None:
    """LN2: the control. An unkeyed derivation in the manner of bPK is found for every number."""
    randomness = Random("control").randbytes
    numbers = [personal_number.generate(randomness) for _ in range(50)]
    unkeyed = {
        base64url.encode(hashlib.sha1(f"{number}+registry".encode()).digest()).encode() for number in numbers
    }
    assert dictionary_attack(numbers, unkeyed) >= len(numbers)


def test_personal_numbers_cannot_be_tried_on_the_id_centres_rows(scene: Scene) -> None:
    """LN2: the look-up column of the ID centre is keyed; the right key finds the number, no guess does."""
    with scene.world.identity_context.database.read() as conn:
        stored = {bytes(number) for number in conn.execute(select(identity_tables.person.c.number)).scalars()}
    numbers = [someone.personal_number for someone in scene.people[:100]]
    assert dictionary_attack(numbers, stored) == 0
    guessed = ColumnCipher(bytes(32))
    own = scene.world.identity_context.cipher
    assert not any(guessed.lookup(number.encode(), column=NUMBER_COLUMN) in stored for number in numbers)
    assert all(own.lookup(number.encode(), column=NUMBER_COLUMN) in stored for number in numbers)


def test_two_tokens_for_one_person_have_one_length_and_nothing_in_common(scene: Scene) -> None:
    """LN3: asked twice, for two bodies, and compared with somebody else's, tokens cannot be told apart."""
    holder = scene.world.holder(scene.city)
    reference = scene.world.link(holder, scene.hospital)
    message = RequestPseudonymTokens(reference=reference, bodies=[Body.MEDICAL, Body.OVERSIGHT])
    operator = scene.world.operator_token(scene.hospital, IDENTITY)
    told = [
        base64url.decode(token)
        for _ in range(2)
        for token in scene.world.identity(scene.hospital)
        .pseudonym_tokens(message, token=operator)
        .tokens.values()
    ]
    told += [base64url.decode(someone.registry_token) for someone in scene.people[:2]]
    assert len({len(token) for token in told}) == 1
    for place, one in enumerate(told):
        for other in told[place + 1 :]:
            assert not runs(one) & runs(other)


def runs(token: bytes) -> set[bytes]:
    """Return all runs of six bytes of a token; two random tokens share one with odds of one to a billion."""
    return {token[at : at + 6] for at in range(len(token) - 5)}


def test_organisations_know_a_person_by_unlike_references(scene: Scene) -> None:
    """LN1: two organisations that pool their references find nobody twice."""
    holder = scene.world.holder(scene.city)
    clinic = scene.world.accredit("clinic", Kind.CLINIC, Role.READER)
    references = {
        holder.enrolled.reference,
        scene.world.link(holder, scene.hospital),
        scene.world.link(holder, clinic),
    }
    assert len(references) == 3
    identity, _ = both(scene)
    assert references.isdisjoint(value.decode("latin-1") for value in identity)
