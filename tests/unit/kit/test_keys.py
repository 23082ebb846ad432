"""Keys are made once: a key that is gone stops the body instead of being made anew."""

import os
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.oversight_world import OversightWorld

from services.kit.keys import KeyFolder, KeyFolderError, replace_private, write_new, write_private


def public(folder: Path) -> bytes:
    return KeyFolder(folder).ed25519("signing").public_key().public_bytes_raw()


def test_key_stays_the_same_and_is_its_owners_only(tmp_path: Path) -> None:
    first = public(tmp_path)
    assert public(tmp_path) == first
    assert KeyFolder(tmp_path).secret("columns") == KeyFolder(tmp_path).secret("columns")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def secret(folder: Path) -> bytes:
    return KeyFolder(folder).secret("columns")


@pytest.mark.parametrize(("name", "load"), [("signing.pem", public), ("columns.secret", secret)])
def test_key_that_is_gone_is_not_made_anew(tmp_path: Path, name: str, load: Callable[[Path], bytes]) -> None:
    kept = load(tmp_path)
    backup = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    with pytest.raises(KeyFolderError, match=f"{name} is missing; restore it"):
        load(tmp_path)
    assert not (tmp_path / name).exists()
    (tmp_path / name).write_bytes(backup)
    assert load(tmp_path) == kept


def test_folder_of_an_earlier_version_is_taken_as_it_is(tmp_path: Path) -> None:
    kept = public(tmp_path)
    shutil.rmtree(tmp_path / "made")
    assert public(tmp_path) == kept
    (tmp_path / "signing.pem").unlink()
    with pytest.raises(KeyFolderError):
        public(tmp_path)


def test_key_asked_for_by_many_at_once_is_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(public, [tmp_path] * 64))) == 1


def test_body_with_data_does_not_start_on_an_empty_key_folder(tmp_path: Path) -> None:
    world = OversightWorld(tmp_path)
    world.open()
    world.context.close()
    shutil.rmtree(world.settings.key_folder)
    with pytest.raises(KeyFolderError, match="the database is in use"):
        world.open()


WRITERS = (write_private, write_new, replace_private)


@pytest.mark.parametrize("write", WRITERS)
def test_name_of_a_written_file_is_on_the_disk_as_its_content_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    """LD1: a key that a power cut takes away opens nothing of what was sealed with it meanwhile."""
    synced: list[tuple[bool, bool]] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(handle).st_mode), (tmp_path / "key").exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write(tmp_path / "key", b"secret")
    assert synced == [(False, False), (True, True)]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_file_that_is_there_is_left_refused_or_replaced_as_its_writer_says(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    write_new(file, b"first")
    write_private(file, b"second")
    with pytest.raises(FileExistsError):
        write_new(file, b"second")
    assert file.read_bytes() == b"first"
    replace_private(file, b"third")
    assert file.read_bytes() == b"third"
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
