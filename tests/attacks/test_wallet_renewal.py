"""A wallet with fresh keys follows another: what the old seed, kept fragments, thieves and insiders get of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from support.medical_story import LABORATORY, MEDICATION, open_answer, read, story
from support.medical_tampering import Database, audit, tamper
from support.medical_world import CLINIC, Running, Someone

from consent import base64url
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.delegation import FragmentPackage, open_shared, reencrypt
from consent.directives import UnverifiedReaderNotice
from consent.errors import SealError, SignatureError
from consent.identifiers import BundleId, OrganisationId
from consent.jwk import thumbprint
from consent.publication import verify_publication
from consent.sealing import BundleMeta, capsule_of
from consent.succession import RENEWAL, announce, lineage, take_over
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.directives import submission
from services.contracts.medical.headers import HEADERS_TYPE, Header, Headers, HeadersClient, StageHeaders
from services.contracts.succession import AnnounceSuccessor, RenewWallet, SuccessionClient
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.http import RemoteProblemError, Token

FOLLOWING = {
    (each.category, each.year): Compartment(each.category, each.year, 2)
    for each in (*MEDICATION, *LABORATORY)
}


@dataclass
class Renewing:
    """Somebody with records at the medical centre, a clinic that may read, and the wallet to come."""

    running: Running
    person: Someone
    heir: Someone

    def succession(self) -> SuccessionClient:
        return SuccessionClient(self.running.http(CLINIC))

    def headers(self) -> HeadersClient:
        return HeadersClient(self.running.http(CLINIC))

    @property
    def token(self) -> Token:
        return self.running.world.person_token(self.person)

    def announced(self) -> None:
        now = self.running.world.now
        text = announce(self.person.wallet, self.heir.wallet, body=Body.MEDICAL, now=now)
        self.succession().announce(AnnounceSuccessor(succession=text), token=self.token)

    def sealed_anew(self, header: Header, *, to: Compartment | None = None) -> Header:
        present = Compartment.parse(header.compartment)
        target = to or FOLLOWING[present.category, present.year]
        key = self.heir.wallet.compartment_public_key(target)
        kit = self.person.wallet.hand_over(header.message_kit, present, to=key)
        return Header(bundle=header.bundle, compartment=target.label, message_kit=kit)

    def stage(self, *headers: Header, signed_by: Wallet | None = None) -> Headers:
        told = [
            [each.bundle, each.compartment, base64url.encode(sha256(each.message_kit).digest())]
            for each in headers
        ]
        payload: JsonObject = {"headers": told, "at": epoch_seconds(self.running.world.now)}
        statement = (signed_by or self.heir.wallet).sign(Body.MEDICAL, HEADERS_TYPE, payload)
        return self.headers().stage(
            StageHeaders(statement=statement, headers=list(headers)), token=self.token
        )

    def takes_over(self) -> None:
        now = self.running.world.now
        told = self.succession().standing(token=self.token).announced or ""
        renewal = take_over(self.heir.wallet, told, body=Body.MEDICAL, now=now)
        publication = self.heir.wallet.publish(FOLLOWING.values(), now)
        self.succession().renew(RenewWallet(renewal=renewal, publication=publication), token=self.token)

    def whole(self) -> None:
        """Announce, hand everything over, take over, permit again."""
        self.announced()
        left = self.headers().headers(token=self.token)
        assert self.stage(*(self.sealed_anew(each) for each in left.headers)).left == 0
        self.takes_over()
        self.permits()

    def permits(self) -> None:
        world = self.running.world
        grant = world.grant(
            self.heir,
            world.terms(CLINIC),
            compartments=[FOLLOWING[each.category, each.year] for each in MEDICATION],
        )
        self.running.permit(self.heir, grant)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Renewing]:
    with story(tmp_path) as (running, person):
        world = running.world
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        yield Renewing(running, person, Someone(person.name))


def test_records_are_opened_under_the_new_keys_and_no_copy_of_an_old_header_is_kept(scene: Renewing) -> None:
    """C13: what is stored afterwards opens with the new wallet only, whoever has the old seed."""
    before = open_answer(scene.running.world, scene.person, read(scene.running, scene.person))
    kits = [each.message_kit for each in read(scene.running, scene.person).bundles]
    scene.whole()
    answer = read(scene.running, scene.heir)
    assert open_answer(scene.running.world, scene.heir, answer) == before
    assert lineage(scene.heir.wallet.public_jwk(Body.MEDICAL), answer.renewals, body=Body.MEDICAL) == (
        scene.person.wallet.public_jwk(Body.MEDICAL),
    )
    for each in answer.bundles:
        compartment = Compartment.parse(each.compartment)
        key = scene.heir.wallet.compartment_public_key(compartment)
        with pytest.raises(SealError):
            scene.person.wallet.hand_over(each.message_kit, compartment, to=key)
    stored: list[bytes] = []

    def look(database: Database) -> None:
        stored.extend(
            cell for row in database.execute("SELECT message_kit, capsule FROM bundle") for cell in row
        )

    tamper(scene.running, look)
    assert not {*kits, *map(capsule_of, kits)} & {*stored}
    assert audit(scene.running).findings == []


def test_nothing_changes_for_anybody_until_the_successor_takes_over(scene: Renewing) -> None:
    """LD8: what waits is not used; a record that arrives meanwhile keeps the successor from taking over."""
    before = open_answer(scene.running.world, scene.person, read(scene.running, scene.person))
    scene.announced()
    first, *others = scene.headers().headers(token=scene.token).headers
    assert scene.stage(scene.sealed_anew(first)).left == len(others)
    assert open_answer(scene.running.world, scene.person, read(scene.running, scene.person)) == before
    with pytest.raises(RemoteProblemError) as refusal:
        scene.takes_over()
    assert refusal.value.code == "renewal_incomplete"
    assert open_answer(scene.running.world, scene.person, read(scene.running, scene.person)) == before
    assert audit(scene.running).findings == []


def test_fragments_that_bodies_kept_open_nothing_that_was_handed_over(scene: Renewing) -> None:
    """IL3: two bodies and the reader kept the old fragments; of a header they did not keep, too, they get nothing."""
    world, wallet = scene.running.world, scene.person.wallet
    reader = world.members[CLINIC].receiving_key
    kept = world.grant(scene.person, world.terms(CLINIC), compartments=MEDICATION)
    notice = UnverifiedReaderNotice(kept.copies[Body.MEDICAL].reader_notice or "").verify(
        wallet.public_jwk(Body.MEDICAL), wallet.subject
    )
    old = {each.compartment: each for each in read(scene.running, scene.person).bundles}
    publication = verify_publication(
        wallet.publish(MEDICATION, world.now), wallet.public_jwk(Body.MEDICAL), wallet.subject
    )
    scene.whole()
    for each in read(scene.running, scene.heir).bundles:
        present = Compartment.parse(each.compartment)
        label = f"{present.category}/{present.year}/1"
        packages = {body: kept.copies[body].fragments[label] for body in (Body.MEDICAL, Body.OVERSIGHT)}

        def opens(kit: bytes, label: str = label, packages: dict[Body, FragmentPackage] = packages) -> None:
            meta = BundleMeta(
                id=BundleId("b"),
                subject=wallet.subject,
                compartment=Compartment.parse(label),
                message_kit=kit,
                author=OrganisationId("hospital"),
            )
            fragments = {body: reencrypt(capsule_of(kit), one.verify()) for body, one in packages.items()}
            open_shared(
                meta, publication=publication, notice=notice, fragments=fragments, receiving_key=reader
            )

        with pytest.raises(SealError):
            opens(each.message_kit)
        opens(old[label].message_kit)  # the limit: who kept the old header, too, opens what it opened before


def test_old_wallet_permits_and_withdraws_nothing_any_more(scene: Renewing) -> None:
    """The thief of the old seed signs as before and is refused; the person sees it."""
    world, running = scene.running.world, scene.running
    scene.whole()
    grant = world.grant(scene.person, world.terms(CLINIC), compartments=MEDICATION)
    with pytest.raises(RemoteProblemError) as refusal:
        running.directives().submit(submission(grant.copies[Body.MEDICAL]), token=scene.token)
    assert refusal.value.code == "not_signed_by_wallet"
    with pytest.raises(RemoteProblemError) as refusal:
        scene.announced()
    assert refusal.value.code == "not_signed_by_wallet"
    assert running.events(scene.person)[-1]["reason"] == "not_signed_by_wallet"


def test_what_a_former_wallet_permitted_is_no_ground_for_reading(scene: Renewing) -> None:
    """The old permission is in force until it is taken back, and has no fragments for the present keys."""
    scene.announced()
    left = scene.headers().headers(token=scene.token)
    scene.stage(*(scene.sealed_anew(each) for each in left.headers))
    scene.takes_over()
    with pytest.raises(RemoteProblemError) as refusal:
        read(scene.running, scene.heir)
    assert refusal.value.code == "no_permission"


def test_thief_with_the_card_and_another_wallet_announces_nothing(scene: Renewing) -> None:
    thief = Someone(scene.person.name)
    text = announce(thief.wallet, scene.heir.wallet, body=Body.MEDICAL, now=scene.running.world.now)
    with pytest.raises(RemoteProblemError) as refusal:
        scene.succession().announce(AnnounceSuccessor(succession=text), token=scene.token)
    assert refusal.value.code == "not_signed_by_wallet"
    scene.announced()
    other = take_over(thief.wallet, text, body=Body.MEDICAL, now=scene.running.world.now)
    with pytest.raises(RemoteProblemError) as refusal:
        scene.succession().renew(RenewWallet(renewal=other), token=scene.token)
    assert refusal.value.code == "not_signed_by_wallet"


def test_content_key_goes_to_no_other_category_year_or_person(scene: Renewing) -> None:
    """A device that is deceived, or not the person's, relabels nothing: a laboratory record stays one."""
    scene.announced()
    found = scene.headers().headers(token=scene.token).headers
    laboratory = next(each for each in found if each.compartment.startswith("laboratory"))
    elsewhere = scene.sealed_anew(laboratory, to=FOLLOWING[Category.MEDICATION, 2026])
    other = replace_bundle(scene.sealed_anew(laboratory), "somebody-elses")
    for headers, signer in (
        ([elsewhere], scene.heir.wallet),
        ([other], scene.heir.wallet),
        ([scene.sealed_anew(laboratory)] * 2, scene.heir.wallet),
        ([scene.sealed_anew(laboratory)], scene.person.wallet),
    ):
        with pytest.raises(RemoteProblemError) as refusal:
            scene.stage(*headers, signed_by=signer)
        assert refusal.value.code == "headers_refused"
    assert scene.headers().headers(token=scene.token).left == len(found)


