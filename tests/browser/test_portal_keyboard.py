"""A permission is refused by the keyboard alone: every step is reached, seen and told."""

import pytest
from support.portal_browser import Visit

from consent.terms import Effect, RecordScope
from consent.vocabulary import PROXIES, Category
from services.contracts.identity.messages import Application
from services.demo.scene import PINS
from services.gateway.wallet_actions import permissions
from services.kit.clock import system_clock

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long]
PATIENT = 13
MOST_STEPS = 120
FOCUSED = """(wanted) => {
  const each = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  // after the last control the browser's own are next, and the page has no focus
  const seen = each === document.body || outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return { there: each.matches(wanted), seen, place: each.outerHTML.slice(0, 80) };
}"""


def walk_to(visit: Visit, wanted: str) -> None:
    """Press the tabulator until a control has the focus; on the way the focus is always to be seen."""
    for _ in range(MOST_STEPS):
        visit.page.keyboard.press("Tab")
        told = visit.page.evaluate(FOCUSED, wanted)
        assert told["seen"], told["place"]
        if told["there"]:
            return
    raise AssertionError(f"no way to {wanted}")


def test_form_is_filled_in_shown_and_signed_by_the_keyboard_alone(visit: Visit) -> None:
    page, press = visit.page, visit.page.keyboard.press
    someone = visit.scene.people[PATIENT]
    visit.sign_in(someone)
    walk_to(visit, '[data-part="permit"]')
    press("Enter")
    page.locator("#permit-heading:focus").wait_for()
    walk_to(visit, "#effect input")
    press("ArrowDown")
    assert page.is_checked("#effect-deny") or page.is_checked("#effect-permit")
    if not page.is_checked("#effect-deny"):
        press("ArrowDown")
    walk_to(visit, "#recipient")
    while page.input_value("#recipient") != "clinic-b":
        press("ArrowDown")
    walk_to(visit, "#category-maternal")
    press("Space")
    walk_to(visit, "#purpose-TREAT")
    press("Space")
    walk_to(visit, "#permit-show")
    press("Enter")
    page.locator("#permit-preview-heading:focus").wait_for()
    walk_to(visit, "#permit-sign")
    press("Enter")
    page.locator("#confirm-pin:focus").wait_for()
    page.keyboard.type(PINS[Application.SIGNATURE])
    press("Enter")
    visit.told("#status", "3 bodies hold a signed copy")
    standing = [each for each in permissions(someone.person, bodies=PROXIES) if each.active(system_clock())]
    (laid,) = [each for each in standing if each.terms.recipient.organisation == "clinic-b"]
    assert laid.terms.effect is Effect.DENY
    assert isinstance(laid.terms.scope, RecordScope)
    assert laid.terms.scope.categories == {Category.MATERNAL}
