"""The DPoP proof of a request to one of the ID centre's OAuth endpoints: verified, and used once."""

from dataclasses import dataclass

from sqlalchemy import Connection

from services.identity.centre import IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.kit.credentials.dpop import PROOF_AGE_SECONDS, DpopError, NonceNeededError, verify_proof
from services.kit.problems import ReplayError


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """Whose key made a proof for this request. Shape: `jkt` is an RFC 7638 thumbprint."""

    jkt: str
    jti: str

    def use_up(self, centre: IdentityCentre, conn: Connection) -> None:
        """Mark the proof as used, in the transaction of its effect. Raises: OAuthError."""
        now = centre.seconds()
        value, expires = f"{self.jkt}.{self.jti}", now + 2 * PROOF_AGE_SECONDS
        try:
            centre.context.replays.use(conn, kind="DPoP proof", value=value, expires=expires, now=now)
        except ReplayError as error:
            raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, error.detail) from error


def verified_proof(centre: IdentityCentre, proof: str | None, *, url: str) -> VerifiedProof:
    """T2: return the verified proof of a POST to one of the endpoints. Raises: OAuthError."""
    if proof is None:
        raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, "the request carries no DPoP proof")
    nonces = centre.context.nonces
    try:
        jkt, jti = verify_proof(proof, method="POST", url=url, now=centre.now(), token=None, nonces=nonces)
    except NonceNeededError as error:
        raise OAuthError(OAuthCode.USE_DPOP_NONCE, str(error)) from error
    except DpopError as error:
        raise OAuthError(OAuthCode.INVALID_DPOP_PROOF, str(error)) from error
    return VerifiedProof(jkt, jti)
