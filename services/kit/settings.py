"""Settings of a body: environment first, then a TOML file, then safe defaults; nothing is read at import.

`SEKISHO_<BODY>_<NAME>` in the environment, or `<name>` in the table `[<body>]` (or `[common]`) of the TOML file
that `SEKISHO_CONFIG` names.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from consent import base64url
from consent.errors import MalformedError
from consent.vocabulary import Body
from services.kit.circuit import Limits

CONFIG_VARIABLE = "SEKISHO_CONFIG"


class SettingsError(Exception):
    """A setting is missing or has a wrong value; the message names it."""


def for_a_driver(url: str) -> str:
    """Return a database's URL as it is. Raises: ValueError, without the URL, where no driver is here for it."""
    try:
        if url:
            make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, ValueError, ImportError):
        # without their texts: the URL holds a password
        raise ValueError("no SQLAlchemy URL for a driver that is installed here") from None
    return url


class BodySettings(BaseModel):
    """What every body can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(description="Folder of this body: database, keys, TLS files.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(description="Port to listen on.", ge=1, le=65535)
    public_url: str = Field(
        description="Address by which others reach this body; the audience of its tokens."
    )
    oversight_url: str = Field(description="Address of the oversight body.")
    identity_url: str = Field(description="Address of the ID centre; the issuer of tokens.")
    register_key: str = Field(
        description="The oversight body's register key (Ed25519, raw, base64url): the root of trust."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty means SQLite in the body's folder.", repr=False
    )
    database_connections: int = Field(
        20,
        description="Most connections to PostgreSQL of this process for transactions, and as many for holding.",
        gt=0,
    )
    keys: Path | None = Field(
        None, description="Folder of the body's secret keys; default: keys/ in its folder."
    )
    tls_certificate: Path | None = Field(
        None, description="TLS certificate (PEM); default: tls/certificate.pem."
    )
    tls_key: Path | None = Field(None, description="TLS key (PEM); default: tls/key.pem.")
    tls_authority: Path | None = Field(
        None, description="Accreditation CA (PEM); default: tls/authority.pem."
    )
    max_body_bytes: int = Field(10_000_000, description="Largest request accepted, bytes.", gt=0)
    peer_timeout_seconds: float = Field(5.0, description="How long to wait for another body.", gt=0)
    peer_failures: int = Field(
        2, description="After how many requests in a row without an answer another body is left alone.", ge=1
    )
    peer_pause_seconds: float = Field(
        2.0, description="How long another body that does not answer is left alone.", gt=0
    )
    peer_probe_seconds: float = Field(
        0.5, description="How long it may then take to show that it is back.", gt=0
    )
    register_max_age_seconds: float = Field(
        1.0, description="Age after which the register is fetched anew.", gt=0
    )
    register_timeout_seconds: float = Field(1.0, description="How long to wait for the register.", gt=0)
    register_stale_seconds: float = Field(
        30.0, description="Age after which the register is not used at all.", gt=0
    )
    token_status_max_age_seconds: float = Field(
        0.5, description="Age after which the state of access tokens is fetched anew.", gt=0, le=1
    )
    token_status_stale_seconds: float = Field(
        10.0, description="Age after which no access token counts, as none is known to stand.", gt=0
    )
    dpop_nonce_seconds: int = Field(
        120, description="How long a nonce for DPoP proofs is given out; it counts as long again.", ge=10
    )
    witness_interval_seconds: float = Field(
        5.0, description="How often new log entries are shown to the witness.", gt=0
    )

    gossip_interval_seconds: float = Field(
        30.0, description="How often the other bodies are asked which heads of which logs they saw.", gt=0
    )

    proposal_seconds: int = Field(
        86_400, description="How long a proposal under dual control can be approved.", gt=0
    )
    proposals_pending: int = Field(
        200, description="How many undecided proposals one organisation may have here.", gt=0
    )
    signed_max_age_seconds: int = Field(
        300,
        description="Age above which what a wallet, a card or an operator signed for one act is refused.",
        ge=30,
        le=900,
    )
    recovery_parts: int = Field(
        8,
        description="How many parts of one person's wallet are kept here, from times that were broken off.",
        ge=3,
        le=64,
    )

    @field_validator("register_key")
    @classmethod
    def _is_key(cls, text: str) -> str:
        try:
            raw = base64url.decode(text)
        except MalformedError as error:
            raise ValueError(str(error)) from error
        if len(raw) != 32:
            raise ValueError("an Ed25519 key of 32 bytes is expected")
        return text

    @field_validator("database_url")
    @classmethod
    def _is_for_a_driver(cls, url: str) -> str:
        return for_a_driver(url)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data / 'database.sqlite'}"

    @property
    def circuit(self) -> Limits:
        """When another body is left alone."""
        return Limits(self.peer_failures, self.peer_pause_seconds, self.peer_probe_seconds)

    @property
    def key_folder(self) -> Path:
        """The key folder in force."""
        return self.keys or self.data / "keys"


S = TypeVar("S", bound=BodySettings)


def load_settings(kind: type[S], body: Body, *, environment: Mapping[str, str] = os.environ) -> S:
    """Return a body's settings. Raises: SettingsError."""
    values: dict[str, Any] = {}
    config = environment.get(CONFIG_VARIABLE)
    if config:
        try:
            tables = tomllib.loads(Path(config).read_text())
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"the settings file {config} cannot be read: {error}") from error
        for name in ("common", body.value):
            table = tables.get(name, {})
            if not isinstance(table, dict):
                raise SettingsError(f"in the settings file {config}, {name} is no table")
            values |= table
    prefix = f"SEKISHO_{body.value.upper()}_"
    for name in kind.model_fields:
        if prefix + name.upper() in environment:
            values[name] = environment[prefix + name.upper()]
    try:
        return kind(**values)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise SettingsError(f"settings of {body.value}: {wrong}") from error
