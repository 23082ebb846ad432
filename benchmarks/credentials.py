"""Getting an access token, and having people named, with the signatures of all who take part.

Timed is all that a terminal does: it makes the assertions and the proof, asks over TLS, and reads the answer. So the
signatures of both sides are counted. Called are, for a token: the operator's card, the terminal and the proof key sign
(ES256), the ID centre verifies the three and signs the token (Ed25519); one after the other, or with callers at once.
Handshakes are not in it, TLS's own encryption of a few kilobytes is not counted. For names: a request with a token
(`Signatures.requests`), and each token signed and sealed (HPKE).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from benchmarks.bare import Signatures
from benchmarks.measuring import Item
from benchmarks.stage import RESIDENTS as PEOPLE
from benchmarks.stage import Stage
from consent.vocabulary import Body

CALLERS: Final = 32


def credential_items(stage: Stage) -> list[Item]:
    """Return what is measured of credentials."""
    signatures = Signatures()
    audience = stage.hospital.connect(Body.MEDICAL).base_url
    terminals = [stage.again() for _ in range(CALLERS)]
    pool = ThreadPoolExecutor(CALLERS)

    def fetch() -> None:
        stage.hospital.tokens.forget()
        stage.hospital.tokens.token(audience)

    def fetch_at_once() -> None:
        for each in terminals:
            each.tokens.forget()
        list(pool.map(lambda each: each.tokens.token(audience), terminals))

    def bare(tokens: int) -> None:
        signatures.es256(signed=3 * tokens, verified=3 * tokens)
        signatures.ed25519(signed=tokens, verified=0)

    def name() -> None:
        if None in stage.municipality.name_people(stage.residents, Body.REGISTRY):
            raise RuntimeError("somebody was not named; the figures would be worthless")

    def bare_names() -> None:
        signatures.requests(1)
        signatures.ed25519(signed=PEOPLE, verified=0)
        signatures.hpke(sealed=PEOPLE, opened=0)

    return [
        Item("token request", "token", 1, fetch, lambda: bare(1), ratio_aim=4.0),
        Item(f"{CALLERS} tokens at once", "token", CALLERS, fetch_at_once, lambda: bare(CALLERS)),
        Item(f"name {PEOPLE} people", "token", PEOPLE, name, bare_names, median_aim=PEOPLE / 2_000 * 1000),
    ]
