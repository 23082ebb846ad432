"""F1 and F2 at the medical centre: what the second body signed is checked, and what this centre hands out is signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from consent.identifiers import BundleId
from consent.vocabulary import Body
from services.contracts.medical.messages import ReadRequest
from services.contracts.released import (
    AccusationUnprovenError,
    HandedOut,
    UnprovenError,
    WrongReason,
    WrongRelease,
    passed_on,
    require_released,
    sign_released,
    verify_wrong,
)
from services.kit.events import Event, EventKind, Outcome
from services.medical.answer import Released
from services.medical.centre import Centre
from services.medical.deciding import Admitted
from services.medical.second_proxy import FaultyReleaseError, SecondRelease


@dataclass(frozen=True, slots=True)
class Accused:
    """The second body that a reader has shown to have handed out a wrong fragment; it is not asked again."""

    body: Body
    shown: WrongRelease


def accused(centre: Centre, request: ReadRequest, admitted: Admitted) -> Accused | None:
    """F3: judge what the reader shows of an earlier read, before anything is asked of anybody.

    Raises: AccusationUnprovenError, unless a second body did this, with a fragment of this very permission.
    """
    if request.wrong is None:
        return None
    try:
        proven = verify_wrong(request.wrong, keys=centre.register.directory().signing_key)
    except UnprovenError as error:
        raise AccusationUnprovenError from error
    keys = {fragment.keys for fragment in admitted.fragments.values()}
    if proven.body is Body.MEDICAL or proven.handed_out is None or proven.handed_out.keys not in keys:
        raise AccusationUnprovenError
    return Accused(proven.body, request.wrong)


def handed_out(admitted: Admitted, fragments: Mapping[BundleId, bytes]) -> list[HandedOut]:
    """Return what a body made of the bundles, in their order, with the keys that the person's wallet gave us."""
    return [
        HandedOut(
            each.stored.id,
            each.stored.capsule,
            fragments[each.stored.id],
            admitted.fragments[each.stored.compartment.label].keys,
        )
        for each in admitted.bundles
    ]


def require_word(centre: Centre, release: SecondRelease, admitted: Admitted) -> SecondRelease:
    """F2: check that the second body signed what it handed out, and keep by which key. Raises: FaultyReleaseError."""
    key = centre.register.directory().signing_key(release.body)
    try:
        require_released(
            release.signed,
            release.body,
            handed_out(admitted, release.fragments),
            statement=admitted.statement.jws,
            keys=lambda _body: key,
        )
    except UnprovenError as error:
        raise FaultyReleaseError(f"{release.body.value}: {error}") from error
    return replace(release, key=key)


def signed(
    centre: Centre, admitted: Admitted, own: Mapping[BundleId, bytes], second: SecondRelease
) -> Released:
    """F1, F2: sign what this centre made, and what it passes on."""
    if second.key is None:
        raise FaultyReleaseError(f"{second.body.value}: what it signed was not compared")
    beside = passed_on(second.body, handed_out(admitted, second.fragments), second.signed, key=second.key)
    text = sign_released(
        Body.MEDICAL,
        handed_out(admitted, own),
        statement=admitted.statement.jws,
        key=centre.context.signing_key,
        second=beside,
    )
    return Released(
        own=own,
        second=second.fragments,
        body=second.body,
        signed={Body.MEDICAL: text, second.body: second.signed},
    )


def faulty_event(asked: Event, body: Body, *, shown: WrongRelease | None = None) -> Event:
    """Say that a body's part of a read was wrong; with what shows it, or found here."""
    told: dict[str, JsonValue] = {} if shown is None else {"shown": shown.model_dump(mode="json")}
    return Event(
        kind=EventKind.WRONG_FRAGMENT_FOUND,
        outcome=Outcome.DONE,
        organisation=asked.organisation,
        operator=asked.operator,
        terminal=asked.terminal,
        reason=(WrongReason.RELEASE_UNUSABLE if shown is None else WrongReason.FRAGMENT_WRONG).value,
        ground=asked.ground,
        detail={"bodies": [body.value], **told},
    )
