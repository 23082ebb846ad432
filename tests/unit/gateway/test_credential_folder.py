"""An organisation's credential folder: complete, private, and named when damaged."""

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url
from consent.delegation import ReceivingKey
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.vocabulary import Body
from services.gateway.credentials import (
    NEXT_AUTHOR_KEY,
    Credentials,
    exchange_author_key,
    load,
    name_operator,
    next_author_key,
    renew_staff_secret,
    save,
)
from services.gateway.errors import CredentialFolderError
from services.gateway.organisation import Organisation
from services.gateway.supervisor import colleague
from services.kit.certificates import Usage, create_authority, issue, to_pem
from services.kit.clock import system_randomness
from services.kit.keys import pem

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def credentials(
    *,
    author: Ed25519PrivateKey | None = None,
    receiving: ReceivingKey | None = None,
    naming: bytes | None = None,
) -> Credentials:
    authority = create_authority("Test", days=10, now=NOW)
    terminal = generate_private_key(SECP256R1())
    certificate = issue(
        authority, terminal.public_key(), common_name="t", sans=[], usages=[Usage.CLIENT], days=1, now=NOW
    )
    return Credentials(
        organisation=OrganisationId("hospital-a"),
        operator=OperatorId("operator-1"),
        terminal=TerminalId("terminal-1"),
        urls={body: f"https://{body.value.replace('_', '-')}.example" for body in Body},
        register_key=base64url.encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
        terminal_key=terminal,
        terminal_certificate=to_pem(certificate),
        authority=to_pem(authority.certificate),
        card_key=generate_private_key(SECP256R1()),
        author_key=author,
        receiving_key=receiving,
        naming=naming,
    )


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    receiving = ReceivingKey.create(system_randomness)
    saved = credentials(author=Ed25519PrivateKey.generate(), receiving=receiving, naming=b"n" * 32)
    save(saved, tmp_path / "a")
    loaded = load(tmp_path / "a")
    assert (loaded.organisation, loaded.operator, loaded.terminal) == (
        "hospital-a",
        "operator-1",
        "terminal-1",
    )
    assert loaded.urls == saved.urls
    assert loaded.terminal_certificate == saved.terminal_certificate
    assert pem(loaded.terminal_key) == pem(saved.terminal_key)
    assert pem(loaded.card_key) == pem(saved.card_key)
    assert loaded.author_key is not None
    assert saved.author_key is not None
    assert pem(loaded.author_key) == pem(saved.author_key)
    assert loaded.receiving_key is not None
    assert loaded.receiving_key.to_secret_bytes() == receiving.to_secret_bytes()
    assert loaded.naming == b"n" * 32


def test_folder_without_a_secret_for_names_goes_on_naming_by_its_former_author_key(tmp_path: Path) -> None:
    author = Ed25519PrivateKey.generate()
    save(credentials(author=author), tmp_path / "a")
    assert load(tmp_path / "a").naming is None
    key = next_author_key(tmp_path / "a")
    assert pem(next_author_key(tmp_path / "a")) == pem(key)
    exchange_author_key(tmp_path / "a", load(tmp_path / "a"))
    loaded = load(tmp_path / "a")
    assert loaded.naming == author.private_bytes_raw()
    assert loaded.author_key is not None
    assert pem(loaded.author_key) == pem(key)
    assert not (tmp_path / "a" / NEXT_AUTHOR_KEY).exists()


def test_staff_secret_and_name_are_kept_renewed_and_given_to_colleagues(tmp_path: Path) -> None:
    first = replace(credentials(), staff_secret=b"s" * 32)
    save(first, tmp_path / "a")
    save(colleague(load(tmp_path / "a"), "operator-2", human_name="加藤 次郎"), tmp_path / "b")
    folders = tmp_path / "a", tmp_path / "b"
    assert [load(each).staff_secret for each in folders] == [b"s" * 32, b"s" * 32]
    name_operator(folders[0], "佐藤 花子")
    assert [load(each).operator_name for each in folders] == ["佐藤 花子", "加藤 次郎"]
    renew_staff_secret(folders)
    fresh = {load(each).staff_secret for each in folders}
    assert len(fresh) == 1
    assert fresh != {b"s" * 32}
    assert stat.S_IMODE((folders[0] / "staff.secret").stat().st_mode) == 0o600
    assert pem(load(folders[0]).card_key) == pem(first.card_key)
    with pytest.raises(CredentialFolderError, match="60 characters"):
        name_operator(folders[0], "x" * 61)


def test_every_file_is_for_its_owner_only(tmp_path: Path) -> None:
    saved = credentials(
        author=Ed25519PrivateKey.generate(),
        receiving=ReceivingKey.create(system_randomness),
        naming=b"n" * 32,
    )
    save(saved, tmp_path / "a")
    files = list((tmp_path / "a").iterdir())
    assert len(files) == 8
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_printed_credentials_show_no_secret() -> None:
    receiving = ReceivingKey.create(system_randomness)
    shown = repr(credentials(author=Ed25519PrivateKey.generate(), receiving=receiving))
    assert "PRIVATE" not in shown
    assert receiving.to_secret_bytes().hex() not in shown
    assert "key=" not in shown.replace("register_key=", "")


@pytest.mark.parametrize("left", ["terminal-key.pem", "operator-card.pem", "authority.pem"])
def test_folder_that_was_cut_off_is_not_filled_up_with_other_keys(tmp_path: Path, left: str) -> None:
    """LD1: half of one organisation's keys and half of another's would look like credentials."""
    save(credentials(), tmp_path / "cut")
    for file in (tmp_path / "cut").iterdir():
        if file.name != left:
            file.unlink()
    kept = (tmp_path / "cut" / left).read_bytes()
    with pytest.raises(CredentialFolderError, match="choose another folder"):
        save(credentials(), tmp_path / "cut")
    assert (tmp_path / "cut" / left).read_bytes() == kept
    assert not (tmp_path / "cut" / "organisation.json").exists()


def test_credentials_are_never_overwritten(tmp_path: Path) -> None:
    save(credentials(), tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(CredentialFolderError, match="already"):
        save(credentials(), tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "name", ["organisation.json", "terminal.pem", "terminal-key.pem", "authority.pem", "operator-card.pem"]
)
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    save(credentials(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CredentialFolderError, match=name.replace(".", r"\.") + " is missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("organisation.json", b"{}"),
        ("organisation.json", b"not json"),
        ("terminal-key.pem", b"-----BEGIN PRIVATE KEY-----\n"),
        ("operator-card.pem", pem(Ed25519PrivateKey.generate())),
        ("author-key.pem", pem(generate_private_key(SECP256R1()))),
        ("receiving-key.secret", b"AAAA"),
    ],
)
def test_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    save(credentials(author=Ed25519PrivateKey.generate()), tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CredentialFolderError, match=name.replace(".", r"\.") + " is damaged"):
        load(tmp_path)


def test_who_neither_writes_nor_reads_has_no_such_key(tmp_path: Path) -> None:
    save(credentials(), tmp_path)
    organisation = Organisation.at(tmp_path)
    with pytest.raises(CredentialFolderError, match="no author key"):
        _ = organisation.author_key
    with pytest.raises(CredentialFolderError, match="no receiving key"):
        _ = organisation.receiving_key
