"""What the medical centre promises people who add to their own record, kept by the real one and by its fake alike."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.medical_bench import Bench, RealBench
from support.medical_story import ALL, MEDICATION, documents
from support.medical_world import AUDITOR, HOSPITAL, Someone, World
from support.streams import IMAGING

from consent.compartments import Compartment
from consent.identifiers import BundleId, OrganisationId
from consent.sealing import SealedBundle, seal_bundle
from consent.vocabulary import Body
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import DepositRequest, OwnDeposit
from services.kit.clock import system_randomness
from services.kit.http import RemoteProblemError


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.publish([*ALL, IMAGING])
    return bench


def own(
    someone: Someone,
    *,
    compartment: Compartment = MEDICATION[2],
    author: str | None = None,
    key: Ed25519PrivateKey | None = None,
    name: str = "own-bundle",
) -> SealedBundle:
    """Seal two documents as a wallet does, or as somebody who would like to be taken for it."""
    wallet = someone.wallet
    return seal_bundle(
        documents(2, prefix="own"),
        subject=wallet.subject,
        compartment=compartment,
        compartment_key=wallet.compartment_public_key(compartment),
        author=OrganisationId(author or wallet.subject),
        author_key=key or wallet.signing_key(Body.MEDICAL),
        bundle_id=BundleId(name),
        randomness=system_randomness,
    )


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def deposit(bench: Bench, bundle: SealedBundle) -> int:
    """Deposit as the person."""
    request = OwnDeposit(bundles=[worded_bundle(bundle)])
    return bench.centre.deposit_own(request, token=bench.own()).stored


def test_what_the_wallet_signed_is_stored_and_read_as_the_persons_own(bench: Bench) -> None:
    assert deposit(bench, own(bench.person)) == 2
    bench.granted()
    (bundle,) = bench.read().bundles
    assert (bundle.author, len(bundle.documents)) == (bench.person.wallet.subject, 2)


def test_nobody_else_writes_in_the_persons_name(bench: Bench) -> None:
    """Signed by another wallet, by an organisation, or with an organisation as author: nothing is stored."""
    hospital = bench.world.members[HOSPITAL].keys.ed25519("author")
    for forged in (
        own(bench.person, key=Someone("taro").wallet.signing_key(Body.MEDICAL)),
        own(bench.person, key=hospital),
        own(bench.person, author=HOSPITAL, key=hospital),
        own(bench.person, author=HOSPITAL),
    ):
        assert refused(lambda b=forged: deposit(bench, b)) == (403, "author_not_verified")  # type: ignore[misc]  # bound now
    as_hospital = DepositRequest(
        token=bench.name(bench.person, HOSPITAL), bundles=[worded_bundle(own(bench.person))]
    )
    assert refused(lambda: bench.centre.deposit(as_hospital, token=bench.operator(HOSPITAL))) == (
        403,
        "author_not_verified",
    )
    bench.granted()
    assert bench.read().bundles == []


def test_operator_does_not_deposit_as_a_person(bench: Bench) -> None:
    request = OwnDeposit(bundles=[worded_bundle(own(bench.person))])
    assert refused(lambda: bench.centre.deposit_own(request, token=bench.operator(HOSPITAL))) == (
        403,
        "forbidden",
    )


def test_rules_of_every_deposit_hold(bench: Bench) -> None:
    closed = own(bench.person, compartment=Compartment(IMAGING.category, 2030, 1))
    assert refused(lambda: deposit(bench, closed)) == (409, "compartment_closed")
    deposit(bench, own(bench.person))
    assert refused(lambda: deposit(bench, own(bench.person))) == (409, "bundle_known")
    assert refused(lambda: deposit(bench, own(bench.person, name="b2"))) == (409, "document_version")


def test_own_deposit_is_in_the_history_and_the_audit_finds_nothing(tmp_path: Path) -> None:
    with World(tmp_path).running() as running:
        bench = RealBench(running)
        bench.enrol(bench.person)
        bench.publish(ALL)
        deposit(bench, own(bench.person))
        forged = own(bench.person, key=Someone("x").wallet.signing_key(Body.MEDICAL), name="b2")
        refused(lambda: deposit(bench, forged))
        told = [each for each in running.events(bench.person) if each["kind"] == "records_deposited"]
        assert [(each["outcome"], each.get("organisation"), each.get("reason")) for each in told] == [
            ("done", None, None),
            ("refused", None, "author_not_verified"),
        ]
        answer = running.http(AUDITOR).get(
            "/audit", token=running.world.token(running.world.members[AUDITOR])
        )
        assert answer["findings"] == []
