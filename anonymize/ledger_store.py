"""Every query of the ledger, and the seals that show when what it holds was altered."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anonymize.classes import Codes, Mask
from anonymize.errors import LedgerError
from anonymize.joint import Form, Holding, Shown
from anonymize.ledger_anchor import Head
from anonymize.ledger_content import ALTERED, Content, Tags, Vault, mac, number_persons
from anonymize.ledger_tables import LedgerTables

FIRST_SEAL: Final = bytes(32)


class EntryKind(Enum):
    """What an entry of the ledger is about."""

    RELEASE = "release"
    REFUSAL = "refusal"
    WITHDRAWAL = "withdrawal"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry as it is written down, without who it is about.

    `id` counts from 1. `k`, `k_union` and `diversity` are what was promised with a release; `recipient` is
    empty where there is none.
    """

    id: int
    kind: EntryKind
    recipient: str
    k: int = 0
    k_union: int = 0
    diversity: Mapping[str, int] = field(default_factory=dict)
    digest: bytes = b""
    seal: bytes = b""

    @property
    def promise(self) -> str:
        """What was promised, as stored."""
        told = {"k": self.k, "k_union": self.k_union, "diversity": dict(self.diversity)}
        return json.dumps(told, sort_keys=True)

    @classmethod
    def stored(cls, row: "Row[tuple[int, str, str, str, bytes, bytes]]") -> "LedgerEntry":
        """Raises: LedgerError when the row is none that the ledger writes."""
        try:
            promise = json.loads(row.promise)
            numbers = int(promise["k"]), int(promise["k_union"])
            kind, diversity = EntryKind(row.kind), dict(promise["diversity"])
        except (ValueError, KeyError, TypeError) as cause:
            raise LedgerError(ALTERED) from cause
        return cls(row.id, kind, row.recipient, *numbers, diversity, row.digest, row.seal)

    def sealed(self, key: bytes, *, after: bytes) -> bytes:
        """The seal that binds this entry to the one before it."""
        told = (str(self.id), self.kind.value, self.recipient, self.promise)
        return mac(key, "entry", after, *(each.encode() for each in told), self.digest)


