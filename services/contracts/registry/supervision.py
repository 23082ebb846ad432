"""Messages for those who watch over look-ups and over what is kept: stops, erasure."""

from typing import Annotated, Final

from pydantic import Field

from services.kit.encoding import Message

ERASURE_TYPE: Final = "sekisho-erasure+jws"


class StoppedOperator(Message):
    """An operator whose card is stopped. Units: epoch seconds."""

    organisation: str
    operator: str
    since: int


class Stops(Message):
    """GET /look-up-stops: every stopped card that the caller may see."""

    stops: list[StoppedOperator]


class AskLift(Message):
    """The parameters of the proposal `lift-stop`: an operator of the proposer's own organisation."""

    operator: Annotated[str, Field(min_length=1, max_length=200)]


class LiftStop(Message):
    """The proposal as it is kept."""

    organisation: str
    operator: str


class EraseHistory(Message):
    """POST /history-erasures: erase now what is due; there is nothing to choose."""


class Erased(Message):
    """What became of it: how many former entries were due and are gone."""

    erased: int


class ErasureSearch(Message):
    """What a search of all kept history found, as the registry signs it.

    `before` is the day before which nothing may be left; `left` is how many entries are, `kept_abroad` how many are
    kept longer because somebody moved abroad; `log_entries_with_items` counts entries of the log that hold an item.
    Units: `at` is epoch seconds.
    """

    at: int
    before: str
    history_entries: int
    left: int
    kept_abroad: int
    log_entries: int
    log_entries_with_items: int

    @property
    def clean(self) -> bool:
        """Whether nothing is left that must be gone."""
        return self.left == self.log_entries_with_items == 0


class ErasureProof(Message):
    """GET /erasure-proof: an `ErasureSearch`, signed by the registry (JWS)."""

    proof: str
