"""A wallet gets a fresh seed: records, permissions and parts pass to it, by hand and broken off anywhere (C13, LD8)."""

from contextlib import suppress
from copy import copy
from dataclasses import replace
from itertools import count
from pathlib import Path

import httpx
import pytest
from support.cut_connections import Cut
from support.desk import PINS

from consent.compartments import YearSpan
from consent.directives import Terms
from consent.vocabulary import Body, Purpose
from consent.wallet import Wallet
from services.commands.renewing import renew_on_card
from services.contracts.identity.messages import Application
from services.contracts.medical.headers import Headers
from services.demo.scene import Scene, medical_terms
from services.gateway.auditor import audit
from services.gateway.cards import read_card, save_card
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems
from services.gateway.errors import NotVerifiedError, RefusedError, WalletLostError
from services.gateway.exchange import Connect
from services.gateway.hospital import deposit, link
from services.gateway.own_records import own_records
from services.gateway.people import Enrolled, enrol
from services.gateway.person import Person, sign_in
from services.gateway.recovery import lay_down_recovery, recover_wallet, retire_earlier
from services.gateway.reissue import reissue
from services.gateway.renewal import renew_wallet
from services.gateway.wallet_actions import WithdrawalIncompleteError, lay_down, permissions, withdraw
from services.kit.http import Http, PeerUnavailableError
from services.kit.problems import UnavailableError

pytestmark = [pytest.mark.processes, pytest.mark.long]

ITEMS = BasicItems("高橋 三郎", "みなと市浜町7", "male", "1959-05-06")
NEW_PINS = {Application.AUTHENTICATION: "7306", Application.SIGNATURE: "ume2026x"}
NUMBERS = count(1)


class Owner:
    """Somebody with records, a paper, a reader who may read and one who may not any more."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hospital, self.clinic = scene.organisation("hospital-a"), scene.organisation("clinic-b")
        self.records = list(scene.records(scene.people[0])[:3])
        self.years = YearSpan(
            min(each.year for each in self.records), max(each.year for each in self.records)
        )
        self.categories = frozenset(each.category for each in self.records)
        self.enrolled: Enrolled = enrol(
            scene.organisation("municipality"), ITEMS, pins=PINS, years=range(1950, 2030)
        )
        self.reference = link(self.hospital, self.person)
        self.at_clinic = link(self.clinic, self.person)
        deposit(self.hospital, self.reference, self.records)
        laid = lay_down_recovery(self.person)
        retire_earlier(self.person, laid)
        self.paper = laid.paper
        self.papers: list[str] = []
        lay_down(self.person, self.terms("clinic-b"))

    @property
    def person(self) -> Person:
        return self.enrolled.person

    def terms(self, to: str) -> Terms:
        return medical_terms(to, categories=self.categories, years=self.years)

    def arrives(self) -> None:
        """Another record of a kind that the person has comes from the hospital."""
        first = self.records[0]
        content = f'{{"late": {next(NUMBERS)}}}'.encode()
        more = replace(first, name=f"late-{content.hex()}", content=content)
        deposit(self.hospital, self.reference, [more])
        self.records.append(more)

    def reads(self) -> list[bytes]:
        """What the clinic opens."""
        opened = open_records(
            self.clinic,
            self.at_clinic,
            categories=self.categories,
            years=self.years,
            purpose=Purpose.TREAT,
        )
        return sorted(each.content for each in opened)

    def everything(self) -> list[bytes]:
        return sorted(each.content for each in self.records)


def silent(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def renewed(owner: Owner, person: Person) -> Person:
    """Renew the wallet in one go; the new paper is the owner's."""
    successor = Wallet.create(person.randomness)
    done = renew_wallet(person, successor, tell=owner.papers.append, progress=silent)
    assert (done.unreadable, done.stopped) == (0, [])
    return done.person


def in_force(person: Person) -> list[str]:
    """Who may read, by the person's own list."""
    return [each.terms.recipient.required() for each in permissions(person) if each.active(person.clock())]


def test_records_permissions_and_paper_pass_to_the_fresh_seed(deployment: Scene) -> None:
    """C13: what was permitted goes on, what was withdrawn stays dead, the old seed and its paper are worth nothing."""
    owner = Owner(deployment)
    old, counter = owner.person, deployment.organisation("municipality")
    withdraw(old, lay_down(old, owner.terms("hospital-a")))
    owner.arrives()
    new = renewed(owner, old)
    assert owner.reads() == owner.everything()
    owner.arrives()
    assert owner.reads() == owner.everything()
    assert in_force(new) == ["clinic-b"]
    with pytest.raises(RefusedError, match="not_signed_by_wallet"):
        lay_down_recovery(old)
    card = new.card.card
    with pytest.raises(WalletLostError, match="wrong_paper_code"):
        recover_wallet(new, [counter], card=card, paper=owner.paper)
    back = recover_wallet(new, [counter], card=card, paper=owner.papers[-1])
    assert back.to_secret_bytes() == new.wallet.to_secret_bytes()
    again = renewed(owner, new)
    assert owner.reads() == owner.everything()
    assert in_force(again) == ["clinic-b"]
    assert sorted(each.document.content for each in own_records(again)) == owner.everything()
    assert [each.findings for each in audit(deployment.officials) if not each.clean] == []


