"""Getting an access token, with the signatures of all who take part.

Called are: the operator's card, the terminal and the proof key sign (ES256), the ID centre verifies the three and
signs the token (Ed25519). Pseudonym tokens are made by the process that is measured: signed and sealed (HPKE).
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchmarks.bare import Signatures
from benchmarks.measuring import Item
from benchmarks.stage import Stage
from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.kit.clock import system_clock, system_randomness
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer

TOKENS: Final = 200


def credential_items(stage: Stage) -> list[Item]:
    """Return what is measured of credentials."""
    signatures = Signatures()
    audience = stage.hospital.connect(Body.MEDICAL).base_url

    def fetch() -> None:
        stage.hospital.tokens.forget()
        stage.hospital.tokens.token(audience)

    def bare() -> None:
        signatures.es256(signed=3, verified=3)
        signatures.ed25519(signed=1, verified=0)

    issuer = PseudonymTokenIssuer(Ed25519PrivateKey.generate(), 60, system_randomness)
    body_key = X25519PrivateKey.generate().public_key()

    def name() -> None:
        now = system_clock()
        for each in range(TOKENS):
            issuer.issue(
                body=Body.MEDICAL,
                body_key=body_key,
                organisation=OrganisationId("hospital-a"),
                pseudonym=Pseudonym(f"{each:043}"),
                now=now,
            )

    def bare_names() -> None:
        signatures.ed25519(signed=TOKENS, verified=0)
        signatures.hpke(sealed=TOKENS, opened=0)

    return [
        Item("token request", "token", 1, fetch, bare, ratio_aim=4.0),
        Item("pseudonym tokens", "token", TOKENS, name, bare_names, median_aim=TOKENS / 2_000 * 1000),
    ]
