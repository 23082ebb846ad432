"""D5 by several threads: as one alone would judge, whoever finds what does not verify."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.consent_story import MEDICATION, document, tell

from consent.identifiers import BundleId, OrganisationId
from consent.sealing import NewBundle, SealedBundle, document_digest, seal_bundle
from consent.vocabulary import Body
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import BundleMessage
from services.contracts.oversight.register import Directory
from services.kit.clock import system_randomness
from services.kit.problems import UnavailableError
from services.medical.errors import AuthorError
from services.medical.model import IncomingBundle
from services.medical.verifying import AT_ONCE, Verifying

WALLET = tell("writer of her own").wallet
AUTHOR = OrganisationId(WALLET.subject)


class NoRegister:
    """What the wallet itself signed needs no register."""

    def directory(self) -> Directory:
        raise UnavailableError("asked for what is not needed")


def bundle(name: str, number: int) -> NewBundle:
    return seal_bundle(
        [document(f"{name}-{each}", b"content") for each in range(number)],
        subject=WALLET.subject,
        compartment=MEDICATION,
        compartment_key=WALLET.compartment_public_key(MEDICATION),
        author=AUTHOR,
        author_key=WALLET.signing_key(Body.MEDICAL),
        bundle_id=BundleId(name),
        randomness=system_randomness,
    )


SIZES = (2 * AT_ONCE + 3, 1, AT_ONCE, AT_ONCE + 1)
BUNDLES = [bundle(f"b{number}", size) for number, size in enumerate(SIZES)]
MESSAGES = [worded_bundle(each) for each in BUNDLES]
PLACES = [(number, each) for number, size in enumerate(SIZES) for each in range(size)]


@pytest.fixture(scope="module")
def helpers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


def check(helpers: ThreadPoolExecutor, messages: Sequence[BundleMessage]) -> list[IncomingBundle]:
    verifying = Verifying(NoRegister(), helpers, threads=3)
    return verifying.check(messages, wallet=WALLET.public_jwk(Body.MEDICAL), author=AUTHOR)


def digests(each: SealedBundle) -> tuple[bytes, ...]:
    return tuple(document_digest(each, one) for one in each.documents)


def test_every_document_is_checked_and_keeps_its_place(helpers: ThreadPoolExecutor) -> None:
    for _ in range(5):
        found = check(helpers, MESSAGES)
        assert [each.digests for each in found] == [digests(each) for each in BUNDLES]
        assert [each.sealed.id for each in found] == [each.id for each in BUNDLES]


@given(wrong=st.lists(st.sampled_from(PLACES), min_size=1, max_size=4))
def test_any_wrong_document_refuses_all_and_the_first_one_is_named(
    helpers: ThreadPoolExecutor, wrong: list[tuple[int, int]]
) -> None:
    messages = list(MESSAGES)
    for number, place in wrong:
        documents = list(messages[number].documents)
        documents[place] = documents[place].model_copy(update={"signature": bytes(64)})
        messages[number] = messages[number].model_copy(update={"documents": documents})
    with pytest.raises(AuthorError, match=rf"bundles\.{min(wrong)[0]}:"):
        check(helpers, messages)


def test_helpers_that_are_busy_are_not_waited_for() -> None:
    done = Event()
    with ThreadPoolExecutor(1) as busy:
        waiting = busy.submit(done.wait, 30)
        found = check(busy, MESSAGES)
        done.set()
    assert waiting.result()
    assert [each.digests for each in found] == [digests(each) for each in BUNDLES]
