"""HTTP between bodies and from participants: TLS 1.3 with a client certificate, problem documents as typed errors."""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.kit.circuit import Circuit, OpenCircuitError
from services.kit.clock import Clock, Randomness, system_clock, system_randomness
from services.kit.credentials.dpop import NONCE_HEADER, DpopKey
from services.kit.server import Tls

NONCE_ASKED_FOR = "use_dpop_nonce"
HEALTH = "/healthz"


class PeerUnavailableError(Exception):
    """The other side does not answer; nothing is known to have been done."""


class RemoteProblemError(Exception):
    """The other side answered with a problem document."""

    def __init__(
        self, *, status: int, code: str, title: str, detail: str, members: Mapping[str, Any]
    ) -> None:
        super().__init__(f"{code}: {detail or title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.members = dict(members)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token with the key it is bound to."""

    value: str = field(repr=False)
    key: DpopKey


class Http:
    """A connection pool to one base address. Safe to share between threads.

    With a `circuit`, a body that does not answer is left alone for a while; who asks meanwhile is told at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        context: ssl.SSLContext,
        timeout: float = 30.0,
        circuit: Circuit | None = None,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = httpx.Client(verify=context, timeout=timeout, trust_env=False)
        self._circuit = circuit
        self._clock = clock
        self._randomness = randomness

    def get(self, path: str, *, token: Token | None = None, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON answer of GET. Raises: RemoteProblemError, PeerUnavailableError."""
        return self.send("GET", path, token=token, query=query).json()

    def post(self, path: str, message: Any, *, token: Token | None = None) -> Any:
        """Return the JSON answer of POST with a JSON message."""
        return self.send("POST", path, token=token, content=json.dumps(message).encode()).json()

    def put(self, path: str, message: Any, *, token: Token | None = None) -> Any:
        """Return the JSON answer of PUT with a JSON message."""
        return self.send("PUT", path, token=token, content=json.dumps(message).encode()).json()

    def form(
        self, path: str, fields: Mapping[str, str], *, key: DpopKey, htu: str | None = None
    ) -> httpx.Response:
        """Send a form with a DPoP proof and no token (OAuth endpoints) and return the answer if it is a success."""
        url = htu or self.base_url + path

        def asking() -> httpx.Response:
            proof = self._proof(key, method="POST", url=url, token=None, content=None)
            headers = {"DPoP": proof}
            return self._request("POST", path, headers=headers, data=dict(fields), content=None, query=None)

        return self._answer(_with_nonce(asking, key, url))

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        htu: str | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer if it is a success; `htu` is the address a DPoP proof is for."""
        url = htu or self.base_url + path

        def asking() -> httpx.Response:
            headers: dict[str, str] = {"Content-Type": media_type} if content is not None else {}
            if token is not None:
                headers["Authorization"] = f"DPoP {token.value}"
                headers["DPoP"] = self._proof(
                    token.key, method=method, url=url, token=token.value, content=content
                )
            return self._request(method, path, headers=headers, data=None, content=content, query=query)

        return self._answer(asking() if token is None else _with_nonce(asking, token.key, url))

    def close(self) -> None:
        """Close the pool."""
        self._client.close()

    def _proof(self, key: DpopKey, *, method: str, url: str, token: str | None, content: bytes | None) -> str:
        now, randomness = self._clock(), self._randomness
        return key.proof(method=method, url=url, now=now, randomness=randomness, token=token, content=content)

    def _request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None,
        content: bytes | None,
        query: Mapping[str, str] | None,
    ) -> httpx.Response:
        self._require_circuit()
        try:
            answer = self._client.request(
                method, self.base_url + path, headers=headers, data=data, content=content, params=query
            )
        except httpx.HTTPError as error:
            # that all our own connections are in use says nothing about the other side
            if self._circuit is not None and not isinstance(error, httpx.PoolTimeout):
                self._circuit.failed()
            reason = "a certificate of another authority" if _is_stranger(error) else type(error).__name__
            raise PeerUnavailableError(f"{self.base_url} does not answer as it should ({reason})") from error
        if self._circuit is not None:
            self._circuit.answered()
        return answer

    def _require_circuit(self) -> None:
        circuit = self._circuit
        if circuit is None:
            return

        def back() -> bool:
            try:
                return self._client.get(self.base_url + HEALTH, timeout=circuit.limits.probe).is_success
            except httpx.HTTPError:
                return False

        try:
            circuit.require(back)
        except OpenCircuitError as error:
            raise PeerUnavailableError(
                f"{self.base_url} did not answer lately and is not asked now"
            ) from error

    @staticmethod
    def _answer(response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        members = _members(response)
        raise RemoteProblemError(
            status=response.status_code,
            code=_code(members),
            title=str(members.get("title", response.reason_phrase)),
            detail=str(members.get("detail", members.get("error_description", ""))),
            members=members,
        )


def _with_nonce(asking: Callable[[], httpx.Response], key: DpopKey, url: str) -> httpx.Response:
    """Send a request with a proof by `key`, and once more if the server asks for its nonce (RFC 9449, section 8)."""
    response = asking()
    nonce = response.headers.get(NONCE_HEADER)
    if nonce is not None:
        key.learn(url, nonce)
        if response.status_code in (400, 401) and _code(_members(response)) == NONCE_ASKED_FOR:
            return asking()
    return response


def _members(response: httpx.Response) -> dict[str, Any]:
    try:
        members = response.json()
    except ValueError:
        members = {}
    # A body that is one JSON value (a witness answers 409 with a bare size) is kept under one name.
    return members if isinstance(members, dict) else {"answer": members}


def _code(members: Mapping[str, Any]) -> str:
    return str(members.get("code", members.get("error", "unknown")))


def _is_stranger(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def client_context(*, authority: Path, tls: Tls | None) -> ssl.SSLContext:
    """Return a TLS 1.3 context that trusts `authority` only and presents `tls` when given."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if tls is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
