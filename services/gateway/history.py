"""What bodies did with a person's data: fetched from every body, proved, put in order, saved as evidence."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from consent.vocabulary import Body
from services.contracts.product_safety.client import ProductSafetyClient
from services.contracts.product_safety.messages import Notice, ReadRequest
from services.contracts.shared import SharedClient
from services.gateway.comparing import compare_bodies
from services.gateway.errors import NotVerifiedError
from services.gateway.person import Person
from services.gateway.seen_heads import seen_heads, with_seen_heads
from services.kit.events import ACTING
from services.kit.http import Http, Token
from services.kit.keys import write_private
from services.kit.log.completeness import WholeHistory, verify_whole
from services.kit.log.errors import LogError
from services.kit.log.evidence import (
    FORMAT,
    Evidence,
    EvidenceEntry,
    EvidenceHistory,
    Trust,
    VerifiedEntry,
    parse_evidence,
    parse_trust,
    verify_evidence,
)
from services.kit.log.seen_heads import HeldHead, verify_seen
from services.kit.staff import OPENING, STAFF, colleagues, member

BODIES: Final = (Body.IDENTITY, Body.REGISTRY, Body.MEDICAL, Body.PRODUCT_SAFETY, Body.OVERSIGHT)
"""The bodies that know people and keep a history of what they did with their data."""

RECENT: Final = timedelta(minutes=10)
"""How long ago a body may have counted a history that it says is whole, when entries followed."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that a body did; `event` as the body's log committed to it."""

    body: str
    at: datetime
    index: int
    event: Mapping[str, JsonValue] = field(repr=False)

    @property
    def kind(self) -> str:
        """What happened (kit's EventKind)."""
        return str(self.event.get("kind", ""))

    @property
    def outcome(self) -> str:
        """How it ended (kit's Outcome)."""
        return str(self.event.get("outcome", ""))

    @property
    def organisation(self) -> str | None:
        """Who did it, where that was not the person."""
        return self._text("organisation")

    @property
    def acting(self) -> str | None:
        """In which capacity a guardian was signed in who did it for the person."""
        detail = self.event.get("detail")
        told = detail.get(ACTING) if isinstance(detail, dict) else None
        return told if isinstance(told, str) else None

    @property
    def reason(self) -> str | None:
        """Why it was refused: a refusal code."""
        return self._text("reason")

    @property
    def roles(self) -> tuple[str, ...]:
        """What roles the operator had who did it."""
        staff = self.event.get(STAFF)
        roles = staff.get("roles") if isinstance(staff, dict) else None
        return tuple(map(str, roles)) if isinstance(roles, list) else ()

    @property
    def staff(self) -> str | None:
        """Under which pseudonym the operator stands who did it.

        One that the organisation signed is the same wherever the person meets that operator of it; one that a body made
        is the same in this body only, and says so.
        """
        pseudonym = member(self.event, "pseudonym")
        if pseudonym is None:
            return None
        told = grouped(pseudonym)
        return told if self.is_signed else f"{self.body}/{told}"

    @property
    def terminal(self) -> str | None:
        """The organisation's terminal, where it acted by itself with nobody at it."""
        return self._text("terminal")

    @property
    def is_signed(self) -> bool:
        """Whether the organisation signed who acted, so that its pseudonym is the same wherever the person meets it."""
        return member(self.event, "sealed") is not None

    @property
    def unmaskable(self) -> list[tuple[int, str]]:
        """Whom the oversight body can unmask: 0 for who acted or the number of one beside, with the pseudonym."""
        found = [(0, self.staff)] if self.is_signed or member(self.event, OPENING) is not None else []
        found += [
            (number, f"{self.body}/{grouped(each['pseudonym'])}")
            for number, each in enumerate(colleagues(self.event), 1)
            if OPENING in each
        ]
        return [(number, name) for number, name in found if name is not None]

    def _text(self, name: str) -> str | None:
        value = self.event.get(name)
        return value if isinstance(value, str) else None


def grouped(pseudonym: str) -> str:
    """Write a pseudonym in groups of four, to be read out."""
    return "-".join(pseudonym[at : at + 4] for at in range(0, len(pseudonym), 4))


@dataclass(frozen=True, slots=True)
class History:
    """Entries of all bodies, oldest first, and the evidence that proves them to anybody."""

    entries: tuple[HistoryEntry, ...]
    evidence: Evidence = field(repr=False)
    whole: tuple[WholeHistory, ...] = ()
    held: tuple[HeldHead, ...] = ()
    behind: tuple[str, ...] = ()
    """G7: the bodies that show less of their log than a witness had seen of it (stops a frozen head, IT3)."""
    silent: tuple[str, ...] = ()
    """The bodies that were asked and show no entry: a log proves what it has, not that it has nothing."""

    def unwatched(self) -> list[str]:
        """Return the bodies of whose logs no witness showed a head."""
        shown = {each.origin.rpartition("/")[2] for each in self.held}
        return sorted({each.body for each in self.entries} - shown)

    def outdated(self, *, now: datetime) -> list[str]:
        """Return the bodies that last counted their entries some while ago, though others followed."""
        old = (each.origin for each in self.whole if not each.covers(now=now, max_age=RECENT))
        return sorted({each.rpartition("/")[2] for each in old})


