"""A ward's file opens with the guardian's wallet alone, and an approval says what was approved."""

from pathlib import Path
from secrets import token_bytes

import pytest
from support.gateway_world import World, terms

from consent.errors import MalformedError
from consent.guardians import Capacity
from consent.identifiers import OrganisationId
from consent.terms import RecordScope
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.oversight.register import Kind, Role
from services.gateway.acting import Acting
from services.gateway.approvals import Approval, approve, read_approval
from services.gateway.errors import CardFileError
from services.gateway.guardians import (
    acting,
    hand_over,
    handed_wallet,
    handing_key,
    offer,
    read_ward,
    replace_ward,
    save_ward,
    ward_wallet,
    with_wallet,
)
from services.gateway.person import Person
from services.gateway.wallet_actions import approved, lay_down, permissions, roll

CITY = OrganisationId("city")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, Person]:
    """Return two people with cards."""
    world = World(tmp_path_factory.mktemp("guardian-files"))
    city = world.organisation(CITY, Kind.MUNICIPALITY, Role.REGISTRAR)
    world.organisation("clinic", Kind.CLINIC, Role.READER)
    return world.person(city).person, world.person(city).person


def test_a_wards_file_opens_with_its_guardians_wallet_alone(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    mother, neighbour = people
    _, kept = offer(mother, CITY, Capacity.PARENT)
    save_ward(kept, tmp_path / "ward.json")
    assert (tmp_path / "ward.json").stat().st_mode & 0o777 == 0o600
    read = read_ward(tmp_path / "ward.json")
    assert ward_wallet(mother, read).to_secret_bytes().hex() not in (tmp_path / "ward.json").read_text()
    for wrong in (lambda: ward_wallet(neighbour, read), lambda: acting(neighbour, read)):
        with pytest.raises(CardFileError):
            wrong()
    with pytest.raises(CardFileError):
        save_ward(kept, tmp_path / "ward.json")


def test_a_wards_wallet_is_handed_to_one_person_and_to_nobody_else(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    mother, aunt = people
    _, kept = offer(mother, CITY, Capacity.PARENT)
    _, aunts = offer(aunt, CITY, Capacity.GUARDIAN_OF_MINOR)
    handed = hand_over(mother, kept, to=handing_key(aunt))
    with pytest.raises(CardFileError):
        handed_wallet(mother, handed)
    replace_ward(with_wallet(aunt, aunts, handed_wallet(aunt, handed)), tmp_path / "aunt.json")
    taken = acting(aunt, read_ward(tmp_path / "aunt.json"))
    assert taken.wallet.to_secret_bytes() == ward_wallet(mother, kept).to_secret_bytes()
    with pytest.raises(MalformedError):
        hand_over(mother, kept, to="short")


def test_wallet_that_is_kept_is_the_one_given_whatever_an_earlier_try_left(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    """LD1: a process that died between writing and renaming leaves a file, which must not come back later."""
    file, (mother, _) = tmp_path / "ward.json", people
    _, former = offer(mother, CITY, Capacity.PARENT)
    (tmp_path / f".new-{file.name}").write_text(former.model_dump_json())
    _, kept = offer(mother, CITY, Capacity.PARENT)
    replace_ward(kept, file)
    assert read_ward(file) == kept


def test_an_approval_is_read_back_and_only_a_guardian_makes_one(people: tuple[Person, Person]) -> None:
    person, _ = people
    by = Acting("g", Capacity.PARENT, Wallet.create(token_bytes))
    asked = terms("clinic", Category.CHECKUP)
    made = Approval(asked, by.sign(asked, {Body.MEDICAL: person.pseudonym(Body.MEDICAL)}))
    assert read_approval(made.to_bytes()) == made
    with pytest.raises(CardFileError):
        approve(person, asked)
    with pytest.raises(MalformedError):
        read_approval(b"{}")


def test_rolling_keeps_the_guardians_signature_and_confirms_nothing_of_another_guardian(
    people: tuple[Person, Person],
) -> None:
    _, person = people
    by, other = (Acting("g", Capacity.PARENT, Wallet.create(token_bytes)) for _ in range(2))
    asked = terms("clinic", Category.CHECKUP)
    assert isinstance(asked.scope, RecordScope)
    person.acting = by
    signed = approved(lay_down(person, asked))
    assert {body: each.kid for body, each in signed.items()} == {body: by.kid(body) for body in signed}
    person.acting = other
    roll(person, asked.scope)
    assert [approved(each) for each in permissions(person)] == [signed]
    person.acting = None
    roll(person, asked.scope)
    assert [approved(each) for each in permissions(person) if each.active(person.clock())] == [signed]
