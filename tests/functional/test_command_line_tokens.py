"""A card on two tokens at the command line: each command is a process of its own, as for a user."""

from pathlib import Path

import pytest
from support.command_line import sekisho
from support.desk import PINS
from support.soft_tokens import LABELS, soft_tokens

from services.commands.person import pin_variable
from services.contracts.identity.messages import Application
from services.demo.scene import Scene

pytestmark = [pytest.mark.processes, pytest.mark.long]
WHO = ["--name", "秋山 葉子", "--address", "みなと市 7-8-9", "--sex", "female", "--birth-date", "1990-10-01"]


def test_somebody_is_enrolled_on_tokens_and_signs_with_them(deployment: Scene, tmp_path: Path) -> None:
    """K2, K4: enrol with --token; history and link need nothing but the tokens and the PINs."""
    with soft_tokens(tmp_path / "hsm") as tokens:
        pins = {pin_variable(name): pin for name, pin in PINS.items()}
        environment = dict(tokens.environment) | pins
        card, credentials = tmp_path / "card.json", deployment.layout.credentials

        def gives(*arguments: str | Path) -> str:
            done = sekisho(*arguments, environment=environment)
            assert done.returncode == 0, f"{done.stdout}{done.stderr}"
            return done.stdout

        labels = [LABELS[application] for application in Application]
        counter = credentials / "municipality"
        said = gives("enrol", "--as", counter, *WHO, "--card", card, "--token", *labels)
        reference = said.splitlines()[1].rpartition(" ")[2]
        assert "entries, each proved" in gives("history", "--card", card)
        assert len(gives("link", "--as", credentials / "bank", "--card", card).strip()) == 43
        permit = ["--item", "name", "--contract", "c", "--reason", "payment_due"]
        gives("grant", "--card", card, "--to", "bank", "--purpose", "IdentityVerification", *permit)
        again = sekisho(
            "enrol",
            "--as",
            counter,
            *WHO,
            "--card",
            tmp_path / "b",
            "--token",
            *labels,
            environment=environment,
        )
        assert again.returncode == 1
        assert "does not open with its PIN" in again.stderr
        tokens.initialise(Application.AUTHENTICATION)
        gone = sekisho("history", "--card", card, environment=environment)
        assert gone.returncode == 1
        assert "is not there" in gone.stderr
        named: list[str | Path] = ["--reference", reference, "--card", card, "--new-pin", "2580"]
        gives("renew-card", "--as", counter, *named, "--token", LABELS[Application.AUTHENTICATION])
        environment[pin_variable(Application.AUTHENTICATION)] = "2580"
        assert "entries, each proved" in gives("history", "--card", card)
