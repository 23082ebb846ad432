"""The OAuth endpoints and what describes them: open, this is how one gets in; and the state of tokens, for bodies."""

from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import (
    AuthorizationServerMetadata,
    Challenge,
    Jwks,
    SmartConfiguration,
    TokenErrorAnswer,
)
from services.contracts.oversight.register import Role
from services.identity import egress
from services.identity.centre import REVOCATION_PATH, TOKEN_PATH, IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.oauth_form import Grant
from services.identity.workflows.revocation import RevocationCall, revoke
from services.identity.workflows.token_steps import TokenCall
from services.identity.workflows.tokens import issue_token
from services.kit.access import body
from services.kit.credentials.callers import BodyCaller
from services.kit.credentials.standing import STATUS_PATH, STATUS_TYPE
from services.kit.permissions import policies
from services.kit.server import PEER_CERTIFICATE

CHALLENGE_PATH = "/oauth/challenge"
JWKS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
SMART_PATH = "/.well-known/smart-configuration"
OPEN_PATHS = frozenset({TOKEN_PATH, REVOCATION_PATH, CHALLENGE_PATH, JWKS_PATH, METADATA_PATH, SMART_PATH})


def oauth_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of challenge and token endpoint."""
    router = APIRouter()

    @router.post(CHALLENGE_PATH)
    def challenge() -> Challenge:
        """Return a challenge for a card to sign."""
        lifetime = centre.settings.challenge_seconds
        return Challenge(challenge=centre.challenges.make(centre.seconds()), expires_in=lifetime)

    @router.post(TOKEN_PATH)
    async def token(request: Request) -> Response:
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
            return _refused(refusal)
        told = answer.model_dump_json(exclude_none=True)
        return Response(told, media_type="application/json", headers={"Pragma": "no-cache"})

    @router.post(REVOCATION_PATH)
    async def revocation(request: Request) -> Response:
        """End all tokens of a proof key (RFC 7009)."""
        call = RevocationCall(
            content=await request.body(),
            content_type=request.headers.get("content-type", ""),
            proof=request.headers.get("dpop"),
        )
        try:
            await run_in_threadpool(revoke, centre, call)
        except OAuthError as refusal:
            return _refused(refusal)
        return Response()

    return router


def _refused(refusal: OAuthError) -> JSONResponse:
    # RFC 6749, section 5.2: a client that fails to authenticate gets 401, everything else 400
    status = 401 if refusal.code is OAuthCode.INVALID_CLIENT else 400
    told = TokenErrorAnswer(error=refusal.code.value, error_description=str(refusal))
    return JSONResponse(told.model_dump(), status)


def status_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of the state of access tokens."""
    router = APIRouter()

    @router.get(STATUS_PATH)
    def token_status(_caller: Annotated[BodyCaller, Depends(body(*Body))]) -> Response:
        """Return which keys sign tokens and which tokens ended early, signed now (V4)."""
        return Response(egress.token_standing(centre), media_type=f"application/{STATUS_TYPE}")

    return router


def discovery_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of what describes the token endpoint."""
    router = APIRouter()

    @router.get(JWKS_PATH)
    def jwks() -> Jwks:
        """Return the keys that sign access tokens, and the one that signs the status list."""
        with centre.context.database.read() as conn:
            keys = centre.token_keys.published(conn, now=centre.seconds())
        return Jwks(keys=[_described(each) for each in (*keys, centre.context.signing_key.public_key())])

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


def _described(key: Ed25519PublicKey) -> dict[str, str]:
    jwk = to_jwk(key)
    return {**jwk, "alg": "Ed25519", "use": "sig", "kid": thumbprint(jwk)}


def _metadata(centre: IdentityCentre) -> AuthorizationServerMetadata:
    return AuthorizationServerMetadata(
        issuer=centre.issuer,
        token_endpoint=centre.token_endpoint,
        revocation_endpoint=centre.issuer + REVOCATION_PATH,
        revocation_endpoint_auth_methods_supported=["none"],
        jwks_uri=centre.issuer + JWKS_PATH,
        grant_types_supported=[each.value for each in Grant],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["ES256"],
        dpop_signing_alg_values_supported=["ES256"],
        scopes_supported=[*(role.value for role in Role), *policies().scopes],
    )
