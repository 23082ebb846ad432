"""Cards whose keys stay on tokens (PKCS#11, K2, K4): they sign, they are not had, and PINs are counted all the same."""

from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDH, ECDSA
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import AttributeSensitive, PinIncorrect
from support.gateway_card import PINS, FakeOffice, trust
from support.gateway_world import ITEMS, World
from support.soft_tokens import LABELS, PRESENT_PINS, SoftTokens, apart, soft_tokens

from consent import base64url, pin
from consent.identifiers import OrganisationId
from consent.vocabulary import BasicItem, Body
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.gateway.accounts import Opening, agree, offer_account, open_account
from services.gateway.card_backends import SoftwareCard, TokenCard
from services.gateway.card_making import CardDraft, draft, wrap_application
from services.gateway.card_tokens import MODULE_VARIABLE, TokenPlace, TokenReader, usual_tokens
from services.gateway.cards import CardFile, unlock
from services.gateway.errors import CardFileError, CardLockedError, WrongPinError
from services.gateway.organisation import Organisation
from services.gateway.people import enrol
from services.gateway.person import sign_in
from services.kit.clock import system_randomness

AUTHENTICATION, SIGNATURE = Application.AUTHENTICATION, Application.SIGNATURE
DATA = b"what is signed"


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[SoftTokens]:
    with soft_tokens(tmp_path / "hsm") as made:
        yield made


@pytest.fixture
def office() -> FakeOffice:
    return FakeOffice()


def issued(tokens: SoftTokens, office: FakeOffice) -> tuple[CardFile, CardDraft]:
    making = draft(PINS, randomness=system_randomness, backend=tokens.card())
    answer = office.issue(making.request())
    return making.complete(answer, trust=trust(office), randomness=system_randomness), making


@pytest.mark.parametrize("application", list(Application))
def test_card_signs_with_a_key_that_the_token_made_and_keeps(
    tokens: SoftTokens, office: FakeOffice, application: Application
) -> None:
    card, making = issued(tokens, office)
    tokens.forget()
    opened = unlock(card, application, PINS[application], identity=office)
    opened.key.public_key().verify(opened.key.sign(DATA, ECDSA(SHA256())), DATA, ECDSA(SHA256()))
    assert opened.key.public_key() == making.keys[application].public_key()
    assert (opened.wallet is not None) is (application is SIGNATURE)
    with pytest.raises(UnsupportedAlgorithm):
        opened.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnsupportedAlgorithm):
        opened.key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm):
        opened.key.exchange(ECDH(), opened.key.public_key())
    with pytest.raises(UnsupportedAlgorithm):
        opened.key.sign(DATA, ECDSA(SHA512()))
    assert "TokenKey(...)" in repr(opened.key)


def test_token_hands_the_key_out_to_nobody_who_has_its_pin(tokens: SoftTokens) -> None:
    """K2: keys never leave the card."""
    place = tokens.places[SIGNATURE]
    tokens.reader.make(place, randomness=system_randomness)
    tokens.forget()

    def look() -> None:
        token = pkcs11.lib(str(tokens.module)).get_token(token_label=place.label)
        with token.open(user_pin=place.pin) as session:
            (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
            assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE]) == (True, False)
            assert (key[Attribute.LOCAL], key[Attribute.NEVER_EXTRACTABLE]) == (True, True)
            with pytest.raises(AttributeSensitive):
                key[Attribute.VALUE]

    apart(look)


def test_pin_of_one_application_opens_neither_token(tokens: SoftTokens, office: FakeOffice) -> None:
    """K4: each application has a token, a key and a PIN of its own; the PINs that were there before are gone."""
    card, _ = issued(tokens, office)
    tokens.forget()

    def try_all() -> None:
        for label in LABELS.values():
            token = pkcs11.lib(str(tokens.module)).get_token(token_label=label)
            for digits in (*PRESENT_PINS.values(), *PINS.values()):
                with pytest.raises(PinIncorrect):
                    token.open(user_pin=digits)

    apart(try_all)
    with pytest.raises(WrongPinError):
        unlock(card, SIGNATURE, PINS[AUTHENTICATION], identity=office)
    unlock(card, AUTHENTICATION, PINS[AUTHENTICATION], identity=office)

    def use_other() -> None:
        other = pkcs11.lib(str(tokens.module)).get_token(token_label=LABELS[SIGNATURE]).open(rw=True)
        with pytest.raises(pkcs11.exceptions.UserNotLoggedIn):
            other.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True)

    apart(use_other)


def test_tries_are_counted_at_the_id_centre_and_not_on_the_token(
    tokens: SoftTokens, office: FakeOffice
) -> None:
    """K1: SoftHSM2 would let everybody try for ever."""
    card, _ = issued(tokens, office)
    for left in (2, 1, 0):
        with pytest.raises(WrongPinError) as caught:
            unlock(card, SIGNATURE, "wrong-1", identity=office)
        assert caught.value.tries_left == left
    with pytest.raises(CardLockedError):
        unlock(card, SIGNATURE, PINS[SIGNATURE], identity=office)
    assert unlock(card, AUTHENTICATION, PINS[AUTHENTICATION], identity=office).wallet is None


