"""The relay: the only code of My Portal that sends anything to another body.

The proof is for the body's own address and the token is bound to a key in the person's hands, so the portal can
repeat or change nothing. It stores nothing that passes (J9).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from consent.vocabulary import Body
from services.kit.egress import egress
from services.kit.problems import MalformedRequestError, UnavailableError
from services.portal.errors import UnusableAnswerError
from services.portal.policy import ANSWER_TYPES, Passage

PASSED_ON: Final = ("content-type", "authorization", "dpop")
NONCE: Final = "dpop-nonce"


@dataclass(frozen=True, slots=True)
class Sent:
    """A person's request, as far as it is passed on."""

    query: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """A body's answer, as far as it is passed back."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class Relay:
    """Connections to all bodies, with the portal's own certificate. Safe to share between threads."""

    def __init__(self, clients: Mapping[Body, httpx.Client], *, answer_bytes: int) -> None:
        self._clients = dict(clients)
        self._answer_bytes = answer_bytes

    @egress(
        to="the body named in the address",
        fields="method, path, query, Content-Type, Authorization, DPoP, content; nothing is stored",
        purpose="the person's own request",
        ground="the list in `policy.py`; the body itself verifies token and proof",
    )
    def forward(self, passage: Passage, sent: Sent) -> Answered:
        """Pass one request on and its answer back. Raises: UnavailableError, UnusableAnswerError,
        MalformedRequestError.
        """
        client = self._clients[passage.body]
        url = httpx.URL(str(client.base_url).rstrip("/") + passage.path)
        try:
            address = url.copy_with(query=sent.query or None)
        except httpx.InvalidURL as error:
            raise MalformedRequestError("the query is too long") from error
        request = client.build_request(
            passage.method, address, headers=dict(sent.headers), content=sent.content or None
        )
        try:
            answer = client.send(request, stream=True)
            try:
                return self._passed_back(answer)
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"{passage.body.value} does not answer", extra={"body": passage.body.value}
            ) from error

    def close(self) -> None:
        """Close all connections."""
        for each in self._clients.values():
            each.close()

    def _passed_back(self, answer: httpx.Response) -> Answered:
        content = bytearray()
        for part in answer.iter_bytes():
            content += part
            if len(content) > self._answer_bytes:
                raise UnusableAnswerError(f"it is longer than {self._answer_bytes} bytes")
        kind = answer.headers.get("content-type", "")
        if content and kind.partition(";")[0].strip().lower() not in ANSWER_TYPES:
            raise UnusableAnswerError("it is of a kind that this portal does not pass on")
        headers = {"content-type": kind} if content else {}
        if NONCE in answer.headers:
            headers[NONCE] = answer.headers[NONCE]
        return Answered(answer.status_code, headers, bytes(content))


def connect(urls: Mapping[Body, str], *, context: ssl.SSLContext, timeout: float) -> dict[Body, httpx.Client]:
    """Return a connection pool to each body. Units: `timeout` is seconds."""
    return {
        body: httpx.Client(
            base_url=url,
            verify=context,
            timeout=timeout,
            trust_env=False,
            headers={"accept": "*/*", "accept-encoding": "identity", "user-agent": "sekisho-portal"},
        )
        for body, url in urls.items()
    }
