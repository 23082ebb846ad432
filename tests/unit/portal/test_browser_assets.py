"""What My Portal's page needs from npm is had at set-up, or one line says that it is not."""

from pathlib import Path

import pytest

from services.portal import browser_assets


def npm_that(says: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an npm on the path that says something and fails."""
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\necho '{says}' >&2\necho 'npm error more about it' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("says", "shown"),
    [("npm error code ECONNREFUSED", " (ECONNREFUSED)"), ("Killed", "")],
    ids=["code", "none"],
)
def test_one_line_says_what_is_missing(
    says: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    npm_that(says, tmp_path, monkeypatch)
    assert browser_assets.main([str(tmp_path)]) == 1
    told = f"npm did not get the package that opens them{shown}; the next make tries again"
    assert capfd.readouterr() == (
        "",
        f"My Portal will neither show records nor permit reading them: {told}\n",
    )


def test_package_of_another_form_is_not_placed(tmp_path: Path) -> None:
    package, pages = tmp_path / "package", tmp_path / "pages"
    (package / "dist" / "es").mkdir(parents=True)
    pages.mkdir()
    (package / "dist" / "es" / "index_fat.js").write_text("function other(){}\n")
    with pytest.raises(browser_assets.AssetsError, match="keeps its module elsewhere"):
        browser_assets.place(package, pages)
    assert not list(pages.iterdir())