def history(person: Person, *, bodies: Iterable[Body] = BODIES) -> History:
    """Fetch a person's history; verify every entry against checkpoints that a trusted witness co-signed, and every
    checkpoint against the heads that the witnesses show.

    Raises: NotVerifiedError naming the body whose evidence is false; RefusedError; kit's PeerUnavailableError.
    """
    trust = trust_of(person)
    asked, seen = tuple(bodies), seen_heads(person, trust)
    parts: list[Evidence] = []
    entries: list[HistoryEntry] = []
    verified: list[VerifiedEntry] = []
    whole: list[WholeHistory] = []
    for body in asked:
        evidence = person.ask(body, _fetch)
        try:
            own = verify_evidence(evidence, trust)
            whole += verify_whole(evidence, own, trust)
        except LogError as error:
            raise NotVerifiedError(f"the history of {body.value} does not verify: {error}") from error
        entries += [_entry(each, body) for each in own]
        verified += own
        parts.append(evidence)
    told = with_seen_heads(person, merge(parts), seen)
    held = _seen(told, trust)
    silent = {each.value for each in asked} - {each.body for each in entries}
    return History(
        _ordered(entries),
        told,
        _compared(verified, whole),
        held,
        _behind(verified, whole, held=held),
        silent=tuple(sorted(silent)),
    )


def _seen(evidence: Evidence, trust: Trust) -> tuple[HeldHead, ...]:
    try:
        return tuple(verify_seen(evidence, trust))
    except LogError as error:
        raise NotVerifiedError(str(error)) from error


def _behind(
    entries: Iterable[VerifiedEntry], whole: Iterable[WholeHistory], *, held: Iterable[HeldHead]
) -> tuple[str, ...]:
    """G7: by the head under which entries and count stand, whatever other heads of the log the file has."""
    shown: dict[str, int] = {}
    heads = [(each.origin, each.checkpoint) for each in entries]
    heads += [(each.origin, each.checkpoint) for each in whole]
    for origin, head in heads:
        shown[origin] = min(head.checkpoint.size, shown.get(origin, head.checkpoint.size))
    less = {each.origin for each in held if each.size > shown.get(each.origin, 0)}
    return tuple(sorted(each.rpartition("/")[2] for each in less))


def _ordered(entries: Iterable[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    return tuple(sorted(entries, key=lambda each: (each.at, each.body, each.index)))


def _compared(entries: Sequence[VerifiedEntry], whole: Sequence[WholeHistory]) -> tuple[WholeHistory, ...]:
    try:
        compare_bodies(entries, whole)
    except LogError as error:
        raise NotVerifiedError(str(error)) from error
    return tuple(whole)


def _fetch(http: Http, token: Token) -> Evidence:
    return SharedClient(http).history(token=token)


def trust_of(person: Person) -> Trust:
    """Return the logs' and witnesses' keys that the person's card holds."""
    return parse_trust(person.card.trust.evidence.model_dump_json().encode())


def merge(parts: Sequence[Evidence]) -> Evidence:
    """Put several bodies' evidence into one file."""
    checkpoints: list[str] = []
    entries: list[EvidenceEntry] = []
    histories: list[EvidenceHistory] = []
    for part in parts:
        offset = len(checkpoints)
        checkpoints += part.checkpoints
        entries += [_moved(each, offset) for each in part.entries]
        histories += [
            each.model_copy(update={"counted": _moved(each.counted, offset)}) for each in part.histories
        ]
    return Evidence(format=FORMAT, checkpoints=checkpoints, entries=entries, histories=histories)


def _moved(entry: EvidenceEntry, offset: int) -> EvidenceEntry:
    return entry.model_copy(update={"checkpoint": entry.checkpoint + offset})


def save_evidence(evidence: Evidence, file: Path) -> None:
    """Write an evidence file for `verify_file`, mode 0600; an existing file is replaced."""
    file.unlink(missing_ok=True)
    write_private(file, evidence.model_dump_json(indent=1).encode() + b"\n")


def verify_file(file: Path, trust_file: Path) -> History:
    """Verify an evidence file offline with nothing but a trust file.

    Raises: kit's LogError, NotVerifiedError, saying what is false.
    """
    evidence, trust = parse_evidence(file.read_bytes()), parse_trust(trust_file.read_bytes())
    verified = verify_evidence(evidence, trust)
    whole, held = _compared(verified, verify_whole(evidence, verified, trust)), _seen(evidence, trust)
    entries = _ordered(_entry(each, None) for each in verified)
    return History(entries, evidence, whole, held, _behind(verified, whole, held=held))


def _entry(verified: VerifiedEntry, expected: Body | None) -> HistoryEntry:
    named, at = verified.event.get("body"), _moment(verified.event.get("at"))
    if not isinstance(named, str) or at is None:
        raise NotVerifiedError("a log entry does not say what it is; report this")
    # a body answers for its own log only, and a log speaks for its own body only
    if verified.origin.rpartition("/")[2] != named or (expected is not None and named != expected.value):
        raise NotVerifiedError(f"an entry of {verified.origin} claims to be of {named}; report this")
    return HistoryEntry(named, at, verified.index, verified.event)


def _moment(said: JsonValue) -> datetime | None:
    with suppress(ValueError):
        at = datetime.fromisoformat(str(said))
        return None if at.tzinfo is None else at
    return None


def inbox(person: Person) -> list[Notice]:
    """Return the recall notices for what the person owns, newest first. Raises: RefusedError."""
    return person.ask(
        Body.PRODUCT_SAFETY, lambda http, token: ProductSafetyClient(http).inbox(token=token)
    ).notices


def mark_read(person: Person, notice: str) -> int:
    """Tell the product safety centre that a notice was read; return when first. Units: epoch seconds."""
    message = ReadRequest(notice=notice)
    return person.ask(
        Body.PRODUCT_SAFETY, lambda http, token: ProductSafetyClient(http).mark_read(message, token=token)
    ).read_at