def replace_bundle(header: Header, name: str) -> Header:
    return header.model_copy(update={"bundle": name})


def test_nobody_passes_records_of_their_own_off_as_a_former_wallet_s() -> None:
    """The centre and somebody with records of their own: without the successor's signature no lineage leads there."""
    person, heir, stranger = (Wallet.create(system_randomness) for _ in range(3))
    body, now = Body.MEDICAL, datetime(2026, 11, 21, tzinfo=UTC)
    true = take_over(heir, announce(person, heir, body=body, now=now), body=body, now=now)
    key = heir.public_jwk(body)
    assert [thumbprint(each) for each in lineage(key, [true], body=body)] == [person.subject]
    invented = announce(stranger, heir, body=body, now=now)
    for forged in (
        take_over(stranger, invented, body=body, now=now),
        stranger.sign(body, RENEWAL, {"succession": invented, "at": 0}),
        take_over(heir, announce(stranger, person, body=body, now=now), body=body, now=now),
        true[:-4] + "AAAA",
    ):
        with pytest.raises(SignatureError):
            lineage(key, [forged], body=body)
    with pytest.raises(SignatureError):
        lineage(key, [true], body=Body.OVERSIGHT)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE handed_over SET content = zeroblob(200)", "bundle"),
        ("UPDATE handed_over SET position = position + 1", "bundle"),
        ("DELETE FROM handed_over", "document"),
        ("UPDATE bundle SET message_kit = randomblob(189)", "bundle"),
    ],
)
def test_changed_header_stops_the_read_and_is_named(scene: Renewing, statement: str, table: str) -> None:
    """IT5: a row that is not what the person's device signed and the log has."""
    scene.whole()

    def change(database: Database) -> None:
        database.execute(statement)

    tamper(scene.running, change)
    with pytest.raises(RemoteProblemError) as refusal:
        read(scene.running, scene.heir)
    assert refusal.value.status == 500
    assert table in {each.table for each in audit(scene.running).findings}


def test_former_wallet_that_is_brought_back_is_named(scene: Renewing) -> None:
    """IT5: the wallet's row of before, whole and well sealed, in place of the present one."""
    rows: list[tuple[str, bytes]] = []

    def look(database: Database) -> None:
        rows.extend(database.execute("SELECT pseudonym, signing_key FROM wallet").fetchall())

    def bring_back(database: Database) -> None:
        database.executemany("UPDATE wallet SET signing_key = ?2 WHERE pseudonym = ?1", rows)

    tamper(scene.running, look)
    scene.whole()
    tamper(scene.running, bring_back)
    assert "wallet" in {each.table for each in audit(scene.running).findings}
    with pytest.raises(RemoteProblemError) as refusal:
        read(scene.running, scene.heir)
    assert refusal.value.status == 500
