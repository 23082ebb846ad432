"""A person in front of My Portal's page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page
from support.page_audit import AUDIT

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Inhabitant, Scene
from services.gateway.cards import save_card
from services.portal.pages import ASSETS, FOLDER, LANGUAGES

CHROMIUM: Final = Path("/usr/bin/chromium")
NEEDS_UMBRAL: Final = pytest.mark.skipif(
    not all((FOLDER / each).exists() for each in ASSETS),
    reason="set-up could not get Umbral's build from npm (make .venv/ready-browser)",
)
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
PIN: Final = PINS[Application.AUTHENTICATION]
EXPECTED: Final = "Failed to load resource"
"""What the console says of every answer that is an error; those are the tests' own doing."""


@dataclass
class Visit:
    """The page, the bodies behind it, and what the browser complained about."""

    page: Page
    scene: Scene
    folder: Path
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Keep every error that the browser reports, violations of the page's policy included."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def card_of(self, inhabitant: Inhabitant) -> Path:
        """Return a person's card file."""
        file = self.folder / f"{inhabitant.patient.id}.json"
        if not file.exists():
            save_card(inhabitant.enrolled.card, file)
        return file

    def changed_card(self, inhabitant: Inhabitant, **changes: Any) -> Path:
        """Return a person's card file with members changed."""
        told = json.loads(self.card_of(inhabitant).read_text())
        file = self.folder / "changed.json"
        file.write_text(json.dumps(told | changes))
        return file

    def present(self, card: Path, pin: str = PIN) -> None:
        """Choose a card file, enter a PIN, press the button."""
        self.page.set_input_files("#card", str(card))
        self.page.fill("#pin", pin)
        self.page.click("#sign-in-button")

    def sign_in(self, inhabitant: Inhabitant) -> None:
        """Sign in and wait for the history."""
        self.present(self.card_of(inhabitant))
        self.rows.first.wait_for()

    def show(self, filter_name: str) -> None:
        """Choose what is shown."""
        self.page.select_option("#show", filter_name)

    def go(self, part: str) -> None:
        """Go to a part of the page by its link, and wait until it is there."""
        self.page.click(f'[data-part="{part}"]')
        self.page.locator(f"#{part}-heading:focus").wait_for()

    def told(self, place: str, text: str) -> None:
        """Wait until a place of the page says something."""
        self.page.locator(place, has_text=text).wait_for()

    def answer(self, pin: str | None = None) -> None:
        """Say yes to the question that the page asks, with a PIN where it wants one."""
        if pin is not None:
            self.page.fill("#confirm-pin", pin)
        self.page.click("#confirm-yes")

    def faults(self) -> dict[tuple[str, int], object]:
        """Return what the audit finds wrong with the page as it is, by language and width, narrow and wide."""
        wrong: dict[tuple[str, int], object] = {}
        for language in LANGUAGES:
            self.page.click(f'[data-language="{language}"]')
            for width in (320, 1280):
                self.page.set_viewport_size({"width": width, "height": 900})
                wrong[language, width] = self.page.evaluate(AUDIT)
        return {place: each for place, each in wrong.items() if each}

    def saved(self, press: str, name: str) -> Path:
        """Press a button that hands out a file; return where that was saved."""
        with self.page.expect_download() as download:
            self.page.click(press)
        download.value.save_as(self.folder / name)
        return self.folder / name

    def problem(self) -> str:
        """Return the message about what went wrong, once there is one."""
        shown = self.page.locator("#problem:not(:empty)")
        shown.wait_for()
        return shown.inner_text()

    def status(self) -> str:
        """Return the status message."""
        return self.page.inner_text("#status")

    @property
    def rows(self) -> Locator:
        """The entries shown."""
        return self.page.locator("#entries tbody tr")

    def entries(self) -> set[str]:
        """Return what is shown, each as body/index."""
        return {each for each in self.rows.evaluate_all("rows => rows.map(row => row.dataset.entry)") if each}

    def cells(self, column: str) -> list[str]:
        """Return the texts of one column."""
        return self.page.locator(f'#entries td[data-column="{column}"]').all_inner_texts()

    def centre(self, name: str) -> str:
        """Return what the page says about one centre's answer."""
        begun = self.page.locator(".line:first-child", has_text=name)
        return self.page.locator("#centres li").filter(has=begun).inner_text()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and EXPECTED not in message.text:
            self.complaints.append(message.text)


def portal_url(scene: Scene) -> str:
    """Return where the portal listens."""
    return scene.layout.url(Body.PORTAL)
