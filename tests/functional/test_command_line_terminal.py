"""What a terminal shows at the command line with nobody at it."""

import pytest
from support.command_line import assert_one_line, within

from services.demo.scene import Scene

pytestmark = pytest.mark.processes


def test_terminal_shows_its_accreditation_and_every_log_without_an_operators_card(deployment: Scene) -> None:
    folder = deployment.layout.credentials / "clinic-b"
    done = within("terminal-status", "--as", folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("clinic-b (clinic) until ")
    assert lines[1].startswith("terminal ")
    assert [line.split()[1] for line in lines if line.startswith("✓")] == [
        "identity",
        "registry",
        "medical",
        "product_safety",
        "research",
        "oversight",
    ]


def test_folder_without_credentials_is_named(deployment: Scene) -> None:
    """A folder without credentials is named."""
    assert_one_line(within("terminal-status", "--as", deployment.layout.credentials), "organisation.json")
