"""Passkeys in My Portal, with Chromium's virtual authenticator in place of a telephone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession
from support.portal_browser import Visit

from consent.vocabulary import Body
from services.demo.scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.processes]

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Telephone:
    """The virtual authenticator of one page."""

    def __init__(self, visit: Visit) -> None:
        self._cdp: CDPSession = visit.page.context.new_cdp_session(visit.page)
        self._cdp.send("WebAuthn.enable")
        self._id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def know_its_user(self, *, verified: bool) -> None:
        """Say whether the finger or the PIN is right."""
        told = {"authenticatorId": self._id, "isUserVerified": verified}
        self._cdp.send("WebAuthn.setUserVerified", told)


@pytest.fixture
def named(chromium: Browser, deployment: Scene, tmp_path: Path) -> Iterator[Visit]:
    """A visit to the page by its host's name: passkeys are bound to one."""
    context = chromium.new_context(ignore_https_errors=True, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(15_000)
    visit = Visit(page, deployment, tmp_path)
    visit.listen()
    page.goto(f"https://localhost:{deployment.layout.ports[Body.PORTAL]}/")
    page.locator("html[data-ready]").wait_for()
    yield visit
    assert visit.complaints == [], "the browser complained about the page"
    context.close()


def add_passkey(visit: Visit, name: str) -> None:
    visit.go("cards")
    visit.page.fill("#passkey-name", name)
    visit.page.click("#add-passkey-button")
    visit.page.locator("#passkeys li", has_text=name).wait_for()


def sign_out(visit: Visit) -> None:
    visit.page.click("#sign-out")
    visit.page.locator("#signing-in:not([hidden])").wait_for()


def test_passkey_added_with_the_card_shows_the_history_and_stops_the_card_without_it(named: Visit) -> None:
    person = named.scene.people[10]
    Telephone(named)
    named.sign_in(person)
    add_passkey(named, "my telephone")
    assert "last used: never" in named.page.inner_text("#passkeys")
    named.go("history")
    named.show("all")
    with_card = named.entries()
    sign_out(named)
    named.page.click("#passkey-button")
    named.rows.first.wait_for()
    named.show("all")
    assert with_card <= named.entries()
    assert named.page.is_visible("#without-card")
    assert not named.page.is_visible("#no-ed25519")
    assert set(named.cells("proof")) == {"? In the log; signatures not checked in this browser"}
    assert "Your passkey was used to sign in" in "".join(named.cells("what"))
    named.go("cards")
    assert "never" not in named.page.inner_text("#passkeys")
    assert named.page.is_visible("#change-without-card")
    assert not named.page.is_visible("#add-passkey, #change-pin, #force-pin")
    named.go("watch")
    named.page.click("#watch-change")
    named.told("#watch-now", "Watched closely.")
    named.go("number")
    assert named.page.is_visible("#number-without-card")
    assert not named.page.is_visible("#change-number")
    named.go("cards")
    named.page.click("#stop-card")
    named.answer()
    named.told("#status", "Your card is stopped, and you are signed out.")
    named.present(named.card_of(person))
    assert named.problem().startswith("The ID centre does not accept this card")


def test_removed_passkey_signs_nobody_in(named: Visit) -> None:
    Telephone(named)
    named.sign_in(named.scene.people[3])
    add_passkey(named, "old telephone")
    named.page.click("#passkeys button")
    named.page.locator("#no-passkeys:not([hidden])").wait_for()
    assert named.status() == "The passkey was removed. It signs nobody in any more."
    sign_out(named)
    named.page.click("#passkey-button")
    assert named.problem().startswith("The passkey was refused")
    assert not named.page.is_visible("#history")


def test_device_that_does_not_know_its_user_signs_nobody_in(named: Visit) -> None:
    telephone = Telephone(named)
    named.sign_in(named.scene.people[4])
    add_passkey(named, "telephone")
    sign_out(named)
    telephone.know_its_user(verified=False)
    named.page.click("#passkey-button")
    assert named.problem().startswith("The passkey was not used")


def test_passkey_without_a_name_is_asked_for_one(named: Visit) -> None:
    Telephone(named)
    named.sign_in(named.scene.people[0])
    named.go("cards")
    named.page.click("#add-passkey-button")
    assert named.page.inner_text("#passkey-problem") == "Enter a name for the device."
    assert named.page.evaluate("document.activeElement.id") == "passkey-name"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_page_with_passkeys_fits_a_narrow_screen(named: Visit, language: str) -> None:
    Telephone(named)
    named.page.set_viewport_size({"width": 320, "height": 640})
    named.page.click(f'[data-language="{language}"]')
    assert named.page.evaluate("document.documentElement.scrollWidth") == 320
    named.sign_in(named.scene.people[0])
    add_passkey(named, f"a telephone of a rather long name, {language}")
    assert named.page.evaluate("document.documentElement.scrollWidth") == 320
    small = named.page.evaluate(
        "[...document.querySelectorAll('#passkeys button, #add-passkey button')]"
        ".filter(e => e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0
