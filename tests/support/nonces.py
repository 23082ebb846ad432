"""Nonces for DPoP proofs that a test makes by hand, asked for as a client would be told them."""

import ssl
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from services.kit.clock import epoch_seconds, system_clock
from services.kit.credentials.dpop import NONCE_HEADER, DpopKey

KEPT_SECONDS = 30


def learn_nonce(key: DpopKey, url: str, context: ssl.SSLContext) -> None:
    """Have a proof key know the present nonce of the running body at `url`."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    key.learn(url, _told(origin, context, epoch_seconds(system_clock()) // KEPT_SECONDS))


@lru_cache(maxsize=256)
def _told(origin: str, context: ssl.SSLContext, _moment: int) -> str:
    with httpx.Client(verify=context, trust_env=False, timeout=20) as client:
        return client.get(f"{origin}/healthz", headers={"DPoP": "-"}).headers[NONCE_HEADER]
