"""Messages about sector keys: by which key the ID centre names people to a body."""

from typing import Annotated

from pydantic import Strict

from consent.vocabulary import Body
from services.kit.encoding import Message

BodyName = Annotated[Body, Strict(False)]


class ChangeSectorKey(Message):
    """The parameters of the proposal `change-sector-key`: the body whose sector gets another key."""

    body: BodyName


class TellNamesAgain(Message):
    """The parameters of the proposal `tell-names-again`: a body that was restored from before a change of its key."""

    body: BodyName


class ChangeTokenKey(Message):
    """The parameters of the proposal `rotate-token-key`: none."""


class SectorKey(Message):
    """The keys of one sector: in force, coming (and how many people the body is still to be told of), leaving.

    `coming` is not above `key` while a body that was restored is told its names again.
    """

    body: BodyName
    key: int
    coming: int | None
    waiting: int
    leaving: int | None


class SectorKeys(Message):
    """GET /sector-keys: every sector that has had another key than the first, or is about to."""

    sectors: list[SectorKey]
