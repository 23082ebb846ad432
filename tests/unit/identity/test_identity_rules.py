"""The ID centre's pure rules: cards, roles, challenges, names."""

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent import base64url
from consent.identifiers import OrganisationId
from consent.vocabulary import Body
from services.contracts.identity.messages import CardChange, CardState
from services.contracts.oversight.register import Role
from services.identity.challenges import Challenges
from services.identity.errors import CardTransitionError, ChallengeError
from services.identity.policy import may_name_to, next_state
from services.identity.pseudonyms import LinkageCode, Namer

ALLOWED = {
    (CardState.ACTIVE, CardChange.SUSPEND): CardState.SUSPENDED,
    (CardState.ACTIVE, CardChange.REVOKE): CardState.REVOKED,
    (CardState.SUSPENDED, CardChange.RESUME): CardState.ACTIVE,
    (CardState.SUSPENDED, CardChange.REVOKE): CardState.REVOKED,
}
MAY_BE_NAMED = {
    (Role.REGISTRAR, Body.REGISTRY),
    (Role.WRITER, Body.MEDICAL),
    (Role.READER, Body.MEDICAL),
    (Role.READER, Body.OVERSIGHT),
    (Role.READER, Body.IDENTITY),
    (Role.SELLER, Body.PRODUCT_SAFETY),
    (Role.CONFIRMER, Body.REGISTRY),
}


@pytest.mark.parametrize(("state", "change"), list(product(CardState, CardChange)))
def test_cards_change_as_the_table_says_and_no_other_way(state: CardState, change: CardChange) -> None:
    if (state, change) in ALLOWED:
        assert next_state(state, change) is ALLOWED[state, change]
    else:
        with pytest.raises(CardTransitionError):
            next_state(state, change)


@pytest.mark.parametrize(("role", "body"), list(product(Role, Body)))
def test_each_role_has_people_named_to_its_bodies_only(role: Role, body: Body) -> None:
    assert may_name_to([role], [body]) is ((role, body) in MAY_BE_NAMED)


def test_nobody_without_a_role_may_ask() -> None:
    assert not any(may_name_to([], [body]) for body in Body)


@given(st.sets(st.sampled_from(Role)), st.sets(st.sampled_from(Body), min_size=1))
def test_roles_add_up_and_all_bodies_must_be_covered(roles: set[Role], bodies: set[Body]) -> None:
    expected = all(any((role, body) in MAY_BE_NAMED for role in roles) for body in bodies)
    assert may_name_to(roles, bodies) is expected


def challenges(key: bytes = bytes(32)) -> Challenges:
    return Challenges(key, 120, Random("challenges").randbytes)


def test_challenge_counts_until_it_is_too_old() -> None:
    made = challenges().make(1000)
    assert challenges().expiry(made, 1000) == challenges().expiry(made, 1119) == 1120
    with pytest.raises(ChallengeError):
        challenges().expiry(made, 1120)


@given(st.integers(0, 39), st.integers(1, 255))
def test_changed_challenge_is_not_ours(place: int, flip: int) -> None:
    raw = bytearray(base64url.decode(challenges().make(1000)))
    raw[place] ^= flip
    with pytest.raises(ChallengeError):
        challenges().expiry(base64url.encode(bytes(raw)), 1000)


@given(st.text())
def test_any_other_text_is_no_challenge(text: str) -> None:
    with pytest.raises(ChallengeError):
        challenges().expiry(text, 1000)


def test_challenge_of_another_key_is_not_ours() -> None:
    with pytest.raises(ChallengeError):
        challenges().expiry(challenges(b"k" * 32).make(1000), 1000)


def namer(seed: str) -> Namer:
    random = Random(seed)
    sectors = {(body, version): random.randbytes(32) for body in Body for version in (1, 2)}
    own = {name: random.randbytes(32) for name in ("organisations", "operators", "handles")}
    return Namer(lambda body, version: sectors[body, version], **own)


@given(st.binary(min_size=32, max_size=32))
def test_all_names_of_a_person_differ_and_depend_on_the_keys(secret: bytes) -> None:
    linkage = LinkageCode(secret)
    organisations = [OrganisationId(name) for name in ("hospital", "clinic", "registry", "medical")]
    names = [
        name
        for each in (namer("one"), namer("other"))
        for name in (
            *(each.pseudonym(body, linkage) for body in Body),
            *(each.reference(organisation, linkage) for organisation in organisations),
            *(each.person_handle(body, linkage) for body in Body),
            *(each.link_handle(body, organisations[0], linkage.secret.hex()) for body in Body),
        )
    ]
    assert len(set(names)) == len(names)
    assert {len(name) for name in names} == {43}
    later = {each.pseudonym(body, linkage, 2) for each in (namer("one"), namer("other")) for body in Body}
    assert len(later) == 2 * len(Body)
    assert {name[:2] for name in later} == {"2."}
    assert {name[2:] for name in later}.isdisjoint(names)


def test_names_stay_the_same_and_secrets_are_not_shown() -> None:
    linkage = LinkageCode(b"secret of a person, 32 bytes long")
    assert namer("one").pseudonym(Body.MEDICAL, linkage) == namer("one").pseudonym(Body.MEDICAL, linkage)
    assert "secret" not in repr(linkage)
    assert repr(namer("one")) == "Namer()"
