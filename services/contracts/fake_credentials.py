"""What the honest fakes of bodies share: real access tokens are verified, problems are raised as a client sees them."""

from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.contracts.oversight.register import Directory
from services.kit.credentials.callers import OperatorCaller, TerminalCaller
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.credentials.standing import TokenStanding
from services.kit.credentials.tokens import (
    Claims,
    OperatorClaims,
    PersonClaims,
    TerminalClaims,
    TokenError,
    verify_token,
)
from services.kit.http import RemoteProblemError, Token


def problem(status: int, code: str) -> RemoteProblemError:
    """Return a body's problem document as its client raises it."""
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})


def operator_caller(
    token: Token, *role: str, directory: Directory, audience: str, now: datetime
) -> OperatorCaller:
    """Return the operator of a token, with the roles that hold now; with `role` given they must have it."""
    claims = _claims(token, directory=directory, audience=audience, now=now)
    if not isinstance(claims, OperatorClaims):
        raise problem(403, "forbidden")
    holding = directory.roles(claims.organisation, claims.operator) & frozenset(claims.scope.split())
    if role and holding.isdisjoint(role):
        raise problem(403, "forbidden")
    return OperatorCaller(claims.organisation, claims.operator, claims.client_id, holding)


def terminal_caller(
    token: Token, scope: str, *, directory: Directory, audience: str, now: datetime
) -> TerminalCaller:
    """Return the terminal of its own token, which must have the scope now."""
    claims = _claims(token, directory=directory, audience=audience, now=now)
    if not isinstance(claims, TerminalClaims):
        raise problem(403, "forbidden")
    if directory.terminal(claims.client_id) is None:
        raise problem(401, "unauthenticated")
    holding = directory.scopes(claims.client_id) & frozenset(claims.scope.split())
    if scope not in holding:
        raise problem(403, "forbidden")
    return TerminalCaller(claims.organisation, claims.client_id, holding)


def person_caller(
    token: Token, *, directory: Directory, audience: str, key: X25519PrivateKey, now: datetime
) -> Pseudonym:
    """Return the pseudonym in a person's token; `key` is the audience's sealing key."""
    claims = _claims(token, directory=directory, audience=audience, now=now)
    if not isinstance(claims, PersonClaims):
        raise problem(403, "forbidden")
    try:
        opened = open_sealed(key, base64url.decode(claims.sealed_sub), info="access-token")
    except (InvalidTag, MalformedError, ValueError):
        raise problem(401, "unauthenticated") from None
    return Pseudonym(opened.decode())


def _claims(token: Token, *, directory: Directory, audience: str, now: datetime) -> Claims:
    try:
        standing = TokenStanding.of_keys(directory.token_key())
        claims = verify_token(token.value, standing=standing, audience=audience, now=now)
    except TokenError:
        raise problem(401, "unauthenticated") from None
    if claims.cnf.jkt != token.key.thumbprint:
        raise problem(401, "unauthenticated")
    return claims
