"""Every query of the ledger, and the seals that show when what it holds was altered."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from anonymize.errors import LedgerError
from anonymize.joint import Holding
from anonymize.ledger_tables import LedgerTables

_FIRST_SEAL: Final = bytes(32)
_ALTERED: Final = (
    "The release ledger was altered or is incomplete; release nothing, and restore it from a backup that"
    " contains every release."
)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One release as it is written down: to whom, and what was promised. It names no person."""

    id: int
    recipient: str
    k: int
    diversity: dict[str, int]
    digest: bytes
    seal: bytes

    def sealed(self, key: bytes, *, after: bytes) -> bytes:
        """The seal that binds this release's row to the one before it."""
        return _mac(
            key,
            "release",
            after,
            str(self.id).encode(),
            self.recipient.encode(),
            self.promise.encode(),
            self.digest,
        )

    @property
    def promise(self) -> str:
        """What was promised, as stored."""
        return json.dumps({"k": self.k, "diversity": self.diversity}, sort_keys=True)


class LedgerStore:
    """The ledger's rows over one connection; whoever owns the connection commits.

    Raises: LedgerError from every read that meets a row that does not fit its seal.
    """

    def __init__(self, connection: Connection, tables: LedgerTables, *, key: bytes) -> None:
        self._connection = connection
        self._tables = tables
        self._key = key

    def lock(self) -> None:
        """Wait for other releases in progress; a write comes first, so that SQLite takes its lock too."""
        head = self._tables.head
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        first = dialect.insert(head).values(id=1, releases=0, seal=_FIRST_SEAL).on_conflict_do_nothing()
        self._connection.execute(first)
        self._connection.execute(update(head).where(head.c.id == 1).values(releases=head.c.releases))

    def records(self) -> list[ReleaseRecord]:
        """All releases, oldest first, after checking the chain of seals up to the head."""
        release, head = self._tables.release, self._tables.head
        records = []
        seal = _FIRST_SEAL
        for row in self._connection.execute(select(release).order_by(release.c.id)):
            try:
                promise = json.loads(row.promise)
                record = ReleaseRecord(
                    row.id,
                    row.recipient,
                    int(promise["k"]),
                    dict(promise["diversity"]),
                    row.members,
                    row.seal,
                )
            except (ValueError, KeyError, TypeError) as cause:
                raise LedgerError(_ALTERED) from cause
            _require_equal(record.seal, record.sealed(self._key, after=seal))
            seal = record.seal
            records.append(record)
        last = self._connection.execute(select(head.c.releases, head.c.seal)).one_or_none()
        if last is None and not records:
            return []
        if last is None or last.releases != len(records):
            raise LedgerError(_ALTERED)
        _require_equal(last.seal, seal)
        return records

    def holding(self, record: ReleaseRecord) -> Holding:
        """Who was in which class of a release."""
        member, value = self._tables.member, self._tables.value
        rows = self._connection.execute(
            select(member.c.tag, member.c["class"]).where(member.c.release == record.id)
        ).all()
        values: dict[str, dict[bytes, int]] = {column: {} for column in record.diversity}
        for column, tag, number in self._connection.execute(
            select(value.c.column, value.c.tag, value.c.value).where(value.c.release == record.id)
        ):
            values.setdefault(column, {})[tag] = number
        tags = [tag for tag, _ in rows]
        if any(held.keys() != set(tags) for held in values.values()):
            raise LedgerError(_ALTERED)
        holding = Holding(
            k=record.k,
            tags=np.array(tags, dtype="S32"),
            classes=np.array([number for _, number in rows], dtype=np.int64),
            diversity=record.diversity,
            values={
                column: np.array([held[tag] for tag in tags], dtype=np.int64)
                for column, held in values.items()
            },
        )
        _require_equal(record.digest, self._digest(holding))
        return holding

    def append(self, holding: Holding, *, recipient: str, after: Sequence[ReleaseRecord]) -> ReleaseRecord:
        """Write a release down behind all others."""
        before = after[-1].seal if after else _FIRST_SEAL
        unsealed = ReleaseRecord(
            len(after) + 1, recipient, holding.k, dict(holding.diversity), self._digest(holding), b""
        )
        record = replace(unsealed, seal=unsealed.sealed(self._key, after=before))
        release, head = self._tables.release, self._tables.head
        self._connection.execute(
            insert(release).values(
                id=record.id,
                recipient=recipient,
                promise=record.promise,
                members=record.digest,
                seal=record.seal,
            )
        )
        self._append_members(holding, release=record.id)
        self._connection.execute(
            update(head).where(head.c.id == 1).values(releases=record.id, seal=record.seal)
        )
        return record

    def _append_members(self, holding: Holding, *, release: int) -> None:
        tags = [bytes(tag).ljust(32, b"\0") for tag in holding.tags]
        self._connection.execute(
            insert(self._tables.member),
            [
                {"release": release, "tag": tag, "class": group}
                for tag, group in zip(tags, holding.classes.tolist(), strict=True)
            ],
        )
        for column, values in holding.values.items():
            self._connection.execute(
                insert(self._tables.value),
                [
                    {"release": release, "column": column, "tag": tag, "value": value}
                    for tag, value in zip(tags, values.tolist(), strict=True)
                ],
            )

    def _digest(self, holding: Holding) -> bytes:
        order = np.argsort(holding.tags)
        parts = [holding.tags[order].tobytes(), holding.classes[order].tobytes()]
        for column in sorted(holding.values):
            parts += [column.encode(), holding.values[column][order].tobytes()]
        return _mac(self._key, "members", *parts)


def person_tag(key: bytes, person: str) -> bytes:
    """The name under which the ledger knows a person: 32 bytes that nobody without the key can compute."""
    return _mac(key, "person", person.encode())


def value_number(key: bytes, column: str, value: str | None) -> int:
    """An opaque number for a sensitive value; missing is a value of its own."""
    parts = [column.encode()] if value is None else [column.encode(), value.encode()]
    return int.from_bytes(_mac(key, "value", *parts)[:8], "big", signed=True)


def _mac(key: bytes, purpose: str, *parts: bytes) -> bytes:
    # Lengths go in front of the parts, so that no two different lists of parts read the same.
    code = hmac.new(key, purpose.encode() + b"\0", hashlib.sha256)
    for part in parts:
        code.update(len(part).to_bytes(8, "big"))
        code.update(part)
    return code.digest()


def _require_equal(stored: bytes, computed: bytes) -> None:
    if not hmac.compare_digest(stored, computed):
        raise LedgerError(_ALTERED)
