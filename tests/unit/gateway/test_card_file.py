"""The card file: worth nothing without PIN and ID centre, its applications independent of each other (K4)."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.gateway_card import PINS, FakeOffice, new_card

from consent import base64url, pin
from consent.errors import SealError
from services.contracts.identity.messages import Application
from services.gateway.card_making import draft, with_hint
from services.gateway.cards import CardFile, read_card, replace_card, save_card, unlock
from services.gateway.errors import CardFileError, CardLockedError, WrongPinError
from services.kit.clock import system_randomness
from services.kit.keys import pem


@pytest.fixture
def office() -> FakeOffice:
    return FakeOffice()


@pytest.mark.parametrize("application", list(Application))
def test_right_pin_opens_the_applications_own_key(office: FakeOffice, application: Application) -> None:
    card, making = new_card(office)
    opened = unlock(card, application, PINS[application], identity=office)
    assert pem(opened.key) == pem(making.keys[application])
    assert opened.kid == card.applications[application].kid


def test_only_the_signature_application_holds_the_wallet(office: FakeOffice) -> None:
    card, making = new_card(office)
    authentication = unlock(
        card, Application.AUTHENTICATION, PINS[Application.AUTHENTICATION], identity=office
    )
    signature = unlock(card, Application.SIGNATURE, PINS[Application.SIGNATURE], identity=office)
    assert authentication.wallet is None
    assert signature.wallet is not None
    assert signature.wallet.to_secret_bytes() == making.wallet.to_secret_bytes()


def test_wrong_pin_says_how_many_tries_are_left_and_the_third_locks(office: FakeOffice) -> None:
    card, _ = new_card(office)
    for left in (2, 1, 0):
        with pytest.raises(WrongPinError) as caught:
            unlock(card, Application.AUTHENTICATION, "0000", identity=office)
        assert caught.value.tries_left == left
    with pytest.raises(CardLockedError):
        unlock(card, Application.AUTHENTICATION, PINS[Application.AUTHENTICATION], identity=office)


def test_locking_one_application_leaves_the_other_open(office: FakeOffice) -> None:
    card, _ = new_card(office)
    for _ in range(3):
        with pytest.raises(WrongPinError):
            unlock(card, Application.AUTHENTICATION, "0000", identity=office)
    assert (
        unlock(card, Application.SIGNATURE, PINS[Application.SIGNATURE], identity=office).wallet is not None
    )


def test_the_other_applications_pin_opens_nothing(office: FakeOffice) -> None:
    card, _ = new_card(office)
    with pytest.raises(WrongPinError):
        unlock(card, Application.AUTHENTICATION, PINS[Application.SIGNATURE], identity=office)


def test_one_applications_wrapping_key_does_not_open_the_other(office: FakeOffice) -> None:
    card, making = new_card(office)
    one, other = Application.AUTHENTICATION, Application.SIGNATURE
    share = office.kept[card.card, one].share
    for context in (one, other):
        with pytest.raises(SealError):
            pin.unwrap(
                making.pins[one].wrapping_key(share),
                base64url.decode(card.applications[other].wrapped),
                context=f"sekisho-card/1 {card.card} {context.value}".encode(),
            )


def test_swapped_applications_are_noticed(office: FakeOffice) -> None:
    card, _ = new_card(office)
    one, other = (card.applications[name] for name in Application)
    swapped = card.model_copy(
        update={"applications": {Application.AUTHENTICATION: other, Application.SIGNATURE: one}}
    )
    with pytest.raises(CardFileError, match="changed"):
        unlock(swapped, Application.AUTHENTICATION, PINS[Application.AUTHENTICATION], identity=office)


def test_the_file_holds_neither_keys_nor_seed_nor_pin_nor_share(office: FakeOffice, tmp_path: Path) -> None:
    card, making = new_card(office)
    file = tmp_path / "card.json"
    save_card(card, file)
    content = file.read_bytes()
    secrets = [making.wallet.to_secret_bytes(), *(kept.share for kept in office.kept.values())]
    for key in making.keys.values():
        number = key.private_numbers().private_value.to_bytes(32)
        secrets += [number, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())]
    for secret in secrets:
        encoded = (
            base64.b64encode(secret).rstrip(b"="),
            base64url.encode(secret).encode(),
            secret.hex().encode(),
        )
        assert not any(form in content for form in (secret, *encoded))
    assert not any(digits.encode() in content for digits in PINS.values() if not digits.isdigit())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_copied_file_gives_nothing_to_try_pins_on_without_the_office(office: FakeOffice) -> None:
    # even the right PIN does not open it with a guessed share: a thief cannot tell a right guess of the PIN
    card, _ = new_card(office)
    wrapped = base64url.decode(card.applications[Application.AUTHENTICATION].wrapped)
    secret = base64url.decode(card.file_secret)
    for digits in ("0000", "1234", PINS[Application.AUTHENTICATION]):
        key = pin.derive(digits, secret, Application.AUTHENTICATION.value, card.iterations)
        with pytest.raises(SealError):
            pin.unwrap(
                key.wrapping_key(bytes(32)),
                wrapped,
                context=f"sekisho-card/1 {card.card} authentication".encode(),
            )


def test_saved_card_reads_back_the_same(office: FakeOffice, tmp_path: Path) -> None:
    card, _ = new_card(office)
    save_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card
    with pytest.raises(CardFileError, match="exists already"):
        save_card(card, tmp_path / "card.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"format":"sekisho-card/2"}'])
def test_what_is_no_card_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "card.json"
    with pytest.raises(CardFileError, match="does not exist"):
        read_card(file)
    file.write_bytes(content)
    with pytest.raises(CardFileError, match="not a readable card file"):
        read_card(file)


def test_changed_file_secret_counts_as_a_wrong_pin_and_opens_nothing(office: FakeOffice) -> None:
    card, _ = new_card(office)
    changed = CardFile.model_validate(
        card.model_dump(mode="json") | {"file_secret": base64url.encode(bytes(32))}
    )
    with pytest.raises(WrongPinError):
        unlock(changed, Application.AUTHENTICATION, PINS[Application.AUTHENTICATION], identity=office)


@pytest.mark.parametrize("pins", [{}, {Application.AUTHENTICATION: "4711"}, dict.fromkeys(Application, "12")])
def test_a_card_needs_a_real_pin_for_each_application(pins: dict[Application, str]) -> None:
    with pytest.raises(CardFileError, match="PIN"):
        draft(pins, randomness=system_randomness)


def test_printed_cards_show_no_secret(office: FakeOffice) -> None:
    card, making = new_card(office)
    opened = unlock(card, Application.SIGNATURE, PINS[Application.SIGNATURE], identity=office)
    for shown in (repr(card), repr(making), repr(opened)):
        assert card.file_secret not in shown
        assert "PrivateKey" not in shown
        assert "seed" not in shown


def test_hint_is_told_after_a_wrong_pin_and_never_tells_the_pin(office: FakeOffice, tmp_path: Path) -> None:
    card, _ = new_card(office)
    application = Application.AUTHENTICATION
    with pytest.raises(CardFileError, match="must not tell the PIN"):
        with_hint(card, application, "1-1-7-4 backwards", digits=PINS[application])
    save_card(card, tmp_path / "card.json")
    replace_card(
        with_hint(card, application, "the perfume", digits=PINS[application]), tmp_path / "card.json"
    )
    with pytest.raises(WrongPinError, match='Your hint: "the perfume"'):
        unlock(read_card(tmp_path / "card.json"), application, "0852", identity=office)
    assert stat.S_IMODE((tmp_path / "card.json").stat().st_mode) == 0o600
