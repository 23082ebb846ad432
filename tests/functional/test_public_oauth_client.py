"""A client library of others against the real ID centre over TLS: what it sends, and how it reads our answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import (  # type: ignore[import-untyped]  # has no stubs
    BackendApplicationClient,
    InvalidGrantError,
    InvalidScopeError,
)
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]  # has no stubs

from consent.vocabulary import Body
from services.contracts.identity.messages import JWT_BEARER
from services.demo.scene import Scene
from services.deployment.organisations import credential_folder
from services.gateway.credentials import tls_of
from services.gateway.tokens import Signer, operator_assertions
from services.gateway.unattended import terminal_assertions
from services.kit.clock import system_clock, system_randomness
from services.kit.credentials.dpop import DpopKey

pytestmark = pytest.mark.processes
NAME = "hospital-a"


class JwtBearerClient(BackendApplicationClient):  # type: ignore[misc]  # its base has no stubs
    """RFC 7523 as that library knows it, but for the signature, which it leaves to us."""

    grant_type = JWT_BEARER


class DpopAuth(requests.auth.AuthBase):
    """RFC 9449 for `requests`: a proof with each request, and once more when the server asks for its nonce."""

    def __init__(self, key: DpopKey) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put in the proof."""
        request.headers["DPoP"] = self._proof(request)
        request.register_hook("response", self._again)
        return request

    def _proof(self, request: requests.PreparedRequest) -> str:
        now, url = system_clock(), str(request.url)
        return self._key.proof(
            method=str(request.method), url=url, now=now, randomness=system_randomness, token=None
        )

    def _again(self, response: requests.Response, **options: Any) -> requests.Response:
        nonce = response.headers.get("DPoP-Nonce")
        if nonce is None or response.json().get("error") != "use_dpop_nonce":
            return response
        request = response.request.copy()
        self._key.learn(str(request.url), nonce)
        request.headers["DPoP"] = self._proof(request)
        request.hooks["response"] = []
        options.pop("stream", None)
        again: requests.Response = response.connection.send(request, **options)
        return again


@dataclass
class Library:
    """The library at a hospital's terminal; it finds the endpoint by discovery."""

    scene: Scene
    session: OAuth2Session
    auth: DpopAuth

    @property
    def metadata(self) -> dict[str, Any]:
        """What RFC 8414 says of the server."""
        found: dict[str, Any] = self.session.get(
            self.scene.layout.url(Body.IDENTITY) + "/.well-known/oauth-authorization-server",
            withhold_token=True,
        ).json()
        return found

    def by_itself(self, client: BackendApplicationClient, *, scope: str) -> dict[str, Any]:
        """Fetch a token for the medical centre with nobody at the terminal."""
        endpoint, own = self.metadata["token_endpoint"], self.scene.organisation(NAME).credentials
        session = OAuth2Session(client=client)
        session.trust_env, session.cert, session.verify = False, self.session.cert, self.session.verify
        fields = terminal_assertions(
            endpoint,
            terminal=Signer(own.terminal, own.terminal_key),
            clock=system_clock,
            randomness=system_randomness,
        )("")
        del fields["grant_type"]  # the library's own
        resource = self.scene.layout.url(Body.MEDICAL)
        with session:
            told: dict[str, Any] = session.fetch_token(
                endpoint, auth=self.auth, include_client_id=False, scope=scope, resource=resource, **fields
            )
        return told

    def fetch(self, **changed: str) -> dict[str, Any]:
        """Fetch a token for the medical centre."""
        endpoint = self.metadata["token_endpoint"]
        own = self.scene.organisation(NAME).credentials
        fields = operator_assertions(
            endpoint,
            operator=Signer(own.operator, own.card_key),
            organisation=own.organisation,
            terminal=Signer(own.terminal, own.terminal_key),
            clock=system_clock,
            randomness=system_randomness,
        )("")
        resource = self.scene.layout.url(Body.MEDICAL)
        told: dict[str, Any] = self.session.fetch_token(
            endpoint,
            auth=self.auth,
            include_client_id=False,
            **(fields | {"resource": resource} | changed),
        )
        return told


@pytest.fixture
def library(deployment: Scene) -> Iterator[Library]:
    tls = tls_of(credential_folder(deployment.layout, NAME))
    session = OAuth2Session(client=JwtBearerClient(client_id=NAME))
    session.trust_env = False
    session.cert, session.verify = (str(tls.certificate), str(tls.key)), str(tls.authority)
    with session:
        yield Library(deployment, session, DpopAuth(DpopKey(generate_private_key(SECP256R1()))))


def test_library_gets_a_token_that_verifies_by_the_published_keys(library: Library) -> None:
    told = library.fetch(scope="reader")
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("DPoP", 300, ["reader"])
    keys = KeySet.import_key_set(
        library.session.get(library.metadata["jwks_uri"], withhold_token=True).json()
    )
    claims = jwt.decode(told["access_token"], keys, ["Ed25519"]).claims
    assert claims["aud"] == library.scene.layout.url(Body.MEDICAL)
    assert claims["iss"] == library.metadata["issuer"]


def test_library_gets_a_terminals_token_by_client_credentials(library: Library) -> None:
    """SMART Backend Services, by the grant that the library itself sends; the token reads that body's log."""
    told = library.by_itself(BackendApplicationClient(client_id=NAME), scope="log")
    assert (told["token_type"], told["scope"]) == ("DPoP", ["log"])
    with pytest.raises(InvalidScopeError):
        library.by_itself(BackendApplicationClient(client_id=NAME), scope="reader")


def test_library_names_our_refusals(library: Library) -> None:
    with pytest.raises(InvalidScopeError):
        library.fetch(scope="registrar")
    with pytest.raises(InvalidGrantError):
        library.fetch(assertion="a.b.c")


def test_everything_that_discovery_lists_is_there(library: Library) -> None:
    """RFC 8414 and SMART: each address answers, each list is what the code takes."""
    told = library.metadata
    smart = library.session.get(
        library.scene.layout.url(Body.IDENTITY) + "/.well-known/smart-configuration", withhold_token=True
    ).json()
    assert told.items() <= smart.items()
    for name in ("token_endpoint", "revocation_endpoint"):
        answer = library.session.post(told[name], data={"x": "y"}, withhold_token=True)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    for grant in told["grant_types_supported"]:
        answer = library.session.post(told["token_endpoint"], data={"grant_type": grant}, withhold_token=True)
        assert answer.json()["error"] == "invalid_request", grant
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    for scope in told["scopes_supported"]:
        if scope in ("reader", "writer"):
            assert library.fetch(scope=scope)["scope"] == [scope]
