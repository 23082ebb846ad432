"""The wallet: everything comes from one seed, and nothing of it shows."""

from secrets import token_bytes

import pytest
from support.consent_person import Person, new_person

from consent.base64url import encode
from consent.compartments import Compartment
from consent.errors import MalformedError, SignatureError
from consent.jwk import thumbprint
from consent.publication import verify_publication
from consent.vocabulary import Body, Category
from consent.wallet import Wallet

SEED = bytes(range(32))
COMPARTMENTS = [Compartment(category, 2026, 1) for category in Category]


@pytest.fixture
def person() -> Person:
    return new_person()


def test_same_seed_gives_the_same_keys() -> None:
    one, two = Wallet.from_secret_bytes(SEED), Wallet.from_secret_bytes(SEED)
    assert one.subject == two.subject
    assert [one.public_jwk(body) for body in Body] == [two.public_jwk(body) for body in Body]
    assert one.compartment_public_key(COMPARTMENTS[0]) == two.compartment_public_key(COMPARTMENTS[0])
    assert one.to_secret_bytes() == SEED


def test_every_body_and_compartment_has_its_own_key() -> None:
    wallet = Wallet.create(token_bytes)
    assert len({thumbprint(wallet.public_jwk(body)) for body in Body}) == len(Body)
    years = [Compartment(Category.SUMMARY, year, version) for year in (2025, 2026) for version in (1, 2)]
    every = {*COMPARTMENTS, *years}
    assert len({wallet.compartment_public_key(one) for one in every}) == len(every)


def test_wallet_shows_nothing_and_does_not_hash() -> None:
    wallet = Wallet.from_secret_bytes(SEED)
    assert repr(wallet) == str(wallet) == "Wallet(...)"
    with pytest.raises(TypeError):
        hash(wallet)


def test_seed_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedError):
        Wallet.from_secret_bytes(SEED[:-1])
    with pytest.raises(MalformedError):
        Wallet.create(lambda size: bytes(size - 1))


def test_publication_verifies_for_its_own_subject_only(person: Person) -> None:
    wallet = person.wallet
    token = wallet.publish(COMPARTMENTS, person.now)
    jwk = wallet.public_jwk(Body.MEDICAL)
    published = verify_publication(token, jwk, wallet.subject)
    assert published.keys == {one: wallet.compartment_public_key(one) for one in COMPARTMENTS}
    assert published.issued_at == person.now.replace(microsecond=0)
    other = Wallet.create(token_bytes)
    for key, subject in (
        (jwk, other.subject),
        (other.public_jwk(Body.MEDICAL), other.subject),
        (wallet.public_jwk(Body.IDENTITY), wallet.subject),
    ):
        with pytest.raises(SignatureError):
            verify_publication(token, key, subject)


def test_published_keys_are_read_strictly(person: Person) -> None:
    wallet = person.wallet
    good = wallet.compartment_public_key(COMPARTMENTS[0])
    for keys in ({"summary/2026/01": encode(good)}, {"summary/2026/1": encode(good[:-1])}, {"x": 1}):
        payload = {"subject": wallet.subject, "keys": keys, "issued_at": "2026-04-01T00:00:00Z"}
        token = wallet.sign(Body.MEDICAL, "sekisho-compartment-keys+jws", payload)
        with pytest.raises(MalformedError):
            verify_publication(token, wallet.public_jwk(Body.MEDICAL), wallet.subject)
