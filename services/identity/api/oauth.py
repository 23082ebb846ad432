"""The token endpoint, its challenge, and what describes it. All open: this is how one gets in."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from consent.jwk import thumbprint, to_jwk
from services.contracts.identity.messages import (
    JWT_BEARER,
    AuthorizationServerMetadata,
    Challenge,
    Jwks,
    SmartConfiguration,
    TokenErrorAnswer,
)
from services.contracts.oversight.register import Role
from services.identity.centre import TOKEN_PATH, IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.workflows.tokens import TokenCall, issue_token
from services.kit.server import PEER_CERTIFICATE

CHALLENGE_PATH = "/oauth/challenge"
JWKS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
SMART_PATH = "/.well-known/smart-configuration"
OPEN_PATHS = frozenset({TOKEN_PATH, CHALLENGE_PATH, JWKS_PATH, METADATA_PATH, SMART_PATH})


def oauth_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of challenge and token endpoint."""
    router = APIRouter()

    @router.post(CHALLENGE_PATH)
    def challenge() -> Challenge:
        """Return a challenge for a card to sign."""
        lifetime = centre.settings.challenge_seconds
        return Challenge(challenge=centre.challenges.make(centre.seconds()), expires_in=lifetime)

    @router.post(TOKEN_PATH)
    async def token(request: Request) -> JSONResponse:
        """Exchange assertions for an access token."""
        call = TokenCall(
            content=await request.body(),
            content_type=request.headers.get("content-type", ""),
            proof=request.headers.get("dpop"),
            certificate=getattr(request.state, PEER_CERTIFICATE, None),
        )
        try:
            answer = await run_in_threadpool(issue_token, centre, call)
        except OAuthError as refusal:
            # RFC 6749, section 5.2: a client that fails to authenticate gets 401, everything else 400
            status = 401 if refusal.code is OAuthCode.INVALID_CLIENT else 400
            told = TokenErrorAnswer(error=refusal.code.value, error_description=str(refusal))
            return JSONResponse(told.model_dump(), status)
        return JSONResponse(answer.model_dump(), headers={"Pragma": "no-cache"})

    return router


def discovery_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of what describes the token endpoint."""
    router = APIRouter()

    @router.get(JWKS_PATH)
    def jwks() -> Jwks:
        """Return the key that signs tokens."""
        key = to_jwk(centre.context.signing_key.public_key())
        return Jwks(keys=[{**key, "alg": "Ed25519", "use": "sig", "kid": thumbprint(key)}])

    @router.get(METADATA_PATH)
    def metadata() -> AuthorizationServerMetadata:
        """Return the authorization server's metadata."""
        return _metadata(centre)

    @router.get(SMART_PATH)
    def smart() -> SmartConfiguration:
        """Return the same for SMART Backend Services clients."""
        told = _metadata(centre).model_dump()
        return SmartConfiguration(**told, capabilities=["client-confidential-asymmetric"])

    return router


def _metadata(centre: IdentityCentre) -> AuthorizationServerMetadata:
    return AuthorizationServerMetadata(
        issuer=centre.issuer,
        token_endpoint=centre.token_endpoint,
        jwks_uri=centre.issuer + JWKS_PATH,
        grant_types_supported=[JWT_BEARER],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["ES256"],
        dpop_signing_alg_values_supported=["ES256"],
        scopes_supported=[role.value for role in Role],
    )
