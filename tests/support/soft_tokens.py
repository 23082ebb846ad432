"""Two PKCS#11 tokens of SoftHSM2 in a folder of their own, as cards with present PINs would be."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pkcs11
import pytest

from services.contracts.identity.messages import Application
from services.gateway.card_backends import TokenCard
from services.gateway.card_tokens import MODULE_VARIABLE, USUAL_MODULES, Apart, TokenPlace, TokenReader
from services.kit.clock import system_randomness

R = TypeVar("R")
CONFIGURATION = "SOFTHSM2_CONF"
LABELS = {Application.AUTHENTICATION: "sign-in", Application.SIGNATURE: "permit"}
PRESENT_PINS = {Application.AUTHENTICATION: "1111-2222", Application.SIGNATURE: "3333-4444"}
SO_PIN = "office-5555"


@dataclass(frozen=True)
class SoftTokens:
    """A module with its tokens."""

    module: Path
    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What another process needs to reach them."""
        told = {CONFIGURATION: str(self.folder / "softhsm2.conf"), MODULE_VARIABLE: str(self.module)}
        pins = {f"SEKISHO_TOKEN_PIN_{name.value.upper()}": pin for name, pin in PRESENT_PINS.items()}
        return told | pins

    @property
    def reader(self) -> TokenReader:
        """The tokens as the gateway reaches them."""
        return TokenReader(self.module)

    @property
    def places(self) -> dict[Application, TokenPlace]:
        """Each application's token with its present PIN."""
        return {name: TokenPlace(LABELS[name], PRESENT_PINS[name]) for name in Application}

    def card(self) -> TokenCard:
        """A new card on the two tokens."""
        return TokenCard(self.reader, self.places, randomness=system_randomness)

    def initialise(self, application: Application) -> None:
        """Make a token, or make it anew: whatever was on one of that label is gone."""
        self._run("--delete-token", "--token", LABELS[application], check=False)
        pins = ["--so-pin", SO_PIN, "--pin", PRESENT_PINS[application]]
        self._run("--init-token", "--free", "--label", LABELS[application], *pins, check=True)

    def forget(self) -> None:
        """Log out everywhere and look at the tokens anew, as another process would."""
        apart(lambda: pkcs11.lib(str(self.module)).reinitialize())

    def _run(self, *arguments: str, check: bool) -> None:
        command = ["softhsm2-util", "--module", str(self.module), *arguments]
        environment = os.environ | dict(self.environment)
        subprocess.run(command, check=check, capture_output=True, env=environment)


@contextmanager
def soft_tokens(folder: Path) -> Iterator[SoftTokens]:
    """Make both tokens; skips where Debian's softhsm2 is not installed."""
    module = next((Path(each) for each in USUAL_MODULES if "softhsm" in each and Path(each).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (apt-get install softhsm2)")
    (folder / "tokens").mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    tokens = SoftTokens(module, folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in tokens.environment.items():
            patch.setenv(name, value)
        for application in Application:
            tokens.initialise(application)
        tokens.forget()
        yield tokens
        apart(lambda: pkcs11.unload(str(module)))


def apart(work: Callable[[], R]) -> R:
    """Do something with the module in a thread of its own (see `card_tokens.Apart`)."""
    return Apart()(work)
