"""Under what terms an organisation is accredited, all of it public: agreement, sanctions, reports that are due."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.kit.encoding import Message

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Reference = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Measure(StrEnum):
    """The closed list of sanctions (C19); suspending and revoking are kinds of proposals of their own."""

    WARNING = "warning"
    ORDER = "order"
    FINE = "fine"


class Agreement(Message):
    """The written agreement between the oversight body and an organisation (J12)."""

    reference: Reference
    signed_on: Day


class Sanction(Message):
    """One sanction, as everybody can read it."""

    measure: Annotated[Measure, Field(strict=False)]
    decided_on: Day
    grounds: Text


class ReportDemand(Message):
    """A report that an organisation owes. Units: `due` is epoch seconds."""

    id: Reference
    about: Text
    due: int
    received: bool = False
