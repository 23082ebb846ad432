"""Queries about the life of cards. Each function works within the caller's transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from consent.identifiers import Pseudonym
from services.contracts.identity.messages import Application, CardState
from services.identity.holding import hold_card
from services.identity.model import ApplicationKey, Card, KeyStatus, NewCardApplication, PinSecrets
from services.identity.store import Store, application_cell, one_application
from services.identity.tables import CARDS, card, card_application
from services.kit.columns import ColumnCipher
from services.kit.log.tables import insert_if_absent

STANDING, PENDING, RETIRED, WINDOWS = CARDS.standing, CARDS.pending_pin, CARDS.retired_key, CARDS.try_window
NO_CARD = ""
"""The id of no card: what is done with it costs the same and changes nothing."""


@dataclass(frozen=True, slots=True)
class CardStore:
    """What the ID centre keeps of cards beside `Store`."""

    cipher: ColumnCipher
    store: Store

    def own(self, conn: Connection, holder: Pseudonym) -> Card | None:
        """Return the person's card that is not revoked."""
        wanted = select(card.c.id).where(card.c.holder == holder, card.c.state != CardState.REVOKED.value)
        found = conn.execute(wanted).scalar_one_or_none()
        return None if found is None else self.store.card(conn, found)

    def is_own(self, conn: Connection, holder: Pseudonym, card_id: str) -> bool:
        """Tell whether a card is the person's, and in force."""
        held = self.own(conn, holder)
        return held is not None and held.id == card_id and held.state is CardState.ACTIVE

    def standing(self, conn: Connection, held: Card) -> dict[Application, tuple[int, str]]:
        """Return tries left and certificate of each application."""
        row = card_application.c
        rows = conn.execute(select(row.application, row.tries_left, row.kid).where(row.card == held.id))
        return {Application(name): (left, kid) for name, left, kid in rows}

    def key_by_kid(self, conn: Connection, kid: str) -> ApplicationKey | None:
        """Return the key of any application that a certificate's serial names, unless it was retired."""
        row = card_application.c
        found = conn.execute(select(row.card, row.application).where(row.kid == kid)).one_or_none()
        held = None if found is None else self.store.card(conn, found.card)
        if found is None or held is None:
            return None
        application = Application(found.application)
        return ApplicationKey(held, application, kid, self.store.public_key(conn, held, application))

    def pending(self, conn: Connection, held: Card, application: Application) -> PinSecrets | None:
        """Return the PIN that takes over with its first try."""
        row = PENDING.c
        wanted = select(row.pin_verifier, row.share).where(
            row.card == held.id, row.application == application.value
        )
        found = conn.execute(wanted).one_or_none()
        if found is None:
            return None
        cell = application_cell(held, application)
        return PinSecrets(
            self._open("pending_pin.pin_verifier", cell, found.pin_verifier),
            self._open("pending_pin.share", cell, found.share),
        )

    def put_pending(
        self, conn: Connection, held: Card, application: Application, secrets: PinSecrets
    ) -> None:
        """Keep the PIN that takes over with its first try, in place of an earlier such."""
        self.drop_pending(conn, held, application)
        row = {"card": held.id, "application": application.value}
        conn.execute(insert(PENDING), row | self._secrets("pending_pin", held, application, secrets))

    def drop_pending(self, conn: Connection, held: Card, application: Application) -> None:
        """Forget a PIN that was to take over."""
        row = PENDING.c
        conn.execute(delete(PENDING).where(row.card == held.id, row.application == application.value))

    def adopt(self, conn: Connection, held: Card, application: Application, secrets: PinSecrets) -> None:
        """Put the pending PIN in force."""
        sealed = self._secrets("card_application", held, application, secrets)
        conn.execute(update(card_application).where(*one_application(held.id, application)).values(sealed))
        self.drop_pending(conn, held, application)

    def renew(self, conn: Connection, held: Card, new: NewCardApplication, *, tries: int, now: int) -> None:
        """Replace an application's key and PIN; the certificate before is retired."""
        where = one_application(held.id, new.application)
        former = conn.execute(select(card_application.c.kid).where(*where)).scalar_one()
        row = self.store.application_row(held, new, tries)
        conn.execute(update(card_application).where(*where).values(row))
        retired = self._seal("retired_key.retired", f"{former}/{held.id}", str(now).encode())
        conn.execute(insert(RETIRED), {"kid": former, "card": held.id, "retired": retired})
        self.drop_pending(conn, held, new.application)

    def retired(self, conn: Connection, kid: str) -> int | None:
        """Return when a key was replaced by another. Units: epoch seconds."""
        row = RETIRED.c
        found = conn.execute(select(row.card, row.retired).where(row.kid == kid)).one_or_none()
        if found is None:
            return None
        return int(self._open("retired_key.retired", f"{kid}/{found.card}", found.retired))

    def status(self, conn: Connection, kid: str) -> KeyStatus | None:
        """Return where the key that a certificate's serial names stands; None: no such certificate was issued."""
        retired = self.retired(conn, kid)
        found = conn.execute(
            select(card_application.c.card).where(card_application.c.kid == kid)
        ).scalar_one_or_none()
        held = self.store.card(conn, NO_CARD if found is None else found)
        if held is None:
            return None if retired is None else KeyStatus(CardState.REVOKED, retired)
        return KeyStatus(held.state, self.changed(conn, held))

    def put_standing(self, conn: Connection, held: Card, *, code: bytes, now: int) -> None:
        """Keep the digest of a card's telephone code in place of an earlier one."""
        row = {"card": held.id, "changed": self._changed(held, now), "suspension_code": code}
        if not insert_if_absent(conn, STANDING, row):
            conn.execute(update(STANDING).where(STANDING.c.card == held.id).values(suspension_code=code))

    def put_changed(self, conn: Connection, held: Card, *, now: int) -> None:
        """Remember when a card's state changed."""
        sealed = self._changed(held, now)
        conn.execute(update(STANDING).where(STANDING.c.card == held.id).values(changed=sealed))

    def changed(self, conn: Connection, held: Card) -> int | None:
        """Return when a card's state changed last, unless it is an old card that never did. Units: epoch seconds."""
        found = conn.execute(
            select(STANDING.c.changed).where(STANDING.c.card == held.id)
        ).scalar_one_or_none()
        return None if found is None else int(self._open("card_standing.changed", _place(held), found))

    def by_code(self, conn: Connection, code: bytes) -> Card | None:
        """Return the card that a telephone code's digest names; nobody else changes it until the transaction ends."""
        wanted = select(STANDING.c.card).where(STANDING.c.suspension_code == code)
        found = conn.execute(wanted).scalar_one_or_none()
        named = NO_CARD if found is None else found
        hold_card(conn, named)
        return self.store.card(conn, named)

    def imitate_change(self, conn: Connection, *, now: int) -> None:
        """Do the work of a change of state on no card, so that the time tells nobody whether there was one."""
        for application in Application:
            where = one_application(NO_CARD, application)
            conn.execute(select(card_application.c.public_key).where(*where)).scalar_one_or_none()
            sealed = self._seal("card_application.public_key", NO_CARD, str(now).encode() * 20)
            self._open("card_application.public_key", NO_CARD, sealed)
            conn.execute(update(card_application).where(*where).values(public_key=sealed))
        moved = update(card).where(card.c.id == NO_CARD, card.c.state == CardState.ACTIVE.value)
        conn.execute(moved.values(state=CardState.SUSPENDED.value))
        nothing = self._seal("card_standing.changed", NO_CARD, str(now).encode())
        conn.execute(update(STANDING).where(STANDING.c.card == NO_CARD).values(changed=nothing))

    def count_in_window(self, conn: Connection, window: bytes, *, expires: int, now: int) -> int:
        """Count one more try in a window and return how many there were; forgets windows that are over."""
        conn.execute(delete(WINDOWS).where(WINDOWS.c.expires < now))
        insert_if_absent(conn, WINDOWS, {"id": window, "tries": 0, "expires": expires})
        counted = update(WINDOWS).where(WINDOWS.c.id == window).values(tries=WINDOWS.c.tries + 1)
        return int(conn.execute(counted.returning(WINDOWS.c.tries)).scalar_one())

    def _secrets(
        self, table: str, held: Card, application: Application, secrets: PinSecrets
    ) -> dict[str, bytes]:
        cell = application_cell(held, application)
        return {
            "pin_verifier": self._seal(f"{table}.pin_verifier", cell, secrets.pin_verifier),
            "share": self._seal(f"{table}.share", cell, secrets.share),
        }

    def _changed(self, held: Card, now: int) -> bytes:
        return self._seal("card_standing.changed", _place(held), str(now).encode())

    def _seal(self, column: str, row: str, plain: bytes) -> bytes:
        return self.cipher.seal(plain, cell=f"{column}/{row}")

    def _open(self, column: str, row: str, stored: bytes) -> bytes:
        return self.cipher.open(stored, cell=f"{column}/{row}")


def _place(held: Card) -> str:
    return f"{held.id}/{held.holder.pseudonym}"
