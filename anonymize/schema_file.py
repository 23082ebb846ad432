"""Schema files: their form, checked before anything is built from it."""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from anonymize.errors import HierarchyError, SchemaError
from anonymize.hierarchy import Hierarchy
from anonymize.ladder import leaf_text
from anonymize.schema import Schema


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("write a number")  # noqa: TRY004 - pydantic tells of ValueError only
    return Decimal(value)


def _cell(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("write a text or a number")  # noqa: TRY004 - as above
    return leaf_text(value)


def _origin(value: object) -> object:
    return [_number(each) for each in value] if isinstance(value, list) else _number(value)


Number = Annotated[Decimal, BeforeValidator(_number)]
Cell = Annotated[str, BeforeValidator(_cell)]
Origin = Annotated[Decimal | list[Decimal], BeforeValidator(_origin)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _FromCsv(_Form):
    hierarchy: Literal["csv"]
    file: str
    separator: str | None = None
    encoding: str | None = None


class _Table(_Form):
    hierarchy: Literal["table"]
    rows: list[list[Cell]]


class _Mapping(_Form):
    hierarchy: Literal["mapping"]
    levels: list[dict[str, list[Cell]]]


class _Intervals(_Form):
    hierarchy: Literal["intervals"]
    widths: list[Number]
    origin: Origin = Decimal(0)
    bottom: Number | None = None
    top: Number | None = None


class _Order(_Form):
    hierarchy: Literal["order"]
    values: list[Cell]
    sizes: list[int]


class _Priority(_Form):
    hierarchy: Literal["priority"]
    values: list[Cell]
    keep: list[int]


class _Dates(_Form):
    hierarchy: Literal["dates"]
    periods: list[str]


class _Redaction(_Form):
    hierarchy: Literal["redaction"]
    length: int | None = None
    start: Literal["right", "left"] = "right"


class _Suppression(_Form):
    hierarchy: Literal["suppression"]


_Hierarchy = (
    _FromCsv | _Table | _Mapping | _Intervals | _Order | _Priority | _Dates | _Redaction | _Suppression
)


class _SchemaForm(_Form):
    quasi: dict[str, Annotated[_Hierarchy, Field(discriminator="hierarchy")]]
    sensitive: list[str] = []
    identifying: list[str] = []


def read_schema(path: Path) -> Schema:
    """As `Schema.from_toml`."""
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
        form = _SchemaForm.model_validate(content)
    except OSError as cause:
        raise SchemaError(f"The schema {path.name} cannot be read; check path and permissions.") from cause
    except UnicodeDecodeError as cause:
        raise SchemaError(f"The schema {path.name} is not UTF-8; save it as UTF-8.") from cause
    except tomllib.TOMLDecodeError as cause:
        raise SchemaError(f"The schema {path.name} is no TOML: {cause}; correct it there.") from cause
    except ValidationError as cause:
        raise SchemaError(f"The schema {path.name} has no such form: {_told(cause)}; correct it.") from cause
    quasi = {}
    for column, each in form.quasi.items():
        try:
            quasi[column] = _built(each, path.parent)
        except HierarchyError as cause:
            raise HierarchyError(
                f"{path.name}, column {column!r}: {cause}", column=column, row=cause.row
            ) from cause
    return Schema(quasi, sensitive=form.sensitive, identifying=form.identifying)


def _built(form: _Hierarchy, folder: Path) -> Hierarchy:
    match form:
        case _FromCsv():
            return Hierarchy.from_csv(folder / form.file, separator=form.separator, encoding=form.encoding)
        case _Table():
            return Hierarchy.from_levels(form.rows)
        case _Mapping():
            return Hierarchy.mapping(
                *(_step(level, groups) for level, groups in enumerate(form.levels, start=1))
            )
        case _Intervals():
            return Hierarchy.intervals(form.widths, origin=form.origin, bottom=form.bottom, top=form.top)
        case _Order():
            return Hierarchy.order(form.values, sizes=form.sizes)
        case _Priority():
            return Hierarchy.priority(form.values, keep=form.keep)
        case _Dates():
            return Hierarchy.dates(form.periods)
        case _Redaction():
            return Hierarchy.redaction(length=form.length, start=form.start)
        case _Suppression():
            return Hierarchy.suppression()
    assert_never(form)


def _step(level: int, groups: Mapping[str, Sequence[str]]) -> dict[object, str]:
    step: dict[object, str] = {}
    for group, members in groups.items():
        for member in members:
            if step.setdefault(member, group) != group:
                raise HierarchyError(
                    f"Level {level} puts {member!r} into {step[member]!r} and {group!r}; choose one."
                )
    return step


def _told(error: ValidationError) -> str:
    found = []
    for each in error.errors(include_input=False, include_url=False):
        # Within a column the kind of its hierarchy comes next, which nobody wrote as a key.
        parts = [str(part) for at, part in enumerate(each["loc"]) if at != 2 or each["loc"][0] != "quasi"]
        found.append(f"{'.'.join(parts)}: {each['msg']}")
    return "; ".join(found[:3])