def test_card_file_tells_nothing_of_the_token_without_the_pin(tokens: SoftTokens, office: FakeOffice) -> None:
    card, _ = issued(tokens, office)
    text = card.model_dump_json()
    assert not [word for word in (*LABELS.values(), *PRESENT_PINS.values()) if word in text]


def test_token_that_was_initialised_anew_is_not_taken_for_the_card(
    tokens: SoftTokens, office: FakeOffice
) -> None:
    card, _ = issued(tokens, office)
    tokens.initialise(SIGNATURE)
    tokens.forget()
    with pytest.raises(CardFileError, match="not there"):
        unlock(card, SIGNATURE, PINS[SIGNATURE], identity=office)
    unlock(card, AUTHENTICATION, PINS[AUTHENTICATION], identity=office)


def test_key_put_in_place_of_the_cards_own_is_noticed(tokens: SoftTokens, office: FakeOffice) -> None:
    making = draft(PINS, randomness=system_randomness, backend=tokens.card())
    answer = office.issue(draft(PINS, randomness=system_randomness, backend=SoftwareCard()).request())
    card = making.complete(answer, trust=trust(office), randomness=system_randomness)
    with pytest.raises((CardFileError, WrongPinError)):
        unlock(card, SIGNATURE, PINS[SIGNATURE], identity=office)


def test_pin_is_changed_in_the_file_and_the_token_stays_as_it_is(
    tokens: SoftTokens, office: FakeOffice
) -> None:
    card, making = issued(tokens, office)
    opened = unlock(card, SIGNATURE, PINS[SIGNATURE], identity=office)
    assert opened.held == making.backend.hold(SIGNATURE)
    share = base64url.encode(office.kept[card.card, SIGNATURE].share)
    certificate = card.applications[SIGNATURE].certificate
    secret = pin.derive("ume98765", base64url.decode(card.file_secret), SIGNATURE.value, card.iterations)
    wrapped = wrap_application(
        opened, secret, certificate=certificate, share=share, randomness=system_randomness
    )
    office.kept[card.card, SIGNATURE].verifier = pin.proof_digest(secret.proof())
    changed = card.model_copy(update={"applications": {**card.applications, SIGNATURE: wrapped}})
    tokens.forget()
    again = unlock(changed, SIGNATURE, "ume98765", identity=office)
    again.key.public_key().verify(again.key.sign(DATA, ECDSA(SHA256())), DATA, ECDSA(SHA256()))


def test_token_takes_one_card_only(tokens: SoftTokens) -> None:
    tokens.reader.make(tokens.places[SIGNATURE], randomness=system_randomness)
    with pytest.raises(CardFileError, match="initialise it anew"):
        tokens.reader.make(tokens.places[SIGNATURE], randomness=system_randomness)


def test_what_is_wrong_with_a_token_is_said(tokens: SoftTokens) -> None:
    reader, missing = tokens.reader, TokenPlace("another", "1")
    with pytest.raises(CardFileError, match="another is not there"):
        reader.make(missing, randomness=system_randomness)
    with pytest.raises(CardFileError, match="does not open with its PIN"):
        reader.make(TokenPlace(LABELS[SIGNATURE], "9999"), randomness=system_randomness)
    with pytest.raises(CardFileError, match=MODULE_VARIABLE):
        TokenReader(None).make(tokens.places[SIGNATURE], randomness=system_randomness)
    with pytest.raises(CardFileError, match="is not there"):
        usual_tokens({MODULE_VARIABLE: "/no/such/module.so"}).make(missing, randomness=system_randomness)
    one = TokenCard(reader, {SIGNATURE: tokens.places[SIGNATURE]}, randomness=system_randomness)
    with pytest.raises(CardFileError, match="authentication"):
        draft(PINS, randomness=system_randomness, backend=one)
    same = dict.fromkeys(Application, tokens.places[SIGNATURE])
    with pytest.raises(CardFileError, match="two tokens"):
        TokenCard(reader, same, randomness=system_randomness)


def test_person_with_tokens_signs_in_and_opens_an_account(tokens: SoftTokens, tmp_path: Path) -> None:
    """UC8, K3: assertions, presentations and consents by keys on tokens are as good as any."""
    world = World(tmp_path)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    bank: Organisation = world.organisation("bank", Kind.BANK, Role.CONFIRMER)
    world.watch.tick()
    card = enrol(counter, ITEMS, pins=PINS, backend=tokens.card()).card
    tokens.forget()
    person = sign_in(card, world, pin=PINS[AUTHENTICATION], signature_pin=PINS[SIGNATURE], clock=world.watch)
    assert person.tokens.token(world(Body.MEDICAL).base_url)
    assert person.present(OrganisationId("bank")).count(".") == 2
    items = frozenset({BasicItem.NAME})
    offer = offer_account(bank, "普通預金", items, good_for=world.watch.now - world.watch.now.replace(hour=8))
    opening = Opening(offer, agree(person, offer, items))
    kept, opened = open_account(bank, opening, begun=None, keep=lambda _checked: None)
    assert opened.items == {BasicItem.NAME: ITEMS.name}
    assert kept.confirmation is not None
