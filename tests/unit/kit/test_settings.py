"""A setting that is wrong is named in one line, as one who starts a body reads it; no line holds a password."""

from pathlib import Path

import pytest

from consent import base64url
from consent.vocabulary import Body
from services.kit.settings import CONFIG_VARIABLE, BodySettings, SettingsError, load_settings
from services.product_safety.settings import Settings

RIGHT = {
    "SEKISHO_MEDICAL_DATA": "data",
    "SEKISHO_MEDICAL_PORT": "1",
    "SEKISHO_MEDICAL_PUBLIC_URL": "https://medical.example",
    "SEKISHO_MEDICAL_OVERSIGHT_URL": "https://oversight.example",
    "SEKISHO_MEDICAL_IDENTITY_URL": "https://identity.example",
    "SEKISHO_MEDICAL_REGISTER_KEY": base64url.encode(bytes(32)),
}

SAFETY = {name.replace("MEDICAL", "PRODUCT_SAFETY"): value for name, value in RIGHT.items()}
WORKFLOWS = "SEKISHO_PRODUCT_SAFETY_WORKFLOW_DATABASE_URL"


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(BodySettings, Body.MEDICAL, environment=environment)
    return str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:/medical:geheim@db/medical",
        "postgresql+psycopg://medical:geheim@db:port/medical",
        "postgresql+nothing://medical:geheim@db/medical",
        "postgresql+psycopg2://medical:geheim@db/medical",  # a driver that is not installed
        "geheim",
    ],
)
def test_database_that_no_driver_reaches_is_refused_without_its_password(url: str) -> None:
    said = refusal(RIGHT | {"SEKISHO_MEDICAL_DATABASE_URL": url})
    assert "database_url" in said
    assert "geheim" not in said
    with pytest.raises(SettingsError, match="workflow_database_url") as refused:
        load_settings(Settings, Body.PRODUCT_SAFETY, environment=SAFETY | {WORKFLOWS: url})
    assert "geheim" not in str(refused.value)


def test_address_of_the_workflow_database_is_not_shown() -> None:
    url = "postgresql+psycopg://workflows:geheim@db/workflows"
    settings = load_settings(Settings, Body.PRODUCT_SAFETY, environment=SAFETY | {WORKFLOWS: url})
    assert settings.workflow_database == url
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("key", ["", "x", "=", "not a key", base64url.encode(bytes(31))])
def test_register_key_that_is_none_is_refused(key: str) -> None:
    assert "register_key" in refusal(RIGHT | {"SEKISHO_MEDICAL_REGISTER_KEY": key})


@pytest.mark.parametrize(
    "text", [b"\xff", b"[common", b"common = 1", b"medical = ['x']"], ids=["latin", "torn", "value", "list"]
)
def test_settings_file_that_is_none_is_named(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(text)
    assert str(file) in refusal(RIGHT | {CONFIG_VARIABLE: str(file)})


def test_table_of_the_body_is_before_the_common_one_and_the_environment_before_both(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[common]\nhost = 'a'\nport = 2\nmax_body_bytes = 3\n[medical]\nhost = 'b'\n")
    settings = load_settings(BodySettings, Body.MEDICAL, environment=RIGHT | {CONFIG_VARIABLE: str(file)})
    assert (settings.host, settings.port, settings.max_body_bytes) == ("b", 1, 3)


def test_settings_do_not_show_the_password_of_the_database() -> None:
    environment = RIGHT | {"SEKISHO_MEDICAL_DATABASE_URL": "postgresql+psycopg://medical:geheim@db/medical"}
    settings = load_settings(BodySettings, Body.MEDICAL, environment=environment)
    assert "geheim" not in f"{settings!r} {settings}"
