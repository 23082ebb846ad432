"""The forms of our wire: strict messages, base64url without padding (RFC 7515, section 2)."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from consent import base64url
from consent.errors import MalformedError


class Message(BaseModel):
    """Base of everything on the wire: unknown fields and lax types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _check(text: str) -> str:
    try:
        base64url.decode(text)
    except MalformedError as error:
        raise ValueError(str(error)) from error
    return text


Base64Url = Annotated[str, AfterValidator(_check)]