class LedgerStore:
    """The ledger's rows over one connection; whoever owns the connection commits.

    `expected` is a head that the chain must contain: a ledger that lacks it was rolled back or lost.
    Raises: LedgerError from every read that meets a row that does not fit its seal.
    """

    def __init__(
        self, connection: Connection, tables: LedgerTables, *, key: bytes, expected: Head | None = None
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._key = key
        self._vault = Vault(key)
        self._expected = expected

    def lock(self) -> None:
        """Wait for other decisions in progress; a write comes first, so that SQLite takes its lock too."""
        head = self._tables.head
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        first = dialect.insert(head).values(id=1, entries=0, seal=FIRST_SEAL).on_conflict_do_nothing()
        self._connection.execute(first)
        self._connection.execute(update(head).where(head.c.id == 1).values(entries=head.c.entries))

    def entries(self) -> list[LedgerEntry]:
        """All entries, oldest first, after checking the chain of seals up to the head and the anchor."""
        entry, head = self._tables.entry, self._tables.head
        found: list[LedgerEntry] = []
        seal = FIRST_SEAL
        for number, row in enumerate(self._connection.execute(select(entry).order_by(entry.c.id)), 1):
            each = LedgerEntry.stored(row)
            _require_equal(each.seal, each.sealed(self._key, after=seal))
            if each.id != number:
                raise LedgerError(ALTERED)
            seal = each.seal
            found.append(each)
        last = self._connection.execute(select(head.c.entries, head.c.seal)).one_or_none()
        if (0 if last is None else last.entries) != len(found):
            raise LedgerError(ALTERED)
        _require_equal(FIRST_SEAL if last is None else last.seal, seal)
        if self._expected is not None:
            self._expected.require_in([each.seal for each in found])
        return found

    def content(self, entry: LedgerEntry, *, after: Sequence[LedgerEntry]) -> Content:
        """What an entry says about persons; `after` are all entries."""
        content = self._tables.content
        sealed = self._connection.execute(
            select(content.c.sealed).where(content.c.entry == entry.id)
        ).scalar_one_or_none()
        if sealed is None:
            raise LedgerError(ALTERED)
        _require_equal(entry.digest, hashlib.sha256(sealed).digest())
        return self._vault.open(sealed, place=_place(entry.id, after))

    def append(self, unsealed: LedgerEntry, content: Content, *, after: Sequence[LedgerEntry]) -> LedgerEntry:
        """Write an entry down behind all others."""
        number = len(after) + 1
        sealed = self._vault.seal(content, place=_place(number, after))
        numbered = replace(unsealed, id=number, digest=hashlib.sha256(sealed).digest())
        before = after[-1].seal if after else FIRST_SEAL
        entry = replace(numbered, seal=numbered.sealed(self._key, after=before))
        tables = self._tables
        self._connection.execute(
            insert(tables.entry).values(
                id=entry.id,
                kind=entry.kind.value,
                recipient=entry.recipient,
                promise=entry.promise,
                digest=entry.digest,
                seal=entry.seal,
            )
        )
        self._connection.execute(insert(tables.content).values(entry=entry.id, sealed=sealed))
        self._connection.execute(
            update(tables.head).where(tables.head.c.id == 1).values(entries=entry.id, seal=entry.seal)
        )
        return entry


class Book:
    """A ledger as read: its entries, and who of its persons was where.

    Shape: `known` has the tag of each person that an entry names, in the order of their numbers.
    """

    def __init__(self, store: LedgerStore) -> None:
        self.entries = store.entries()
        self.contents = {each.id: store.content(each, after=self.entries) for each in self.entries}
        tags = [found.arrays["tags"] for found in self.contents.values() if "tags" in found.arrays]
        self.known: Tags = np.concatenate([np.zeros((0, 2), dtype=np.uint64), *tags])

    def of(self, kind: EntryKind, *, recipient: str | None = None) -> list[LedgerEntry]:
        """The entries of one kind, of one recipient if one is named."""
        return [each for each in self.entries if each.kind is kind and recipient in (None, each.recipient)]

    def holding(self, entry: LedgerEntry) -> Holding:
        """Who was in which class of a release."""
        content = self.contents[entry.id]
        arrays = content.arrays
        return Holding(
            k=entry.k,
            persons=arrays["persons"].astype(np.int64),
            classes=arrays["classes"].astype(np.int64),
            diversity=entry.diversity,
            shown={
                str(column): Shown(
                    arrays[f"codes:{column}"].astype(np.int64), arrays[f"values:{column}"].astype(np.int64)
                )
                for column in _listed(content.facts["columns"])
            },
            form=_form(content.facts["form"]),
        )

    def withdrawn(self) -> Mask:
        """Whether each known person has withdrawn and not come back."""
        gone = np.zeros(len(self.known), dtype=np.bool_)
        for entry in self.entries:
            if entry.kind in (EntryKind.WITHDRAWAL, EntryKind.RETURN):
                gone[self.contents[entry.id].arrays["persons"]] = entry.kind is EntryKind.WITHDRAWAL
        return gone

    def number(self, tags: Tags) -> tuple[Codes, Tags]:
        """Number persons; the second result are those who are new here."""
        return number_persons(self.known, tags)


def content_of(holding: Holding, *, fresh: Tags) -> Content:
    """What is stored of a release; `fresh` are the tags of persons whom no earlier entry names."""
    arrays: dict[str, NDArray[np.generic]] = {
        "tags": fresh,
        "persons": holding.persons.astype(np.uint32),
        "classes": holding.classes.astype(np.uint32),
    }
    for column, shown in holding.shown.items():
        arrays[f"codes:{column}"] = shown.codes.astype(np.uint32)
        arrays[f"values:{column}"] = shown.values
    form = holding.form and {"columns": dict(holding.form.columns), "limit": holding.form.limit}
    return Content(arrays, {"columns": list(holding.shown), "form": form})


def _form(value: object) -> Form | None:
    if not isinstance(value, dict):
        return None
    columns = {name: (str(hierarchy), int(level)) for name, (hierarchy, level) in value["columns"].items()}
    return Form(columns, float(value["limit"]))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _place(number: int, entries: Sequence[LedgerEntry]) -> bytes:
    before = entries[number - 2].seal if number > 1 else FIRST_SEAL
    return b"ledger entry %d after " % number + before


def _require_equal(stored: bytes, computed: bytes) -> None:
    if not hmac.compare_digest(stored, computed):
        raise LedgerError(ALTERED)
