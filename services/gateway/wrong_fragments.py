"""R9 when a fragment is wrong: name the body that did it, by what it signed, and report it (F3, F4)."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from consent.delegation import FragmentKeys
from consent.errors import ConsentError
from consent.identifiers import BundleId
from consent.sealing import capsule_of
from consent.vocabulary import Body
from services.contracts.medical.messages import ReadAnswer, ReadBundle
from services.contracts.oversight.wrong_fragments import (
    ReportWrong,
    WrongFragmentsClient,
    WrongReport,
)
from services.contracts.released import (
    HandedOut,
    Keys,
    NotReleased,
    UnprovenError,
    WrongRelease,
    passed_on,
    read_released,
    require_released,
    show_wrong,
    verify_wrong,
)
from services.gateway.errors import GatewayError, NotVerifiedError
from services.gateway.organisation import Organisation
from services.kit.encoding import Message
from services.kit.http import PeerUnavailableError
from services.kit.keys import write_new

logger = logging.getLogger("sekisho")
FORMAT: Final = "sekisho-wrong-fragment/1"


class WrongFragmentError(NotVerifiedError):
    """`body` handed out a wrong fragment; `shown` proves it to anybody, or is None where the body signed nothing."""

    def __init__(self, body: Body, shown: WrongRelease | None) -> None:
        proof = "its signature shows it" if shown else "and signed nothing that shows it"
        super().__init__(
            f"the {body.value} body handed out a wrong fragment ({proof}); nothing of the answer was used"
        )
        self.body = body
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Bypassed:
    """A body that was left out of a read because its fragment was wrong; `report` where the oversight body has it."""

    body: Body
    shown: WrongRelease
    report: str | None


Tell = Callable[[Bypassed], None]
KeysOf = Callable[[ReadBundle], FragmentKeys]


def log_only(bypassed: Bypassed) -> None:
    """Say it in this program's log and nowhere else."""
    logger.warning("the %s body handed out a wrong fragment; read by another body", bypassed.body.value)


class FragmentFile(Message):
    """The evidence file."""

    format: str
    shown: WrongRelease


def blame(
    found: Body, slot: int, answer: ReadAnswer, *, statement: str, keys_of: KeysOf, keys: Keys
) -> WrongFragmentError:
    """Say which body a wrong fragment in the answer is to be blamed on, and show it where that can be shown.

    The medical centre answers for all that it passed on, unless the second body signed it.
    """
    try:
        own = _handed_out(answer, Body.MEDICAL, keys_of)
        passed = own if found is Body.MEDICAL else _handed_out(answer, found, keys_of)
        word = answer.released[Body.MEDICAL]
        require_released(word, Body.MEDICAL, own, statement=statement, keys=keys)
        if found is Body.MEDICAL:
            return _shown(Body.MEDICAL, WrongRelease(evidence=show_wrong(word, own, slot)), keys)
        text = answer.released[found]
        said = read_released(word, Body.MEDICAL, keys=keys)
        if said.second != passed_on(found, passed, text, key=keys(found)):
            return WrongFragmentError(Body.MEDICAL, None)
    except (KeyError, ConsentError, UnprovenError):
        return WrongFragmentError(Body.MEDICAL, None)
    try:
        require_released(text, found, passed, statement=statement, keys=keys)
    except UnprovenError:
        return _shown(Body.MEDICAL, WrongRelease(evidence=NotReleased(signed=word, second=text)), keys)
    return _shown(found, WrongRelease(evidence=show_wrong(text, passed, slot)), keys)


def report(organisation: Organisation, reference: str, wrong: WrongRelease) -> str | None:
    """F4: tell the oversight body, about a linked person; None when it cannot be told now, which stops nothing."""
    try:
        person = organisation.name_person(reference, Body.OVERSIGHT).tokens[Body.OVERSIGHT]
        message = ReportWrong(shown=wrong, person=person)
        return organisation.ask(
            Body.OVERSIGHT,
            lambda http, token: WrongFragmentsClient(http).report_wrong(message, token=token),
        ).report
    except (GatewayError, PeerUnavailableError) as error:
        logger.warning("a wrong fragment could not be reported to the oversight body: %s", error)
        return None


def reports(official: Organisation) -> list[WrongReport]:
    """Return what was reported, newest first, each verified here. Raises: RefusedError, NotVerifiedError."""
    told = official.ask(
        Body.OVERSIGHT, lambda http, token: WrongFragmentsClient(http).wrong_reports(token=token)
    )
    for each in told.reports:
        require_shown(each.shown, each.body, keys=official.directory().signing_key)
    return told.reports


def require_shown(shown: WrongRelease, body: Body, *, keys: Keys) -> None:
    """Check that evidence shows this body to have been wrong. Raises: NotVerifiedError."""
    try:
        if verify_wrong(shown, keys=keys).body is body:
            return
    except UnprovenError as error:
        raise NotVerifiedError(f"this shows nothing of {body.value}: {error}") from error
    raise NotVerifiedError(f"this shows another body than {body.value}")


def save_shown(shown: WrongRelease, path: Path) -> Path:
    """Write the evidence file, for `sekisho verify`, and return where it is.

    Guarantees: what shows something else stays; the name gets a number then.
    """
    content = FragmentFile(format=FORMAT, shown=shown).model_dump_json(indent=1).encode()
    for number in count(1):
        file = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            write_new(file, content)
        except FileExistsError:
            if file.read_bytes() != content:
                continue
        return file
    raise AssertionError("unreachable: some number is free")


def read_shown(raw: bytes) -> WrongRelease | None:
    """Read an evidence file; None where the file is of another format."""
    with suppress(ValidationError):
        file = FragmentFile.model_validate_json(raw)
        return file.shown if file.format == FORMAT else None
    return None


def _handed_out(answer: ReadAnswer, body: Body, keys_of: KeysOf) -> Sequence[HandedOut]:
    return [
        HandedOut(BundleId(each.id), capsule_of(each.message_kit), each.fragments[body], keys_of(each))
        for each in answer.bundles
    ]


def _shown(body: Body, shown: WrongRelease, keys: Keys) -> WrongFragmentError:
    try:
        verify_wrong(shown, keys=keys)
    except UnprovenError:
        return WrongFragmentError(body, None)
    return WrongFragmentError(body, shown)
