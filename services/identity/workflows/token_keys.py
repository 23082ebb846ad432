"""Another key for access tokens, planned and written down."""

from sqlalchemy import Connection

from services.identity.token_keys import TokenKeys
from services.identity.token_store import KeyTerm
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.events import Event, EventKind, Outcome


def change_key(context: BodyContext, conn: Connection, keys: TokenKeys) -> KeyTerm:
    """Plan the next key in the caller's transaction; while one is planned already, return that and change nothing.

    Guarantees: while keys change no token is refused: the next key is known to all bodies before it signs, the former
    one until its last token has expired.
    """
    before = keys.newest(conn)
    planned = keys.rotate(conn, now=epoch_seconds(context.clock()))
    if planned != before:
        event = Event(kind=EventKind.TOKEN_KEY_CHANGED, outcome=Outcome.DONE, count=planned.number)
        context.journal.record(conn, person=None, event=event)
    return planned
