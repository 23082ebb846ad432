"""Every query of the ID centre. Each function works within the caller's transaction."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, insert, select, update

from consent.identifiers import OrganisationId, Pseudonym
from consent.personal_number import PersonalNumber
from services.contracts.identity.messages import Application, CardState, Jwk
from services.identity.errors import CardTransitionError
from services.identity.model import Card, CardKey, CardSecrets, NewCardApplication, Person
from services.identity.pseudonyms import LinkageCode
from services.identity.tables import card, card_application, link, person, retired_number, subject
from services.kit.columns import ColumnCipher
from services.kit.log.tables import insert_if_absent

Tries = Callable[[Application], int]
NUMBER_COLUMN = "person.number"
LINK_COLUMN = "link.id"

_CARD = select(card.c.id, card.c.holder, card.c.state, card.c.expires, person.c.linkage).join(
    person, person.c.pseudonym == card.c.holder
)
_CARD_BY_ID = _CARD.where(card.c.id == bindparam("card"))
_CARD_OF_HOLDER = _CARD_BY_ID.where(card.c.holder == bindparam("holder"))
_CARD_KEY = (
    _CARD.add_columns(card_application.c.kid, card_application.c.public_key)
    .join(card_application, card_application.c.card == card.c.id)
    .where(card_application.c.application == Application.AUTHENTICATION.value)
)
_CARD_KEY_OF_CARD = _CARD_KEY.where(card.c.id == bindparam("card"))
_CARD_KEY_OF_KID = _CARD_KEY.where(card_application.c.kid == bindparam("kid"))
_KEY_OF_APPLICATION = (
    _CARD.add_columns(card_application.c.public_key)
    .join(card_application, card_application.c.card == card.c.id)
    .where(card_application.c.kid == bindparam("kid"), card_application.c.application == bindparam("app"))
)
_SECRETS = (
    _CARD.add_columns(card_application.c.pin_verifier, card_application.c.share)
    .join(card_application, card_application.c.card == card.c.id)
    .where(card_application.c.application == bindparam("app"), card.c.id == bindparam("card"))
)
_PERSON = select(person.c.pseudonym, person.c.linkage).where(person.c.pseudonym == bindparam("pseudonym"))
_ADD_PERSON, _ADD_CARD, _ADD_APPLICATIONS = insert(person), insert(card), insert(card_application)
_NUMBER_TAKEN = select(
    exists().where(person.c.number == bindparam("number"))
    | exists().where(retired_number.c.number == bindparam("number"))
)
_BY_NUMBERS = select(person.c.number, person.c.pseudonym, person.c.linkage).where(
    person.c.number.in_(bindparam("numbers", expanding=True))
)
_HAS_CARD = select(
    exists().where(card.c.holder == bindparam("holder"), card.c.state != CardState.REVOKED.value)
)
_SUBJECT = select(subject.c.wallet_key).where(subject.c.person == bindparam("person"))
_LINK = select(link.c.person).where(link.c.id == bindparam("id"))
_COUNT_TRY = (
    update(card_application)
    .where(
        card_application.c.card == bindparam("card_id"), card_application.c.application == bindparam("app")
    )
    .where(card_application.c.tries_left > 0)
    .values(tries_left=card_application.c.tries_left - 1)
    .returning(card_application.c.tries_left)
)


@dataclass(frozen=True, slots=True)
class Store:
    """The ID centre's rows, sealed and opened with `cipher`."""

    cipher: ColumnCipher

    def number_taken(self, conn: Connection, number: str) -> bool:
        """Tell whether somebody has this personal number, or had it."""
        found = self.cipher.lookup(number.encode(), column=NUMBER_COLUMN)
        return bool(conn.execute(_NUMBER_TAKEN, {"number": found}).scalar())

    def number(self, conn: Connection, who: Pseudonym) -> PersonalNumber:
        """Return a person's number. Raises: ColumnError when the cell was changed."""
        stored = conn.execute(select(person.c.number).where(person.c.pseudonym == who)).scalar_one()
        return PersonalNumber(self.cipher.open_lookup(stored, column=NUMBER_COLUMN).decode())

    def change_number(self, conn: Connection, who: Pseudonym, number: PersonalNumber) -> None:
        """Give a person another number; nobody gets the old one again."""
        old = select(person.c.number).where(person.c.pseudonym == who)
        conn.execute(insert(retired_number).from_select(["number"], old))
        new = self.cipher.lookup(number.encode(), column=NUMBER_COLUMN)
        conn.execute(update(person).where(person.c.pseudonym == who).values(number=new))

    def add_person(self, conn: Connection, someone: Person, number: str) -> None:
        """Keep a new person."""
        row = {
            "pseudonym": someone.pseudonym,
            "number": self.cipher.lookup(number.encode(), column=NUMBER_COLUMN),
            "linkage": self._seal("person.linkage", someone.pseudonym, someone.linkage.secret),
        }
        conn.execute(_ADD_PERSON, row)

    def person(self, conn: Connection, pseudonym: Pseudonym) -> Person:
        """Return the person whom a row of this database names."""
        row = conn.execute(_PERSON, {"pseudonym": pseudonym}).one()
        return self.open_person(row.pseudonym, row.linkage)

    def by_numbers(self, conn: Connection, numbers: Sequence[str]) -> dict[str, Person]:
        """Return who has which of the numbers."""
        stored = {self.cipher.lookup(each.encode(), column=NUMBER_COLUMN): each for each in numbers}
        rows = conn.execute(_BY_NUMBERS, {"numbers": list(stored)}).all()
        return {stored[row.number]: self.open_person(row.pseudonym, row.linkage) for row in rows}

    def add_link(
        self, conn: Connection, *, organisation: OrganisationId, reference: str, someone: Person
    ) -> None:
        """Remember how an organisation names a person; the same link again changes nothing."""
        key = self.link_id(organisation, reference)
        sealed = self._seal("link.person", key.hex(), someone.pseudonym.encode())
        insert_if_absent(conn, link, {"id": key, "person": sealed})

    def remove_link(self, conn: Connection, *, organisation: OrganisationId, reference: str) -> None:
        """Forget how an organisation names a person by this reference."""
        conn.execute(delete(link).where(link.c.id == self.link_id(organisation, reference)))

    def linked(self, conn: Connection, *, organisation: OrganisationId, reference: str) -> Person | None:
        """Return whom an organisation's reference names."""
        key = self.link_id(organisation, reference)
        stored = conn.execute(_LINK, {"id": key}).scalar_one_or_none()
        if stored is None:
            return None
        return self.person(conn, self.open_link(key, stored))

    def has_card(self, conn: Connection, someone: Person) -> bool:
        """Tell whether the person has a card that is not revoked."""
        return bool(conn.execute(_HAS_CARD, {"holder": someone.pseudonym}).scalar())

    def add_card(
        self, conn: Connection, issued: Card, applications: Sequence[NewCardApplication], *, tries: Tries
    ) -> None:
        """Keep a new card with its applications."""
        row = {
            "id": issued.id,
            "holder": issued.holder.pseudonym,
            "state": issued.state.value,
            "expires": issued.expires,
        }
        conn.execute(_ADD_CARD, row)
        rows = [self.application_row(issued, each, tries(each.application)) for each in applications]
        conn.execute(_ADD_APPLICATIONS, rows)

    def card(self, conn: Connection, card_id: str) -> Card | None:
        """Return a card."""
        row = conn.execute(_CARD_BY_ID, {"card": card_id}).one_or_none()
        return None if row is None else self._card(*row[:5])

    def card_of(self, conn: Connection, card_id: str, holder: Pseudonym) -> Card | None:
        """Return a person's card; somebody else's is as one that nobody has."""
        row = conn.execute(_CARD_OF_HOLDER, {"card": card_id, "holder": holder}).one_or_none()
        return None if row is None else self._card(*row[:5])

    def set_card_state(self, conn: Connection, held: Card, state: CardState) -> None:
        """Change a card's state and seal its keys for that state; the caller has asked the policy.

        Raises: CardTransitionError when another transaction was first.
        """
        keys = {name: self.public_key(conn, held, name) for name in Application}
        moved = update(card).where(card.c.id == held.id, card.c.state == held.state.value)
        if conn.execute(moved.values(state=state.value)).rowcount != 1:
            raise CardTransitionError("the card was changed by somebody else at the same moment; look again")
        for name, key in keys.items():
            sealed = self._seal_key(key, application_cell(held, name, state))
            conn.execute(
                update(card_application).where(*one_application(held.id, name)).values(public_key=sealed)
            )

    def public_key(self, conn: Connection, held: Card, application: Application) -> Jwk:
        """Return the public key of an application of a card that is stored."""
        wanted = select(card_application.c.public_key).where(*one_application(held.id, application))
        return self._open_key(
            conn.execute(wanted).scalar_one(), application_cell(held, application, held.state)
        )

    def application_key(self, conn: Connection, kid: str, application: Application) -> CardKey | None:
        """Return the key of one application that a certificate's serial names."""
        row = conn.execute(_KEY_OF_APPLICATION, {"kid": kid, "app": application.value}).one_or_none()
        if row is None:
            return None
        held = self._card(*row[:5])
        return CardKey(
            held, kid, self._open_key(row.public_key, application_cell(held, application, held.state))
        )

    def authentication_key(self, conn: Connection, card_id: str) -> CardKey | None:
        """Return the key by which a card signs."""
        row = conn.execute(_CARD_KEY_OF_CARD, {"card": card_id}).one_or_none()
        return None if row is None else self._card_key(*row)

    def authentication_key_by_kid(self, conn: Connection, kid: str) -> CardKey | None:
        """Return the card key that a certificate's serial names."""
        row = conn.execute(_CARD_KEY_OF_KID, {"kid": kid}).one_or_none()
        return None if row is None else self._card_key(*row)

    def count_try(self, conn: Connection, card_id: str, application: Application) -> int | None:
        """Take one try off the counter and return what is left; None: locked, or no such card."""
        row = {"card_id": card_id, "app": application.value}
        left: int | None = conn.execute(_COUNT_TRY, row).scalar_one_or_none()
        return left

    def secrets(self, conn: Connection, card_id: str, application: Application) -> CardSecrets | None:
        """Return what a try is compared with, and what it yields; None: no such card."""
        found = conn.execute(_SECRETS, {"card": card_id, "app": application.value}).one_or_none()
        if found is None:
            return None
        held = self._card(*found[:5])
        cell = application_cell(held, application)
        return CardSecrets(
            held,
            pin_verifier=self._open("card_application.pin_verifier", cell, found.pin_verifier),
            share=self._open("card_application.share", cell, found.share),
        )

    def reset_tries(self, conn: Connection, card_id: str, application: Application, *, tries: int) -> None:
        """Give all tries back after a right PIN."""
        conn.execute(
            update(card_application).where(*one_application(card_id, application)).values(tries_left=tries)
        )

    def add_subject(self, conn: Connection, pseudonym: Pseudonym, wallet_key: Jwk) -> None:
        """Keep the person's wallet key unless there is one."""
        sealed = self._seal("subject.wallet_key", pseudonym, json.dumps(wallet_key).encode())
        insert_if_absent(conn, subject, {"person": pseudonym, "wallet_key": sealed})

    def replace_subject(self, conn: Connection, pseudonym: Pseudonym, wallet_key: Jwk) -> None:
        """Keep another wallet key for the person."""
        sealed = self._seal("subject.wallet_key", pseudonym, json.dumps(wallet_key).encode())
        conn.execute(update(subject).where(subject.c.person == pseudonym).values(wallet_key=sealed))

    def subject(self, conn: Connection, pseudonym: Pseudonym) -> Jwk | None:
        """Return the person's wallet key."""
        stored = conn.execute(_SUBJECT, {"person": pseudonym}).scalar_one_or_none()
        if stored is None:
            return None
        found: Jwk = json.loads(self.open_subject(pseudonym, stored))
        return found

    def open_subject(self, pseudonym: str, stored: bytes) -> bytes:
        """Return the wallet key in a row, as JSON."""
        return self._open("subject.wallet_key", pseudonym, stored)

    def application_row(self, held: Card, new: NewCardApplication, tries: int) -> dict[str, object]:
        """Return the row of an application as it is made."""
        cell = application_cell(held, new.application)
        return {
            "card": held.id,
            "application": new.application.value,
            "kid": new.kid,
            "public_key": self._seal_key(new.public_key, application_cell(held, new.application, held.state)),
            "pin_verifier": self._seal("card_application.pin_verifier", cell, new.pin_verifier),
            "share": self._seal("card_application.share", cell, new.share),
            "tries_left": tries,
        }

    def _card_key(
        self, card_id: str, holder: str, state: str, expires: int, linkage: bytes, kid: str, sealed: bytes
    ) -> CardKey:
        held = self._card(card_id, holder, state, expires, linkage)
        return CardKey(
            held, kid, self._open_key(sealed, application_cell(held, Application.AUTHENTICATION, held.state))
        )

    def _card(self, card_id: str, holder: str, state: str, expires: int, linkage: bytes) -> Card:
        return Card(card_id, self.open_person(holder, linkage), CardState(state), expires)

    def _seal_key(self, key: Jwk, cell: str) -> bytes:
        return self._seal("card_application.public_key", cell, json.dumps(key).encode())

    def _open_key(self, stored: bytes, cell: str) -> Jwk:
        key: Jwk = json.loads(self._open("card_application.public_key", cell, stored))
        return key

    def open_person(self, pseudonym: str, linkage: bytes) -> Person:
        """Return the person in a row."""
        secret = self._open("person.linkage", pseudonym, linkage)
        return Person(Pseudonym(pseudonym), LinkageCode(secret))

    def open_link(self, key: bytes, stored: bytes) -> Pseudonym:
        """Return whom the link in a row names."""
        return Pseudonym(self._open("link.person", key.hex(), stored).decode())

    def link_id(self, organisation: OrganisationId, reference: str) -> bytes:
        """Return under which key the link of a reference is."""
        return self.cipher.lookup(f"{organisation}\n{reference}".encode(), column=LINK_COLUMN)

    def _seal(self, column: str, row: str, plain: bytes) -> bytes:
        return self.cipher.seal(plain, cell=f"{column}/{row}")

    def _open(self, column: str, row: str, stored: bytes) -> bytes:
        return self.cipher.open(stored, cell=f"{column}/{row}")


def one_application(
    card_id: str, application: Application
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return what names the row of one application."""
    return card_application.c.card == card_id, card_application.c.application == application.value


def application_cell(held: Card, application: Application, *state: CardState) -> str:
    """Return where the cells of an application belong."""
    # Bound to holder and end of validity, keys to the state as well: a row edited to give a card to somebody else,
    # to prolong it, or to bring it back makes its cells useless.
    return "/".join([held.id, application.value, held.holder.pseudonym, str(held.expires), *state])
