"""Passkeys: added by a person signed in with the card, used to sign in, listed and removed.

K1 only who is signed in with the card adds one: a found telephone makes no second one;
K2 the device made it for My Portal's page and our challenge, once, after verifying its user;
K3 signing in, it signs our challenge and the proof key for that page; its counter rises (stops relays, copies);
K4 removed, it signs nobody in, and the tokens it asked for end within a second.
"""

from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.errors import MalformedError
from consent.vocabulary import Body
from services.contracts.identity.passkey_messages import (
    AddPasskey,
    AskPasskeyOptions,
    Passkey,
    PasskeyOptions,
    Passkeys,
    RemovePasskey,
)
from services.identity.centre import IdentityCentre
from services.identity.errors import ChallengeError, PasskeyRefusedError, TooManyPasskeysError
from services.identity.holding import hold_person
from services.identity.passkey_store import StoredPasskey
from services.identity.workflows.revocation import passkey_ground
from services.kit.credentials.callers import PersonCaller
from services.kit.credentials.passkeys import (
    Page,
    PasskeyError,
    credential_id,
    registration_options,
    signed_challenge,
    spelled,
    verify_registration,
    verify_use,
)
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import NotFoundError
from services.kit.strict_json import StrictJsonError, loads
from services.kit.unknown_names import noting_unknown

HANDLE_BYTES = 16
DECOY_KEY = base64url.decode(
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
)
"""The base point of P-256 as a COSE key: unknown passkeys are checked against it, so that they cost the same work."""


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """A verified use, not yet counted. Units: `challenge_expires` epoch seconds."""

    held: StoredPasskey
    count: int
    challenge_expires: int

    def count_up(self, centre: IdentityCentre, conn: Connection) -> None:
        """K3: raise the counter in the transaction of the effect; two uses with one counter are a copy's.

        Raises: PasskeyError.
        """
        held = centre.passkeys.hold(conn, self.held.id, self.held.holder)
        if not centre.logged_keys.passkey_stands(conn, self.held.holder, spelled(self.held.id)):
            raise PasskeyError
        if held is None or (self.count <= held.count and (self.count, held.count) != (0, 0)):
            raise PasskeyError
        centre.passkeys.put_used(conn, held, count=self.count, now=centre.seconds())


def options(centre: IdentityCentre, caller: PersonCaller, asked: AskPasskeyOptions) -> PasskeyOptions:
    """Return what a device is to be told. Raises: TooManyPasskeysError."""
    with centre.context.database.read() as conn:
        held = _require_room(centre, conn, caller)
    challenge = centre.challenges.make(centre.seconds())
    told = registration_options(
        page_of(centre),
        challenge=challenge,
        name=asked.name,
        handle=centre.context.randomness(HANDLE_BYTES),
        known=[each.id for each in held],
    )
    return PasskeyOptions(challenge=challenge, options=told)


def add(centre: IdentityCentre, caller: PersonCaller, asked: AddPasskey) -> Passkeys:
    """K2: add a passkey. Raises: PasskeyRefusedError, TooManyPasskeysError, ReplayError."""
    now = centre.seconds()
    try:
        until = centre.challenges.expiry(asked.challenge, now)
        made = verify_registration(asked.credential, challenge=asked.challenge, page=page_of(centre))
    except (PasskeyError, ChallengeError) as error:
        raise PasskeyRefusedError from error
    new = StoredPasskey(
        id=made.id,
        holder=caller.pseudonym,
        name=asked.name,
        public_key=made.public_key,
        count=made.count,
        added=now,
    )
    with centre.context.database.write() as conn:
        centre.context.replays.use(conn, kind="challenge", value=asked.challenge, expires=until, now=now)
        hold_person(conn, caller.pseudonym)
        _require_room(centre, conn, caller)
        if centre.passkeys.find(conn, made.id) is not None:
            raise PasskeyRefusedError
        centre.passkeys.add(conn, new)
        _record(centre, conn, caller, EventKind.PASSKEY_ADDED, about=new)
        return _listed(centre, conn, caller)


def listed(centre: IdentityCentre, caller: PersonCaller) -> Passkeys:
    """Return the person's passkeys."""
    with centre.context.database.read() as conn:
        return _listed(centre, conn, caller)


def remove(centre: IdentityCentre, caller: PersonCaller, asked: RemovePasskey) -> Passkeys:
    """K4: remove a passkey. Raises: NotFoundError (logged)."""
    event = Event(kind=EventKind.PASSKEY_REMOVED, outcome=Outcome.DONE)
    with (
        noting_unknown(centre.context, event, person=caller.pseudonym),
        centre.context.database.write() as conn,
    ):
        held = centre.passkeys.hold(conn, base64url.decode(asked.id), caller.pseudonym)
        if held is None:
            raise NotFoundError("you have no such passkey")
        centre.passkeys.remove(conn, held)
        centre.tokens.stop_ground(conn, passkey_ground(spelled(held.id)), now=centre.seconds())
        _record(centre, conn, caller, EventKind.PASSKEY_REMOVED, about=held)
        return _listed(centre, conn, caller)


def find(centre: IdentityCentre, assertion: str) -> tuple[dict[str, JsonValue], StoredPasskey | None]:
    """Return a device's answer, and the passkey that it names if there is one. Raises: PasskeyError."""
    try:
        credential = loads(base64url.decode(assertion))
    except (MalformedError, StrictJsonError) as error:
        raise PasskeyError from error
    if not isinstance(credential, dict):
        raise PasskeyError
    with centre.context.database.read() as conn:
        return credential, centre.passkeys.find(conn, credential_id(credential))


def verify(
    centre: IdentityCentre,
    credential: dict[str, JsonValue],
    held: StoredPasskey | None,
    *,
    challenge: str,
    jkt: str,
) -> PasskeyUse:
    """K3: return the verified use of a passkey. Raises: PasskeyError, ChallengeError."""
    until = centre.challenges.expiry(challenge, centre.seconds())
    count = verify_use(
        credential,
        challenge=signed_challenge(challenge, jkt),
        page=page_of(centre),
        public_key=held.public_key if held is not None else DECOY_KEY,
        count=held.count if held is not None else 0,
    )
    if held is None:
        raise PasskeyError
    return PasskeyUse(held, count, until)


def page_of(centre: IdentityCentre) -> Page:
    """Return the page whose passkeys count: the portal's, where the register or the setting says it is."""
    own = centre.settings.passkey_origin
    return Page(own or centre.register.directory().body(Body.PORTAL).url)


def _require_room(centre: IdentityCentre, conn: Connection, caller: PersonCaller) -> list[StoredPasskey]:
    held = centre.passkeys.of(conn, caller.pseudonym)
    if len(held) >= centre.settings.passkeys_at_most:
        raise TooManyPasskeysError
    return held


def _listed(centre: IdentityCentre, conn: Connection, caller: PersonCaller) -> Passkeys:
    held = centre.passkeys.of(conn, caller.pseudonym)
    return Passkeys(
        passkeys=[
            Passkey(id=spelled(each.id), name=each.name, added=each.added, used=each.used) for each in held
        ]
    )


def _record(
    centre: IdentityCentre, conn: Connection, caller: PersonCaller, kind: EventKind, *, about: StoredPasskey
) -> None:
    detail = centre.logged_keys.told(spelled(about.id))
    event = Event(kind=kind, outcome=Outcome.DONE, detail=detail)
    centre.context.journal.record(conn, person=caller.pseudonym, event=event)
