"""Every query about access tokens, each within the caller's transaction. Units: times are epoch seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from consent.identifiers import Pseudonym
from services.identity.tables import live_token, token_key
from services.kit.columns import ColumnCipher
from services.kit.log.tables import insert_if_absent
from services.kit.prepared import Prepared

GROUND, SESSION = "live_token.ground", "live_token.session"
_KEYS = select(token_key.c.number, token_key.c.starts, token_key.c.ends).order_by(token_key.c.number)
_COUNTING_KEYS = Prepared(_KEYS.where(or_(token_key.c.ends.is_(None), token_key.c.ends > bindparam("now"))))
_STOPPED = select(live_token.c.place).where(live_token.c.stopped).order_by(live_token.c.place)


@dataclass(frozen=True, slots=True)
class LiveToken:
    """A token about to be issued: what it rests on, its proof key's thumbprint, whose it is if a person's."""

    ground: str
    session: str
    holder: Pseudonym | None
    expires: int


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """When a key signs, and until when what it signed can count."""

    number: int
    starts: int
    ends: int | None


@dataclass(frozen=True, slots=True)
class TokenStore:
    """The rows, sealed and opened with `cipher`."""

    cipher: ColumnCipher

    def add(self, conn: Connection, place: int, token: LiveToken) -> bool:
        """Give a token this place unless another one has it; tell whether it was free."""
        row = {
            "place": place,
            "ground": self.cipher.lookup(token.ground.encode(), column=GROUND),
            "session": self.cipher.lookup(token.session.encode(), column=SESSION),
            "holder": self.cipher.seal((token.holder or "").encode(), cell=f"live_token.holder/{place}"),
            "expires": token.expires,
            "stopped": False,
        }
        return insert_if_absent(conn, live_token, row)

    def sweep(self, conn: Connection, *, before: int) -> None:
        """Free the places of tokens that expired before."""
        conn.execute(delete(live_token).where(live_token.c.expires < before))

    def stop_ground(self, conn: Connection, ground: str, *, now: int) -> int:
        """End every live token that rests on something; return how many."""
        found = live_token.c.ground == self.cipher.lookup(ground.encode(), column=GROUND)
        stopping = update(live_token).where(found, live_token.c.expires > now, ~live_token.c.stopped)
        return conn.execute(stopping.values(stopped=True)).rowcount

    def stop_session(self, conn: Connection, session: str, *, now: int) -> tuple[Pseudonym | None, int]:
        """End every live token of a proof key; return whose they were, if a person's, and how many ended."""
        found = live_token.c.session == self.cipher.lookup(session.encode(), column=SESSION)
        live = (found, live_token.c.expires > now, ~live_token.c.stopped)
        rows = conn.execute(select(live_token.c.place, live_token.c.holder).where(*live)).all()
        conn.execute(update(live_token).where(*live).values(stopped=True))
        holders = {self.holder(place, sealed) for place, sealed in rows} - {""}
        return next((Pseudonym(each) for each in holders), None), len(rows)

    def stopped(self, conn: Connection) -> Sequence[int]:
        """Return the places of all tokens that ended early."""
        return conn.execute(_STOPPED).scalars().all()

    def live_ground(self, conn: Connection, place: int, *, now: int) -> str | None:
        """Return what a live token rests on; None when it ended. Raises: ColumnError."""
        live = select(live_token.c.ground).where(
            live_token.c.place == place, live_token.c.expires > now, ~live_token.c.stopped
        )
        stored = conn.execute(live).scalar_one_or_none()
        return None if stored is None else self.cipher.open_lookup(stored, column=GROUND).decode()

    def holder(self, place: int, sealed: bytes) -> str:
        """Return whose a stored token is. Raises: ColumnError."""
        return self.cipher.open(sealed, cell=f"live_token.holder/{place}").decode()

    def key_terms(self, conn: Connection) -> list[KeyTerm]:
        """Return all keys that were ever planned, oldest first."""
        return [KeyTerm(*row) for row in conn.execute(_KEYS)]

    def add_key(self, conn: Connection, term: KeyTerm) -> None:
        """Plan a key; the same number again changes nothing."""
        row = {"number": term.number, "starts": term.starts, "ends": term.ends}
        insert_if_absent(conn, token_key, row)

    def end_keys(self, conn: Connection, *, ends: int) -> None:
        """Say until when what the keys before signed can count."""
        conn.execute(update(token_key).where(token_key.c.ends.is_(None)).values(ends=ends))

    def counting_keys(self, conn: Connection, *, now: int) -> list[KeyTerm]:
        """Return the keys whose tokens can count now, and those that are to come."""
        return [KeyTerm(*row) for row in _COUNTING_KEYS.rows(conn, {"now": now})]
