"""The page for people who use a keyboard, a screen reader, a small screen, or large text."""

import pytest
from support.portal_browser import PIN, Visit

pytestmark = [pytest.mark.browser, pytest.mark.processes]

NARROW = 320
LEAST_TARGET = 24  # WCAG 2.2, success criterion 2.5.8, CSS pixels


def _focused(visit: Visit) -> str:
    return str(
        visit.page.evaluate(
            "(({ id, dataset: { language, part }, className }) => id || language || part || className)"
            "(document.activeElement)"
        )
    )


def test_signing_in_needs_no_mouse(visit: Visit) -> None:
    person = visit.scene.people[0]
    order = []
    for _ in range(9):
        visit.page.keyboard.press("Tab")
        order.append(_focused(visit))
        if order[-1] == "card":
            # a file dialogue is the system's; what it hands over is set in its place
            visit.page.set_input_files("#card", str(visit.card_of(person)))
        if order[-1] == "pin":
            visit.page.keyboard.type(PIN)
    assert order == [
        *(
            "skip",
            "ja",
            "en",
            "card",
            "pin",
            "sign-in-button",
            "passkey-button",
            "code",
            "stop-by-code-button",
        ),
    ]
    for _ in range(3):
        visit.page.keyboard.press("Shift+Tab")
    visit.page.keyboard.press("Enter")
    visit.rows.first.wait_for()
    visit.page.locator("#history-heading:focus").wait_for()
    after = []
    for _ in range(3):
        visit.page.keyboard.press("Tab")
        after.append(_focused(visit))
    assert after == ["refresh", "save", "show"]
    _changing_the_number_needs_no_mouse(visit)


def _changing_the_number_needs_no_mouse(visit: Visit) -> None:
    keyboard = visit.page.keyboard
    back: list[str] = []
    while "number" not in back and len(back) < 10:
        keyboard.press("Shift+Tab")
        back.append(_focused(visit))
    assert back == ["save", "refresh", "sign-out", "number"]
    keyboard.press("Enter")
    visit.page.locator("#number-heading:focus").wait_for()
    passed = []
    for key in ("Tab", "Tab", "Enter", "Tab", "Tab", "Enter"):
        keyboard.press(key)
        passed.append(_focused(visit))
    asking = ["confirm-pin", "confirm-yes", "confirm-no"]
    assert passed == ["show-number", "change-number", *asking, "change-number"]


def test_focus_is_always_visible(visit: Visit) -> None:
    for _ in range(6):
        visit.page.keyboard.press("Tab")
        outline = visit.page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]; })()"
        )
        assert outline == ["solid", "3px"], _focused(visit)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nothing_is_cut_off_on_a_narrow_screen(visit: Visit, language: str) -> None:
    visit.page.set_viewport_size({"width": NARROW, "height": 640})
    visit.page.click(f'[data-language="{language}"]')
    assert visit.page.evaluate("document.documentElement.scrollWidth") == NARROW
    visit.sign_in(visit.scene.people[0])
    visit.show("all")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == NARROW
    beyond = visit.page.evaluate(
        f"[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > {NARROW} + 1"
        " && getComputedStyle(e).position !== 'absolute' && !e.closest('thead')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []


@pytest.mark.parametrize("width", [NARROW, 1280])
def test_the_history_stays_a_table_with_headers_in_every_layout(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.sign_in(visit.scene.people[0])
    table = visit.page.get_by_role("table", name="What the centres wrote down about your data, newest first")
    headers = table.get_by_role("columnheader").all_inner_texts()
    assert [each.strip() for each in headers] == [
        "When",
        "What",
        "Who",
        "Purpose",
        "Outcome",
        "Written down by",
        "Proof",
    ]
    rows = table.get_by_role("row").count()
    assert rows == visit.rows.count() + 1
    assert table.get_by_role("cell").count() == visit.rows.count() * len(headers)


def test_every_control_has_a_name_and_is_large_enough_to_hit(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    for name in ("Load again", "Save the evidence file", "Sign out", "日本語", "English"):
        box = visit.page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= LEAST_TARGET
    assert visit.page.get_by_role("combobox", name="Show").is_visible()
    visit.page.click("#sign-out")
    assert visit.page.get_by_label("Card file", exact=True).is_visible()
    assert visit.page.get_by_label("PIN for signing in", exact=True).is_visible()


def test_what_happens_is_announced(visit: Visit) -> None:
    assert visit.page.get_attribute("#status", "aria-live") == "polite"
    visit.present(visit.card_of(visit.scene.people[3]), "0000")
    assert "Tries left" in visit.problem()
    assert visit.page.get_attribute("#problem", "role") == "alert"
    assert "problem" in (visit.page.get_attribute("#pin", "aria-describedby") or "").split()
    visit.page.fill("#pin", PIN)
    visit.page.click("#sign-in-button")
    visit.rows.first.wait_for()
    visit.page.locator("#status", has_text="entries loaded").wait_for()


def test_texts_can_be_twice_as_large(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.page.set_viewport_size({"width": 640, "height": 900})
    visit.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 640
    visit.complaints.clear()  # the style above is the test's own, and the policy says so


def test_outcome_and_proof_are_told_in_words(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.show("all")
    words = {each.splitlines()[0].lstrip("✓✗•? ") for each in visit.cells("outcome")}
    assert words <= {"Permitted", "Refused", "Done"}
    assert {each.lstrip("✓ ") for each in visit.cells("proof")} == {"Proved"}
