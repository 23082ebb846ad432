"""The form of a token request (RFC 6749, section 4; RFC 8707): every parameter once, nothing ambiguous."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from services.contracts.identity.messages import (
    ACCESS_TOKEN_TYPE,
    CLIENT_ASSERTION_TYPE,
    CLIENT_CREDENTIALS,
    JWT_BEARER,
    TOKEN_EXCHANGE,
)
from services.contracts.identity.passkey_messages import PASSKEY_GRANT
from services.identity.errors import OAuthCode, OAuthError

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 16


class Grant(StrEnum):
    """The grants of the token endpoint."""

    JWT_BEARER = JWT_BEARER
    PASSKEY = PASSKEY_GRANT
    EXCHANGE = TOKEN_EXCHANGE
    CLIENT_CREDENTIALS = CLIENT_CREDENTIALS


MOST_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request as asked.

    `assertion` is the subject token in an exchange, and empty when a terminal asks by itself; `client_assertion` is
    there when an organisation's terminal asks, `challenge` when a passkey signs in.
    """

    grant: Grant
    assertion: str = field(repr=False)
    challenge: str | None
    resource: str
    scope: tuple[str, ...]
    client_assertion: str | None = field(repr=False)


def parse_token_request(content: bytes, content_type: str) -> TokenRequest:
    """T1: read the form. Raises: OAuthError (`invalid_request`, `unsupported_grant_type`)."""
    fields = form_fields(content, content_type)
    named = required(fields, "grant_type")
    if named not in set(Grant):
        raise OAuthError(OAuthCode.UNSUPPORTED_GRANT_TYPE, f"the grant types here are {', '.join(Grant)}")
    grant = Grant(named)
    if grant is Grant.CLIENT_CREDENTIALS:
        required(fields, "client_assertion")
        if "assertion" in fields:
            raise _invalid(f"with an operator the grant type is {Grant.JWT_BEARER}")
    elif grant is not Grant.JWT_BEARER and "client_assertion" in fields:
        raise _invalid("this grant is for a person, at no terminal")
    if grant is Grant.EXCHANGE and required(fields, "subject_token_type") != ACCESS_TOKEN_TYPE:
        raise _invalid(f"the subject token type here is {ACCESS_TOKEN_TYPE}")
    return TokenRequest(
        grant=grant,
        challenge=required(fields, "challenge") if grant is Grant.PASSKEY else None,
        assertion=_assertion(fields, grant),
        resource=required(fields, "resource"),
        scope=tuple(fields.get("scope", "").split()),
        client_assertion=_client_assertion(fields),
    )


def form_fields(content: bytes, content_type: str) -> Mapping[str, str]:
    """Return the parameters of a form, each there once. Raises: OAuthError (`invalid_request`)."""
    if content_type.partition(";")[0].strip().lower() != FORM or len(content) > MOST_BYTES:
        raise _invalid(f"send a form ({FORM}) of at most {MOST_BYTES} bytes")
    try:
        pairs = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise _invalid("the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _invalid("a parameter is given twice")
    return fields


def required(fields: Mapping[str, str], name: str) -> str:
    """Return a parameter; one without a value counts as left out (RFC 6749, section 3.2). Raises: OAuthError."""
    if not fields.get(name):
        raise _invalid(f"the parameter {name} is missing")
    return fields[name]


def _assertion(fields: Mapping[str, str], grant: Grant) -> str:
    match grant:
        case Grant.CLIENT_CREDENTIALS:
            return ""
        case Grant.EXCHANGE:
            return required(fields, "subject_token")
        case Grant.JWT_BEARER | Grant.PASSKEY:
            return required(fields, "assertion")


def _client_assertion(fields: Mapping[str, str]) -> str | None:
    if "client_assertion" not in fields and "client_assertion_type" not in fields:
        return None
    if required(fields, "client_assertion_type") != CLIENT_ASSERTION_TYPE:
        raise _invalid(f"the client assertion type here is {CLIENT_ASSERTION_TYPE}")
    return required(fields, "client_assertion")


def _invalid(description: str) -> OAuthError:
    return OAuthError(OAuthCode.INVALID_REQUEST, description)
