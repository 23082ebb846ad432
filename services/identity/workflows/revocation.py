"""Access tokens that end before their time: a place for each in the status list, and who may end which.

V1 every token has a random place in the list, unique while it lives (places in order would tell who signed in
together);
V2 a stopped card ends all that was issued on it, in the transaction in which it stops;
V3 whoever holds a token's key ends all tokens of that key: signing out (RFC 7009);
V4 the list is signed anew whenever it is asked for; a body that cannot get it accepts no token (`egress.py`).
"""

from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from services.identity.centre import REVOCATION_PATH, IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.oauth_form import form_fields, required
from services.identity.token_proof import verified_proof
from services.identity.token_store import LiveToken
from services.kit.credentials.callers import SignedInBy
from services.kit.credentials.standing import PLACES, TokenStanding
from services.kit.credentials.tokens import (
    Claims,
    OperatorClaims,
    PersonClaims,
    TokenError,
    read_token,
)
from services.kit.events import A_GUARDIAN, ACTING, Event, EventKind, Outcome
from services.kit.problems import UnavailableError

MOST_TRIES = 64
KEPT_SECONDS = 60
"""A place is free again so long after its token expired: no body has a list of the former holder by then."""
SWEEP_ONE_IN = 64


def card_ground(card: str) -> str:
    """Return what tokens rest on that a card asked for."""
    return f"card {card}"


def passkey_ground(passkey: str) -> str:
    """Return what tokens rest on that a passkey asked for."""
    return f"passkey {passkey}"


def operator_ground(organisation: OrganisationId, operator: OperatorId) -> str:
    """Return what tokens rest on that an operator asked for."""
    return f"operator {organisation} {operator}"


def terminal_ground(terminal: TerminalId) -> str:
    """Return what tokens rest on that a terminal by itself asked for."""
    return f"terminal {terminal}"


def take_place(centre: IdentityCentre, conn: Connection, token: LiveToken) -> int:
    """V1: return the token's place in the status list. Raises: UnavailableError when the list is full."""
    now = centre.seconds()
    for _ in range(MOST_TRIES):
        drawn = int.from_bytes(centre.context.randomness(4))
        if drawn % SWEEP_ONE_IN == 0:
            centre.tokens.sweep(conn, before=now - KEPT_SECONDS)
        place = drawn // SWEEP_ONE_IN % PLACES
        if centre.tokens.add(conn, place, token):
            return place
    raise UnavailableError("too many access tokens live at once; try again in a moment")


def card_stopped(centre: IdentityCentre, conn: Connection, card: str) -> int:
    """V2: end all live tokens that a card asked for; return how many."""
    return centre.tokens.stop_ground(conn, card_ground(card), now=centre.seconds())


@dataclass(frozen=True, slots=True)
class RevocationCall:
    """A request to the revocation endpoint."""

    content: bytes = field(repr=False)
    content_type: str
    proof: str | None = field(repr=False)


def revoke(centre: IdentityCentre, call: RevocationCall) -> None:
    """V3: end all tokens of the proof's key. What is no live token of that key is as good as ended (RFC 7009, 2.2).

    Raises: OAuthError.
    """
    token = required(form_fields(call.content, call.content_type), "token")
    proof = verified_proof(centre, call.proof, url=centre.issuer + REVOCATION_PATH)
    with centre.context.database.write() as conn:
        proof.use_up(centre, conn)
        claims = _claims(centre, conn, token)
        if claims is None:
            return
        if claims.cnf.jkt != proof.jkt:
            raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, "the proof is by another key than the token's")
        holder, ended = centre.tokens.stop_session(conn, proof.jkt, now=centre.seconds())
        terminal = None if isinstance(claims, PersonClaims) else claims
        event = Event(
            kind=EventKind.TOKENS_REVOKED,
            outcome=Outcome.DONE,
            organisation=terminal.organisation if terminal else None,
            terminal=terminal.client_id if terminal else None,
            operator=terminal.operator if isinstance(terminal, OperatorClaims) else None,
            count=ended,
            detail=_acting(claims),
        )
        centre.context.journal.record(conn, person=holder, event=event)


def _acting(claims: Claims) -> dict[str, JsonValue] | None:
    by_guardian = isinstance(claims, PersonClaims) and claims.acr == SignedInBy.GUARDIAN
    return {ACTING: A_GUARDIAN} if by_guardian else None


def _claims(centre: IdentityCentre, conn: Connection, token: str) -> Claims | None:
    keys = centre.token_keys.published(conn, now=centre.seconds())
    try:
        return read_token(token, standing=TokenStanding.of_keys(*keys))
    except TokenError:
        return None
