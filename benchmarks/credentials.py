"""Getting an access token, with the signatures of all who take part.

Called are: the operator's card, the terminal and the proof key sign (ES256), the ID centre verifies the three and
signs the token (Ed25519).
"""

from benchmarks.bare import Signatures
from benchmarks.measuring import Item
from benchmarks.stage import Stage
from consent.vocabulary import Body


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

    return [Item("token request", "token", 1, fetch, bare)]
