"""X. One sign-in, several bodies: a person's token for the ID centre is exchanged for one for another body (RFC 8693).

A passkey asks its holder each time it signs; without this, opening one's history would ask seven times.
X1 the subject token is a person's, for the ID centre, not expired, not ended, and the proof is by its key (stops
   stolen tokens); a token for another body cannot be exchanged, nor does an exchange give another one for the ID
   centre (stops sign-ins that last for ever);
X2 what is issued rests on what the subject token rests on: the card or passkey that is stopped ends both.
"""

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.identity.centre import IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.sign_in import SignIn
from services.kit.credentials.callers import SignedInBy
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.credentials.standing import TokenStanding
from services.kit.credentials.tokens import Claims, PersonClaims, TokenError, verify_token


def exchanged(centre: IdentityCentre, subject_token: str, *, jkt: str, resource: str) -> SignIn:
    """X1: return the sign-in that a subject token stands for. Raises: OAuthError."""
    if resource == centre.issuer:
        raise OAuthError(OAuthCode.INVALID_TARGET, "the resource is that of the subject token")
    try:
        with centre.context.database.read() as conn:
            keys = centre.token_keys.published(conn, now=centre.seconds())
            claims = verify_token(
                subject_token,
                standing=TokenStanding.of_keys(*keys),
                audience=centre.issuer,
                now=centre.now(),
            )
            own = _persons(claims, jkt)
            sealed = base64url.decode(own.sealed_sub)
            name = open_sealed(centre.context.sealing_key, sealed, info="access-token").decode()
            holder = centre.context.people.own_name(conn, Pseudonym(name))
            by = SignedInBy(own.acr)
            place = own.status.status_list.idx
            ground = _ground(centre, conn, place)
    except (TokenError, InvalidTag, MalformedError, ValueError) as error:
        raise _refused() from error

    def confirm(conn: Connection) -> None:
        if _ground(centre, conn, place) != ground:
            raise _refused()

    return SignIn(by=by, holder=holder, ground=ground, uses=[], confirm=confirm)


def _persons(claims: Claims, jkt: str) -> PersonClaims:
    # a guardian's card signs for each body anew: a body is told its own key of the guardian
    guarded = isinstance(claims, PersonClaims) and claims.acr == SignedInBy.GUARDIAN
    if not isinstance(claims, PersonClaims) or guarded or claims.cnf.jkt != jkt:
        raise TokenError("the subject token is not a person's by the proof's key")
    return claims


def _ground(centre: IdentityCentre, conn: Connection, place: int) -> str:
    found = centre.tokens.live_ground(conn, place, now=centre.seconds())
    if found is None:
        raise _refused()
    return found


def _refused() -> OAuthError:
    # RFC 8693, section 2.2.2
    return OAuthError(OAuthCode.INVALID_REQUEST, "the subject token does not count here and now")
