"""Whose signature a record may carry: of an organisation that is or was accredited, or of the person's own wallet."""

from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.identifiers import OrganisationId
from consent.jwk import PublicJwk, thumbprint
from services.contracts.oversight.register import Directory, ed25519

AuthorKeys = Mapping[OrganisationId, Sequence[Ed25519PublicKey]]


def author_keys(directory: Directory, wallets: Iterable[PublicJwk]) -> AuthorKeys:
    """Return the keys of all authors that a person's records can have; `wallets` is the present one and those before.

    What the person wrote themselves has the wallet's key as author; no organisation can be named by a thumbprint.
    """
    own = {OrganisationId(thumbprint(each)): (ed25519(dict(each)),) for each in wallets}
    return {**directory.author_keys(), **own}
