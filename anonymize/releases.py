"""The release ledger: nothing leaves that identifies somebody together with what its recipient has."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import URL, Connection, MetaData, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from anonymize.classes import Codes
from anonymize.errors import JointDisclosureError, LedgerError
from anonymize.joint import SUPPRESSED, Exposure, Holding, expose
from anonymize.ladder import leaf_text
from anonymize.ledger_store import LedgerStore, ReleaseRecord, person_tag, value_number
from anonymize.ledger_tables import LedgerTables, ledger_tables
from anonymize.result import Result

PUBLIC: Final = "public"
SYSTEM_RANDOM: Final = random.SystemRandom()
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A table that may leave.

    Guarantees: rows in random order under a fresh index, no class or row number, no hidden categories.
    """

    id: int
    recipient: str
    frame: pd.DataFrame = field(repr=False)
    report: Mapping[str, object] = field(repr=False)


class ConnectedLedger:
    """The ledger over a connection of the caller, who commits or rolls back.

    `key` (at least 32 bytes) must not be in the ledger's database; `rng` must be a source that nobody can
    predict, such as `random.SystemRandom()`.
    """

    def __init__(
        self, connection: Connection, tables: LedgerTables, *, key: bytes, rng: random.Random = SYSTEM_RANDOM
    ) -> None:
        if len(key) < KEY_BYTES:
            raise LedgerError(
                f"The ledger's key must have at least {KEY_BYTES} bytes; make a new random one."
            )
        self._store = LedgerStore(connection, tables, key=key)
        self._key = key
        self._rng = rng

    def release(
        self, result: Result, *, recipient: str, persons: Sequence[str | int], k: int | None = None
    ) -> Release:
        """Check the result jointly with all that the recipient can hold, write it down, and hand it out.

        `persons` has the person of each row of the anonymised table, in its order. `recipient` may be
        PUBLIC: then it is checked with what every recipient holds, and counts as held by all from now on.
        `k` may ask for more persons per joint class than the result's own model.
        Guarantees: every joint class over all releases that the recipient can hold, absence and
        suppression being classes too, has 0 or at least k persons; the result of a repeated identical
        request is allowed, as it tells nothing new. Attacks RI1, RI2, RI4.
        Raises: JointDisclosureError; LedgerError for unusable arguments or an altered ledger.
        """
        if not recipient:
            raise LedgerError("The recipient has no name; name it as in every other release to it.")
        new = self._holding(result, persons, k=_required_k(result, k))
        self._store.lock()
        records = self._store.records()
        held = {record.id: self._store.holding(record) for record in records if _concerns(record, recipient)}
        for owner in _owners(records, recipient):
            _refuse_exposure(
                new, {r.id: held[r.id] for r in records if r.recipient in (owner, PUBLIC)}, recipient
            )
        record = self._store.append(new, recipient=recipient, after=records)
        return Release(record.id, recipient, self._shuffled(result), result.report)

    def records(self) -> list[ReleaseRecord]:
        """All releases so far, oldest first."""
        return self._store.records()

    def verify(self) -> int:
        """Check every seal and every membership; returns how many releases there are.

        Raises: LedgerError when anything was altered.
        """
        records = self._store.records()
        for record in records:
            self._store.holding(record)
        return len(records)

    def _holding(self, result: Result, persons: Sequence[str | int], *, k: int) -> Holding:
        if len(persons) != len(result.class_of_row):
            raise LedgerError(
                f"persons has {len(persons)} entries for {len(result.class_of_row)} rows; give one per row."
            )
        if any(isinstance(person, bool) or not isinstance(person, str | int) for person in persons):
            raise LedgerError("persons must be texts or whole numbers, none missing; convert them.")
        names = [leaf_text(person) for person in persons]
        if len(set(names)) != len(names):
            raise LedgerError(
                "A person has more than one row; join the rows of each person before anonymising."
            )
        diversity = result.diversity
        values: dict[str, Codes] = {}
        for column in diversity:
            number = {text: value_number(self._key, column, text) for text in set(result.secrets[column])}
            values[column] = np.array([number[text] for text in result.secrets[column]], dtype=np.int64)
        tags = np.array([person_tag(self._key, name) for name in names], dtype="S32")
        return Holding(
            k=k, tags=tags, classes=self._opaque(result.class_of_row), diversity=diversity, values=values
        )

    def _opaque(self, class_of_row: Codes) -> Codes:
        # Class numbers follow the order of the quasi-identifiers; the ledger's must not.
        count = int(class_of_row.max()) + 1
        numbers = np.append(self._permutation(count) + 1, SUPPRESSED)
        return numbers[class_of_row]

    def _shuffled(self, result: Result) -> pd.DataFrame:
        frame = result.frame
        for column in frame.columns[frame.dtypes == "category"]:
            frame[column] = frame[column].astype(object).infer_objects()
        shuffled = frame.iloc[self._permutation(len(frame))].reset_index(drop=True)
        shuffled.attrs = {}
        return shuffled

    def _permutation(self, count: int) -> Codes:
        keys = np.frombuffer(self._rng.randbytes(8 * count), dtype=np.uint64)
        return np.argsort(keys, kind="stable").astype(np.int64)


