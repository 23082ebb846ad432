"""Through My Portal: every request goes to the portal's relay, every proof is for the body itself."""

from collections.abc import Mapping
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from consent.vocabulary import Body
from services.gateway.exchange import ThroughPortal
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Http, Token


class RecordingPortal(Http):
    """Remembers what it is asked to pass on."""

    def __init__(self) -> None:
        self.base_url = "https://portal.example"
        self.asked: list[tuple[str, str | None]] = []
        self.closed = False

    def form(self, path: str, fields: Mapping[str, str], *, key: DpopKey, htu: str | None = None) -> Any:
        """See `Http`."""
        self.asked.append((path, htu))
        return {}

    def send(self, method: str, path: str, *, htu: str | None = None, **sent: Any) -> httpx.Response:
        """See `Http`."""
        self.asked.append((f"{method} {path}", htu))
        return httpx.Response(200, json={})

    def close(self) -> None:
        """See `Http`."""
        self.closed = True


def test_requests_go_to_the_relay_and_proofs_to_the_body() -> None:
    portal, key = RecordingPortal(), DpopKey(generate_private_key(SECP256R1()))
    connect = ThroughPortal(portal, {Body.MEDICAL: "https://medical.example/"})
    medical = connect(Body.MEDICAL)
    assert medical.base_url == "https://medical.example"
    medical.get("/history", token=Token("t", key))
    medical.post("/withdrawals", {}, token=Token("t", key))
    medical.form("/oauth/token", {}, key=key)
    assert portal.asked == [
        ("GET /relay/medical/history", "https://medical.example/history"),
        ("POST /relay/medical/withdrawals", "https://medical.example/withdrawals"),
        ("/relay/medical/oauth/token", "https://medical.example/oauth/token"),
    ]


def test_closing_one_way_leaves_the_portal_open_and_closing_all_closes_it() -> None:
    portal = RecordingPortal()
    connect = ThroughPortal(portal, {Body.MEDICAL: "https://medical.example"})
    connect(Body.MEDICAL).close()
    assert not portal.closed
    connect.close()
    assert portal.closed
