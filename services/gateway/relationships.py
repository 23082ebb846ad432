"""Relationships on the organisation's side, whose key makes the tags; the person's wish; reviews by officials.

A tag is a keyed digest of a surname, an address or a ward's name. Its key comes from the organisation's own secret and
leaves it for nobody, so the medical centre compares tags of one organisation and can try no name.
"""

import csv
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ValidationError

from consent import base64url
from consent.vocabulary import Body
from services.contracts.medical.relationships import (
    MOST_MEMBERS,
    DescribeStaff,
    ExplainedRead,
    FindRelationships,
    MemberOfStaff,
    NameTags,
    RegisteredRelationship,
    RegisterRelationship,
    RelationshipsClient,
    StaffDescribed,
    WatchChoice,
    Watched,
    WatchedUse,
)
from services.contracts.medical.uses import RelationshipKind
from services.contracts.oversight.emergencies import Reviewed, ReviewOutcome
from services.contracts.oversight.use_cases import DecideUse, UseCasesClient, UseReview
from services.contracts.registry.spelling import fold_address, fold_name
from services.gateway.errors import StaffFileError
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.clock import epoch_seconds
from services.kit.http import Http, Token

_TAGS: Final = b"sekisho-relationship-tags/1"
TAG_BYTES: Final = 16
COLUMNS: Final = ("operator", "teams", "surname", "address")


class Tagger:
    """Makes an organisation's tags; what is spelled alike (width, kana, variants) gets one tag.

    Shape: a tag is 22 characters, base64url of 16 bytes.
    """

    def __init__(self, organisation: Organisation) -> None:
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_TAGS)
        self._key = hkdf.derive(organisation.naming)

    def __repr__(self) -> str:
        return "Tagger(...)"

    def names(self, *, surname: str | None, address: str | None) -> NameTags:
        """Return the tags of what is known of somebody."""
        return NameTags(
            surname=self._tag(b"surname", fold_name(surname or "")),
            address=self._tag(b"address", fold_address(address or "")),
        )

    def team(self, name: str) -> str:
        """Return the tag of a ward or another team."""
        return self._make(b"team", name.strip())

    def _tag(self, kind: bytes, text: str) -> str | None:
        return self._make(kind, text) if text else None

    def _make(self, kind: bytes, text: str) -> str:
        told = kind + b"\n" + text.encode()
        return base64url.encode(hmac.digest(self._key, told, "sha256")[:TAG_BYTES])


@dataclass(frozen=True, slots=True)
class Meant:
    """What a relationship is: its kind, with which operators and teams, from when until when."""

    kind: RelationshipKind
    operators: Sequence[str]
    teams: Sequence[str]
    start: datetime
    end: datetime


def register(
    organisation: Organisation,
    reference: str,
    meant: Meant,
    *,
    surname: str | None = None,
    address: str | None = None,
) -> str:
    """Register a relationship with a linked person; return its id. Raises: RefusedError, CredentialFolderError."""
    tagger = Tagger(organisation)
    message = RegisterRelationship(
        token=organisation.name_person(reference, Body.MEDICAL).tokens[Body.MEDICAL],
        kind=meant.kind,
        operators=list(meant.operators),
        teams=[tagger.team(each) for each in meant.teams],
        start=epoch_seconds(meant.start),
        end=epoch_seconds(meant.end),
        tags=tagger.names(surname=surname, address=address),
    )
    return organisation.ask(
        Body.MEDICAL, lambda http, token: RelationshipsClient(http).register(message, token=token)
    ).id


def registered(organisation: Organisation, reference: str) -> list[RegisteredRelationship]:
    """Return the organisation's relationships with a linked person, oldest first. Raises: RefusedError."""
    named = organisation.name_person(reference, Body.MEDICAL).tokens[Body.MEDICAL]
    message = FindRelationships(token=named)
    return organisation.ask(
        Body.MEDICAL, lambda http, token: RelationshipsClient(http).find(message, token=token)
    ).relationships


def end(organisation: Organisation, relationship: str) -> RegisteredRelationship:
    """End a relationship now, for example at discharge. Raises: RefusedError."""
    return organisation.ask(
        Body.MEDICAL, lambda http, token: RelationshipsClient(http).end(relationship, token=token)
    )


def describe_staff(organisation: Organisation, file: Path) -> int:
    """Say who belongs to which team, from a CSV file; return how many are described now.

    Columns are operator, teams (with semicolons between), surname and address; of an empty one nothing is told.
    Raises: StaffFileError, RefusedError.
    """
    members, told = _members(organisation, file), 0
    for start in range(0, len(members), MOST_MEMBERS):
        message = DescribeStaff(members=members[start : start + MOST_MEMBERS])
        told = organisation.ask(Body.MEDICAL, partial(_describe, message)).members
    return told


def choose_watch(person: Person, choice: WatchChoice) -> WatchChoice:
    """Choose how closely use of the person's records is watched. Raises: RefusedError."""
    message = Watched(choice=choice)
    return person.ask(
        Body.MEDICAL, lambda http, token: RelationshipsClient(http).watch(message, token=token)
    ).choice


def chosen_watch(person: Person) -> WatchChoice:
    """Return what the person chose. Raises: RefusedError."""
    return _watched(person).choice


def explained_reads(person: Person) -> list[ExplainedRead]:
    """Return what explains the newest reads of the person's records, as far as anything does. Raises: RefusedError."""
    return _watched(person).explained


def _watched(person: Person) -> WatchedUse:
    return person.ask(Body.MEDICAL, lambda http, token: RelationshipsClient(http).watched(token=token))


def use_reviews(official: Organisation) -> list[UseReview]:
    """Return the cases of suspicious use that wait for a finding, first due first. Raises: RefusedError."""
    return official.ask(Body.OVERSIGHT, lambda http, token: UseCasesClient(http).reviews(token=token)).cases


def review_use(
    official: Organisation,
    case: str,
    outcome: ReviewOutcome,
    *,
    comment: str,
    comments: Mapping[str, str] | None = None,
) -> Reviewed:
    """Decide whether a flagged use was misuse; the people see it, each the own one of `comments`, else `comment`.

    Raises: RefusedError.
    """
    message = DecideUse(outcome=outcome, comment=comment, comments=dict(comments or {}))
    return official.ask(
        Body.OVERSIGHT, lambda http, token: UseCasesClient(http).decide(case, message, token=token)
    )


def _members(organisation: Organisation, file: Path) -> list[MemberOfStaff]:
    tagger = Tagger(organisation)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened)
            if set(rows.fieldnames or ()) != set(COLUMNS):
                raise StaffFileError(f"{file.name}: the columns are {', '.join(COLUMNS)}")
            return list(_described(rows, tagger, file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StaffFileError(f"{file.name} cannot be read as a CSV file in UTF-8; save it as one") from error


def _described(rows: Iterable[dict[str, str | None]], tagger: Tagger, file: Path) -> Iterator[MemberOfStaff]:
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise StaffFileError(
                f"{file.name}, line {number}: it has not the four columns; leave empty what is not told"
            )
        try:
            yield MemberOfStaff(
                operator=(row["operator"] or "").strip(),
                teams=[tagger.team(each) for each in (row["teams"] or "").split(";") if each.strip()],
                tags=tagger.names(surname=row["surname"], address=row["address"]),
            )
        except ValidationError as error:
            raise StaffFileError(
                f"{file.name}, line {number}: the operator or a team is not right"
            ) from error


def _describe(message: DescribeStaff, http: Http, token: Token) -> StaffDescribed:
    return RelationshipsClient(http).describe(message, token=token)
