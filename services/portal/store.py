"""Every query of My Portal, within the caller's transaction. Units: times are epoch seconds."""

import hashlib

from sqlalchemy import Connection, delete, func, insert, select

from services.portal.tables import session


def add_session(conn: Connection, secret: str, *, expires: int) -> None:
    """Keep a session; its secret is stored nowhere, only its hash."""
    conn.execute(insert(session).values(id=_digest(secret), expires=expires))


def has_session(conn: Connection, secret: str, *, now: int) -> bool:
    """Tell whether a session stands."""
    standing = select(session.c.id).where(session.c.id == _digest(secret), session.c.expires > now)
    return conn.execute(standing).one_or_none() is not None


def end_session(conn: Connection, secret: str) -> None:
    """Forget a session; one that is not there stays so."""
    conn.execute(delete(session).where(session.c.id == _digest(secret)))


def sweep_sessions(conn: Connection, *, now: int) -> None:
    """Forget all sessions that have ended."""
    conn.execute(delete(session).where(session.c.expires <= now))


def count_sessions(conn: Connection) -> int:
    """Count what is stored."""
    return conn.execute(select(func.count()).select_from(session)).scalar_one()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(f"session\n{secret}".encode()).digest()
