"""The wire forms of the accredited anonymiser."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, Strict, model_validator

from consent.compartments import FIRST_YEAR, LAST_YEAR
from consent.vocabulary import Category, Purpose
from services.kit.encoding import Message

MAX_COLUMNS: Final = 8
MAX_WIDTHS: Final = 8

ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
CategoryName = Annotated[Category, Strict(False)]
PurposeName = Annotated[Purpose, Strict(False)]
Width = Annotated[int, Field(ge=1, le=100_000)]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class Source(StrEnum):
    """What the anonymiser takes out of one person's records.

    `condition` is the text of the most recent Condition or `none`; `medications` counts MedicationRequests.
    """

    BIRTH_YEAR = "birth_year"
    SEX = "sex"
    AREA = "area"
    CONDITION = "condition"
    MEDICATIONS = "medications"


class ColumnRole(StrEnum):
    """What a column is to an attacker: known about a person beforehand, or what must not become known."""

    QUASI = "quasi"
    SENSITIVE = "sensitive"


class Intervals(Message):
    """Numbers in half-open intervals, one width per level, each a multiple of the one before; then `*`."""

    origin: Annotated[int, Field(ge=-100_000, le=100_000)] = 0
    widths: Annotated[list[Width], Field(min_length=1, max_length=MAX_WIDTHS)]


class Masks(Message):
    """Texts cut to `masks` characters, of which one more from the right is masked on each level; then `*`."""

    masks: Annotated[int, Field(ge=1, le=32)]


class Column(Message):
    """One column of the wanted table.

    A quasi-identifier without `generalisation` takes the anonymiser's own: intervals for numbers, value or `*` for
    texts. `level` pins how coarse it is (0: the value itself); without it the least lossy level is searched for.
    `diversity` is how many distinct values of a sensitive column every class must show.
    """

    name: ColumnName
    source: Annotated[Source, Strict(False), Field(alias="from")]
    role: Annotated[ColumnRole, Strict(False)]
    generalisation: Intervals | Masks | None = None
    level: Annotated[int, Field(ge=0, le=40)] | None = None
    diversity: Annotated[int, Field(ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.role is ColumnRole.SENSITIVE and (self.generalisation is not None or self.level is not None):
            raise ValueError("a sensitive column is not generalised; leave out `generalisation` and `level`")
        if self.role is ColumnRole.QUASI and self.diversity is not None:
            raise ValueError("`diversity` is for sensitive columns")
        return self


class Years(Message):
    """Calendar years, both included."""

    first: Year
    last: Year

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError("`first` is after `last`")
        return self


class TableRequest(Message):
    """Which table, out of which records, and how anonymous. `suppression_limit` is a share of the rows."""

    columns: Annotated[list[Column], Field(min_length=1, max_length=MAX_COLUMNS)]
    k: Annotated[int, Field(ge=1, le=1_000_000)]
    suppression_limit: Annotated[float, Field(ge=0, le=1)] = 0.0
    categories: Annotated[list[CategoryName], Field(min_length=1, max_length=len(Category))]
    years: Years

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have the same name")
        if all(column.role is not ColumnRole.QUASI for column in self.columns):
            raise ValueError("at least one column must be a quasi-identifier")
        return self


class JobRequest(Message):
    """POST /jobs."""

    purpose: PurposeName
    table: TableRequest


class JobStatus(StrEnum):
    """How a job ended."""

    RELEASED = "released"
    REFUSED = "refused"


class RefusalReason(StrEnum):
    """Why a job releases nothing: the problem's code, the same in the log."""

    OTHER_PURPOSE = "other_purpose"
    TABLE_UNUSABLE = "table_unusable"
    TOO_MANY_PERSONS = "too_many_persons"
    NOT_ANONYMOUS = "not_anonymous"
    JOINT_DISCLOSURE = "joint_disclosure"


class ReleaseSummary(Message):
    """A release without its rows. `persons` counts the rows, suppressed ones included; `sha256` (hex) is the CSV's."""

    id: str
    rows: int
    columns: list[str]
    levels: dict[str, int]
    suppressed: int
    persons: int
    loss: float
    sha256: str


class RefusalSummary(Message):
    """Why nothing was released, and the ids of the recipient's earlier releases; no count and no value."""

    code: Annotated[RefusalReason, Strict(False)]
    reasons: list[str]
    releases: list[str] = Field(default_factory=list)


class JobAnswer(Message):
    """POST /jobs, and GET /jobs/{id}; a refused POST is a problem document with `job` and the refusal's members."""

    job: str
    status: Annotated[JobStatus, Strict(False)]
    release: ReleaseSummary | None = None
    refusal: RefusalSummary | None = None
