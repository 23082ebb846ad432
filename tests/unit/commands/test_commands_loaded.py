"""A command imports what it needs when it is given, and nothing of the others."""

import subprocess
import sys

import pytest

from services.cli import main
from services.commands.later import loaded

HEAVY = {"alembic", "anonymize", "numpy", "pandas", "pkcs11", "pyspark", "sqlalchemy"}
GIVEN = """
import sys
from services.cli import main
for name in sys.argv[1:]:
    main([*([name] if name != "-" else []), "--help"], standalone_mode=False)
print("loaded:", *sorted({each.partition(".")[0] for each in sys.modules}))
"""


def modules_loaded_by(*names: str) -> set[str]:
    """The packages that helping with commands leaves loaded, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", GIVEN, *names], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_list_of_commands_loads_none_of_them() -> None:
    known = modules_loaded_by("-")
    assert "click" in known
    assert not known & (HEAVY | {"cryptography", "httpx", "pydantic"})


def test_what_persons_and_clinics_do_loads_neither_tables_nor_tokens_nor_sql() -> None:
    known = modules_loaded_by(
        "grant", "withdraw", "history", "verify", "open", "emergency", "guardian", "receipt"
    )
    assert "cryptography" in known
    assert not known & HEAVY


@pytest.mark.parametrize("name", sorted(main.commands))
def test_command_is_listed_with_the_first_sentence_of_its_own_help(name: str) -> None:
    own = loaded(main.commands[name])
    assert own is not main.commands[name]
    assert main.commands[name].get_short_help_str(limit=1000) == own.get_short_help_str(limit=1000)
