"""What a person is shown of a withdrawal (W3): signed receipts, the seconds they took, what is left if one is down."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.gateway_world import NOW, YEAR, World, terms

from consent.jwk import to_jwk
from consent.lifecycle import DirectiveState
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.oversight.register import Kind, Role
from services.gateway.clinical import ClinicalRecord
from services.gateway.errors import NotVerifiedError
from services.gateway.hospital import deposit, link
from services.gateway.offline import verify_other
from services.gateway.people import Enrolled
from services.gateway.wallet_actions import lay_down, permissions, withdraw
from services.gateway.withdrawing import TakenBack, permissions_at_hand, save_withdrawal, take_back
from services.kit.log.evidence import TrustFile

RECORD = ClinicalRecord("p", Category.MEDICATION, YEAR, "MedicationRequest/1", b"{}")


class Town:
    """A world with a person who permitted a clinic."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        counter = self.world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = self.world.organisation("hospital-a", Kind.HOSPITAL, Role.WRITER)
        self.world.organisation("clinic-b", Kind.CLINIC, Role.READER)
        enrolled: Enrolled = self.world.person(counter)
        self.person = enrolled.person
        deposit(hospital, link(hospital, self.person), [RECORD])
        self.world.watch.tick()
        lay_down(self.person, terms("clinic-b", Category.MEDICATION))
        keys = {body.value: to_jwk(key.public_key()) for body, key in self.world.signing.items()}
        self.trust = folder / "trust.json"
        self.trust.write_text(TrustFile(logs={}, witnesses={}, signing_keys=keys).model_dump_json())

    def withdraw(self) -> TakenBack:
        """Take the one permission back."""
        found, silent = permissions_at_hand(self.person)
        return take_back(self.person, found[0], silent=silent)

    def active(self) -> list[Body]:
        """Return the bodies that still hold something in force."""
        return [body for body in PROXIES if "active" in self.world.states(body).values()]

    def verify(self, done: TakenBack, folder: Path) -> list[str]:
        """Check the evidence file offline."""
        save_withdrawal(done.file, folder / "withdrawal.json")
        told = verify_other(folder / "withdrawal.json", self.trust)
        assert told is not None
        return told


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_receipts_of_all_three_are_shown_with_the_seconds_and_verify_offline(
    town: Town, tmp_path: Path
) -> None:
    slow = town.world(Body.OVERSIGHT)

    def later(answer: object) -> object:
        town.world.watch.now += timedelta(seconds=3)
        return answer

    slow.tamper["/withdrawals"] = later
    done = town.withdraw()
    assert (set(done.receipts), done.missing, done.seconds) == (set(PROXIES), (), 3.0)
    lines = town.verify(done, tmp_path)
    assert [line.split()[:2] for line in lines[:3]] == [
        ["✓", each] for each in ("medical", "identity", "oversight")
    ]
    assert "3 fragments" in lines[0]


@pytest.mark.parametrize("body", [Body.OVERSIGHT, Body.MEDICAL])
def test_body_that_is_down_from_the_start_is_named_and_the_rest_is_taken_up_later(
    town: Town, body: Body, tmp_path: Path
) -> None:
    for each in (*PROXIES, Body.REGISTRY):
        town.person.tokens.token(town.world(each).base_url)
    town.person = town.person.holding(town.person.wallet)  # asks every body anew, as a command does
    town.world.watch.tick(60)  # and knows no register that is young enough
    town.world(body).down = True
    done = town.withdraw()
    assert done.missing == (body,)
    assert not done.usable
    assert town.active() == [body]
    assert f"! {body.value}" in "\n".join(town.verify(done, tmp_path))
    town.world(body).down = False
    done = town.withdraw()
    assert (done.missing, set(done.receipts), town.active()) == ((), set(PROXIES), [])
    assert len(permissions(town.person)) == 1


def test_what_was_taken_back_while_a_body_was_down_is_not_renewed_with_what_goes_on(town: Town) -> None:
    """W4: a copy that is left over at one body, or that one body claims, is no permission to lay down anew."""
    lay_down(town.person, terms("clinic-b", Category.MEDICATION, purpose=Purpose.HRESCH))
    lay_down(town.person, terms("clinic-b", Category.MEDICATION, purpose=Purpose.PATRQT))
    for each in (*PROXIES, Body.REGISTRY):
        town.person.tokens.token(town.world(each).base_url)
    town.person = town.person.holding(town.person.wallet)
    town.world(Body.IDENTITY).down = True
    assert town.withdraw().missing == (Body.IDENTITY,)
    town.world(Body.IDENTITY).down = False
    town.world.watch.tick()
    research, own = (
        next(each for each in permissions(town.person) if each.terms.purposes == {purpose})
        for purpose in (Purpose.HRESCH, Purpose.PATRQT)
    )
    assert take_back(town.person, research).missing == ()
    held = [each for each in permissions(town.person) if Body.MEDICAL in each.copies]
    standing = [each.terms for each in held if each.copies[Body.MEDICAL][0].state is DirectiveState.ACTIVE]
    assert standing == [own.terms]


def test_it_is_said_when_a_permission_can_still_be_used(town: Town) -> None:
    for each in (*PROXIES, Body.REGISTRY):
        town.person.tokens.token(town.world(each).base_url)
    for body in (Body.MEDICAL, Body.IDENTITY):
        town.world(body).down = True
    town.person = town.person.holding(town.person.wallet)
    done = town.withdraw()
    assert (set(done.missing), done.usable) == ({Body.MEDICAL, Body.IDENTITY}, True)


@pytest.mark.parametrize("change", ["receipt", "directive", "wallet", "body"])
def test_changed_evidence_of_a_withdrawal_does_not_verify(town: Town, change: str, tmp_path: Path) -> None:
    done = town.withdraw()
    first, second, *rest = done.file.receipts
    told = second.model_dump()
    if change == "receipt":
        told["receipt"] = first.receipt
    elif change == "body":
        told["body"] = first.body
    else:
        told[change] = getattr(first, change)
    changed = done.file.model_copy(update={"receipts": [first, type(second)(**told), *rest]})
    save_withdrawal(changed, tmp_path / "changed.json")
    with pytest.raises(NotVerifiedError):
        verify_other(tmp_path / "changed.json", town.trust)


def test_history_file_is_left_to_the_history(tmp_path: Path, town: Town) -> None:
    (tmp_path / "other.json").write_text('{"format": "sekisho-evidence/1"}')
    assert verify_other(tmp_path / "other.json", town.trust) is None
    assert town.world.watch() > NOW


def test_what_was_renewed_within_its_second_goes_on_when_keys_roll_again(town: Town) -> None:
    """W4: its former copies, taken back, have the same terms and time as the present ones."""
    for _ in range(2):
        withdraw(town.person, lay_down(town.person, terms("clinic-b", Category.MEDICATION, Category.CHECKUP)))
    assert town.active() == list(PROXIES)
    # the first one, and in each turn one that is taken back and one that is renewed
    assert [len(town.world.states(body)) for body in PROXIES] == [5, 5, 5]
