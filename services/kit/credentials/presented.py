"""The access token that a request presents, and what its sender is told when token or proof does not count."""

from services.kit.credentials.dpop import DpopError, NonceNeededError
from services.kit.credentials.tokens import TokenError
from services.kit.problems import (
    InvalidProofError,
    InvalidTokenError,
    NonceRequiredError,
    UnauthenticatedError,
)


def dpop_token(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises: UnauthenticatedError."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "dpop" or not token:
        raise UnauthenticatedError("the Authorization header must be: DPoP <access token>")
    return token


def refused(error: TokenError | DpopError) -> UnauthenticatedError:
    """Return the problem that says which of them does not count, and why."""
    match error:
        case TokenError():
            return InvalidTokenError(str(error))
        case NonceNeededError():
            return NonceRequiredError(str(error))
        case DpopError():
            return InvalidProofError(str(error))
