"""My Portal's modules import what the others export: a browser shows nothing at all of a page that does not."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "services" / "portal" / "pages"
BUILT = "umbral.js"
"""Comes from npm at set-up, and may not be there."""

OWN = sorted(each for each in PAGES.glob("*.js") if each.name != BUILT)
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([^"]+)";', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|const|class|let) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("module", OWN, ids=lambda each: each.name)
def test_what_a_module_imports_is_exported(module: Path) -> None:
    for names, source in IMPORT.findall(module.read_text(encoding="utf-8")):
        if source == BUILT:
            continue
        wanted = {each.split(" as ")[0].strip() for each in names.split(",") if each.strip()}
        assert wanted <= set(EXPORT.findall((PAGES / source).read_text(encoding="utf-8"))), source


def test_imports_are_found() -> None:
    assert any(IMPORT.search(each.read_text(encoding="utf-8")) for each in OWN)
