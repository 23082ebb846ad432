"""How signed payloads are read back: strict models, errors that name the field and never the value."""

from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from consent import base64url, instants
from consent.errors import MalformedError

_DEEPEST: Final = 6


class WireModel(BaseModel):
    """Base of every payload that is read: no unknown members, no conversion between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _instant(value: object) -> datetime:
    try:
        return instants.read(value if isinstance(value, str) else "")
    except MalformedError as refusal:
        raise ValueError(str(refusal)) from None


def _octets(value: object) -> bytes:
    try:
        if isinstance(value, str):
            return base64url.decode(value)
    except MalformedError:
        pass
    raise ValueError("base64url text is expected, without padding")


Instant = Annotated[datetime, BeforeValidator(_instant)]
Octets = Annotated[bytes, BeforeValidator(_octets)]
Identifier = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
ContractName = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, lt=2**53)]

Model = TypeVar("Model", bound=WireModel)


def parse(model: type[Model], payload: bytes) -> Model:
    """Read a payload as the given model.

    Raises: MalformedError naming the members that are wrong.
    """
    try:
        return model.model_validate_json(payload)
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False, include_context=False, include_input=False)
        places = sorted({".".join(map(str, error["loc"][:_DEEPEST])) for error in errors})
        raise MalformedError(f"Missing, unknown or wrong members: {', '.join(places)}.") from None
