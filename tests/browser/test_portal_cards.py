"""The card in My Portal: another PIN, the rules for it, and stopping a lost card."""

from collections.abc import Callable

import pytest
from support.portal_browser import PIN, Visit

from consent.pin_rules import PinRuleError, check_authentication_pin, check_hint, check_signature_pin
from services.contracts.identity.messages import Application
from services.gateway.card_making import with_hint
from services.gateway.cards import read_card, replace_card

pytestmark = [pytest.mark.browser, pytest.mark.processes]

CHANGES_PIN, LOSES_CARD, STOPS_CARD = 6, 7, 8
RULES = """async ([pins, hints]) => {
  const { PIN_RULES, hintRule } = await import("/pin_rules.js");
  return [
    pins.map((pin) => [PIN_RULES.authentication(pin) === null, PIN_RULES.signature(pin) === null]),
    hints.map(([hint, pin]) => hintRule(hint, pin) === null),
  ];
}"""


def test_a_pin_is_changed_by_a_new_card_file_and_the_old_one_opens_nothing(visit: Visit) -> None:
    """K6, C1 to C4 of docs/cards.md."""
    person, page = visit.scene.people[CHANGES_PIN], visit.page
    old = visit.card_of(person)
    hinted = with_hint(read_card(old), Application.AUTHENTICATION, "the one of the shed", digits=PIN)
    replace_card(hinted, old)
    visit.present(old, "0000")
    assert visit.problem() == "Wrong PIN. Tries left: 2. Your hint: “the one of the shed”."
    visit.sign_in(person)
    visit.go("cards")
    assert "the one of the shed" in page.inner_text("#applications")

    def enter(present: str, following: str, again: str, hint: str) -> None:
        for field, text in zip(
            ("pin-present", "pin-next", "pin-again", "pin-new-hint"),
            (present, following, again, hint),
            strict=True,
        ):
            page.fill(f"#{field}", text)
        page.press("#pin-new-hint", "Enter")

    enter(PIN, "1234", "1234", "")
    visit.told("#change-problem", "must not repeat one digit or count up")
    assert page.evaluate("document.activeElement.id") == "pin-next"
    enter(PIN, "7294", "7295", "")
    visit.told("#change-problem", "differ")
    enter(PIN, "7294", "7294", "七二九四")
    visit.told("#change-problem", "must not tell the PIN")
    enter("0000", "7294", "7294", "")
    visit.told("#change-problem", "Wrong PIN. Tries left: 2.")
    for field, text in {"pin-present": PIN, "pin-new-hint": "the one of the boat"}.items():
        page.fill(f"#{field}", text)
    new = visit.saved("#change-pin button", "new.json")
    page.set_input_files("#new-card", str(new))
    page.fill("#new-pin", "7294")
    page.press("#new-pin", "Enter")
    visit.told("#status", "The new PIN is in force.")
    assert "the one of the boat" in page.inner_text("#applications")
    assert "7294" not in page.content()
    page.click("#sign-out")
    visit.present(old)
    assert "Wrong PIN" in visit.problem()
    visit.present(new, "7294")
    visit.rows.first.wait_for()
    assert "A PIN of your card was changed" in "".join(visit.cells("what"))


def test_the_rules_for_pins_are_those_of_the_card(visit: Visit) -> None:
    pins = [
        "2583",
        "1234",
        "4321",
        "7777",
        "258",
        "25833",
        "２５８３",
        "",
        "kaki5678",
        "abc123",
        "aaa111",
        "abcdef",
    ]
    pins += [
        "a1b2c3",
        "ABC123",
        "12345a",
        "x" * 16 + "1",
        "ab 12 cd",
        "あa12345",
        "zz9988",
        "9z8y7x",
        "ab12cd",
    ]
    texts = [
        "my cat",
        "",
        " ",
        "x" * 60,
        "x" * 61,
        "2583",
        "3852",
        "2-5 8/3",
        "二五八三",
        "２５８３",
        "弐伍捌参",
        "25 and 83",
    ]
    texts += ["ⅡⅤⅧⅢ", "②⑤⑧③", "258", "the year 2583", "KAKI5678", "8765ikak", "k a k i 5 6 7 8"]
    hints = [(hint, pin) for hint in texts for pin in ("2583", "kaki5678")]

    def good(check: Callable[..., None], *given: str) -> bool:
        try:
            check(*given)
        except PinRuleError:
            return False
        return True

    told = visit.page.evaluate(RULES, [pins, hints])
    assert told[0] == [[good(check_authentication_pin, pin), good(check_signature_pin, pin)] for pin in pins]
    assert told[1] == [good(check_hint, *each) for each in hints]
    assert visit.page.evaluate(RULES, [[], [["٢٥٨٣", "2583"]]])[1] == [False]


def test_a_lost_card_is_stopped_by_its_code_or_by_its_holder(visit: Visit) -> None:
    """K5: at any hour, with and without signing in; every code that is well formed has the same answer."""
    page = visit.page
    lost, other = visit.scene.people[LOSES_CARD], visit.scene.people[STOPS_CARD]
    code = lost.enrolled.suspension_code
    page.click("#stop-by-code-button")
    visit.told("#code-problem", "Enter the telephone code.")
    page.fill("#code", code[:-1] + ("A" if code[-1] != "A" else "B"))
    page.press("#code", "Enter")
    visit.told("#code-problem", "One of the signs is wrong.")
    page.fill("#code", code.lower())
    page.press("#code", "Enter")
    visit.told("#status", "Received. If this is a card's code")
    visit.present(visit.card_of(lost))
    assert visit.problem().startswith("The ID centre does not accept this card")

    visit.sign_in(other)
    visit.go("cards")
    assert "no part of your wallet is laid down" in page.inner_text("#recovery-state")
    page.click("#new-code")
    visit.told("#code-told", "Telephone code: ")
    page.click("#stop-card")
    page.click("#confirm-no")
    assert page.is_visible("#cards")
    page.click("#stop-card")
    visit.answer()
    visit.told("#status", "Your card is stopped, and you are signed out.")
    assert page.inner_text("#code-told") == ""
    visit.present(visit.card_of(other))
    assert visit.problem().startswith("The ID centre does not accept this card")
