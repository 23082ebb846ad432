"""Every query about how far people act alone: one row for each person of whom the ID centre told something."""

from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, select

from consent.guardians import FATES, Capacity, Change, Fate, Giver, LegalState, given_by
from consent.identifiers import Pseudonym
from consent.jwk import PublicJwk, thumbprint
from services.directives.errors import StoredDirectiveChangedError
from services.directives.model import StoredDirective
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import put


@dataclass(frozen=True, slots=True)
class KnownGuardian:
    """A guardian's key. Units: `confirm_until` epoch seconds."""

    key: PublicJwk
    capacity: Capacity
    ended: Change | None
    confirm_until: int | None

    @property
    def kid(self) -> str:
        """The key's thumbprint."""
        return thumbprint(self.key)


@dataclass(frozen=True, slots=True)
class Ward:
    """How far a person acts alone, and who signs for them; of whom nothing was told acts alone."""

    state: LegalState = LegalState.OF_AGE
    number: int = 0
    guardians: tuple[KnownGuardian, ...] = ()

    def guardian(self, kid: str) -> KnownGuardian | None:
        """Return the guardian of that key, also one whose right has ended."""
        return next((each for each in self.guardians if each.kid == kid), None)

    def change(self, laid_down: StoredDirective) -> Change | None:
        """Return what has changed since a directive was laid down that may end it."""
        if self.state is LegalState.DECEASED:
            return Change.PERSON_DIED
        signature = laid_down.verified.directive.guardian
        if signature is None:
            return None
        known = self.guardian(signature.kid)
        return Change.GUARDIAN_CHANGED if known is None else known.ended

    def over(self, laid_down: StoredDirective, *, now: int) -> Change | None:
        """Return by what a directive is over at `now`; None while it stands."""
        change, signature = self.change(laid_down), laid_down.verified.directive.guardian
        if change is None:
            return None
        giver = Giver.PERSON if signature is None else Giver.GUARDIAN
        match FATES[change][giver][given_by(laid_down.terms)]:
            case Fate.STANDS:
                return None
            case Fate.LAPSES:
                return change
            case Fate.CONFIRM:
                known = None if signature is None else self.guardian(signature.kid)
                until = None if known is None else known.confirm_until
                return change if until is None or until <= now else None

    def waiting(self, *, now: int) -> bool:
        """Whether something that was laid down may be over later than now, by time alone."""
        return any(each.confirm_until is not None and each.confirm_until > now for each in self.guardians)


_WARD: TypeAdapter[Ward] = TypeAdapter(Ward)


@dataclass(frozen=True, slots=True)
class WardStore:
    """The rows of one body. Each method works within the caller's transaction."""

    table: Table
    cipher: ColumnCipher

    def get(self, conn: Connection, person: Pseudonym) -> Ward:
        """Return what is known of a person. Raises: StoredDirectiveChangedError."""
        row = self.table.c
        found = conn.execute(select(row.waiting, row.content).where(row.pseudonym == person)).one_or_none()
        if found is None:
            return Ward()
        try:
            return _WARD.validate_json(
                self.cipher.open(found.content, cell=_cell(person, waiting=found.waiting))
            )
        except (ColumnError, ValueError) as error:
            raise StoredDirectiveChangedError(f"ward pseudonym={person}") from error

    def put(self, conn: Connection, person: Pseudonym, ward: Ward, *, now: int) -> None:
        """Store what is known from now on."""
        waiting = ward.waiting(now=now)
        content = self.cipher.seal(_WARD.dump_json(ward), cell=_cell(person, waiting=waiting))
        put(conn, self.table, [{"pseudonym": person, "waiting": waiting, "content": content}])

    def waiting(self, conn: Connection) -> list[Pseudonym]:
        """Return of whom something waits for its confirmation, or for its end."""
        row = self.table.c
        return [Pseudonym(each) for each in conn.execute(select(row.pseudonym).where(row.waiting)).scalars()]

    def everybody(self, conn: Connection) -> list[Pseudonym]:
        """Return of whom something is known."""
        return [Pseudonym(each) for each in conn.execute(select(self.table.c.pseudonym)).scalars()]


def _cell(person: Pseudonym, *, waiting: bool) -> str:
    return f"ward.content/{person}/{waiting}"