def test_renewal_that_breaks_off_anywhere_goes_on(deployment: Scene) -> None:
    """LD8: the device loses the network after so many requests while records arrive; nothing is lost or doubled."""
    owner = Owner(deployment)
    person = owner.person
    for requests in count(5, 9):
        successor, whole = Wallet.create(person.randomness), False
        cut = copy(person)
        cut.connect = Cut(person.connect, requests)
        with suppress(PeerUnavailableError, UnavailableError, WithdrawalIncompleteError):
            renew_wallet(cut, successor, tell=owner.papers.append, progress=silent)
            whole = True
        with suppress(NotVerifiedError):  # between two steps two bodies know two wallets, and nobody seals
            owner.arrives()
        person = renew_wallet(person, successor, tell=owner.papers.append, progress=silent).person
        assert owner.reads() == owner.everything()
        assert in_force(person) == ["clinic-b"]
        if whole:
            break
    counter, card = deployment.organisation("municipality"), person.card.card
    back = recover_wallet(person, [counter], card=card, paper=owner.papers[-1])
    assert back.to_secret_bytes() == person.wallet.to_secret_bytes()


def test_device_that_is_lost_in_the_middle_is_replaced_by_the_new_paper(deployment: Scene) -> None:
    """LD8: the medical centre has the new keys, nobody else yet, and both seeds are gone with the device."""
    owner, counter = Owner(deployment), deployment.organisation("municipality")
    successor = Wallet.create(owner.person.randomness)
    lost = copy(owner.person)
    lost.connect = Cut(lost.connect, 0, lambda path: path == "/wallet/renewals")
    with pytest.raises(PeerUnavailableError):
        renew_wallet(lost, successor, tell=owner.papers.append, progress=silent)
    reference = owner.enrolled.reference
    with pytest.raises(WalletLostError):
        reissue(counter, reference, pins=NEW_PINS, paper=owner.paper)
    made = reissue(counter, reference, pins=NEW_PINS, paper=owner.papers[-1])
    assert made.person.wallet.to_secret_bytes() == successor.to_secret_bytes()
    renewed(owner, made.person)
    assert owner.reads() == owner.everything()


def test_bundle_that_the_medical_centre_withholds_is_missed(deployment: Scene) -> None:
    """A centre that shows all headers but one: its own log of deposits has one more, and nothing is taken over."""
    owner = Owner(deployment)
    owner.arrives()
    deceived = copy(owner.person)
    deceived.connect = Withholding(owner.person.connect)
    with pytest.raises(NotVerifiedError, match="withholds 1 bundles"):
        renew_wallet(
            deceived, Wallet.create(owner.person.randomness), tell=owner.papers.append, progress=silent
        )
    assert owner.reads() == owner.everything()


class Withholding:
    """Connections over which the last header is never seen."""

    def __init__(self, whole: Connect) -> None:
        self._whole = whole

    def __call__(self, body: Body) -> Http:
        return _WithholdingHttp(self._whole(body))

    def close(self) -> None:
        self._whole.close()


class _WithholdingHttp(Http):
    def __init__(self, whole: Http) -> None:
        self.base_url = whole.base_url
        self._whole = whole

    def form(self, path: str, *told: object, **more: object) -> httpx.Response:
        return self._whole.form(path, *told, **more)  # type: ignore[arg-type]  # passed on as it came

    def send(self, method: str, path: str, **more: object) -> httpx.Response:
        answer = self._whole.send(method, path, **more)  # type: ignore[arg-type]  # passed on as it came
        if path != "/headers":
            return answer
        told = Headers.model_validate_json(answer.content)
        shown = told.model_copy(update={"headers": told.headers[:-1], "left": told.left - 1})
        return httpx.Response(200, content=shown.model_dump_json().encode())


def test_renewal_goes_on_with_the_seed_that_the_card_file_holds(deployment: Scene, tmp_path: Path) -> None:
    """LD8: the machine dies while headers are handed over; the command, given again, comes to its end with one seed."""
    owner = Owner(deployment)
    card = tmp_path / "card.json"
    save_card(owner.enrolled.card, card)
    digits, connect = PINS[Application.SIGNATURE], owner.person.connect

    def at_work() -> Person:
        pin = PINS[Application.AUTHENTICATION]
        return sign_in(read_card(card), connect, pin=pin, signature_pin=digits, clock=owner.person.clock)

    dying = at_work()
    dying.connect = Cut(connect, 0, lambda path: path == "/headers")
    with pytest.raises(PeerUnavailableError):
        renew_on_card(card, dying, digits=digits)
    drawn = at_work().signature.successor
    assert drawn is not None
    renew_on_card(card, at_work(), digits=digits)
    done = at_work().signature
    assert done.successor is None
    assert done.wallet is not None
    assert done.wallet.to_secret_bytes() == drawn.to_secret_bytes()
    assert owner.reads() == owner.everything()
