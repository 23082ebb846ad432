"""Somebody on the line: connections that keep every request as it was sent, to send it again."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from support.nonces import learn_nonce

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Inhabitant, Scene
from services.deployment.organisations import credential_folder
from services.gateway.credentials import load, tls_of
from services.gateway.organisation import Organisation
from services.gateway.person import Person, sign_in
from services.kit.clock import system_clock, system_randomness
from services.kit.http import Http, Token, client_context


@dataclass(frozen=True)
class Heard:
    """One request as it went over the wire."""

    body: Body
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    form: Mapping[str, str] | None = field(repr=False)


class _Tapped(Http):
    def __init__(self, body: Body, url: str, context: ssl.SSLContext, heard: list[Heard]) -> None:
        super().__init__(url, context=context)
        self._body = body
        self._heard = heard

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
        self._heard.append(Heard(self._body, method, path, dict(headers), content, data))
        return super()._request(method, path, headers=headers, data=data, content=content, query=query)


class Line:
    """A terminal's line to all bodies, tapped; whoever uses it is heard, and what was heard can be sent again."""

    def __init__(self, scene: Scene, organisation: str) -> None:
        folder = credential_folder(scene.layout, organisation)
        tls = tls_of(folder)
        self.scene = scene
        self.heard: list[Heard] = []
        self._context = client_context(authority=tls.authority, tls=tls)
        self._credentials = load(folder)
        urls = self._credentials.urls.items()
        self._pools = {body: _Tapped(body, url, self._context, self.heard) for body, url in urls}
        self._client = httpx.Client(verify=self._context, trust_env=False, timeout=20)

    def __call__(self, body: Body) -> Http:
        """Return the connection to a body."""
        return self._pools[body]

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()
        self._client.close()

    def organisation(self) -> Organisation:
        """Return the organisation whose line this is, at work."""
        return Organisation(self._credentials, self)

    def person(self, inhabitant: Inhabitant) -> Person:
        """Return a person who signs in at this terminal."""
        authentication, signature = (PINS[each] for each in Application)
        return sign_in(inhabitant.enrolled.card, self, pin=authentication, signature_pin=signature)

    def last(self, method: str, path: str, body: Body) -> Heard:
        """Return the last request of a kind."""
        wanted = (body, method, path)
        return [each for each in self.heard if (each.body, each.method, each.path) == wanted][-1]

    def replay(self, heard: Heard, *, token: Token | None = None, to: Body | None = None) -> httpx.Response:
        """Send a request again: byte for byte, or with a fresh proof for `token`, to the same body or to another."""
        body = to or heard.body
        url = self.scene.layout.url(body) + heard.path
        headers = dict(heard.headers)
        if token is not None:
            headers["Authorization"] = f"DPoP {token.value}"
            learn_nonce(token.key, url, self._context)
            headers["DPoP"] = token.key.proof(
                method=heard.method,
                url=url,
                now=system_clock(),
                randomness=system_randomness,
                token=token.value,
                content=heard.content,
            )
        return self._client.request(
            heard.method, url, headers=headers, content=heard.content, data=heard.form
        )


def told(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an answer."""
    members = json.loads(answer.text)
    return answer.status_code, str(members.get("code", members.get("error", "")))
