"""Every query about headers: content keys that are handed over from one wallet's keys to the next one's.

The author's own message kit is not kept once its content key is under another key: only its digest is, which the author
has signed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from consent import base64url
from consent.compartments import Compartment
from consent.errors import MalformedError
from consent.identifiers import BundleId, Pseudonym, SubjectKeyId
from consent.sealing import SealedAs, capsule_of
from services.kit.columns import ColumnCipher, ColumnError
from services.medical.errors import StoredDocumentDamagedError
from services.medical.model import NewHeader
from services.medical.tables import bundle, deposit, handed_over, staged_header

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Staged:
    """A header that waits, and the log entry that has it."""

    header: NewHeader
    position: int


class HeaderStore:
    """Headers that were handed over, and those that wait for the wallet to come."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def left(self, conn: Connection, person: Pseudonym, *, most: int) -> list[BundleId]:
        """Return bundles of the person that have no header waiting, set apart or not."""
        found = conn.execute(_LEFT.order_by(bundle.c.id).limit(most), {"person": person}).scalars()
        return [BundleId(each) for each in found]

    def count_left(self, conn: Connection, person: Pseudonym) -> int:
        """Return how many bundles of the person have no header waiting."""
        return conn.execute(
            select(func.count()).select_from(_LEFT.subquery()), {"person": person}
        ).scalar_one()

    def own(self, conn: Connection, person: Pseudonym, names: Sequence[BundleId]) -> set[str]:
        """Return those of the bundles that are the person's."""
        return set(conn.execute(_OWN, {"person": person, "ids": list(names)}).scalars())

    def stage(
        self, conn: Connection, person: Pseudonym, headers: Sequence[NewHeader], *, position: int
    ) -> None:
        """Keep headers that wait, in place of those of before."""
        conn.execute(
            delete(staged_header).where(staged_header.c.bundle.in_([each.bundle for each in headers]))
        )
        conn.execute(insert(staged_header), [self._staged_row(each, person, position) for each in headers])

    def forget_staged(self, conn: Connection, person: Pseudonym) -> None:
        """Forget what waits: another wallet is to come."""
        conn.execute(delete(staged_header).where(staged_header.c.person == person))

    def staged(self, conn: Connection, person: Pseudonym) -> list[Staged]:
        """Return what waits. Raises: StoredDocumentDamagedError."""
        row = staged_header.c
        rows = conn.execute(select(row.bundle, row.position, row.content).where(row.person == person))
        return [self._staged(person, *each) for each in rows]

    def put_in_force(
        self, conn: Connection, person: Pseudonym, staged: Sequence[Staged], *, former: SubjectKeyId
    ) -> None:
        """Give bundles the headers that wait; `former` names the wallet under whose keys they are now."""
        for start in range(0, len(staged), AT_ONCE):
            some = {each.header.bundle: each for each in staged[start : start + AT_ONCE]}
            origins = dict(self._origins(conn, some, former))
            conn.execute(delete(handed_over).where(handed_over.c.bundle.in_(list(some))))
            conn.execute(
                insert(handed_over), [self._over_row(each, origins[name]) for name, each in some.items()]
            )
            conn.execute(
                _NEW_HEADER,
                [
                    {
                        "name": name,
                        "kit": each.header.message_kit,
                        "new_capsule": capsule_of(each.header.message_kit),
                    }
                    for name, each in some.items()
                ],
            )
        self.forget_staged(conn, person)

    def origin(self, name: str, position: int | None, stored: bytes) -> tuple[Compartment, SealedAs]:
        """Open what a row says: the present compartment, and what the author signed.

        Raises: StoredDocumentDamagedError.
        """
        try:
            label, subject, first, digest = json.loads(self._cipher.open(stored, cell=_over(name, position)))
            origin = SealedAs(
                subject=SubjectKeyId(subject),
                compartment=Compartment.parse(first),
                kit_digest=base64url.decode(digest),
            )
            return Compartment.parse(label), origin
        except (ColumnError, MalformedError, ValueError) as error:
            raise StoredDocumentDamagedError(f"handed_over bundle={name}") from error

    def _origins(
        self, conn: Connection, names: Iterable[BundleId], former: SubjectKeyId
    ) -> Iterable[tuple[BundleId, SealedAs]]:
        for name, head, kit, position, content in conn.execute(_PRESENT, {"ids": list(names)}):
            if content is not None:
                yield BundleId(name), self.origin(name, position, content)[1]
                continue
            label, _ = json.loads(self._cipher.open(head, cell=f"bundle.head/{name}"))
            digest = sha256(kit).digest()
            first = SealedAs(subject=former, compartment=Compartment.parse(label), kit_digest=digest)
            yield BundleId(name), first

    def _staged_row(self, header: NewHeader, person: Pseudonym, position: int) -> dict[str, object]:
        told = json.dumps([header.compartment.label, base64url.encode(header.message_kit)]).encode()
        sealed = self._cipher.seal(told, cell=_waiting(header.bundle, person, position))
        return {"bundle": header.bundle, "person": person, "position": position, "content": sealed}

    def _staged(self, person: Pseudonym, name: str, position: int, stored: bytes) -> Staged:
        try:
            label, kit = json.loads(self._cipher.open(stored, cell=_waiting(name, person, position)))
            header = NewHeader(BundleId(name), Compartment.parse(label), base64url.decode(kit))
            return Staged(header, position)
        except (ColumnError, MalformedError, ValueError) as error:
            raise StoredDocumentDamagedError(f"staged_header bundle={name}") from error

    def _over_row(self, staged: Staged, origin: SealedAs) -> dict[str, object]:
        name, position = staged.header.bundle, staged.position
        told = [
            staged.header.compartment.label,
            origin.subject,
            origin.compartment.label,
            base64url.encode(origin.kit_digest),
        ]
        sealed = self._cipher.seal(json.dumps(told).encode(), cell=_over(name, position))
        return {"bundle": name, "position": position, "content": sealed}


_LEFT = (
    select(bundle.c.id)
    .join(deposit, deposit.c.position == bundle.c.deposit)
    .where(deposit.c.person == bindparam("person"), bundle.c.id.not_in(select(staged_header.c.bundle)))
)
_OWN = (
    select(bundle.c.id)
    .join(deposit, deposit.c.position == bundle.c.deposit)
    .where(deposit.c.person == bindparam("person"), bundle.c.id.in_(bindparam("ids", expanding=True)))
)
_PRESENT = (
    select(bundle.c.id, bundle.c.head, bundle.c.message_kit, handed_over.c.position, handed_over.c.content)
    .join(handed_over, handed_over.c.bundle == bundle.c.id, isouter=True)
    .where(bundle.c.id.in_(bindparam("ids", expanding=True)))
)
_NEW_HEADER = (
    update(bundle)
    .where(bundle.c.id == bindparam("name"))
    .values(message_kit=bindparam("kit"), capsule=bindparam("new_capsule"))
)


def _waiting(name: str, person: Pseudonym, position: int) -> str:
    return f"staged_header.content/{name}/{person}/{position}"


def _over(name: str, position: int | None) -> str:
    return f"handed_over.content/{name}/{position}"
