"""Real bodies, and Debian's Chromium in front of My Portal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from support.deployment import running_deployment
from support.portal_browser import CHROMIUM, FLAGS, Visit, portal_url
from support.waiting import PATIENCE_SECONDS

from consent.vocabulary import BasicItem, ConfirmationReason
from services.demo.scene import Scene
from services.gateway.bank import confirm
from services.gateway.errors import RefusedError
from services.gateway.hospital import link

PEOPLE = 17
WHY = ConfirmationReason.PERIODIC_CHECK


@pytest.fixture(
    scope="package"
)  # starting all bodies takes longer than most tests; no two modules harm one person
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """All bodies, with people; the bank was refused about the first."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed (apt-get install chromium fonts-noto-cjk)")
    with running_deployment(tmp_path_factory.mktemp("deployment"), people=PEOPLE) as scene:
        first, bank = scene.people[0], scene.organisation("bank")
        with pytest.raises(RefusedError, match="no_permission"):
            confirm(bank, link(bank, first.person), {BasicItem.NAME: "?"}, contract="account 1", reason=WHY)
        yield scene


@pytest.fixture(scope="module")  # ended with the module: its event loop must not outlive the browser tests
def chromium(deployment: Scene) -> Iterator[Browser]:
    """One browser process for all tests."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        except Error as error:
            pytest.skip(f"chromium does not start here: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, deployment: Scene, tmp_path: Path) -> Iterator[Visit]:
    """A visit to the page in English, on a wide screen."""
    with _visiting(chromium, deployment, tmp_path) as visit:
        yield visit
        assert visit.complaints == [], "the browser complained about the page"


@contextmanager
def _visiting(chromium: Browser, deployment: Scene, folder: Path) -> Iterator[Visit]:
    context: BrowserContext = chromium.new_context(
        ignore_https_errors=True,
        viewport={"width": 1280, "height": 900},
        locale="en-GB",
        accept_downloads=True,
    )
    page: Page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    visit = Visit(page, deployment, folder)
    visit.listen()
    page.goto(portal_url(deployment))
    page.locator("html[data-ready]").wait_for()
    yield visit
    context.close()