class ReleaseLedger:
    """A ledger with a database of its own (a SQLite or PostgreSQL URL), each release in one transaction."""

    def __init__(self, url: str, *, key: bytes, rng: random.Random = SYSTEM_RANDOM) -> None:
        metadata = MetaData()
        self._tables = ledger_tables(metadata)
        self._engine = create_engine(_supported(url))
        metadata.create_all(self._engine)
        self._key = key
        self._rng = rng

    @staticmethod
    def tables(metadata: MetaData) -> LedgerTables:
        """Add the ledger's tables to a service's own metadata, for use with ConnectedLedger."""
        return ledger_tables(metadata)

    def release(
        self, result: Result, *, recipient: str, persons: Sequence[str | int], k: int | None = None
    ) -> Release:
        """As ConnectedLedger.release, committed; a refusal leaves the ledger as it was."""
        with self._engine.begin() as connection:
            return self._over(connection).release(result, recipient=recipient, persons=persons, k=k)

    def records(self) -> list[ReleaseRecord]:
        """All releases so far, oldest first."""
        with self._engine.begin() as connection:
            return self._over(connection).records()

    def verify(self) -> int:
        """As ConnectedLedger.verify."""
        with self._engine.begin() as connection:
            return self._over(connection).verify()

    def _over(self, connection: Connection) -> ConnectedLedger:
        return ConnectedLedger(connection, self._tables, key=self._key, rng=self._rng)


def _supported(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError as cause:
        raise LedgerError("The ledger's URL cannot be read; write sqlite:///FILE.") from cause
    if found.get_backend_name() not in {"sqlite", "postgresql"}:
        raise LedgerError("The ledger needs a sqlite:// or postgresql+psycopg:// URL.")
    return found


def _required_k(result: Result, k: int | None) -> int:
    if k is not None and (isinstance(k, bool) or k < 1):
        raise LedgerError("k must be a whole number of at least 1.")
    if k is None and result.k is None:
        raise LedgerError(
            "The result was made without KAnonymity; say with k= how many persons a class needs."
        )
    return max(k or 1, result.k or 1)


def _concerns(record: ReleaseRecord, recipient: str) -> bool:
    return recipient == PUBLIC or record.recipient in (recipient, PUBLIC)


def _owners(records: Sequence[ReleaseRecord], recipient: str) -> list[str]:
    if recipient != PUBLIC:
        return [recipient]
    return [PUBLIC, *sorted({record.recipient for record in records} - {PUBLIC})]


def _refuse_exposure(new: Holding, held: Mapping[int, Holding], recipient: str) -> None:
    found = expose([new, *held.values()])
    if found is None:
        return
    involved = _involved(new, held)
    raise JointDisclosureError(
        found.reason,
        recipient=recipient,
        releases=involved,
        smallest=found.smallest,
        persons_at_risk=found.persons,
    )


def _involved(new: Holding, held: Mapping[int, Holding]) -> list[int]:
    """The earlier releases to name: none if the new one fails alone, those that fail in a pair, or all."""
    alone: Exposure | None = expose([new])
    if alone is not None:
        return []
    pairs = [number for number, earlier in held.items() if expose([new, earlier]) is not None]
    return pairs or list(held)
