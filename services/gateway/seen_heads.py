"""G5 to G7: asking the witnesses which heads of the logs they saw, to hold a person's history against them (IT2, IT3).

A body answers for itself: its evidence can be without a flaw and yet be of another log than the one that others were
shown, or of the same one set back. So the heads come from the witnesses, and the proof that leads from one to the other
goes into the evidence, where it can be checked again by anybody. They are asked first: whatever a body shows later, a
witness has seen no more of it, unless the body shows an old head as its newest (G7).
"""

from collections.abc import Iterator, Mapping, Sequence

from consent.vocabulary import Body
from services.contracts.published import PublishedClient
from services.gateway.errors import NotVerifiedError
from services.gateway.person import Person
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import LogError, LogRangeError
from services.kit.log.evidence import Evidence, EvidenceHead, Trust
from services.kit.log.note import UnverifiedNote, encode_base64
from services.kit.log.seen_notes import SeenNote, seen_note

Seen = tuple[Body, SeenNote]
"""A witness, and a head that it saw."""


def seen_heads(person: Person, trust: Trust) -> list[Seen]:
    """Return the heads that the witnesses have of all logs; a witness that is down is left out."""
    return [(witness, seen) for witness in _witnesses(trust) for seen in _seen(person, witness, trust)]


def with_seen_heads(person: Person, evidence: Evidence, seen: Sequence[Seen]) -> Evidence:
    """Return the evidence with those of the heads that are of its logs.

    Raises: NotVerifiedError when a log does not prove that it has what it signed; kit's PeerUnavailableError.
    """
    shown = {}
    for place, note in enumerate(evidence.checkpoints):
        here = Checkpoint.parse(UnverifiedNote.parse(note).text)
        shown[here.origin] = (place, here)
    heads = [
        head
        for witness, each in seen
        if each.checkpoint.origin in shown
        for head in _head(person, witness, each, shown)
    ]
    return evidence.model_copy(update={"heads": heads})


def _witnesses(trust: Trust) -> list[Body]:
    """Return the bodies whose names the trusted witnesses have: sekisho/BODY/witness."""
    named = (each.name.split("/") for each in trust.witnesses)
    return [Body(name[1]) for name in named if len(name) > 1 and name[1] in set(Body)]


def _seen(person: Person, witness: Body, trust: Trust) -> Iterator[SeenNote]:
    """Return the notes that a witness shows and that their logs signed."""
    try:
        views = PublishedClient(person.connect(witness)).views()
    except (PeerUnavailableError, RemoteProblemError):
        return
    for note in views.notes:
        try:
            origin = Checkpoint.parse(UnverifiedNote.parse(note).text).origin
            log = trust.logs.get(origin)
            if (
                log is not None and origin.rpartition("/")[2] != witness.value
            ):  # nobody is witness of the own log
                yield seen_note(note, log=log)
        except LogError:
            continue


def _head(
    person: Person, witness: Body, seen: SeenNote, shown: Mapping[str, tuple[int, Checkpoint]]
) -> Iterator[EvidenceHead]:
    place, here = shown[seen.checkpoint.origin]
    body = Body(here.origin.rpartition("/")[2])
    old, new = sorted((here.size, seen.checkpoint.size))
    try:
        proof = [] if old in (0, new) else PublishedClient(person.connect(body)).consistency(old, new)
    except LogRangeError as error:
        raise NotVerifiedError(
            f"the log of {body.value} no longer has the {seen.checkpoint.size} entries that it signed for "
            f"{witness.value}: it was set back; report this"
        ) from error
    except RemoteProblemError as error:  # who may choose which heads to prove could show two histories
        raise NotVerifiedError(
            f"the log of {body.value} does not prove that it has the head that it signed for {witness.value} "
            f"({error.code}); try again, report a second time"
        ) from error
    yield EvidenceHead(
        checkpoint=place, witness=witness.value, note=seen.note, proof=[encode_base64(each) for each in proof]
    )
