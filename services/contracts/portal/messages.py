"""Messages of My Portal. What it relays are the other bodies' messages, as they are."""

from typing import Annotated

from pydantic import Field

from consent.vocabulary import Body
from services.kit.encoding import Message

BodyName = Annotated[Body, Field(strict=False)]


class PortalConfig(Message):
    """GET /config.json: for which ID centre and which bodies this portal relays, by their addresses."""

    issuer: str
    bodies: dict[BodyName, str]


class SessionOpened(Message):
    """POST /session: the cookie that came with it is good for so many seconds."""

    expires_in: int
