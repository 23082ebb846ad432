"""Public tables and vectors beside the project, in `../shared`: they are others' and not the project's to give out."""

from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = PROJECT.parent / "shared"


def needs(path: Path) -> pytest.MarkDecorator:
    """Mark tests that read a file or folder of others' data; without it they skip, and name it."""
    name = path.relative_to(PROJECT.parent)
    why = f"others' public data, which the project does not give out, are not beside it: ../{name}"
    return pytest.mark.skipif(not path.exists(), reason=why)
